// SPDX-License-Identifier: GPL-2.0
/*
 * Every bad field of every ioctl: the fitting errno, and the space as it was. Each
 * case is run against a space with content in frames and in the store, which is
 * compared byte by byte at the end.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define PAGES	8
#define PAGE	((uint64_t)vt_page_size())

#define KERNEL_ADDRESS	((void *)0xffff888000001000UL)
#define NOWHERE		((void *)0x0000700000000000UL)

static struct vt_space space;
static struct vmdev_stats space_stats;

static void space_make(void)
{
	space = vt_space_new(PAGES * PAGE);
	fill_range(space.mem, PAGES, 1, 0);
	vt_need(vt_evict_range(space.fd, 0, PAGES / 2 * PAGE), "evict");
	vt_need(!vt_set_limit(space.fd, 100, 10), "limit");
	space_stats = vt_stats_now(space.fd);
}

/* Nothing that was refused may have changed anything. */
static bool space_check(void)
{
	struct vmdev_stats now = vt_stats_now(space.fd);

	vt_check(now.size == space_stats.size && now.limit_max == 100 && now.limit_min == 10,
		 "a refused call changed size or limits");
	vt_check(now.touched == PAGES, "a refused call discarded %llu pages", PAGES - now.touched);
	vt_check(now.evictions == space_stats.evictions, "a refused call evicted pages");
	vt_check(check_range(space.mem, PAGES, 1, 0), "a refused call changed the content");
	vt_space_free(&space);
	return true;
}

static bool expect(int ret, int want, const char *what)
{
	int got = ret ? errno : 0;

	vt_check(got == want, "%s: %s, expected %s", what, got ? strerror(got) : "success",
		 want ? strerror(want) : "success");
	return true;
}

/* Two pages of which the second can't be touched: addresses at the edge. */
static char *edge(int prot)
{
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	vt_need(p != MAP_FAILED, "mmap: %s", strerror(errno));
	vt_need(!mprotect(p + PAGE, PAGE, prot), "mprotect: %s", strerror(errno));
	return p + PAGE;
}

static bool test_reserved(void)
{
	struct vmdev_size size = { .size = PAGE, .reserved = 1 };
	struct vmdev_limit limit = { .max_frames = 50 };
	struct vmdev_range range = { .length = PAGE };
	struct vmdev_map_entry entry;
	struct vmdev_map map = { .count = 1, .entries = (uintptr_t)&entry };

	space_make();
	for (unsigned int bit = 0; bit < 64; bit += 9) {
		size.reserved = 1ULL << bit;
		range.reserved = 1ULL << bit;
		map.reserved = 1ULL << bit;
		vt_check(expect(ioctl(space.fd, VMDEV_IOC_SET_SIZE, &size), EINVAL, "SET_SIZE"),
			 "bit %u", bit);
		vt_check(expect(ioctl(space.fd, VMDEV_IOC_DISCARD, &range), EINVAL, "DISCARD"),
			 "bit %u", bit);
		vt_check(expect(ioctl(space.fd, VMDEV_IOC_EVICT, &range), EINVAL, "EVICT"),
			 "bit %u", bit);
		vt_check(expect(ioctl(space.fd, VMDEV_IOC_GET_MAP, &map), EINVAL, "GET_MAP"),
			 "bit %u", bit);
		for (unsigned int i = 0; i < ARRAY_SIZE(limit.reserved); i++) {
			limit.reserved[i] = 1ULL << bit;
			vt_check(expect(ioctl(space.fd, VMDEV_IOC_SET_LIMIT, &limit), EINVAL,
					"SET_LIMIT"), "reserved[%u] bit %u", i, bit);
			limit.reserved[i] = 0;
		}
	}
	return space_check();
}

