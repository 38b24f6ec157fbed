// SPDX-License-Identifier: GPL-2.0
/*
 * mincore says which pages of a mapping are in the pool.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define PAGES	96

/* Pages [first, first + count) are in core or not, all of them. */
static bool expect_core(struct vt_space *s, unsigned int first, unsigned int count, bool expected)
{
	const size_t page = vt_page_size();
	unsigned char vec[PAGES];

	vt_check(!mincore(s->mem, s->length, vec), "mincore: %s", strerror(errno));
	for (unsigned int i = first; i < first + count; i++)
		vt_check((vec[i] & 1) == expected, "page %u: in core %d, expected %d (state %u)", i,
			 vec[i] & 1, expected, vt_page_state(s->fd, i * page).state);
	return true;
}

static bool follows_eviction(void)
{
	const size_t page = vt_page_size();
	struct vt_space s = vt_space_new(PAGES * page);

	/* Without read-ahead nothing comes in that was not touched. */
	vt_need(!posix_fadvise(s.fd, 0, 0, POSIX_FADV_RANDOM), "posix_fadvise");
	vt_check(expect_core(&s, 0, PAGES, false), "before any touch");
	fill_range(s.mem, PAGES, 1, 0);
	vt_check(expect_core(&s, 0, PAGES, true), "after writing all");
	vt_check(vt_evict_range(s.fd, 32 * page, 32 * page), "not evicted");
	vt_check(expect_core(&s, 0, 32, true), "below the evicted range");
	vt_check(expect_core(&s, 32, 32, false), "the evicted range");
	vt_check(expect_core(&s, 64, 32, true), "above the evicted range");
	vt_check(check_page(s.mem + 40 * page, 1, 40), "page 40");
	vt_check(expect_core(&s, 40, 1, true), "page 40 after a read");
	vt_check(vt_evict_all(&s), "not evicted");
	vt_check(expect_core(&s, 0, PAGES, false), "after evicting all");
	vt_check(check_range(s.mem, PAGES, 1, 0), "content lost");
	vt_check(expect_core(&s, 0, PAGES, true), "after reading all");
	vt_space_free(&s);
	return true;
}

static const struct vt_test tests[] = {
	{ "mincore follows eviction and faults", follows_eviction },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
