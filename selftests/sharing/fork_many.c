// SPDX-License-Identifier: GPL-2.0
/*
 * Eight children of one fork each own their pages of a shared mapping four times
 * the pool; neighbouring pages belong to different children.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define CHILDREN	8
#define FRAMES		512
#define PAGES		(4 * FRAMES)

static bool own_pages(char *mem, unsigned int id)
{
	const size_t page = vt_page_size();

	for (unsigned int seed = 1; seed <= 3; seed++) {
		for (unsigned int i = id; i < PAGES; i += CHILDREN) {
			vt_check(check_page(mem + i * page, seed - 1 ? seed - 1 : 100, i),
				 "child %u, pass %u", id, seed);
			fill_page(mem + i * page, seed, i);
		}
	}
	for (unsigned int i = id; i < PAGES; i += CHILDREN)
		vt_check(check_page(mem + i * page, 3, i), "child %u at the end", id);
	return true;
}

static bool eight_children(void)
{
	struct vt_space s;
	struct vt_evictor ev;
	pid_t pids[CHILDREN];
	bool ok = true;

	vt_set_pool_frames(FRAMES);
	s = vt_space_new(PAGES * vt_page_size());
	fill_range(s.mem, PAGES, 100, 0);
	for (unsigned int id = 0; id < CHILDREN; id++) {
		pids[id] = vt_fork();
		if (!pids[id])
			_exit(own_pages(s.mem, id) ? KSFT_PASS : KSFT_FAIL);
	}
	vt_evictor_start(&ev, s.fd, 0, s.length);
	ev.pause_us = 50 * 1000;
	for (unsigned int id = 0; id < CHILDREN; id++)
		ok = vt_wait_ok(pids[id]) && ok;
	vt_check(vt_evictor_stop(&ev) && ok, "children under eviction");
	vt_check(check_range(s.mem, PAGES, 3, 0), "in the parent");
	vt_space_free(&s);
	return true;
}

static const struct vt_test tests[] = {
	{ "eight children with pages of their own", eight_children },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