static bool test_ranges(void)
{
	const struct {
		uint64_t offset, length;
		const char *what;
	} bad[] = {
		{ 1, PAGE, "offset 1" },
		{ PAGE / 2, PAGE, "offset of half a page" },
		{ PAGE - 1, PAGE, "offset one short" },
		{ UINT64_MAX, PAGE, "offset of all ones" },
		{ 0, 1, "length 1" },
		{ 0, PAGE + 1, "length one over" },
		{ PAGE, PAGE / 2, "length of half a page" },
		{ 0, UINT64_MAX, "length of all ones" },
		{ PAGE, -PAGE, "range that ends at 2^64" },
		{ 2 * PAGE, -PAGE, "range that wraps to page 1" },
		{ -PAGE, 2 * PAGE, "range that wraps from the last page" },
		{ 1ULL << 63, 1ULL << 63, "two halves of 2^64" },
	};

	space_make();
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		struct vmdev_range range = { .offset = bad[i].offset, .length = bad[i].length };

		vt_check(expect(ioctl(space.fd, VMDEV_IOC_DISCARD, &range), EINVAL, "DISCARD"),
			 "%s", bad[i].what);
		vt_check(expect(ioctl(space.fd, VMDEV_IOC_EVICT, &range), EINVAL, "EVICT"),
			 "%s", bad[i].what);
	}
	return space_check();
}

/* Nothing is there, but the numbers are good: no error, no pages, no long walk. */
static bool test_huge_ranges(void)
{
	const struct { uint64_t offset, length; } good[] = {
		{ PAGES * PAGE, PAGE }, { PAGES * PAGE, (1ULL << 62) - PAGES * PAGE },
		{ 1ULL << 50, 1ULL << 40 }, { (1ULL << 62) - PAGE, PAGE },
	};
	double start = vt_now();

	space_make();
	for (unsigned int i = 0; i < ARRAY_SIZE(good); i++) {
		vt_check(vt_discard(space.fd, good[i].offset, good[i].length) == 0,
			 "DISCARD at %#" PRIx64, good[i].offset);
		vt_check(vt_evict(space.fd, good[i].offset, good[i].length) == 0,
			 "EVICT at %#" PRIx64, good[i].offset);
	}
	vt_check(vt_now() - start < 5, "took %.1f s", vt_now() - start);
	return space_check();
}

static bool test_map_fields(void)
{
	char *entries = edge(PROT_NONE), *read_only = edge(PROT_READ);
	struct vmdev_map_entry e[PAGES];
	const struct {
		uint64_t offset, count;
		void *entries;
		int want;
		const char *what;
	} cases[] = {
		{ 1, 1, e, EINVAL, "offset 1" },
		{ PAGE / 2, 1, e, EINVAL, "offset of half a page" },
		{ UINT64_MAX, 1, e, EINVAL, "offset of all ones" },
		{ 0, 1, NULL, EFAULT, "entries NULL" },
		{ 0, 1, NOWHERE, EFAULT, "entries nowhere" },
		{ 0, 1, KERNEL_ADDRESS, EFAULT, "entries in the kernel" },
		{ 0, 1, (void *)UINT64_MAX, EFAULT, "entries of all ones" },
		{ 0, 1, entries, EFAULT, "entries not accessible" },
		{ 0, 2, entries - sizeof(e[0]), EFAULT, "the second entry not accessible" },
		{ 0, 1, entries - 1, EFAULT, "an entry across the edge" },
		{ 0, 1, read_only, EFAULT, "entries read-only" },
		{ 0, 0, NULL, 0, "no entries at NULL" },
		{ PAGES * PAGE, 5, NULL, 0, "past the end, entries NULL" },
		{ 0, 1, entries - sizeof(e[0]), 0, "the last entry that fits" },
		{ 0, 1, (char *)e + 1, 0, "entries at an odd address" },
	};

	space_make();
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct vmdev_map map = {
			.offset = cases[i].offset,
			.count = cases[i].count,
			.entries = (uintptr_t)cases[i].entries,
		};

		vt_check(expect(ioctl(space.fd, VMDEV_IOC_GET_MAP, &map), cases[i].want, "GET_MAP"),
			 "%s", cases[i].what);
	}
	munmap(entries - PAGE, 2 * PAGE);
	munmap(read_only - PAGE, 2 * PAGE);
	return space_check();
}

