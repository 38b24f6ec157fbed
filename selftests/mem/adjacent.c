// SPDX-License-Identifier: GPL-2.0
/*
 * Two mappings that adjoin in memory and in the space are two mappings: the second
 * grows and reserves the space like any other, the kernel does not just make the
 * first one longer.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define PAGES	64

static bool second_grows(void)
{
	const size_t half = PAGES * vt_page_size();
	struct vmdev_stats stats;
	int fd = vt_open();
	char *area, *p;

	area = mmap(NULL, 2 * half, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	vt_need(area != MAP_FAILED, "mmap: %s", strerror(errno));
	for (int i = 0; i < 2; i++) {
		p = mmap(area + i * half, half, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
			 i * half);
		vt_check(p == area + i * half, "mapping %d: %s", i, strerror(errno));
		stats = vt_stats_now(fd);
		vt_check(stats.size == (i + 1) * half, "size %llu after mapping %d",
			 (unsigned long long)stats.size, i);
		vt_check(stats.reserved_pages == (uint64_t)(i + 1) * PAGES,
			 "%llu pages reserved after mapping %d",
			 (unsigned long long)stats.reserved_pages, i);
	}
	fill_range(area, 2 * PAGES, 1, 0);
	vt_check(vt_evict_range(fd, 0, 2 * half), "not evicted");
	vt_check(check_range(area, 2 * PAGES, 1, 0), "content lost");
	munmap(area, 2 * half);
	close(fd);
	return true;
}

static const struct vt_test tests[] = {
	{ "the second of two adjoining mappings grows the space", second_grows },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
