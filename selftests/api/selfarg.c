// SPDX-License-Identifier: GPL-2.0
/*
 * Arguments that live in the very memory a call is about: structures, entries and
 * buffers inside the mapping, evicted or not, while another thread evicts them. A
 * module that copied from or to a user under its own locks would stop here.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define PAGES	64
#define SECONDS	2

static struct vt_space space;
static struct vt_evictor evictor;

static void setup(void)
{
	space = vt_space_new(PAGES * vt_page_size());
	fill_range(space.mem, PAGES, 1, 0);
	vt_evictor_start(&evictor, space.fd, 0, space.length);
}

static bool finish(uint64_t rounds)
{
	vt_check(vt_evictor_stop(&evictor), "evicting");
	vt_check(rounds > 3, "only %" PRIu64 " rounds", rounds);
	vt_check(check_range(space.mem + 2 * vt_page_size(), PAGES - 2, 1, 2), "content lost");
	vt_space_free(&space);
	return true;
}

static bool test_structures(void)
{
	struct vmdev_info *info;
	struct vmdev_stats *stats;
	struct vmdev_limit *limit;
	struct vmdev_size *size;
	double end = vt_now() + SECONDS;
	uint64_t rounds = 0;

	setup();
	/* Across the edge of pages 0 and 1, so that either may be out. */
	info = (void *)(space.mem + vt_page_size() - 24);
	stats = (void *)info;
	limit = (void *)(space.mem + vt_page_size() - 16);
	size = (void *)(space.mem + vt_page_size() - 8);
	for (; vt_now() < end; rounds++) {
		vt_check(!ioctl(space.fd, VMDEV_IOC_GET_INFO, info), "GET_INFO: %s",
			 strerror(errno));
		vt_check(info->page_size == vt_page_size(), "page size %u", info->page_size);
		vt_check(!ioctl(space.fd, VMDEV_IOC_GET_STATS, stats), "GET_STATS: %s",
			 strerror(errno));
		vt_check(stats->size == space.length, "size %llu", stats->size);
		*limit = (struct vmdev_limit){ .max_frames = rounds % 2 ? 32 : 0 };
		vt_check(!ioctl(space.fd, VMDEV_IOC_SET_LIMIT, limit), "SET_LIMIT: %s",
			 strerror(errno));
		*size = (struct vmdev_size){ .size = space.length };
		vt_check(!ioctl(space.fd, VMDEV_IOC_SET_SIZE, size), "SET_SIZE: %s",
			 strerror(errno));
	}
	return finish(rounds);
}

static bool test_ranges(void)
{
	struct vmdev_range *range;
	double end = vt_now() + SECONDS;
	uint64_t rounds = 0;

	setup();
	range = (void *)(space.mem + vt_page_size() - 16);
	for (; vt_now() < end; rounds++) {
		*range = (struct vmdev_range){ .length = space.length };
		vt_check(!ioctl(space.fd, VMDEV_IOC_EVICT, range), "EVICT: %s", strerror(errno));
		vt_check(range->length == space.length && range->pages <= PAGES,
			 "EVICT of its own argument: length %llu, %llu pages", range->length,
			 range->pages);
		/* The result is written after the range, its own place, was discarded. */
		*range = (struct vmdev_range){ .length = 2 * vt_page_size() };
		vt_check(!ioctl(space.fd, VMDEV_IOC_DISCARD, range), "DISCARD: %s",
			 strerror(errno));
		vt_check(range->pages <= 2 && !range->reserved, "DISCARD of its own argument: %llu",
			 range->pages);
	}
	return finish(rounds);
}

static bool test_entries(void)
{
	struct vmdev_map_entry *entries;
	struct vmdev_map *map;
	double end = vt_now() + SECONDS;
	uint64_t rounds = 0;

	setup();
	map = (void *)space.mem;
	entries = (void *)(space.mem + vt_page_size() - 200);
	for (; vt_now() < end; rounds++) {
		*map = (struct vmdev_map){ .count = PAGES, .entries = (uintptr_t)entries };
		vt_check(!ioctl(space.fd, VMDEV_IOC_GET_MAP, map), "GET_MAP: %s", strerror(errno));
		vt_check(map->count == PAGES, "%llu entries", map->count);
		for (int i = 0; i < PAGES; i++)
			vt_check(entries[i].state <= VMDEV_MAP_SWAPPED && !entries[i].reserved,
				 "entry %d: state %u", i, entries[i].state);
	}
	return finish(rounds);
}

/* read(2) and write(2) of the space with a buffer in the space. */
static bool test_read_write(void)
{
	size_t page = vt_page_size();
	double end = vt_now() + SECONDS;
	uint64_t rounds = 0;
	ssize_t n;

	setup();
	for (; vt_now() < end; rounds++) {
		uint64_t from = 2 + rounds % (PAGES - 2);

		n = pread(space.fd, space.mem, 2 * page - 8, from * page + 8);
		vt_check(n == (ssize_t)(from == PAGES - 1 ? page - 8 : 2 * page - 8), "pread: %zd",
			 n);
		vt_check(*(uint64_t *)space.mem == page_word(1, from, 1), "pread into the mapping");
		n = pwrite(space.fd, space.mem + from * page, page, 0);
		vt_check(n == (ssize_t)page, "pwrite: %zd", n);
		vt_check(check_page(space.mem, 1, from), "pwrite out of the mapping");
		/* A page onto itself, and onto the page before its own start. */
		n = pwrite(space.fd, space.mem + from * page, page, from * page);
		vt_check(n == (ssize_t)page, "pwrite onto itself: %zd", n);
		n = pread(space.fd, space.mem + from * page, page, from * page);
		vt_check(n == (ssize_t)page, "pread onto itself: %zd", n);
	}
	return finish(rounds);
}

static const struct vt_test tests[] = {
	{ "structures inside the mapping", test_structures },
	{ "ranges that hold their own argument", test_ranges },
	{ "GET_MAP into the mapping", test_entries },
	{ "read and write with a buffer inside the space", test_read_write },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
