// SPDX-License-Identifier: GPL-2.0
/*
 * msync, fsync and fdatasync succeed, in any state of the pages, and lose nothing.
 */
#define _GNU_SOURCE
#include "io_test.h"

#define PAGES	64

static bool sync_everything(struct vt_space *s)
{
	vt_check(!fsync(s->fd), "fsync: %s", strerror(errno));
	vt_check(!fdatasync(s->fd), "fdatasync: %s", strerror(errno));
	vt_check(!msync(s->mem, s->length, MS_SYNC), "msync MS_SYNC: %s", strerror(errno));
	vt_check(!msync(s->mem, s->length, MS_ASYNC), "msync MS_ASYNC: %s", strerror(errno));
	vt_check(!msync(s->mem, s->length, MS_SYNC | MS_INVALIDATE),
		 "msync MS_SYNC | MS_INVALIDATE: %s", strerror(errno));
	vt_check(!msync(s->mem + 3 * vt_page_size(), vt_page_size(), MS_SYNC),
		 "msync of one page: %s", strerror(errno));
	return true;
}

static bool in_any_state(void)
{
	struct vt_space s = vt_space_new(PAGES * vt_page_size());

	vt_check(sync_everything(&s), "never touched");
	fill_range(s.mem, PAGES, 1, 0);
	vt_check(sync_everything(&s), "dirty");
	vt_check(check_range(s.mem, PAGES, 1, 0), "dirty");
	vt_check(vt_evict_all(&s), "not evicted after msync");
	vt_check(sync_everything(&s), "evicted");
	vt_check(check_range(s.mem, PAGES, 1, 0), "evicted");
	vt_check(sync_everything(&s), "clean");
	/* Written after msync: still dirty, still written out. */
	fill_range(s.mem, PAGES, 2, 0);
	vt_check(sync_everything(&s), "written again");
	vt_check(vt_evict_all(&s), "not evicted");
	vt_check(check_range(s.mem, PAGES, 2, 0), "written again");
	vt_space_free(&s);
	return true;
}

static bool sync_until_stop(struct vt_crew *crew, unsigned int id)
{
	(void)id;
	while (!atomic_load(&crew->stop))
		if (!sync_everything(crew->arg))
			return false;
	return true;
}

static bool under_load(void)
{
	struct vt_space s = vt_space_new(PAGES * vt_page_size());
	double end = vt_now() + 3;
	struct vt_evictor ev;
	struct vt_crew crew;
	bool ok = true;

	vt_evictor_start(&ev, s.fd, 0, s.length);
	vt_crew_start(&crew, 1, sync_until_stop, &s);
	for (unsigned int seed = 3; ok && vt_now() < end; seed++) {
		fill_range(s.mem, PAGES, seed, 0);
		ok = check_range(s.mem, PAGES, seed, 0);
	}
	vt_check(vt_crew_stop(&crew) && ok, "msync under writes and eviction");
	vt_check(vt_evictor_stop(&ev), "the evictor");
	vt_space_free(&s);
	return true;
}

static const struct vt_test tests[] = {
	{ "in any state of the pages", in_any_state },
	{ "while pages are written and evicted", under_load },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
