// SPDX-License-Identifier: GPL-2.0
/*
 * Many more tasks than CPUs fault at once in a pool that is small for them. Each
 * gets its pages, and they don't spoil one another's batches. Counted, not timed.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define TASKS	60
#define PAGES	1024UL	/* each; together 15 times the pool */

static pthread_barrier_t *filled;

static void make_barrier(void)
{
	pthread_barrierattr_t attr;

	filled = mmap(NULL, sizeof(*filled), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	vt_need(filled != MAP_FAILED, "mmap: %m");
	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(filled, &attr, TASKS);
}

static bool fill_and_verify(unsigned int seed)
{
	struct vt_space s = vt_space_new(PAGES * vt_page_size());

	fill_range(s.mem, PAGES, seed, 0);
	pthread_barrier_wait(filled);
	vt_check(check_range(s.mem, PAGES, seed, 0), "task %u", seed);
	vt_space_free(&s);
	return true;
}

static bool crowd(void)
{
	uint64_t evictions, ios, written, direct;
	pid_t pid[TASKS];
	bool good = true;

	make_barrier();
	for (unsigned int i = 0; i < TASKS; i++) {
		pid[i] = vt_fork();
		if (!pid[i])
			_exit(!fill_and_verify(1 + i));
	}
	for (unsigned int i = 0; i < TASKS; i++)
		good = vt_wait_ok(pid[i]) && good;
	evictions = vt_sysfs_u64("stats/evictions");
	written = vt_sysfs_u64("store/written_pages");
	ios = vt_sysfs_u64("store/written_ios");
	direct = vt_sysfs_u64("stats/direct_reclaims");
	vt_msg("%" PRIu64 " evictions, %" PRIu64 " pages in %" PRIu64 " writes, %" PRIu64
	       " faults in direct reclaim", evictions, written, ios, direct);
	vt_check(good, "a task failed");
	vt_check(evictions >= TASKS * PAGES - vt_pool_frames(), "nearly nothing was evicted");
	vt_check(written >= 8 * ios, "%" PRIu64 " writes for %" PRIu64 " pages", ios, written);
	return true;
}

static const struct vt_test tests[] = {
	{ "sixty tasks in a pool of 16 MiB", crowd },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
