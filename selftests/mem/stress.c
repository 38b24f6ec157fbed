// SPDX-License-Identifier: GPL-2.0
/*
 * Everything at once for VMDEV_STRESS_SECONDS (60): threads and processes that
 * write, verify, read, evict, discard and remap pages of one space, fork, get
 * killed, open spaces of their own, do direct I/O from the mapping, while the
 * pool is resized, limits and the policy change, and all that can be read is.
 * Every worker owns its pages and knows what each must hold; every failure prints
 * the seed it can be repeated from (VMDEV_STRESS_SEED).
 */
#define _GNU_SOURCE
#include <dirent.h>

#include "vmdev_histogram.h"

#define OWN		1200	/* pages a worker owns */
#define OWNERS		4	/* threads of the main process */
#define FORKER		OWNERS	/* first page of each is its number times OWN */
#define KILLER		(OWNERS + 1)
#define PAGES		((OWNERS + 2) * OWN)
#define MAX_RUN		16	/* pages an operation takes at most */

/* What a worker knows: the generation of each page, 0 for all zero. */
struct own {
	struct vt_space *s;
	unsigned int first;		/* page of the space */
	uint16_t gen[OWN];
	uint64_t rnd;
	char *buf;			/* MAX_RUN pages of ordinary memory */
	int file;			/* on the disk, for direct I/O */
};

static double deadline;
static uint64_t base_seed;

static bool time_left(void)
{
	return vt_now() < deadline;
}

static unsigned int pick(struct own *o, unsigned int below)
{
	return vt_random(&o->rnd) % below;
}

static uint16_t next_gen(uint16_t gen)
{
	return gen == UINT16_MAX ? 1 : gen + 1;
}

static char *page_at(struct own *o, unsigned int i)
{
	return o->s->mem + (size_t)(o->first + i) * vt_page_size();
}

static off_t offset_of(struct own *o, unsigned int i)
{
	return (off_t)(o->first + i) * vt_page_size();
}

static bool check_own(struct own *o, const char *mem, unsigned int i)
{
	unsigned int number = o->first + i;

	if (o->gen[i] ? check_page(mem, o->gen[i], number) : check_zero(mem, vt_page_size()))
		return true;
	vt_msg("page %u of the space should hold generation %u", number, o->gen[i]);
	return false;
}

static void own_init(struct own *o, struct vt_space *s, unsigned int worker)
{
	memset(o, 0, sizeof(*o));
	o->s = s;
	o->first = worker * OWN;
	o->rnd = base_seed + worker * 1000003;
	o->file = -1;
	vt_need(!posix_memalign((void **)&o->buf, vt_page_size(), MAX_RUN * vt_page_size()),
		"out of memory");
}

/* ---- What the owner threads do: each takes a run of pages [i, i + n) ---- */

static bool op_write(struct own *o, unsigned int i, unsigned int n)
{
	for (; n--; i++) {
		o->gen[i] = next_gen(o->gen[i]);
		fill_page(page_at(o, i), o->gen[i], o->first + i);
	}
	return true;
}

static bool op_verify(struct own *o, unsigned int i, unsigned int n)
{
	for (; n--; i++)
		vt_check(check_own(o, page_at(o, i), i), "through the mapping");
	return true;
}

/* Verify and write on, which takes pages that are being written out. */
static bool op_update(struct own *o, unsigned int i, unsigned int n)
{
	return op_verify(o, i, n) && op_write(o, i, n) && op_verify(o, i, n);
}

static bool op_pwrite(struct own *o, unsigned int i, unsigned int n)
{
	const size_t page = vt_page_size();
	ssize_t done;

	for (unsigned int k = 0; k < n; k++) {
		o->gen[i + k] = next_gen(o->gen[i + k]);
		fill_page(o->buf + k * page, o->gen[i + k], o->first + i + k);
	}
	done = pwrite(o->s->fd, o->buf, n * page, offset_of(o, i));
	vt_check(done == (ssize_t)(n * page), "pwrite of %u pages: %zd (%s)", n, done,
		 strerror(errno));
	return true;
}

