// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs vmdev/latency: a histogram of fault latencies by powers of two, whose
 * counts add up to the number of faults. Its first line names the columns.
 */
#define _GNU_SOURCE
#include "vmdev_histogram.h"

#define PAGES		500

static bool check_sum(const struct vt_histogram *h)
{
	uint64_t faults = vt_sysfs_u64("stats/faults");

	vt_check(h->sum == faults, "the histogram holds %" PRIu64 " of %" PRIu64 " faults", h->sum,
		 faults);
	return true;
}

static bool test_adds_up(void)
{
	struct vt_histogram before, after;
	struct vt_space v = vt_space_new(PAGES * vt_page_size());
	struct vmdev_stats s;
	uint64_t faults, slow;

	/* each fault brings in one page */
	vt_need(!posix_fadvise(v.fd, 0, 0, POSIX_FADV_RANDOM), "posix_fadvise");
	vt_check(vt_read_histogram(&before) && check_sum(&before), "at first");
	fill_range(v.mem, PAGES, 1, 0);
	vt_check(vt_evict_all(&v), "pages stayed");
	vt_check(check_range(v.mem, PAGES, 1, 0), "content lost");
	vt_check(vt_read_histogram(&after) && check_sum(&after), "after faults");
	s = vt_stats_now(v.fd);
	faults = s.faults_minor + s.faults_major + s.faults_zero;
	vt_check(faults >= PAGES, "%" PRIu64 " faults", faults);
	vt_check(after.sum - before.sum == faults, "the histogram rose by %" PRIu64
		 " for %" PRIu64 " faults", after.sum - before.sum, faults);
	slow = after.slow - before.slow;
	vt_check(slow >= s.faults_major, "%" PRIu64 " slow faults, %llu waited for the store", slow,
		 s.faults_major);
	vt_check(after.lines >= before.lines, "%u lines, then %u", before.lines, after.lines);
	for (unsigned int i = 0; i < before.lines; i++)
		vt_check(before.bound[i] == after.bound[i] && before.count[i] <= after.count[i],
			 "the line of bound %" PRIu64 " went away or down", before.bound[i]);
	vt_space_free(&v);
	return true;
}

static const struct vt_test tests[] = {
	{ "the histogram adds up to the faults", test_adds_up },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
