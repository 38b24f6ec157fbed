// SPDX-License-Identifier: GPL-2.0
/*
 * Control groups: a process with a mapping is killed for its group's memory; groups
 * are frozen, thawed and killed while they page, and may write to the store's disk
 * but slowly. Others notice nothing.
 */
#define _GNU_SOURCE
#include <sys/sysmacros.h>

#include "vmdev_machine.h"

#define PAGES		1024U	/* of each pager */
#define POOL		512U
#define PAGERS		4U
#define BOUND		10.0	/* seconds to freeze or to die */

/* Fill a part of the space again and again, checking it. */
static void page_for_ever(const struct vt_space *v, unsigned int id, unsigned int pagers,
			  atomic_uint *rounds)
{
	unsigned int part = PAGES / pagers, first = id * part;
	char *mem = v->mem + first * vt_page_size();

	for (unsigned int seed = 2;; seed = seed < 60000 ? seed + 1 : 2) {
		fill_range(mem, part, seed, first);
		if (!check_range(mem, part, seed, first))
			_exit(1);
		atomic_fetch_add(rounds, 1);
	}
}

static void fork_pagers(const struct vm_cgroup *g, const struct vt_space *v, pid_t pid[PAGERS],
			atomic_uint *rounds)
{
	for (unsigned int i = 0; i < PAGERS; i++) {
		pid[i] = vt_fork();
		if (!pid[i]) {
			vm_cgroup_enter(g);
			page_for_ever(v, i, PAGERS, rounds);
		}
	}
}

static void start_pagers(const struct vm_cgroup *g, const struct vt_space *v, pid_t pid[PAGERS],
			 atomic_uint *rounds)
{
	fork_pagers(g, v, pid, rounds);
	while (atomic_load(rounds) < 2)
		vt_sleep_ms(5);
}

static atomic_uint *shared_counter(void)
{
	void *p = mmap(NULL, vt_page_size(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);

	vt_need(p != MAP_FAILED, "mmap: %s", strerror(errno));
	return p;
}

static bool killed(const pid_t pid[PAGERS])
{
	double start = vt_now();

	for (unsigned int i = 0; i < PAGERS; i++) {
		int status;

		while (waitpid(pid[i], &status, WNOHANG) == 0) {
			vt_check(vt_now() - start < BOUND, "alive %.0f s after its kill",
				 vt_now() - start);
			vt_sleep_ms(2);
		}
		vt_check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "status %#x", status);
	}
	vt_msg("all dead after %.2f s", vt_now() - start);
	return true;
}

static bool test_freeze(void)
{
	struct vt_space v = vt_space_new(PAGES * vt_page_size()), own;
	atomic_uint *rounds = shared_counter();
	double slowest = 0, start;
	struct vm_cgroup g;
	pid_t pid[PAGERS];

	if (!vm_cgroup_make(&g, "freeze", "") || vm_cgroup_set(&g, "cgroup.freeze", "0"))
		return vt_skip("no cgroup.freeze");
	vt_set_pool_frames(POOL);
	own = vt_space_new(PAGES * vt_page_size());
	start_pagers(&g, &v, pid, rounds);
	for (unsigned int i = 0; i < 15; i++) {
		unsigned int before;

		vt_sleep_ms(50 + i * 17);
		start = vt_now();
		vt_check(!vm_cgroup_set(&g, "cgroup.freeze", "1"), "cgroup.freeze");
		vt_check(vm_cgroup_wait(&g, "cgroup.events", "frozen", 1, BOUND),
			 "not frozen after %.0f s", BOUND);
		if (vt_now() - start > slowest)
			slowest = vt_now() - start;
		before = atomic_load(rounds);
		/* others page meanwhile, with the frozen ones' frames too */
		fill_range(own.mem, PAGES, i + 1, 0);
		vt_check(check_range(own.mem, PAGES, i + 1, 0), "content lost");
		vt_check(atomic_load(rounds) == before, "frozen ones go on");
		if (i % 5 == 4)
			vt_check(vt_evict_all(&v), "pages of frozen processes stay");
		vt_check(!vm_cgroup_set(&g, "cgroup.freeze", "0"), "cgroup.freeze");
		start = vt_now();
		while (atomic_load(rounds) == before) {
			vt_check(vt_now() < start + 30, "thawed ones don't go on");
			vt_sleep_ms(2);
		}
	}
	vt_msg("the slowest freeze took %.2f s", slowest);
	vt_check(!vm_cgroup_set(&g, "cgroup.freeze", "1"), "cgroup.freeze");
	/* killed while frozen, or on the way there */
	for (unsigned int i = 0; i < PAGERS; i++)
		kill(pid[i], SIGKILL);
	vt_check(killed(pid), "while frozen");
	vm_cgroup_remove(&g);
	vt_space_free(&v);
	vt_space_free(&own);
	return true;
}

