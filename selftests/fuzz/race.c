// SPDX-License-Identifier: GPL-2.0
/*
 * Threads of one process that do the same operations on the same mapping. Page p
 * belongs to thread p mod n, which alone writes it and knows what it holds; what is
 * done to ranges (evicting, remapping, advice, growing) is done to everybody's. Half
 * of the time goes to remapping: MAP_FIXED over the mapping, mremap away and back,
 * munmap and mmap, all of the same pages at the same place, while the others use
 * them; a touch may find nothing there then, but never something else.
 *
 *	VMDEV_FUZZ_RACE_SECONDS		for each subtest (20)
 *	VMDEV_FUZZ_SEED			of the operations; their interleaving is chance
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define THREADS	4
#define PAGES	6000U		/* 23 MiB: more than the pool */
#define PAGE	4096UL
#define RUN	64U
#define AWAY	((char *)0x200000000000UL)	/* where a moved piece waits */

static struct {
	int fd;
	char *mem;
	uint64_t seed;
	double seconds;
	bool remap;			/* mappings come and go */
	uint16_t gen[PAGES];
	atomic_ulong done[16], missed;
} race = { .seconds = 20 };

struct thread {
	unsigned int id;
	uint64_t rnd;
	char *buf;
};

static unsigned int pick(struct thread *t, unsigned int below)
{
	return vt_random(&t->rnd) % below;
}

/* A page of the thread's own. */
static unsigned int own(struct thread *t)
{
	return pick(t, PAGES / THREADS) * THREADS + t->id;
}

static __thread sigjmp_buf escape;
static __thread volatile sig_atomic_t armed;

static void caught(int sig)
{
	if (armed)
		siglongjmp(escape, sig);
	signal(sig, SIG_DFL);
}

/* False when there was no mapping just then, which only remapping excuses. */
static bool copy(void *to, const void *from)
{
	if (sigsetjmp(escape, 0)) {
		armed = 0;
		atomic_fetch_add(&race.missed, 1);
		return false;
	}
	armed = 1;
	memcpy(to, from, PAGE);
	armed = 0;
	return true;
}

static bool check_own(unsigned int p, const char *found, const char *how)
{
	if (race.gen[p] ? check_page(found, race.gen[p], p) : check_zero(found, PAGE))
		return true;
	vt_msg("%s: page %u should hold generation %u", how, p, race.gen[p]);
	return false;
}

/* ---- on the thread's own pages ---- */

static bool op_load(struct thread *t)
{
	unsigned int p = own(t);

	if (!copy(t->buf, race.mem + p * PAGE)) {
		vt_check(race.remap, "page %u gave a signal", p);
		return true;
	}
	return check_own(p, t->buf, "load");
}

static uint16_t next_gen(unsigned int p)
{
	return race.gen[p] % UINT16_MAX + 1;
}

static bool op_store(struct thread *t)
{
	unsigned int p = own(t);
	uint16_t gen = next_gen(p);

	fill_page(t->buf, gen, p);
	if (copy(race.mem + p * PAGE, t->buf)) {
		race.gen[p] = gen;
		return true;
	}
	vt_check(race.remap, "page %u gave a signal", p);
	/* the mapping may have gone in the middle: once more, another way */
	race.gen[p] = gen;
	vt_check(pwrite(race.fd, t->buf, PAGE, (off_t)p * PAGE) == (ssize_t)PAGE, "pwrite: %s",
		 strerror(errno));
	return true;
}

static bool op_pread(struct thread *t)
{
	unsigned int p = own(t);

	vt_check(pread(race.fd, t->buf, PAGE, (off_t)p * PAGE) == (ssize_t)PAGE, "pread: %s",
		 strerror(errno));
	return check_own(p, t->buf, "pread");
}

static bool op_pwrite(struct thread *t)
{
	unsigned int p = own(t);

	race.gen[p] = next_gen(p);
	fill_page(t->buf, race.gen[p], p);
	vt_check(pwrite(race.fd, t->buf, PAGE, (off_t)p * PAGE) == (ssize_t)PAGE, "pwrite: %s",
		 strerror(errno));
	return true;
}

static bool op_discard(struct thread *t)
{
	unsigned int p = own(t);
	int64_t n = vt_discard(race.fd, (uint64_t)p * PAGE, PAGE);

	race.gen[p] = 0;
	vt_check(n == 0 || n == 1, "DISCARD: %" PRId64, n);
	return true;
}

/* ---- on everybody's ---- */

static bool op_evict(struct thread *t)
{
	unsigned int p = pick(t, PAGES - RUN);
	int64_t n = vt_evict(race.fd, (uint64_t)p * PAGE, (1 + pick(t, RUN)) * PAGE);

	vt_check(n >= 0 && n <= RUN, "EVICT: %" PRId64, n);
	return true;
}

static bool op_advise(struct thread *t)
{
	static const int how[] = { MADV_DONTNEED, MADV_WILLNEED, MADV_RANDOM, MADV_NORMAL };
	unsigned int p = pick(t, PAGES - RUN);

	vt_check(!madvise(race.mem + p * PAGE, RUN * PAGE, how[pick(t, ARRAY_SIZE(how))]) ||
		 race.remap, "madvise: %s", strerror(errno));
	vt_check(!posix_fadvise(race.fd, (off_t)p * PAGE, RUN * PAGE, pick(t, 2) ?
				POSIX_FADV_WILLNEED : POSIX_FADV_DONTNEED), "fadvise");
	return true;
}

