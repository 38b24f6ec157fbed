// SPDX-License-Identifier: GPL-2.0
/*
 * Data that needs just about all frames: what reclaim keeps free must not be what
 * makes a program fault. Where there is much more data, it is kept free again.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define FRAMES	16384
#define MOST	(FRAMES / 64)	/* reclaim starts below so many where there is much more */

static bool all_of_it(void)
{
	const uint64_t pages = FRAMES - MOST / 4;
	struct vt_space s;
	uint64_t evictions;

	vt_set_pool_frames(FRAMES);
	s = vt_space_new(pages * vt_page_size());
	evictions = vt_sysfs_u64("stats/evictions");
	fill_range(s.mem, pages, 1, 0);
	for (int round = 0; round < 3; round++)
		vt_check(check_range(s.mem, pages, 1, 0), "round %d", round);
	evictions = vt_sysfs_u64("stats/evictions") - evictions;
	vt_check(!evictions, "%" PRIu64 " evictions, %" PRIu64 " pages in %d frames", evictions,
		 pages, FRAMES);
	vt_space_free(&s);
	return true;
}

/*
 * A few pages too many: they are out, and as many as are free then. Whole batches are evicted,
 * but what was kept free before is not.
 */
static bool all_but_a_few(void)
{
	const uint64_t more = MOST / 16, pages = FRAMES + more;
	const uint64_t most = more + MOST - 1;
	struct vt_space s;
	uint64_t out;

	vt_set_pool_frames(FRAMES);
	s = vt_space_new(pages * vt_page_size());
	fill_range(s.mem, pages, 2, 0);
	for (int round = 0; round < 3; round++)
		vt_check(check_range(s.mem, pages, 2, 0), "round %d", round);
	out = vt_count_states(s.fd, 0, pages, VT_STATE(SWAPPED));
	vt_check(out <= most, "%" PRIu64 " of %" PRIu64 " pages are out, expected %" PRIu64
		 " at most", out, pages, most);
	vt_check(check_range(s.mem, pages, 2, 0), "content lost");
	vt_space_free(&s);
	return true;
}

static bool twice_as_much(void)
{
	const uint64_t pages = 2 * FRAMES;
	double end = vt_now() + 10 * vt_time_scale();
	struct vt_space s;

	vt_set_pool_frames(FRAMES);
	s = vt_space_new(pages * vt_page_size());
	fill_range(s.mem, pages, 3, 0);
	vt_check(check_range(s.mem, pages, 3, 0), "content lost");
	while (vt_sysfs_u64("pool/free") < MOST && vt_now() < end)
		vt_sleep_ms(20);
	vt_check(vt_sysfs_u64("pool/free") >= MOST, "%" PRIu64 " frames free, expected %d",
		 vt_sysfs_u64("pool/free"), MOST);
	vt_space_free(&s);
	return true;
}

static const struct vt_test tests[] = {
	{ "all data in memory", all_of_it },
	{ "all but a few pages", all_but_a_few },
	{ "twice the memory", twice_as_much },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