static bool test_kill(void)
{
	struct vt_space v = vt_space_new(PAGES * vt_page_size()), own;
	atomic_uint *rounds = shared_counter();
	struct vm_cgroup g;
	pid_t pid[PAGERS];

	if (!vm_cgroup_make(&g, "kill", "") || vm_cgroup_set(&g, "cgroup.kill", "1"))
		return vt_skip("no cgroup.kill");
	vt_set_pool_frames(POOL);
	own = vt_space_new(PAGES * vt_page_size());
	fill_range(own.mem, PAGES, 1, 0);
	for (unsigned int i = 0; i < 8; i++) {
		atomic_store(rounds, 0);
		start_pagers(&g, &v, pid, rounds);
		vt_sleep_ms(20 + i * 37);
		vt_check(!vm_cgroup_set(&g, "cgroup.kill", "1"), "cgroup.kill");
		vt_check(killed(pid), "round %u", i);
		vt_check(vm_cgroup_wait(&g, "cgroup.events", "populated", 0, BOUND), "still there");
	}
	vt_check(check_range(own.mem, PAGES, 1, 0), "content lost");
	/* the space they shared works for who is left */
	fill_range(v.mem, PAGES, 9, 0);
	vt_check(check_range(v.mem, PAGES, 9, 0), "content lost");
	vm_cgroup_remove(&g);
	vt_space_free(&v);
	vt_space_free(&own);
	return true;
}

/* More than the group may have, of the process's own memory. */
static void hog(size_t bytes)
{
	for (size_t done = 0; done < bytes; done += 1 << 20) {
		char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p != MAP_FAILED)
			memset(p, 1, 1 << 20);
	}
}

static bool oom_killed(bool paging)
{
	struct vt_space own = vt_space_new(PAGES * vt_page_size()), theirs;
	struct vm_quiet q;
	struct vm_cgroup g;
	double start;
	int status;
	pid_t pid;
	bool ok;

	if (!vm_cgroup_make(&g, "oom", "+memory") || vm_cgroup_set(&g, "memory.max", "16M"))
		return vt_skip("no memory controller");
	vm_cgroup_set(&g, "memory.swap.max", "0");
	vt_set_pool_frames(POOL);
	fill_range(own.mem, PAGES, 1, 0);
	theirs = vt_space_new(PAGES * vt_page_size());
	q = vm_quiet_begin();
	pid = vt_fork();
	if (!pid) {
		vm_cgroup_enter(&g);
		fill_range(theirs.mem, PAGES, 2, 0);
		if (paging && !fork())
			for (;;)
				fill_range(theirs.mem, PAGES, 3, 0);
		hog(64 << 20);
		_exit(0);
	}
	start = vt_now();
	vt_need(waitpid(pid, &status, 0) == pid, "waitpid");
	ok = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	vt_msg("killed after %.2f s", vt_now() - start);
	vm_cgroup_set(&g, "cgroup.kill", "1");
	vm_cgroup_wait(&g, "cgroup.events", "populated", 0, BOUND);
	vt_check(vm_quiet_end(&q), "the kernel reported a bug");
	vt_check(ok, "64 MiB in a group of 16: status %#x", status);
	vt_check(vm_cgroup_value(&g, "memory.events", "oom_kill") >= 1, "no OOM kill");
	vt_check(check_range(own.mem, PAGES, 1, 0), "content lost");
	fill_range(theirs.mem, PAGES, 4, 0);
	vt_check(check_range(theirs.mem, PAGES, 4, 0), "content lost in the space of the killed");
	vm_cgroup_remove(&g);
	vt_space_free(&own);
	vt_space_free(&theirs);
	return true;
}