static bool op_pread(struct own *o, unsigned int i, unsigned int n)
{
	const size_t page = vt_page_size();
	ssize_t done = pread(o->s->fd, o->buf, n * page, offset_of(o, i));

	vt_check(done == (ssize_t)(n * page), "pread of %u pages: %zd (%s)", n, done,
		 strerror(errno));
	for (unsigned int k = 0; k < n; k++)
		vt_check(check_own(o, o->buf + k * page, i + k), "by pread");
	return true;
}

static bool op_discard(struct own *o, unsigned int i, unsigned int n)
{
	int64_t ret = vt_discard(o->s->fd, offset_of(o, i), n * vt_page_size());

	vt_check(ret >= 0 && ret <= n, "DISCARD of %u pages: %" PRId64, n, ret);
	memset(&o->gen[i], 0, n * sizeof(o->gen[i]));
	return true;
}

static bool op_evict(struct own *o, unsigned int i, unsigned int n)
{
	int64_t ret = vt_evict(o->s->fd, offset_of(o, i), n * vt_page_size());

	vt_check(ret >= 0 && ret <= n, "EVICT of %u pages: %" PRId64, n, ret);
	return true;
}

static bool op_hint(struct own *o, unsigned int i, unsigned int n)
{
	static const int fadvise[] = { POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED,
				       POSIX_FADV_RANDOM, POSIX_FADV_SEQUENTIAL,
				       POSIX_FADV_NORMAL };
	static const int advise[] = { MADV_WILLNEED, MADV_DONTNEED };
	int ret = posix_fadvise(o->s->fd, offset_of(o, i), n * vt_page_size(),
				fadvise[pick(o, ARRAY_SIZE(fadvise))]);

	vt_check(!ret, "posix_fadvise: %s", strerror(ret));
	vt_check(!madvise(page_at(o, i), n * vt_page_size(), advise[pick(o, 2)]), "madvise: %s",
		 strerror(errno));
	return true;
}

/* A second mapping of the run: verified, made writable, written through and gone. */
static bool op_remap(struct own *o, unsigned int i, unsigned int n)
{
	const size_t page = vt_page_size();
	char *mem = mmap(NULL, n * page, PROT_READ, MAP_SHARED, o->s->fd, offset_of(o, i));

	vt_check(mem != MAP_FAILED, "mmap: %s", strerror(errno));
	for (unsigned int k = 0; k < n; k++)
		vt_check(check_own(o, mem + k * page, i + k), "through a second mapping");
	vt_check(!mprotect(mem, n * page, PROT_READ | PROT_WRITE), "mprotect: %s",
		 strerror(errno));
	o->gen[i] = next_gen(o->gen[i]);
	fill_page(mem, o->gen[i], o->first + i);
	vt_check(check_own(o, page_at(o, i), i), "written through a second mapping");
	vt_check(!munmap(mem, n * page), "munmap: %s", strerror(errno));
	return true;
}

static bool op_lock(struct own *o, unsigned int i, unsigned int n)
{
	const size_t length = n * vt_page_size();

	vt_check(!mlock(page_at(o, i), length), "mlock: %s", strerror(errno));
	if (!op_update(o, i, n))
		return false;
	vt_check(!munlock(page_at(o, i), length), "munlock: %s", strerror(errno));
	return true;
}

/* Out to the disk and back into the next pages, past the page cache. */
static bool op_direct(struct own *o, unsigned int i, unsigned int n)
{
	const size_t length = n * vt_page_size();
	ssize_t done;

	if (o->file < 0)
		return true;
	done = pwrite(o->file, page_at(o, i), length, 0);
	vt_check(done == (ssize_t)length, "direct write: %zd (%s)", done, strerror(errno));
	/* Other bytes over them, so that the read has something to bring back. */
	for (unsigned int k = 0; k < n; k++)
		fill_page(page_at(o, i + k), UINT16_MAX, 0);
	done = pread(o->file, page_at(o, i), length, 0);
	vt_check(done == (ssize_t)length, "direct read: %zd (%s)", done, strerror(errno));
	return op_verify(o, i, n);
}

static bool (*const ops[])(struct own *o, unsigned int i, unsigned int n) = {
	op_write, op_verify, op_update, op_write, op_verify, op_update, op_pwrite, op_pread,
	op_discard, op_evict, op_evict, op_hint, op_remap, op_lock, op_direct,
};

