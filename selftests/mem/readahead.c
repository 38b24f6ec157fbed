// SPDX-License-Identifier: GPL-2.0
/*
 * Read-ahead: sequential and strided readers meet far fewer major faults than
 * pages, what was read ahead is counted as used, and a random reader has little
 * read for nothing.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define PAGES	2048

struct work {
	uint64_t touched, major, ahead, hits, read;
};

/* Verify pages of an evicted space in the order of nth(n); what that took. */
static bool read_in_order(unsigned int seed, unsigned int count,
			  unsigned int (*nth)(unsigned int n),
			  struct work *work)
{
	const size_t page = vt_page_size();
	struct vt_space s = vt_space_new(PAGES * page);
	struct vmdev_stats before, after;

	fill_range(s.mem, PAGES, seed, 0);
	vt_check(vt_evict_all(&s), "not evicted");
	before = vt_stats_now(s.fd);
	for (unsigned int n = 0; n < count; n++)
		vt_check(check_page(s.mem + nth(n) * page, seed, nth(n)), "content lost");
	after = vt_stats_now(s.fd);
	*work = (struct work) {
		.touched = count,
		.major = after.faults_major - before.faults_major,
		.ahead = after.readahead - before.readahead,
		.hits = after.readahead_hits - before.readahead_hits,
		.read = after.read_pages - before.read_pages,
	};
	vt_msg("%" PRIu64 " touched, %" PRIu64 " major faults, %" PRIu64 " pages read, %" PRIu64
	       " of them ahead, %" PRIu64 " hits", work->touched, work->major, work->read,
	       work->ahead, work->hits);
	/* A fault that waits for a page being read ahead is a major one as well. */
	vt_check(work->read <= work->major + work->ahead, "%" PRIu64 " pages read, but %" PRIu64
		 " major faults and %" PRIu64 " read ahead", work->read, work->major, work->ahead);
	vt_check(work->hits <= work->ahead, "more hits than pages read ahead");
	vt_space_free(&s);
	return true;
}

static unsigned int forward(unsigned int n) { return n; }
static unsigned int backward(unsigned int n) { return PAGES - 1 - n; }
static unsigned int every_fourth(unsigned int n) { return 4 * n; }

/* In order for a while, then one page of each that a fault may map. */
static unsigned int then_every_16th(unsigned int n)
{
	return n < 64 ? n : 64 + (n - 64) * 16;
}

/* A permutation of the pages without any order. */
static unsigned int jumping(unsigned int n)
{
	n = (n ^ n >> 5) * 1217 % PAGES;
	return (n ^ n >> 6) * 1021 % PAGES;
}

static bool sequential(void)
{
	struct work w;

	vt_check(read_in_order(1, PAGES, forward, &w), "forward");
	vt_check(w.major <= PAGES / 4, "%" PRIu64 " major faults for %d pages in order", w.major,
		 PAGES);
	vt_check(w.hits >= w.ahead * 8 / 10, "only %" PRIu64 " of %" PRIu64
		 " pages read ahead were used", w.hits, w.ahead);
	return true;
}

static bool reverse(void)
{
	struct work w;

	vt_check(read_in_order(2, PAGES, backward, &w), "backward");
	vt_check(w.major <= PAGES * 3 / 4, "%" PRIu64 " major faults for %d pages backwards",
		 w.major, PAGES);
	return true;
}

static bool strided(void)
{
	struct work w;

	vt_check(read_in_order(3, PAGES / 4, every_fourth, &w), "strided");
	vt_check(w.major <= w.touched * 3 / 4, "%" PRIu64 " major faults for %" PRIu64
		 " pages, every fourth", w.major, w.touched);
	return true;
}

/* Whoever skips pages that are mapped for him isn't read to page by page. */
static bool skipping(void)
{
	struct work w;

	vt_check(read_in_order(5, 64 + (PAGES - 64) / 16, then_every_16th, &w), "skipping");
	vt_check(w.read <= 2 * w.touched + 64, "%" PRIu64 " pages read for %" PRIu64, w.read,
		 w.touched);
	return true;
}

/* A reader that never goes on to the next page must not have it all read. */
static bool random_order(void)
{
	struct work w;

	vt_check(read_in_order(4, PAGES / 4, jumping, &w), "jumping");
	vt_check(w.ahead - w.hits <= w.touched / 2, "%" PRIu64
		 " pages read ahead for nothing while %" PRIu64 " were touched at random",
		 w.ahead - w.hits, w.touched);
	return true;
}

static const struct vt_test tests[] = {
	{ "in order", sequential },
	{ "backwards", reverse },
	{ "every fourth page", strided },
	{ "in order, then every 16th page", skipping },
	{ "at random", random_order },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
