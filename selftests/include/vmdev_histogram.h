/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading debugfs vmdev/latency, how long faults took. It knows nothing of what is
 * tested with it.
 */
#ifndef VMDEV_HISTOGRAM_H
#define VMDEV_HISTOGRAM_H

#include "vmdev_test.h"

#define VT_HISTOGRAM	"/sys/kernel/debug/vmdev/latency"

struct vt_histogram {
	unsigned int lines;
	uint64_t bound[64], count[64], sum, slow;
};

/*
 * False if a line after the first isn't "<bound> <count>" or the bounds aren't powers
 * of two going up.
 */
static inline bool vt_read_histogram(struct vt_histogram *h)
{
	FILE *f = fopen(VT_HISTOGRAM, "re");
	char line[128] = "";

	vt_check(f, "%s: %s", VT_HISTOGRAM, strerror(errno));
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
	vt_check(h->lines, "%s is empty", VT_HISTOGRAM);
	return true;
}

/* Lower bound of the longest fault's line, in ns. */
static inline uint64_t vt_histogram_longest(const struct vt_histogram *h)
{
	uint64_t longest = 0;

	for (unsigned int i = 0; i < h->lines; i++)
		if (h->count[i])
			longest = h->bound[i];
	return longest;
}

#endif /* VMDEV_HISTOGRAM_H */
