// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs vmdev/latency: a histogram of fault latencies by powers of two, whose
 * counts add up to the number of faults. Its first line names the columns.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define HISTOGRAM	"/sys/kernel/debug/vmdev/latency"
#define PAGES		500

struct histogram {
	unsigned int lines;
	uint64_t bound[64], count[64], sum, slow;
};

/*
 * False if a line after the first isn't "<bound> <count>" or the bounds aren't powers
 * of two going up.
 */
static bool read_histogram(struct histogram *h)
{
	FILE *f = fopen(HISTOGRAM, "re");
	char line[128] = "";

	vt_check(f, "%s: %s", HISTOGRAM, strerror(errno));
	memset(h, 0, sizeof(*h));
	vt_check(fgets(line, sizeof(line), f) && !strcmp(line, "# ns_at_least faults\n"),
		 "first line \"%s\"", line);
	while (fgets(line, sizeof(line), f)) {
		uint64_t bound, count;
		char newline;
		int n = sscanf(line, "%" SCNu64 " %" SCNu64 "%c", &bound, &count, &newline);

		vt_check(n == 3 && newline == '\n', "line \"%s\"", line);
		vt_check(!(bound & (bound - 1)), "bound %" PRIu64 " is no power of two", bound);
		vt_check(!h->lines || bound > h->bound[h->lines - 1], "bound %" PRIu64
			 " after %" PRIu64, bound, h->bound[h->lines - 1]);
		vt_check(h->lines < 64, "too many lines");
		h->bound[h->lines] = bound;
		h->count[h->lines++] = count;
		h->sum += count;
		/* No store answers in less than 8 us. */
		if (bound >= 8192)
			h->slow += count;
	}
	fclose(f);
	vt_check(h->lines, "%s is empty", HISTOGRAM);
	return true;
}

static bool check_sum(const struct histogram *h)
{
	uint64_t faults = vt_sysfs_u64("stats/faults");

	vt_check(h->sum == faults, "the histogram holds %" PRIu64 " of %" PRIu64 " faults", h->sum,
		 faults);
	return true;
}

static bool test_adds_up(void)
{
	struct histogram before, after;
	struct vt_space v = vt_space_new(PAGES * vt_page_size());
	struct vmdev_stats s;
	uint64_t faults, slow;

	/* each fault brings in one page */
	vt_need(!posix_fadvise(v.fd, 0, 0, POSIX_FADV_RANDOM), "posix_fadvise");
	vt_check(read_histogram(&before) && check_sum(&before), "at first");
	fill_range(v.mem, PAGES, 1, 0);
	vt_check(vt_evict_all(&v), "pages stayed");
	vt_check(check_range(v.mem, PAGES, 1, 0), "content lost");
	vt_check(read_histogram(&after) && check_sum(&after), "after faults");
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
