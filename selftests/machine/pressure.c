// SPDX-License-Identifier: GPL-2.0
/*
 * The machine is short of memory, without swap: paging goes on, nobody is killed for
 * it, the pool keeps what it has; a pool that doesn't fit any more isn't grown.
 */
#define _GNU_SOURCE
#include "vmdev_load.h"
#include "vmdev_machine.h"

#define PAGES	2048U
#define POOL	512U
#define LEAVE	(96 << 10)	/* KiB that stay available */

static bool fill_and_check(struct vt_crew *crew, unsigned int id)
{
	const struct vt_space *v = crew->arg;
	unsigned int part = PAGES / crew->count, first = id * part;
	char *mem = v->mem + first * vt_page_size();

	for (unsigned int seed = 1; !atomic_load(&crew->stop) || seed < 4; seed++) {
		fill_range(mem, part, seed, first);
		vt_check(check_range(mem, part, seed, first), "content lost in round %u", seed);
	}
	return true;
}

/* Take memory until little is left, then wait to be killed. *ready says when. */
static void hog_all(atomic_bool *ready)
{
	uint64_t available;

	while ((available = vl_meminfo_kb("MemAvailable")) > LEAVE) {
		size_t step = available - LEAVE > 65536 ? 32 << 20 : 4 << 20;
		char *p = mmap(NULL, step, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		vt_need(p != MAP_FAILED, "mmap: %s", strerror(errno));
		/* huge pages where there are: it is faster */
		madvise(p, step, MADV_HUGEPAGE);
		for (size_t at = 0; at < step; at += vt_page_size())
			p[at] = 1;
	}
	atomic_store(ready, true);
	for (;;)
		pause();
}

static atomic_bool *shared_flag(void)
{
	void *p = mmap(NULL, vt_page_size(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);

	vt_need(p != MAP_FAILED, "mmap: %s", strerror(errno));
	return p;
}

static bool test_machine(void)
{
	uint64_t kills = vl_oom_kills(), frames;
	atomic_bool *ready = shared_flag();
	struct vt_crew crew;
	struct vt_space v;
	pid_t pid;
	int ret;

	vt_set_pool_frames(POOL);
	v = vt_space_new(PAGES * vt_page_size());
	pid = vt_fork();
	if (!pid)
		hog_all(ready);
	vt_crew_start(&crew, 3, fill_and_check, &v);
	while (!atomic_load(ready) && waitpid(pid, NULL, WNOHANG) == 0)
		vt_sleep_ms(10);
	vt_check(atomic_load(ready), "the hog has gone");
	vt_sleep_ms(3000);
	vt_msg("%" PRIu64 " KiB available", vl_meminfo_kb("MemAvailable"));
	/* four times what is available */
	frames = vt_pool_frames() + vl_meminfo_kb("MemAvailable");
	ret = vt_try_pool_frames(frames);
	vt_check(ret == -ENOMEM, "a pool of %" PRIu64 " MiB more: %s", frames >> 8, strerror(-ret));
	vt_check(vt_pool_frames() == POOL, "the pool has %" PRIu64 " frames", vt_pool_frames());
	vt_check(vt_crew_stop(&crew), "in a thread");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	vt_check(vl_oom_kills() == kills, "%" PRIu64 " OOM kills", vl_oom_kills() - kills);
	vt_check(vt_sysfs_u64("stats/oom") == 0, "a fault found no frame");
	vt_space_free(&v);
	return true;
}

/* A group at its limit, with a hog that fits exactly: the pager in it goes on. */
static bool test_group(void)
{
	struct vt_space v = vt_space_new(PAGES * vt_page_size());
	atomic_bool *ready = shared_flag();
	struct vm_cgroup g;
	pid_t hog, pager;

	if (!vm_cgroup_make(&g, "pressure", "+memory") ||
	    vm_cgroup_set(&g, "memory.max", "24M") || vm_cgroup_set(&g, "memory.high", "20M"))
		return vt_skip("no memory controller");
	vm_cgroup_set(&g, "memory.swap.max", "0");
	vt_set_pool_frames(POOL);
	hog = vt_fork();
	if (!hog) {
		char *p;

		vm_cgroup_enter(&g);
		p = mmap(NULL, 17 << 20, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		atomic_store(ready, p != MAP_FAILED);
		for (;;)
			pause();
	}
	while (!atomic_load(ready) && waitpid(hog, NULL, WNOHANG) == 0)
		vt_sleep_ms(5);
	pager = vt_fork();
	if (!pager) {
		vm_cgroup_enter(&g);
		for (unsigned int seed = 1; seed < 6; seed++) {
			fill_range(v.mem, PAGES, seed, 0);
			if (!check_range(v.mem, PAGES, seed, 0))
				_exit(1);
		}
		_exit(0);
	}
	vt_check(vt_wait_ok(pager), "the pager");
	kill(hog, SIGKILL);
	waitpid(hog, NULL, 0);
	vt_check(vm_cgroup_value(&g, "memory.events", "oom_kill") == 0, "an OOM kill");
	vt_check(check_range(v.mem, PAGES, 5, 0), "content lost");
	vm_cgroup_remove(&g);
	vt_space_free(&v);
	return true;
}

/* The pool is not the group's memory, and a group's reclaim can't touch it. */
static bool test_reclaim(void)
{
	const unsigned int pages = POOL / 2;
	struct vt_space v = vt_space_new(pages * vt_page_size());
	uint64_t evictions;

	vt_set_pool_frames(POOL);
	fill_range(v.mem, pages, 1, 0);
	evictions = vt_sysfs_u64("stats/evictions");
	vm_write("/proc/sys/vm/drop_caches", "3");
	vm_write("/proc/sys/vm/compact_memory", "1");
	vm_write(VM_CGROUP_ROOT "/memory.reclaim", "64M");
	vt_check(vt_sysfs_u64("stats/evictions") == evictions, "the kernel's reclaim evicts");
	vt_check(vt_stats_now(v.fd).resident == pages, "%llu of %u pages are resident",
		 vt_stats_now(v.fd).resident, pages);
	vt_check(check_range(v.mem, pages, 1, 0), "content lost");
	vt_space_free(&v);
	return true;
}

static const struct vt_test tests[] = {
	{ "little memory is left on the machine", test_machine },
	{ "a group at its limit", test_group },
	{ "the kernel's own reclaim and compaction", test_reclaim },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