/* The space ends after PAGES, so no count may write more or compute a wrong size. */
static bool test_map_huge_count(void)
{
	static const uint64_t counts[] = { 1ULL << 28, 1ULL << 32, (1ULL << 32) + 1, 1ULL << 59,
		1ULL << 60, (1ULL << 60) + 1, 1ULL << 63, UINT64_MAX };
	char *end = edge(PROT_NONE);
	struct vmdev_map_entry *e = (void *)(end - PAGES * sizeof(*e));

	space_make();
	for (unsigned int i = 0; i < ARRAY_SIZE(counts); i++) {
		struct vmdev_map map = { .count = counts[i], .entries = (uintptr_t)e };
		int ret = ioctl(space.fd, VMDEV_IOC_GET_MAP, &map);

		vt_check((!ret && map.count == PAGES) || (ret && errno == EINVAL),
			 "count %#" PRIx64 ": %s, %llu entries", counts[i],
			 ret ? strerror(errno) : "success", map.count);
	}
	munmap(end - PAGE, 2 * PAGE);
	return space_check();
}

static bool test_pointers(void)
{
	static const struct { unsigned long request; size_t size; const char *name; } calls[] = {
		{ VMDEV_IOC_GET_INFO, sizeof(struct vmdev_info), "GET_INFO" },
		{ VMDEV_IOC_GET_STATS, sizeof(struct vmdev_stats), "GET_STATS" },
		{ VMDEV_IOC_SET_SIZE, sizeof(struct vmdev_size), "SET_SIZE" },
		{ VMDEV_IOC_SET_LIMIT, sizeof(struct vmdev_limit), "SET_LIMIT" },
		{ VMDEV_IOC_DISCARD, sizeof(struct vmdev_range), "DISCARD" },
		{ VMDEV_IOC_EVICT, sizeof(struct vmdev_range), "EVICT" },
		{ VMDEV_IOC_GET_MAP, sizeof(struct vmdev_map), "GET_MAP" },
	};
	char *none = edge(PROT_NONE), *read_only = edge(PROT_READ);
	char *first_read_only = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	space_make();
	for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++) {
		bool writes = _IOC_DIR(calls[i].request) & _IOC_READ;
		const struct { void *arg; const char *what; } bad[] = {
			{ NULL, "NULL" },
			{ (void *)1, "address 1" },
			{ NOWHERE, "nowhere" },
			{ KERNEL_ADDRESS, "in the kernel" },
			{ (void *)UINT64_MAX, "all ones" },
			{ none, "not accessible" },
			{ none - 1, "all but one byte not accessible" },
			{ none - calls[i].size + 1, "the last byte not accessible" },
			{ writes ? read_only - 1 : none, "the end read-only" },
			{ writes ? first_read_only : none, "read-only" },
		};

		for (unsigned int k = 0; k < ARRAY_SIZE(bad); k++)
			vt_check(expect(ioctl(space.fd, calls[i].request, bad[k].arg), EFAULT,
					calls[i].name), "argument %s", bad[k].what);
	}
	munmap(first_read_only, PAGE);
	munmap(none - PAGE, 2 * PAGE);
	munmap(read_only - PAGE, 2 * PAGE);
	return space_check();
}