/* Read-only and back; only where nobody writes at the same time is it no signal. */
static bool op_protect(struct thread *t)
{
	unsigned int p = pick(t, PAGES - RUN);

	if (!race.remap)
		return true;
	mprotect(race.mem + p * PAGE, RUN * PAGE, PROT_READ);
	mprotect(race.mem + p * PAGE, RUN * PAGE, PROT_READ | PROT_WRITE);
	return true;
}

/* The tail behind everybody's pages comes and goes, with others' faults under way. */
static bool op_resize(struct thread *t)
{
	int ret = vt_set_size(race.fd, (PAGES + pick(t, 100)) * PAGE + pick(t, PAGE));

	vt_check(!ret, "SET_SIZE: %s", strerror(-ret));
	return true;
}

static bool op_limit(struct thread *t)
{
	int ret = vt_set_limit(race.fd, pick(t, 2) ? 0 : 200 + pick(t, 3000), pick(t, 50));

	vt_check(!ret, "SET_LIMIT: %s", strerror(-ret));
	return true;
}

static bool op_pool(struct thread *t)
{
	int ret;

	if (pick(t, 20))
		return true;
	ret = vt_try_pool_frames(256 + pick(t, 6000));
	vt_check(!ret || ret == -EBUSY, "pool/frames: %s", strerror(-ret));
	return true;
}

/* ---- remapping ---- */

static bool map_again(unsigned int p, unsigned int n, int flags)
{
	char *mem = mmap(race.mem + p * PAGE, n * PAGE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED | flags, race.fd, (off_t)p * PAGE);

	vt_check(mem == race.mem + p * PAGE, "mmap: %s", strerror(errno));
	return true;
}

static bool op_remap(struct thread *t)
{
	unsigned int p = pick(t, PAGES - RUN), n = 1 + pick(t, RUN);
	char *at = race.mem + p * PAGE, *away = AWAY + t->id * RUN * PAGE;

	if (!race.remap)
		return true;
	switch (pick(t, 4)) {
	case 0:
		munmap(at, n * PAGE);
		return map_again(p, n, 0);
	case 1:		/* fails where others have left holes or seams */
		if (mremap(at, n * PAGE, n * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, away) == away)
			munmap(away, n * PAGE);
		return map_again(p, n, 0);
	case 2:
		return map_again(p, n, MAP_POPULATE);
	default:
		return map_again(p, n, MAP_NORESERVE);
	}
}

static bool (*const ops[])(struct thread *t) = {
	op_load, op_store, op_store, op_pread, op_pwrite, op_discard, op_evict, op_advise,
	op_protect, op_resize, op_limit, op_pool, op_remap, op_remap, op_load, op_store,
};

static bool run(struct vt_crew *crew, unsigned int id)
{
	struct thread t = { .id = id, .rnd = race.seed + id };
	bool ok = true;

	vt_need(!posix_memalign((void **)&t.buf, PAGE, PAGE), "out of memory");
	while (ok && !atomic_load(&crew->stop)) {
		unsigned int i = pick(&t, ARRAY_SIZE(ops));

		ok = ops[i](&t);
		if (!ok)
			vt_msg("thread %u, operation %u, seed %#" PRIx64, id, i, race.seed);
		atomic_fetch_add(&race.done[i], 1);
	}
	for (unsigned int p = id; ok && p < PAGES; p += THREADS) {
		ok = pread(race.fd, t.buf, PAGE, (off_t)p * PAGE) == (ssize_t)PAGE &&
		     check_own(p, t.buf, "at the end");
	}
	free(t.buf);
	return ok;
}

static bool test(bool remap)
{
	struct sigaction act = { .sa_handler = caught, .sa_flags = SA_NODEFER };
	unsigned long sum = 0;
	struct vt_crew crew;
	double end = vt_now() + race.seconds;
	bool ok;

	vt_need(!sigaction(SIGBUS, &act, NULL) && !sigaction(SIGSEGV, &act, NULL), "sigaction");
	race.remap = remap;
	race.fd = vt_open();
	race.mem = mmap((void *)0x100000000000UL, PAGES * PAGE, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_FIXED_NOREPLACE, race.fd, 0);
	vt_need(race.mem != MAP_FAILED, "mmap: %s", strerror(errno));
	vt_crew_start(&crew, THREADS, run, NULL);
	while (vt_now() < end)
		vt_sleep_ms(50);
	ok = vt_crew_stop(&crew);
	for (unsigned int i = 0; i < ARRAY_SIZE(race.done); i++)
		sum += race.done[i];
	vt_msg("%lu operations, %lu touches found no mapping", sum, race.missed);
	munmap(race.mem, PAGES * PAGE);
	close(race.fd);
	vt_set_pool_frames(4096);
	return ok;
}

static bool test_same(void)
{
	return test(false);
}

static bool test_remap(void)
{
	return test(true);
}

static const struct vt_test tests[] = {
	{ "threads on one mapping", test_same },
	{ "threads on one mapping that is remapped all the time", test_remap },
};

int main(void)
{
	const char *value = getenv("VMDEV_FUZZ_RACE_SECONDS");

	if (value)
		race.seconds = strtod(value, NULL);
	value = getenv("VMDEV_FUZZ_SEED");
	race.seed = value ? strtoull(value, NULL, 0) : (uint64_t)time(NULL);
	vt_timeout = race.seconds + 100;
	return vt_run(tests, ARRAY_SIZE(tests));
}
