// SPDX-License-Identifier: GPL-2.0
/*
 * A space several times the pool, written, verified, rewritten and verified
 * again out of order by 1, 2 and 8 threads. Neighbouring pages belong to
 * different threads.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

struct job {
	char *mem;
	uint64_t pages;
};

static bool write_and_verify(struct vt_crew *crew, unsigned int id)
{
	const struct job *job = crew->arg;
	const size_t page = vt_page_size();
	const unsigned int step = crew->count;
	const uint64_t own = job->pages / step;

	for (uint64_t i = id; i < job->pages; i += step)
		fill_page(job->mem + i * page, 1, i);
	for (uint64_t i = id; i < job->pages; i += step) {
		vt_check(check_page(job->mem + i * page, 1, i), "first pass, thread %u", id);
		fill_page(job->mem + i * page, 2, i);
	}
	/* 7919 is prime, so this visits every page once, far from the one before. */
	for (uint64_t k = 0; k < own; k++) {
		uint64_t i = k * 7919 % own * step + id;

		vt_check(check_page(job->mem + i * page, 2, i), "second pass, thread %u", id);
	}
	return true;
}

static bool swap_through(uint64_t frames, unsigned int times, unsigned int threads)
{
	struct job job = { .pages = frames * times };
	struct vt_space s = vt_space_new(job.pages * vt_page_size());
	uint64_t written = vt_sysfs_u64("store/written_pages");
	struct vmdev_stats stats;

	job.mem = s.mem;
	vt_check(vt_crew_run(threads, write_and_verify, &job), "content lost");

	written = vt_sysfs_u64("store/written_pages") - written;
	stats = vt_stats_now(s.fd);
	vt_check(stats.resident <= frames, "%llu pages resident in %" PRIu64 " frames",
		 stats.resident, frames);
	vt_check(stats.touched == job.pages, "%llu pages touched, %" PRIu64 " expected",
		 stats.touched, job.pages);
	vt_check(written >= job.pages - frames, "only %" PRIu64 " pages written out",
		 written);
	vt_space_free(&s);
	return true;
}

/* The pool is made smaller the larger the space is, to bound the time. */
static bool smaller_pool(uint64_t frames, unsigned int times, unsigned int threads)
{
	vt_set_pool_frames(frames);
	return swap_through(frames, times, threads);
}

static bool x2_t1(void) { return smaller_pool(1024, 2, 1); }
static bool x2_t2(void) { return smaller_pool(1024, 2, 2); }
static bool x2_t8(void) { return smaller_pool(1024, 2, 8); }
static bool x4_t1(void) { return smaller_pool(512, 4, 1); }
static bool x4_t2(void) { return smaller_pool(512, 4, 2); }
static bool x4_t8(void) { return smaller_pool(512, 4, 8); }
static bool x16_t1(void) { return smaller_pool(128, 16, 1); }
static bool x16_t2(void) { return smaller_pool(128, 16, 2); }
static bool x16_t8(void) { return smaller_pool(128, 16, 8); }

static const struct vt_test tests[] = {
	{ "2 times the pool, 1 thread", x2_t1 },
	{ "2 times the pool, 2 threads", x2_t2 },
	{ "2 times the pool, 8 threads", x2_t8 },
	{ "4 times the pool, 1 thread", x4_t1 },
	{ "4 times the pool, 2 threads", x4_t2 },
	{ "4 times the pool, 8 threads", x4_t8 },
	{ "16 times the pool, 1 thread", x16_t1 },
	{ "16 times the pool, 2 threads", x16_t2 },
	{ "16 times the pool, 8 threads", x16_t8 },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
