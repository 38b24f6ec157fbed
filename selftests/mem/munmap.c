// SPDX-License-Identifier: GPL-2.0
/*
 * Partial munmap and MAP_FIXED over a mapping: what is unmapped stays in the
 * space, what is mapped over it is apart from the space.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define PAGES	64
#define HOLE	20		/* pages 20..39 */

static char *map_fixed(void *where, size_t length, int flags, int fd, off_t offset)
{
	char *p = mmap(where, length, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, offset);

	vt_need(p == where, "mmap MAP_FIXED: %s", strerror(errno));
	return p;
}

static bool partial(void)
{
	const size_t page = vt_page_size();
	struct vt_space s = vt_space_new(PAGES * page);
	char *buf = malloc(s.length);
	unsigned char byte;
	ssize_t n;

	vt_need(buf, "malloc");
	fill_range(s.mem, PAGES, 1, 0);
	vt_need(!munmap(s.mem + HOLE * page, HOLE * page), "munmap: %s", strerror(errno));
	vt_check(vt_touch(s.mem + HOLE * page, false, &byte) == SIGSEGV, "the hole is mapped");
	vt_check(vt_evict_all(&s), "not evicted");
	vt_check(check_range(s.mem, HOLE, 1, 0), "below the hole");
	vt_check(check_range(s.mem + 2 * HOLE * page, PAGES - 2 * HOLE, 1, 2 * HOLE),
		 "above the hole");
	n = pread(s.fd, buf, s.length, 0);
	vt_check(n == (ssize_t)s.length, "pread: %zd", n);
	vt_check(check_range(buf, PAGES, 1, 0), "pread of what is unmapped");
	map_fixed(s.mem + HOLE * page, HOLE * page, MAP_SHARED, s.fd, HOLE * page);
	vt_check(check_range(s.mem, PAGES, 1, 0), "mapped again");
	vt_space_free(&s);
	return true;
}

static bool anonymous_over(void)
{
	const size_t page = vt_page_size();
	struct vt_space s = vt_space_new(PAGES * page);
	char *again;

	fill_range(s.mem, PAGES, 2, 0);
	map_fixed(s.mem + HOLE * page, HOLE * page, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	vt_check(check_zero(s.mem + HOLE * page, HOLE * page), "anonymous memory");
	fill_range(s.mem + HOLE * page, HOLE, 3, 0);
	vt_check(vt_evict_all(&s), "not evicted");
	vt_check(check_range(s.mem + HOLE * page, HOLE, 3, 0), "anonymous memory after EVICT");
	again = vt_map(s.fd, s.length, 0);
	vt_check(check_range(again, PAGES, 2, 0), "the space after a write beside it");
	munmap(again, s.length);
	vt_space_free(&s);
	return true;
}

/* Another space, and other offsets of the same one, over a part. */
static bool device_over(void)
{
	const size_t page = vt_page_size();
	struct vt_space s = vt_space_new(PAGES * page);
	struct vt_space other = vt_space_new(PAGES * page);

	fill_range(s.mem, PAGES, 4, 0);
	fill_range(other.mem, PAGES, 5, 0);
	map_fixed(s.mem, 10 * page, MAP_SHARED, other.fd, 30 * page);
	map_fixed(s.mem + 10 * page, 10 * page, MAP_SHARED, s.fd, 50 * page);
	vt_check(vt_evict_all(&s) && vt_evict_all(&other), "not evicted");
	vt_check(check_range(s.mem, 10, 5, 30), "the other space");
	vt_check(check_range(s.mem + 10 * page, 10, 4, 50), "the same space, other offset");
	vt_check(check_range(s.mem + 20 * page, PAGES - 20, 4, 20), "the rest");
	fill_range(s.mem, 10, 6, 30);
	fill_range(s.mem + 10 * page, 10, 7, 50);
	vt_check(vt_evict_all(&s) && vt_evict_all(&other), "not evicted again");
	vt_check(check_range(other.mem + 30 * page, 10, 6, 30), "written through the overlay");
	vt_check(check_range(s.mem + 50 * page, 10, 7, 50), "written at another offset");
	vt_space_free(&other);
	vt_space_free(&s);
	return true;
}

static bool read_low_half(struct vt_crew *crew, unsigned int id)
{
	struct vt_space *s = crew->arg;

	while (!atomic_load(&crew->stop))
		vt_check(check_range(s->mem, PAGES / 2, 8, 0), "thread %u", id);
	return true;
}

/* The upper half comes and goes while the lower is in use. */
static bool under_load(void)
{
	const size_t page = vt_page_size(), half = PAGES / 2 * page;
	struct vt_space s = vt_space_new(PAGES * page);
	struct vt_evictor ev;
	struct vt_crew crew;
	double end = vt_now() + 3;
	bool ok = true;

	fill_range(s.mem, PAGES, 8, 0);
	vt_evictor_start(&ev, s.fd, 0, s.length);
	vt_crew_start(&crew, 2, read_low_half, &s);
	while (ok && vt_now() < end) {
		ok = !munmap(s.mem + half, half);
		map_fixed(s.mem + half, half, MAP_SHARED, s.fd, half);
		ok = ok && check_range(s.mem + half, PAGES / 2, 8, PAGES / 2);
		fill_range(s.mem + half, PAGES / 2, 8, PAGES / 2);
	}
	vt_check(vt_crew_stop(&crew) && ok, "under munmap and eviction");
	vt_check(vt_evictor_stop(&ev), "the evictor");
	vt_space_free(&s);
	return true;
}

static const struct vt_test tests[] = {
	{ "a hole in a mapping", partial },
	{ "anonymous memory over a part", anonymous_over },
	{ "another space and offset over a part", device_over },
	{ "unmapping while threads read and evict", under_load },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
