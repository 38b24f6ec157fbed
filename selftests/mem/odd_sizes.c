// SPDX-License-Identifier: GPL-2.0
/*
 * Sizes that are no power of two and no multiple of a page: mappings, pools,
 * the size of a space by write(2) and by SET_SIZE, and what lies past the end.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

static bool mapped_pages(unsigned int pages, unsigned int frames)
{
	struct vt_space s;

	vt_set_pool_frames(frames);
	s = vt_space_new(pages * vt_page_size());
	fill_range(s.mem, pages, 3, 0);
	vt_check(vt_evict_all(&s), "not evicted");
	vt_check(check_range(s.mem, pages, 3, 0), "%u pages in %u frames", pages, frames);
	vt_space_free(&s);
	return true;
}

static bool one_page(void) { return mapped_pages(1, 1000); }
static bool three_pages(void) { return mapped_pages(3, 17); }
static bool prime_pages(void) { return mapped_pages(1021, 61); }

static bool expect_size(int fd, off_t expected)
{
	off_t end = lseek(fd, 0, SEEK_END);
	struct vmdev_stats stats = vt_stats_now(fd);

	vt_check(end == expected, "SEEK_END is %jd, expected %jd", (intmax_t)end,
		 (intmax_t)expected);
	vt_check(stats.size == (uint64_t)expected, "GET_STATS size is %llu, expected %jd",
		 stats.size, (intmax_t)expected);
	return true;
}

/* A mapping whose length is no multiple of a page reaches to the end of the page. */
static bool odd_mapping(void)
{
	const size_t page = vt_page_size();
	int fd = vt_open();
	char *mem = vt_map(fd, 2 * page + 1, 0);

	fill_range(mem, 3, 4, 0);
	vt_check(vt_evict_range(fd, 0, 3 * page), "not evicted");
	vt_check(check_range(mem, 3, 4, 0), "content lost");
	munmap(mem, 2 * page + 1);
	close(fd);
	return true;
}

/* The size is what was written, to the byte; the rest of the page is zero. */
static bool size_by_write(void)
{
	const size_t page = vt_page_size();
	const size_t length = 2 * page + 123;
	char *buf = malloc(4 * page), *back = malloc(4 * page), *mem;
	int fd = vt_open();
	ssize_t n;

	vt_need(buf && back, "malloc");
	fill_range(buf, 4, 5, 0);
	n = pwrite(fd, buf, length, 0);
	vt_check(n == (ssize_t)length, "pwrite: %zd (%s)", n, strerror(errno));
	vt_check(expect_size(fd, length), "after pwrite");
	vt_check(vt_evict_range(fd, 0, 3 * page), "not evicted");
	n = pread(fd, back, 4 * page, 0);
	vt_check(n == (ssize_t)length, "pread gave %zd bytes of %zu", n, length);
	vt_check(!memcmp(buf, back, length), "pread gave other bytes");
	n = pread(fd, back, page, length);
	vt_check(n == 0, "pread at the end gave %zd", n);
	n = pread(fd, back, page, 10 * page);
	vt_check(n == 0, "pread past the end gave %zd", n);

	/* Growing it by a write far past the end leaves a hole of zeroes. */
	n = pwrite(fd, "x", 1, 7 * page + 7);
	vt_check(n == 1, "pwrite past the end: %zd (%s)", n, strerror(errno));
	vt_check(expect_size(fd, 7 * page + 8), "after pwrite past the end");
	mem = vt_map(fd, 8 * page, 0);
	vt_check(!memcmp(buf, mem, length), "the mapping shows other bytes");
	vt_check(check_zero(mem + length, 7 * page + 7 - length), "the hole is not zero");
	vt_check(mem[7 * page + 7] == 'x', "byte %#zx: expected 'x', found %#x",
		 7 * page + 7, mem[7 * page + 7]);
	vt_check(check_zero(mem + 7 * page + 8, page - 8), "the tail is not zero");
	munmap(mem, 8 * page);
	close(fd);
	return true;
}

/* Cut inside a page: the rest of it is gone; pages past the end give SIGBUS. */
static bool size_cut(void)
{
	const size_t page = vt_page_size();
	const size_t cut = 2 * page + 1001;
	struct vt_space s = vt_space_new(9 * page);
	uint64_t words[2];
	int ret;

	for (int evicted = 0; evicted < 2; evicted++) {
		ret = vt_set_size(s.fd, 9 * page);
		vt_check(!ret, "SET_SIZE up: %s", strerror(-ret));
		fill_range(s.mem, 9, 6, 0);
		if (evicted)
			vt_check(vt_evict_all(&s), "not evicted");
		ret = vt_set_size(s.fd, cut);
		vt_check(!ret, "SET_SIZE down: %s", strerror(-ret));
		vt_check(expect_size(s.fd, cut), "after SET_SIZE");
		vt_check(check_range(s.mem, 2, 6, 0), "below the cut");
		memcpy(words, s.mem + 2 * page + 1000 - 8, 8);
		vt_check(words[0] == page_word(6, 2, 124), "word 124 of page 2: found %#" PRIx64,
			 words[0]);
		vt_check(check_zero(s.mem + cut, 3 * page - cut), "the cut page's tail");
		for (unsigned int i = 3; i < 9; i++) {
			vt_check(vt_touch_sigbus(s.mem + i * page, false, NULL),
				 "no SIGBUS reading page %u, past the end", i);
			vt_check(vt_touch_sigbus(s.mem + i * page, true, NULL),
				 "no SIGBUS writing page %u, past the end", i);
		}
		ret = vt_set_size(s.fd, 9 * page);
		vt_check(!ret, "SET_SIZE up again: %s", strerror(-ret));
		vt_check(check_zero(s.mem + cut, 9 * page - cut), "old data came back");
	}
	vt_space_free(&s);
	return true;
}

/* SET_SIZE to 0 gives everything back. */
static bool size_zero(void)
{
	struct vt_space s = vt_space_new(64 * vt_page_size());
	struct vmdev_stats stats;
	int ret;

	fill_range(s.mem, 64, 7, 0);
	vt_check(vt_evict_range(s.fd, 0, 32 * vt_page_size()), "not evicted");
	ret = vt_set_size(s.fd, 0);
	vt_check(!ret, "SET_SIZE 0: %s", strerror(-ret));
	stats = vt_stats_now(s.fd);
	vt_check(!stats.touched && !stats.resident && !stats.swapped,
		 "left: %llu touched, %llu resident, %llu swapped", stats.touched, stats.resident,
		 stats.swapped);
	vt_check(!vt_sysfs_u64("store/used"), "%" PRIu64 " slots still used",
		 vt_sysfs_u64("store/used"));
	vt_space_free(&s);
	return true;
}

static const struct vt_test tests[] = {
	{ "1 page in 1000 frames", one_page },
	{ "3 pages in 17 frames", three_pages },
	{ "1021 pages in 61 frames", prime_pages },
	{ "a mapping of 2 pages and a byte", odd_mapping },
	{ "a size set by write", size_by_write },
	{ "a size cut inside a page", size_cut },
	{ "a size set to 0", size_zero },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