static bool test_oom(void)
{
	return oom_killed(false);
}

static bool test_oom_paging(void)
{
	return oom_killed(true);
}

/* The bookkeeping of a space is its toucher's memory: it ends, too, with an end. */
static bool test_oom_bookkeeping(void)
{
	struct vt_space own = vt_space_new(PAGES * vt_page_size());
	struct vm_quiet q;
	struct vm_cgroup g;
	double start;
	int status;
	pid_t pid;

	if (!vm_cgroup_make(&g, "book", "+memory") || vm_cgroup_set(&g, "memory.max", "6M"))
		return vt_skip("no memory controller");
	vm_cgroup_set(&g, "memory.swap.max", "0");
	fill_range(own.mem, PAGES, 1, 0);
	q = vm_quiet_begin();
	pid = vt_fork();
	if (!pid) {
		struct vt_space v = { .fd = vt_open(), .length = 64UL << 30 };

		vm_cgroup_enter(&g);
		v.mem = mmap(NULL, v.length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
			     v.fd, 0);
		vt_need(v.mem != MAP_FAILED, "mmap: %s", strerror(errno));
		/* one page in each leaf */
		for (uint64_t at = 0; at < v.length; at += 64 * vt_page_size())
			(void)*(volatile char *)(v.mem + at);
		_exit(0);
	}
	start = vt_now();
	vt_need(waitpid(pid, &status, 0) == pid, "waitpid");
	vt_msg("ended with %#x after %.1f s", status, vt_now() - start);
	vt_check(vm_quiet_end(&q), "the kernel reported a bug");
	vt_check(WIFSIGNALED(status) &&
		 (WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGBUS), "status %#x", status);
	vt_check(check_range(own.mem, PAGES, 1, 0), "content lost");
	vm_cgroup_remove(&g);
	vt_space_free(&own);
	return true;
}

#define IO_LIMIT	65536U	/* bytes a second: 16 pages */
#define IO_SEEDS	3U
#define IO_BOUND	60.0	/* seconds; at the limit's pace it would be minutes */

/* The directory with the store; false where writes to its disk can't be limited. */
static bool limit_writes(struct vm_cgroup *g, char *path, size_t size)
{
	char limit[64];
	struct stat st;

	vt_need(!vt_sysfs_read("store/path", path, size) && !stat(path, &st), "store/path");
	snprintf(limit, sizeof(limit), "%u:%u wbps=%u", major(st.st_dev), minor(st.st_dev),
		 IO_LIMIT);
	return vm_cgroup_make(g, "io", "+io") && !vm_cgroup_set(g, "io.max", limit);
}

/* Does the limit hold for who is in the group? Seconds for three times as much. */
static double write_to_disk(const struct vm_cgroup *g, const char *path)
{
	double start = vt_now();
	pid_t pid = vt_fork();

	if (!pid) {
		int fd = open(path, O_TMPFILE | O_RDWR | O_DIRECT, 0600);
		char *buf = aligned_alloc(vt_page_size(), IO_LIMIT);

		vt_need(fd >= 0 && buf, "%s: %s", path, strerror(errno));
		memset(buf, 1, IO_LIMIT);
		vm_cgroup_enter(g);
		for (unsigned int i = 0; i < 3; i++)
			vt_need(pwrite(fd, buf, IO_LIMIT, i * IO_LIMIT) == (ssize_t)IO_LIMIT,
				"%s: %s", path, strerror(errno));
		_exit(0);
	}
	vt_need(vt_wait_ok(pid), "no write to the disk");
	return vt_now() - start;
}