static bool test_requests(void)
{
	char arg[512] = { 0 };
	const struct { unsigned long request; const char *what; } bad[] = {
		{ _IOR(VMDEV_IOC_MAGIC, 0, char[sizeof(struct vmdev_info) - 8]), "INFO short" },
		{ _IOR(VMDEV_IOC_MAGIC, 0, char[sizeof(struct vmdev_info) + 8]), "INFO long" },
		{ _IOR(VMDEV_IOC_MAGIC, 1, char[sizeof(struct vmdev_stats) - 8]), "STATS short" },
		{ _IOR(VMDEV_IOC_MAGIC, 1, char[sizeof(struct vmdev_stats) + 8]), "STATS long" },
		{ _IOW(VMDEV_IOC_MAGIC, 2, __u64), "SET_SIZE short" },
		{ _IOW(VMDEV_IOC_MAGIC, 3, char[sizeof(struct vmdev_limit) + 8]), "LIMIT long" },
		{ _IOWR(VMDEV_IOC_MAGIC, 4, char[8]), "DISCARD short" },
		{ _IOWR(VMDEV_IOC_MAGIC, 5, char[64]), "EVICT long" },
		{ _IOWR(VMDEV_IOC_MAGIC, 6, char[8]), "GET_MAP short" },
		{ _IOW(VMDEV_IOC_MAGIC, 0, struct vmdev_info), "GET_INFO as a write" },
		{ _IOR(VMDEV_IOC_MAGIC, 2, struct vmdev_size), "SET_SIZE as a read" },
		{ _IOW(VMDEV_IOC_MAGIC, 4, struct vmdev_range), "DISCARD as a write" },
		{ _IO(VMDEV_IOC_MAGIC, 0), "no size" },
		{ _IOW(VMDEV_IOC_MAGIC, 7, char[8]), "VOLUME_CREATE short" },
		{ _IOWR(VMDEV_IOC_MAGIC, 8, struct vmdev_volume), "VOLUME_REMOVE both ways" },
		{ _IOWR(VMDEV_IOC_MAGIC, 10, struct vmdev_range), "number 10" },
		{ _IOWR(VMDEV_IOC_MAGIC, 255, struct vmdev_range), "number 255" },
		{ _IOR(VMDEV_IOC_MAGIC + 1, 0, struct vmdev_info), "the next magic" },
		{ _IOR(0, 0, struct vmdev_info), "magic 0" },
		{ 0, "0" }, { 0xffffffff, "all ones" }, { 0x5401, "TCGETS" },
	};

	space_make();
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		vt_check(expect(ioctl(space.fd, bad[i].request, arg), ENOTTY, "request"), "%s",
			 bad[i].what);
	for (unsigned int i = 0; i < sizeof(arg); i++)
		vt_check(!arg[i], "a refused request wrote to its argument");
	return space_check();
}

/* Length 0 and count 0: success, no pages, and the output fields say so. */
static bool test_nothing(void)
{
	struct vmdev_range range = { .length = 0 };
	struct vmdev_map map = { .count = 0 };

	space_make();
	vt_check(!ioctl(space.fd, VMDEV_IOC_DISCARD, &range), "DISCARD: %s", strerror(errno));
	vt_check(!range.offset && !range.length && !range.pages && !range.reserved,
		 "DISCARD of nothing wrote something back");
	range.pages = 0xa5a5a5a5a5a5a5a5ULL;
	vt_check(!ioctl(space.fd, VMDEV_IOC_EVICT, &range), "EVICT: %s", strerror(errno));
	vt_check(!range.pages && !range.reserved, "EVICT of nothing: %#llx pages", range.pages);
	vt_check(!ioctl(space.fd, VMDEV_IOC_GET_MAP, &map), "GET_MAP: %s", strerror(errno));
	vt_check(!map.count && !map.entries && !map.reserved, "GET_MAP of nothing: %llu",
		 map.count);
	return space_check();
}

static const struct vt_test tests[] = {
	{ "reserved fields that aren't zero", test_reserved },
	{ "ranges unaligned and wrapping", test_ranges },
	{ "huge ranges past the end", test_huge_ranges },
	{ "fields of GET_MAP", test_map_fields },
	{ "huge counts of GET_MAP", test_map_huge_count },
	{ "bad pointers", test_pointers },
	{ "unknown requests", test_requests },
	{ "ranges of nothing", test_nothing },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
