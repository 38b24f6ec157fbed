// SPDX-License-Identifier: GPL-2.0
/*
 * read(2) of what was never touched gives zeroes and takes no frame, no slot and
 * no entry.
 */
#define _GNU_SOURCE
#include "io_test.h"

#define SIZE	(256UL << 20)	/* less than pool and store, so that it needs no leave */

static bool expect_nothing_taken(int fd, uint64_t touched, uint64_t frames)
{
	struct vmdev_stats stats = vt_stats_now(fd);
	uint64_t free = vt_sysfs_u64("pool/free");

	vt_check(stats.touched == touched, "%llu pages touched, expected %" PRIu64, stats.touched,
		 touched);
	vt_check(stats.resident == touched, "%llu pages resident, expected %" PRIu64,
		 stats.resident, touched);
	vt_check(vt_pool_frames() - free == frames, "%" PRIu64 " frames taken, expected %" PRIu64,
		 vt_pool_frames() - free, frames);
	return true;
}

static bool never_touched(void)
{
	const size_t length = 1 << 20;
	char *buf = malloc(length);
	int fd = vt_open();

	vt_need(buf, "malloc");
	vt_check(!vt_set_size(fd, SIZE), "SET_SIZE");
	for (off_t at = 0; at < (off_t)SIZE; at += 8 * length + 12345) {
		memset(buf, 0xff, length);
		vt_check(io_pread_all(fd, buf, length < SIZE - at ? length : SIZE - at, at, length),
			 "at %#jx", (intmax_t)at);
		vt_check(check_zero(buf, length < SIZE - at ? length : SIZE - at), "at %#jx",
			 (intmax_t)at);
	}
	vt_check(expect_nothing_taken(fd, 0, 0), "after reading");
	free(buf);
	close(fd);
	return true;
}

static bool around_touched(void)
{
	const size_t page = vt_page_size();
	struct vt_space s = vt_space_new(1024 * page);
	char *buf = malloc(s.length);

	vt_need(buf, "malloc");
	for (unsigned int i = 100; i < 1024; i += 100)
		fill_page(s.mem + i * page, 1, i);
	memset(buf, 0xff, s.length);
	vt_check(io_pread_all(s.fd, buf, s.length, 0, s.length), "reading all");
	for (unsigned int i = 0; i < 1024; i++)
		vt_check(i && i % 100 == 0 ? check_page(buf + i * page, 1, i) :
			 check_zero(buf + i * page, page), "page %u", i);
	vt_check(expect_nothing_taken(s.fd, 10, 10), "after reading");
	vt_check(vt_evict_all(&s), "not evicted");
	vt_check(vt_sysfs_u64("store/used") == 10, "%" PRIu64 " slots used, expected 10",
		 vt_sysfs_u64("store/used"));
	free(buf);
	vt_space_free(&s);
	return true;
}

static const struct vt_test tests[] = {
	{ "a space never touched", never_touched },
	{ "between pages that were", around_touched },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