/* Page in and out until the time is over: check what is there, write another seed. */
static bool page_until(const struct vt_space *v, double end)
{
	double slowest = 0;

	for (unsigned int seed = 2; seed < 2 + IO_SEEDS; seed++) {
		for (unsigned int i = 0; i < PAGES; i++) {
			char *page = v->mem + i * vt_page_size();
			double start = vt_now();

			vt_check(check_page(page, seed - 1, i), "content lost");
			fill_page(page, seed, i);
			if (vt_now() - start > slowest)
				slowest = vt_now() - start;
			vt_check(vt_now() < end, "at page %u of round %u, one took %.1f s", i,
				 seed - 1, slowest);
		}
	}
	vt_msg("%llu pages out, %llu faults with I/O, the slowest took %.2f s",
	       vt_stats_now(v->fd).written_pages, vt_stats_now(v->fd).faults_major, slowest);
	return true;
}

/* Pages are written by whoever needs a frame: a limit of his must not hold them up. */
static bool test_io_limit(void)
{
	struct vt_space v = vt_space_new(PAGES * vt_page_size()), own;
	atomic_uint *rounds = shared_counter();
	struct vm_cgroup g;
	pid_t pid[PAGERS];
	double start, took;
	char path[128];
	uint64_t oom;

	if (!limit_writes(&g, path, sizeof(path)))
		return vt_skip("no io.max");
	took = write_to_disk(&g, path);
	vt_check(took > 1, "three times what io.max allows in a second took %.1f s", took);
	vt_set_pool_frames(POOL);
	own = vt_space_new(PAGES * vt_page_size());
	fill_range(own.mem, PAGES, 1, 0);
	oom = vt_sysfs_u64("stats/oom");
	start = vt_now();
	fork_pagers(&g, &v, pid, rounds);
	vt_check(page_until(&own, start + IO_BOUND), "held up by another's limit");
	vt_check(vt_stats_now(own.fd).written_pages > POOL &&
		 vt_stats_now(own.fd).faults_major > POOL / 2, "hardly paged at all");
	while (vt_stats_now(v.fd).written_pages <= 2 * POOL) {
		vt_check(vt_now() < start + IO_BOUND, "the limited ones wrote %llu pages",
			 vt_stats_now(v.fd).written_pages);
		vt_sleep_ms(5);
	}
	vt_msg("after %.1f s the limited ones have written %llu pages", vt_now() - start,
	       vt_stats_now(v.fd).written_pages);
	vt_check(vt_sysfs_u64("stats/oom") == oom, "no frame was found");
	for (unsigned int i = 0; i < PAGERS; i++)
		kill(pid[i], SIGKILL);
	/* by that and not by SIGBUS, nor did they find wrong content */
	vt_check(killed(pid), "the limited ones");
	vt_check(check_range(own.mem, PAGES, 1 + IO_SEEDS, 0), "content lost");
	fill_range(v.mem, PAGES, 9, 0);
	vt_check(vt_evict_all(&v) && check_range(v.mem, PAGES, 9, 0), "content lost");
	vm_cgroup_remove(&g);
	vt_space_free(&v);
	vt_space_free(&own);
	return true;
}

static const struct vt_test tests[] = {
	{ "frozen and thawed while paging", test_freeze },
	{ "cgroup.kill while paging", test_kill },
	{ "killed for its group's memory", test_oom },
	{ "killed for its group's memory while another pages", test_oom_paging },
	{ "killed for the bookkeeping of its space", test_oom_bookkeeping },
	{ "paging next to a group with io.max on the store's disk", test_io_limit },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
