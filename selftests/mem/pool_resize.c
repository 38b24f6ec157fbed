// SPDX-License-Identifier: GPL-2.0
/*
 * The pool grows and shrinks while threads write and verify more than it holds.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define PAGES	3000
#define THREADS	3

static bool rewrite_until_stop(struct vt_crew *crew, unsigned int id)
{
	const size_t page = vt_page_size();
	char *mem = crew->arg;
	unsigned int seed = 1;

	for (unsigned int i = id; i < PAGES; i += THREADS)
		fill_page(mem + i * page, seed, i);
	while (!atomic_load(&crew->stop)) {
		for (unsigned int i = id; i < PAGES; i += THREADS) {
			vt_check(check_page(mem + i * page, seed, i), "thread %u, pass %u", id,
				 seed);
			fill_page(mem + i * page, seed + 1, i);
		}
		seed++;
	}
	for (unsigned int i = id; i < PAGES; i += THREADS)
		vt_check(check_page(mem + i * page, seed, i), "thread %u, after pass %u", id, seed);
	return true;
}

static bool resize_once(struct vt_space *s, uint64_t frames)
{
	int ret = vt_try_pool_frames(frames);
	struct vmdev_stats stats;
	uint64_t now, free;

	vt_check(!ret, "pool/frames = %" PRIu64 ": %s", frames, strerror(-ret));
	now = vt_pool_frames();
	vt_check(now == frames, "pool/frames reads %" PRIu64 ", expected %" PRIu64, now, frames);
	for (int i = 0; i < 20; i++) {
		stats = vt_stats_now(s->fd);
		free = vt_sysfs_u64("pool/free");
		vt_check(stats.resident <= frames, "%llu pages resident in %" PRIu64 " frames",
			 stats.resident, frames);
		vt_check(free <= frames, "%" PRIu64 " free of %" PRIu64 " frames", free, frames);
		vt_sleep_ms(10);
	}
	return true;
}

static bool resize_under_load(void)
{
	static const uint64_t sizes[] = {
		1024, 64, 1000, 16, 2048, 333, 5000, 100, 17, 4096, 500, 1500,
	};
	struct vt_space s = vt_space_new(PAGES * vt_page_size());
	struct vt_crew crew;
	bool ok = true;

	vt_crew_start(&crew, THREADS, rewrite_until_stop, s.mem);
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes) && ok; i++)
		ok = resize_once(&s, sizes[i]);
	vt_check(vt_crew_stop(&crew) && ok, "resizing under load");
	vt_space_free(&s);
	return true;
}

/* Shrinking with nobody else running has to evict by itself. */
static bool shrink_when_full(void)
{
	struct vt_space s = vt_space_new(2048 * vt_page_size());
	uint64_t before = vt_pool_frames();

	vt_need(before >= 2048, "a pool of %" PRIu64 " frames is too small", before);
	fill_range(s.mem, 2048, 9, 0);
	vt_check(resize_once(&s, 32), "shrinking from %" PRIu64, before);
	vt_check(check_range(s.mem, 2048, 9, 0), "content lost");
	vt_check(resize_once(&s, before), "growing to %" PRIu64, before);
	vt_check(check_range(s.mem, 2048, 9, 0), "content lost");
	vt_space_free(&s);
	return true;
}

static const struct vt_test tests[] = {
	{ "shrink a full pool and grow it again", shrink_when_full },
	{ "resize under load", resize_under_load },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
