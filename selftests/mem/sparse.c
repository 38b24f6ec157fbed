// SPDX-License-Identifier: GPL-2.0
/*
 * A mapping of 1 TiB, of which a few thousand pages far apart are touched, costs
 * what was touched.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define LENGTH	(1ULL << 40)
#define TOUCHED	5000U		/* more than the pool of 4096 frames */

static uint64_t nth_page(unsigned int n)
{
	/* An odd factor modulo a power of two: all different, all over the place. */
	return n * 2654435761ULL % (LENGTH / vt_page_size());
}

static uint64_t mem_available_kb(void)
{
	FILE *f = fopen("/proc/meminfo", "r");
	unsigned long long kb = 0;
	char line[128];

	vt_need(f, "/proc/meminfo: %s", strerror(errno));
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %llu", &kb) == 1)
			break;
	fclose(f);
	return kb;
}

static bool touch_spread_out(char *mem, int fd)
{
	const size_t page = vt_page_size();
	struct vmdev_stats stats;
	uint64_t beside = 0;

	for (unsigned int n = 0; n < TOUCHED; n++)
		fill_page(mem + nth_page(n) * page, 1, nth_page(n));
	stats = vt_stats_now(fd);
	vt_check(stats.touched == TOUCHED, "%llu pages touched, expected %u", stats.touched,
		 TOUCHED);
	vt_check(stats.resident + stats.swapped == TOUCHED,
		 "%llu resident and %llu swapped, expected %u together", stats.resident,
		 stats.swapped, TOUCHED);
	for (unsigned int n = 0; n < TOUCHED; n++) {
		vt_check(check_page(mem + nth_page(n) * page, 1, nth_page(n)), "page number %u", n);
		beside += vt_page_state(fd, (nth_page(n) ^ 1) * page).state != VMDEV_MAP_ABSENT;
	}
	vt_check(!beside, "%" PRIu64 " pages beside touched ones are not absent", beside);
	for (unsigned int n = 0; n < TOUCHED; n += 50)
		vt_check(check_zero(mem + (nth_page(n) ^ 1) * page, page), "beside number %u", n);
	return true;
}

static bool tebibyte(void)
{
	uint64_t before = mem_available_kb(), after;
	int fd = vt_open();
	char *mem;
	off_t end;

	mem = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	vt_check(mem != MAP_FAILED, "mmap of 1 TiB MAP_NORESERVE: %s", strerror(errno));
	end = lseek(fd, 0, SEEK_END);
	vt_check(end == (off_t)LENGTH, "SEEK_END is %#jx", (intmax_t)end);
	after = mem_available_kb();
	vt_check(after + 32 * 1024 > before, "mapping 1 TiB cost %" PRIu64 " KiB", before - after);
	vt_check(touch_spread_out(mem, fd), "a sparse mapping");

	/* Each page touched may cost page tables of its own, twice over; not more. */
	after = mem_available_kb();
	vt_msg("%" PRIu64 " KiB used for %u pages", before - after, TOUCHED);
	vt_check(after + TOUCHED * 16ULL > before, "%u pages cost %" PRIu64 " KiB", TOUCHED,
		 before - after);
	vt_check(!munmap(mem, LENGTH), "munmap: %s", strerror(errno));
	close(fd);
	return true;
}

/* The far end, by system call and by mapping at an offset. */
static bool far_end(void)
{
	const size_t page = vt_page_size();
	const off_t offset = LENGTH - 3 * page;
	int fd = vt_open();
	char *mem, *buf = malloc(page);

	vt_need(buf, "malloc");
	mem = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, offset);
	vt_check(mem != MAP_FAILED, "mmap at %#jx: %s", (intmax_t)offset, strerror(errno));
	fill_range(mem, 3, 2, 0);
	vt_check(vt_evict_range(fd, offset, 3 * page), "not evicted");
	vt_check(check_range(mem, 3, 2, 0), "at the far end");
	vt_check(pread(fd, buf, page, offset + page) == (ssize_t)page, "pread: %s",
		 strerror(errno));
	vt_check(check_page(buf, 2, 1), "pread at the far end");
	vt_check(pread(fd, buf, page, LENGTH / 2) == (ssize_t)page, "pread: %s", strerror(errno));
	vt_check(check_zero(buf, page), "pread in the middle");
	munmap(mem, 3 * page);
	close(fd);
	return true;
}

static const struct vt_test tests[] = {
	{ "1 TiB with pages here and there", tebibyte },
	{ "the last pages of 1 TiB", far_end },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