static void open_direct_file(struct own *o)
{
	const char *mnt = getenv("VMDEV_MNT");
	char path[256];

	if (!mnt)
		return;
	snprintf(path, sizeof(path), "%s/stress.%u", mnt, o->first);
	o->file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_DIRECT | O_CLOEXEC, 0600);
	vt_need(o->file >= 0 || errno == EINVAL, "%s: %s", path, strerror(errno));
	if (o->file >= 0)
		unlink(path);
}

static bool owner(struct vt_crew *crew, unsigned int id)
{
	struct own *o = malloc(sizeof(*o));
	uint64_t done = 0;

	vt_need(o, "malloc");
	own_init(o, crew->arg, id);
	open_direct_file(o);
	for (; time_left(); done++) {
		unsigned int op = pick(o, ARRAY_SIZE(ops));
		unsigned int i = pick(o, OWN), n = 1 + pick(o, MAX_RUN);

		if (n > OWN - i)
			n = OWN - i;
		vt_check(ops[op](o, i, n), "owner %u, step %" PRIu64 ", operation %u", id, done,
			 op);
	}
	vt_check(op_verify(o, 0, OWN), "owner %u at the end", id);
	vt_msg("owner %u: %" PRIu64 " operations", id, done);
	if (o->file >= 0)
		close(o->file);
	free(o->buf);
	free(o);
	return true;
}

/* ---- The other workers, each in a process of its own ---- */

/* A child verifies the parent's pages and writes the next generation of some. */
static bool forker(void *arg)
{
	struct own *o = malloc(sizeof(*o));
	uint64_t rounds = 0;

	vt_need(o, "malloc");
	own_init(o, arg, FORKER);
	vt_check(op_write(o, 0, OWN), "forker");
	for (; time_left(); rounds++) {
		unsigned int i = pick(o, OWN - 64);
		pid_t pid = vt_fork();

		if (!pid)
			_exit(op_update(o, i, 64) ? KSFT_PASS : KSFT_FAIL);
		/* Meanwhile the parent faults in its own page tables. */
		if (i >= 64 && !op_update(o, 0, 32))
			return false;
		vt_check(vt_wait_ok(pid), "a forked child, round %" PRIu64, rounds);
		for (unsigned int k = 0; k < 64; k++)
			o->gen[i + k] = next_gen(o->gen[i + k]);
		vt_check(op_verify(o, i, 64), "what a child wrote, round %" PRIu64, rounds);
	}
	vt_check(op_verify(o, 0, OWN), "forker at the end");
	vt_msg("forker: %" PRIu64 " children", rounds);
	return true;
}

/* Rewrite pages for ever; ordinary shared memory says how far it got. */
static void victim(struct own *o)
{
	for (;;) {
		unsigned int i = pick(o, OWN);
		uint16_t gen = next_gen(o->gen[i]);

		fill_page(page_at(o, i), gen, o->first + i);
		o->gen[i] = gen;
	}
}

/* The page that was being written when its writer died: old or new, word by word. */
static bool check_torn(struct own *o, unsigned int i)
{
	const unsigned int words = vt_page_size() / sizeof(uint64_t);
	const volatile uint64_t *p = (uint64_t *)page_at(o, i);
	const uint16_t old = o->gen[i], new = next_gen(old);
	const unsigned int number = o->first + i;

	for (unsigned int w = 0; w < words; w++) {
		uint64_t found = p[w], expected = old ? page_word(old, number, w) : 0;

		if (found == expected || found == page_word(new, number, w))
			continue;
		vt_report_word("page", number, w * sizeof(found), expected, found);
		return false;
	}
	return true;
}

static void restore(struct own *o, unsigned int i)
{
	if (o->gen[i])
		fill_page(page_at(o, i), o->gen[i], o->first + i);
	else
		memset(page_at(o, i), 0, vt_page_size());
}

