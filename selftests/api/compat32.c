// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctls as a 32-bit program makes them: through the kernel's 32-bit system
 * call entry, with pointers below 4 GiB. Everything has to work as for 64-bit
 * callers, since all structures have one layout.
 */
#define _GNU_SOURCE
#include <linux/fs.h>

#include "vmdev_volume.h"

#define PAGES	16

#if defined(__x86_64__)

#define COMPAT_NR_IOCTL	54	/* i386 */
#define BLKGETSIZE64_32	_IOR(0x12, 114, __u32)	/* its size_t is half of ours */

/* 0 or -errno; the upper halves of all arguments are lost, as they should be. */
static int ioctl32(int fd, unsigned int request, void *arg)
{
	long ret;

	asm volatile ("int $0x80"
		      : "=a" (ret)
		      : "a" (COMPAT_NR_IOCTL), "b" (fd), "c" (request), "d" (arg)
		      : "r8", "r9", "r10", "r11", "memory", "cc");
	return (int)ret;
}

/* One page of arguments that a 32-bit pointer reaches. */
static void *low_page(void)
{
	void *p = mmap(NULL, vt_page_size(), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	vt_need(p != MAP_FAILED, "mmap below 4 GiB: %s", strerror(errno));
	return p;
}

static bool test_get(void)
{
	struct vt_space v = vt_space_new(PAGES * vt_page_size());
	struct vmdev_info info, *info32 = low_page();
	struct vmdev_stats stats, *stats32 = low_page();

	fill_range(v.mem, PAGES, 1, 0);
	vt_check(ioctl32(v.fd, VMDEV_IOC_GET_INFO, info32) == 0, "GET_INFO");
	vt_check(!vt_info(v.fd, &info) && !memcmp(&info, info32, sizeof(info)),
		 "GET_INFO differs from 64-bit");
	vt_check(ioctl32(v.fd, VMDEV_IOC_GET_STATS, stats32) == 0, "GET_STATS");
	stats = vt_stats_now(v.fd);
	vt_check(!memcmp(&stats, stats32, sizeof(stats)), "GET_STATS differs from 64-bit");
	vt_check(stats32->resident == PAGES, "%llu resident", stats32->resident);
	munmap(info32, vt_page_size());
	munmap(stats32, vt_page_size());
	vt_space_free(&v);
	return true;
}

static bool test_set(void)
{
	int fd = vt_open();
	struct vmdev_limit *limit = low_page();
	struct vmdev_size *size = low_page();
	struct vmdev_stats s;

	size->size = 5 * vt_page_size() + 3;
	vt_check(ioctl32(fd, VMDEV_IOC_SET_SIZE, size) == 0, "SET_SIZE");
	*limit = (struct vmdev_limit){ .max_frames = 77, .min_frames = 33 };
	vt_check(ioctl32(fd, VMDEV_IOC_SET_LIMIT, limit) == 0, "SET_LIMIT");
	s = vt_stats_now(fd);
	vt_check(s.size == 5 * vt_page_size() + 3 && s.limit_max == 77 && s.limit_min == 33,
		 "size %llu, max %llu, min %llu", s.size, s.limit_max, s.limit_min);
	/* A field of 64 bits, not of 32. */
	size->size = 1ULL << 63 | vt_page_size();
	vt_check(ioctl32(fd, VMDEV_IOC_SET_SIZE, size) != 0, "the upper half of size is lost");
	munmap(limit, vt_page_size());
	munmap(size, vt_page_size());
	close(fd);
	return true;
}

static bool test_pages(void)
{
	size_t page = vt_page_size();
	struct vt_space v = vt_space_new(PAGES * page);
	struct vmdev_range *range = low_page();
	struct vmdev_map *map = low_page();
	struct vmdev_map_entry *e = (void *)(map + 1);
	uint64_t left = 0;

	fill_range(v.mem, PAGES, 2, 0);
	for (int i = 0; i < 200 && left < PAGES; i++) {
		*range = (struct vmdev_range){ .length = v.length };
		vt_check(ioctl32(v.fd, VMDEV_IOC_EVICT, range) == 0, "EVICT");
		left += range->pages;
	}
	vt_check(left == PAGES, "EVICT: %" PRIu64 " pages", left);
	*map = (struct vmdev_map){ .count = 100, .entries = (uintptr_t)e };
	vt_check(ioctl32(v.fd, VMDEV_IOC_GET_MAP, map) == 0, "GET_MAP");
	vt_check(map->count == PAGES, "GET_MAP: %llu entries", map->count);
	for (int i = 0; i < PAGES; i++)
		vt_check(e[i].state == VMDEV_MAP_SWAPPED, "page %d: state %u", i, e[i].state);
	*range = (struct vmdev_range){ .offset = 4 * page, .length = 2 * page };
	vt_check(ioctl32(v.fd, VMDEV_IOC_DISCARD, range) == 0 && range->pages == 2, "DISCARD");
	vt_check(check_range(v.mem, 4, 2, 0) && check_zero(v.mem + 4 * page, 2 * page) &&
		 check_range(v.mem + 6 * page, PAGES - 6, 2, 6), "content");
	munmap(range, page);
	munmap(map, page);
	vt_space_free(&v);
	return true;
}

static bool fails(int fd, unsigned int request, void *arg, int want)
{
	int ret = ioctl32(fd, request, arg);

	vt_check(ret == -want, "request %#x: %s, expected %s", request, strerror(-ret),
		 strerror(want));
	return true;
}

static bool test_bad(void)
{
	struct vt_space v = vt_space_new(PAGES * vt_page_size());
	struct vmdev_range *range = low_page();
	struct vmdev_map *map = low_page();
	struct vmdev_size *size = low_page();

	fill_range(v.mem, PAGES, 3, 0);
	*range = (struct vmdev_range){ .offset = 1, .length = vt_page_size() };
	vt_check(fails(v.fd, VMDEV_IOC_EVICT, range, EINVAL), "an unaligned offset");
	*range = (struct vmdev_range){ .length = vt_page_size(), .reserved = 1ULL << 40 };
	vt_check(fails(v.fd, VMDEV_IOC_DISCARD, range, EINVAL), "a reserved field");
	*size = (struct vmdev_size){ .reserved = 1 };
	vt_check(fails(v.fd, VMDEV_IOC_SET_SIZE, size, EINVAL), "a reserved field");
	vt_check(fails(v.fd, VMDEV_IOC_SET_SIZE, NULL, EFAULT), "NULL");
	*map = (struct vmdev_map){ .count = 1, .entries = 0 };
	vt_check(fails(v.fd, VMDEV_IOC_GET_MAP, map, EFAULT), "entries NULL");
	/* A 64-bit field for a pointer: its upper half counts. */
	*map = (struct vmdev_map){ .count = 1, .entries = 1ULL << 63 | (uintptr_t)(map + 1) };
	vt_check(fails(v.fd, VMDEV_IOC_GET_MAP, map, EFAULT), "entries too high");
	vt_check(fails(v.fd, _IOWR(VMDEV_IOC_MAGIC, 10, struct vmdev_range), range, ENOTTY),
		 "number 10");
	vt_check(fails(v.fd, _IOW(VMDEV_IOC_MAGIC, 2, __u32), size, ENOTTY), "a wrong size");
	vt_check(check_range(v.mem, PAGES, 3, 0), "a refused call changed the content");
	munmap(range, vt_page_size());
	munmap(map, vt_page_size());
	munmap(size, vt_page_size());
	vt_space_free(&v);
	return true;
}

static bool test_volumes(void)
{
	struct vmdev_volume *volume = low_page();
	struct vmdev_volume_list *list = low_page();
	uint64_t *bytes = (void *)(list + 1), size = 3 * vt_page_size();
	int fd = vt_open(), of_volume;

	*volume = (struct vmdev_volume){ .name = "v32", .size = size, .mode = 0640, .gid = 33 };
	vt_check(ioctl32(fd, VMDEV_IOC_VOLUME_CREATE, volume) == 0, "CREATE");
	of_volume = vv_open("v32");
	*list = (struct vmdev_volume_list){ .count = 4, .volumes = (uintptr_t)volume };
	memset(volume, 0, sizeof(*volume));
	vt_check(ioctl32(fd, VMDEV_IOC_VOLUME_LIST, list) == 0 && list->count == 1, "LIST");
	vt_check(!strcmp(volume->name, "v32") && volume->size == size && volume->mode == 0640 &&
		 volume->gid == 33, "LIST gives %s of %llu", volume->name, volume->size);
	vt_check(ioctl32(of_volume, BLKGETSIZE64_32, bytes) == 0 && *bytes == size, "BLKGETSIZE64");
	*volume = (struct vmdev_volume){ .name = "v32", .reserved = { 1ULL << 40 } };
	vt_check(fails(fd, VMDEV_IOC_VOLUME_REMOVE, volume, EINVAL), "a reserved field");
	volume->reserved[0] = 0;
	vt_check(ioctl32(fd, VMDEV_IOC_VOLUME_REMOVE, volume) == 0, "REMOVE");
	vt_check(fails(fd, VMDEV_IOC_VOLUME_REMOVE, volume, ENOENT), "twice");
	close(of_volume);
	close(fd);
	munmap(volume, vt_page_size());
	munmap(list, vt_page_size());
	return true;
}

static const struct vt_test tests[] = {
	{ "GET_INFO and GET_STATS", test_get },
	{ "SET_SIZE and SET_LIMIT", test_set },
	{ "EVICT, GET_MAP and DISCARD", test_pages },
	{ "bad fields", test_bad },
	{ "volumes", test_volumes },
};

#else	/* only x86 kernels take another ABI's calls from one process */

static bool test_none(void)
{
	return vt_skip("no 32-bit system calls from a 64-bit program here");
}

static const struct vt_test tests[] = {
	{ "32-bit calls", test_none },
};

#endif

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