static bool killer(void *arg)
{
	const size_t size = sizeof(struct own);
	struct own *o = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t rounds = 0;
	uint64_t rnd = base_seed;

	vt_need(o != MAP_FAILED, "mmap: %s", strerror(errno));
	own_init(o, arg, KILLER);
	for (; time_left(); rounds++) {
		pid_t pid = vt_fork();

		if (!pid)
			victim(o);
		vt_sleep_ms(5 + vt_random(&rnd) % 100);
		kill(pid, SIGKILL);
		vt_need(waitpid(pid, NULL, 0) == pid, "waitpid: %s", strerror(errno));
		/* At most one page is torn, but which is not known: restore all. */
		for (unsigned int i = 0; i < OWN; i++)
			vt_check(check_torn(o, i), "page of a killed writer, round %" PRIu64,
				 rounds);
		for (unsigned int i = 0; i < OWN; i++)
			restore(o, i);
		vt_check(op_discard(o, pick(o, OWN - 16), 16), "after a kill");
		vt_check(op_verify(o, 0, OWN), "after a kill, round %" PRIu64, rounds);
	}
	vt_msg("killer: %" PRIu64 " kills", rounds);
	return true;
}

/* Spaces come and go: new ones are all zero, grow, shrink and keep their data. */
static bool opener(void *arg)
{
	const size_t page = vt_page_size();
	uint64_t rounds = 0, rnd = base_seed + 7;

	(void)arg;
	for (; time_left(); rounds++) {
		unsigned int pages = 8 + vt_random(&rnd) % 500, kept = pages / 2;
		unsigned int seed = 1 + rounds % 60000;
		struct vt_space s = vt_space_new(pages * page);

		vt_check(check_zero(s.mem, s.length), "a new space, round %" PRIu64, rounds);
		fill_range(s.mem, pages, seed, 0);
		if (rounds & 1)
			vt_check(vt_evict(s.fd, 0, s.length) >= 0, "EVICT");
		vt_check(check_range(s.mem, pages, seed, 0), "own space, round %" PRIu64, rounds);
		vt_check(!vt_set_size(s.fd, kept * page), "SET_SIZE down");
		vt_check(!vt_set_size(s.fd, pages * page), "SET_SIZE up");
		vt_check(check_range(s.mem, kept, seed, 0), "kept part, round %" PRIu64, rounds);
		vt_check(check_zero(s.mem + kept * page, (pages - kept) * page),
			 "cut part, round %" PRIu64, rounds);
		vt_space_free(&s);
	}
	vt_msg("opener: %" PRIu64 " spaces", rounds);
	return true;
}

/* Pool size, policy, and a look at what must hold at any time. */
static bool tuner(void *arg)
{
	char available[256], *policy[8];
	struct vt_space *s = arg;
	unsigned int policies = 0;
	uint64_t rounds = 0, rnd = base_seed + 13;

	vt_need(!vt_sysfs_read("policy/available", available, sizeof(available)), "policies");
	for (char *p = strtok(available, " "); p && policies < 8; p = strtok(NULL, " "))
		policy[policies++] = p;
	vt_need(policies, "no policy");
	for (; time_left(); rounds++) {
		uint64_t frames = 256 + vt_random(&rnd) % 3840, resident;
		int ret = vt_try_pool_frames(frames);

		vt_check(!ret, "pool/frames = %" PRIu64 ": %s", frames, strerror(-ret));
		resident = vt_stats_now(s->fd).resident;
		vt_check(resident <= frames, "%" PRIu64 " resident in %" PRIu64 " frames", resident,
			 frames);
		ret = vt_sysfs_write("policy/current", policy[vt_random(&rnd) % policies]);
		vt_check(!ret, "policy/current: %s", strerror(-ret));
		vt_sleep_ms(100 + vt_random(&rnd) % 400);
	}
	vt_msg("tuner: %" PRIu64 " sizes", rounds);
	return true;
}

/* Every file below a directory, for what reading it does. */
static bool read_files(const char *dir)
{
	char path[512], buf[4096];
	struct dirent *entry;
	DIR *d = opendir(dir);
	bool ok = true;

	vt_check(d, "%s: %s", dir, strerror(errno));
	while (ok && (entry = readdir(d))) {
		int fd;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		if (entry->d_type == DT_DIR) {
			ok = read_files(path);
			continue;
		}
		fd = open(path, O_RDONLY | O_CLOEXEC);
		/* that of a space that has ended meanwhile */
		if (fd < 0 && errno == ENOENT)
			continue;
		ok = fd >= 0 && read(fd, buf, sizeof(buf)) >= 0;
		if (!ok)
			vt_msg("%s: %s", path, strerror(errno));
		close(fd);
	}
	closedir(d);
	return ok;
}

/* All that can be watched, and the space's limit. */
static bool watcher(void *arg)
{
	const char *debug = "/sys/kernel/debug/vmdev";
	struct vt_space *s = arg;
	uint64_t rounds = 0, rnd = base_seed + 17;
	struct vmdev_info info;

	for (; time_left(); rounds++) {
		uint64_t max = vt_random(&rnd) & 1 ? 512 + vt_random(&rnd) % 2048 : 0;
		int ret = vt_set_limit(s->fd, max, 0);

		vt_check(!ret, "SET_LIMIT %" PRIu64 ": %s", max, strerror(-ret));
		vt_check(read_files(VT_SYSFS), "sysfs");
		if (!access(debug, R_OK))
			vt_check(read_files(debug), "debugfs");
		vt_check(!vt_info(s->fd, &info), "GET_INFO");
		vt_check(vt_count_states(s->fd, 0, PAGES, ~0U) == PAGES, "GET_MAP");
		vt_sleep_ms(vt_random(&rnd) % 50);
	}
	vt_msg("watcher: %" PRIu64 " rounds", rounds);
	return true;
}

static pid_t start(bool (*worker)(void *arg), struct vt_space *s)
{
	pid_t pid = vt_fork();

	if (!pid)
		_exit(worker(s) ? KSFT_PASS : KSFT_FAIL);
	return pid;
}

/* From the histogram of fault times: the highest power of two that was reached. */
static bool say_longest(void)
{
	struct vt_histogram h;
	uint64_t longest;

	vt_check(vt_read_histogram(&h), "no histogram");
	longest = vt_histogram_longest(&h);
	vt_msg("the longest fault took %.1f to %.1f ms", longest / 1e6, 2 * longest / 1e6);
	vt_check(longest, "no fault was timed");
	return true;
}

static bool everything(void)
{
	bool (*const workers[])(void *arg) = { forker, killer, opener, tuner, watcher };
	pid_t pids[ARRAY_SIZE(workers)];
	struct vt_space s = vt_space_new(PAGES * vt_page_size());
	struct vmdev_stats stats;
	struct vt_evictor ev;
	struct vt_crew crew;
	bool ok;

	for (unsigned int i = 0; i < ARRAY_SIZE(workers); i++)
		pids[i] = start(workers[i], &s);
	vt_evictor_start(&ev, s.fd, 0, s.length);
	ev.pause_us = 200 * 1000;
	vt_crew_start(&crew, OWNERS, owner, &s);
	ok = vt_crew_join(&crew);
	for (unsigned int i = 0; i < ARRAY_SIZE(workers); i++)
		ok = vt_wait_ok(pids[i]) && ok;
	ok = vt_evictor_stop(&ev) && ok;
	stats = vt_stats_now(s.fd);
	vt_msg("%llu minor, %llu major, %llu zero faults, %llu evictions, %llu pages written",
	       stats.faults_minor, stats.faults_major, stats.faults_zero, stats.evictions,
	       stats.written_pages);
	vt_check(ok, "a worker failed; VMDEV_STRESS_SEED=%" PRIu64, base_seed);
	vt_check(!stats.bad, "%llu bad pages", stats.bad);
	vt_check(say_longest(), "fault times");
	vt_space_free(&s);
	return true;
}

static const struct vt_test tests[] = {
	{ "everything at once", everything },
};

int main(void)
{
	const char *seconds = getenv("VMDEV_STRESS_SECONDS");
	const char *seed = getenv("VMDEV_STRESS_SEED");
	unsigned int run = seconds ? strtoul(seconds, NULL, 0) : 60;

	base_seed = seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL);
	deadline = vt_now() + run;
	vt_timeout = run + 120;
	return vt_run(tests, ARRAY_SIZE(tests));
}
