// SPDX-License-Identifier: GPL-2.0
/*
 * VMDEV_IOC_SET_SIZE: as ftruncate would. What is cut off is gone, whether it was
 * in a frame, in the store or half a page; past the end is SIGBUS; what grows back
 * reads as zero; and a size that can't be backed changes nothing.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define PAGES	64

static bool check_size(int fd, uint64_t want)
{
	off_t end = lseek(fd, 0, SEEK_END);

	vt_check(end == (off_t)want, "SEEK_END is %jd, expected %" PRIu64, (intmax_t)end, want);
	vt_check(vt_stats_now(fd).size == want, "GET_STATS says %llu, expected %" PRIu64,
		 vt_stats_now(fd).size, want);
	return true;
}

static bool set_size(int fd, uint64_t size)
{
	int ret = vt_set_size(fd, size);

	vt_check(!ret, "SET_SIZE to %" PRIu64 ": %s", size, strerror(-ret));
	return check_size(fd, size);
}

static bool test_grow(void)
{
	size_t page = vt_page_size();
	int fd = vt_open();
	char buf[100], *mem;

	vt_check(check_size(fd, 0), "at open");
	vt_check(set_size(fd, 1) && set_size(fd, page) && set_size(fd, 3 * page + 17) &&
		 set_size(fd, 3 * page + 17), "growing");
	vt_check(pread(fd, buf, sizeof(buf), 3 * page) == 17, "read up to the end");
	vt_check(check_zero(buf, 17), "what grew");
	vt_check(pread(fd, buf, sizeof(buf), 3 * page + 17) == 0, "read at the end");
	mem = vt_map(fd, 4 * page, 0);
	vt_check(check_size(fd, 4 * page), "mmap past the end");
	vt_check(check_zero(mem, 4 * page), "what grew");
	munmap(mem, 4 * page);
	close(fd);
	return true;
}

/* Each kind of page, cut off and grown back. */
static bool cut_and_regrow(bool evict_before, bool evict_between)
{
	size_t page = vt_page_size();
	struct vt_space v = vt_space_new(PAGES * page);
	uint64_t keep = 20, cut = keep * page + 1000;
	unsigned char byte;

	fill_range(v.mem, PAGES, 1, 0);
	if (evict_before)
		vt_check(vt_evict_all(&v), "pages stayed");
	vt_check(set_size(v.fd, cut), "shrinking");
	vt_check(check_range(v.mem, keep, 1, 0), "what stays");
	vt_check(!memcmp(v.mem + keep * page, &(uint64_t){ page_word(1, keep, 0) }, 8),
		 "the last page's head");
	vt_check(check_zero(v.mem + cut, page - 1000), "the last page's tail");
	for (uint64_t i = keep + 1; i < PAGES; i += 7) {
		vt_check(vt_touch_sigbus(v.mem + i * page, false, &byte),
			 "reading page %" PRIu64 " past the end works", i);
		vt_check(vt_touch_sigbus(v.mem + i * page, true, NULL),
			 "writing page %" PRIu64 " past the end works", i);
	}
	vt_check(vt_stats_now(v.fd).touched == keep + 1, "%llu pages still held",
		 vt_stats_now(v.fd).touched);
	if (evict_between)
		vt_check(vt_evict_range(v.fd, 0, (keep + 1) * page), "pages stayed");
	vt_check(set_size(v.fd, PAGES * page), "growing back");
	vt_check(check_range(v.mem, keep, 1, 0), "what stayed");
	vt_check(check_zero(v.mem + cut, PAGES * page - cut), "what grew back");
	fill_range(v.mem, PAGES, 2, 0);
	vt_check(check_range(v.mem, PAGES, 2, 0), "writing after growing back");
	vt_space_free(&v);
	return true;
}

static bool test_cut_resident(void)
{
	return cut_and_regrow(false, false) && cut_and_regrow(false, true);
}

static bool test_cut_swapped(void)
{
	return cut_and_regrow(true, false) && cut_and_regrow(true, true);
}

/* The tail of the last page is written through the mapping after the cut. */
static bool test_tail_not_kept(void)
{
	size_t page = vt_page_size();
	struct vt_space v = vt_space_new(4 * page);

	fill_range(v.mem, 4, 3, 0);
	vt_check(set_size(v.fd, page + 100), "shrinking");
	memset(v.mem + page + 100, 0x77, page - 100);
	vt_check(set_size(v.fd, 4 * page), "growing");
	vt_check(check_zero(v.mem + page + 100, 3 * page - 100), "bytes past the end came back");
	vt_space_free(&v);
	return true;
}

/* Frames and slots of what is cut off are free at once. */
static bool test_gives_back(void)
{
	size_t page = vt_page_size();
	struct vt_space v = vt_space_new(1000 * page);
	uint64_t free = vt_sysfs_u64("pool/free"), used = vt_sysfs_u64("store/used");

	fill_range(v.mem, 1000, 4, 0);
	vt_check(vt_evict_range(v.fd, 500 * page, 500 * page), "pages stayed");
	vt_check(vt_sysfs_u64("store/used") >= used + 500, "500 evicted pages take %" PRIu64
		 " slots", vt_sysfs_u64("store/used") - used);
	vt_check(set_size(v.fd, 0), "shrinking");
	vt_check(vt_sysfs_u64("pool/free") == free, "%" PRIu64 " frames free, before %" PRIu64,
		 vt_sysfs_u64("pool/free"), free);
	vt_check(vt_sysfs_u64("store/used") == used, "%" PRIu64 " slots used, before %" PRIu64,
		 vt_sysfs_u64("store/used"), used);
	vt_check(set_size(v.fd, v.length), "growing");
	vt_check(check_zero(v.mem, v.length), "old content came back");
	vt_space_free(&v);
	return true;
}

/* A mapping made after a cut, and one that is there in another process. */
static bool zero_in_child(void *arg)
{
	const struct vt_space *v = arg;
	char *again = vt_map(v->fd, v->length, 0);

	return check_zero(v->mem, v->length) && check_zero(again, v->length);
}

static bool test_other_mappings(void)
{
	struct vt_space v = vt_space_new(PAGES * vt_page_size());
	char *second = vt_map(v.fd, v.length, 0);

	fill_range(v.mem, PAGES, 5, 0);
	vt_check(check_range(second, PAGES, 5, 0), "the second mapping");
	vt_check(set_size(v.fd, 0), "shrinking");
	vt_check(vt_touch_sigbus(second, false, NULL), "the second mapping still reads");
	vt_check(set_size(v.fd, v.length), "growing");
	vt_check(check_zero(second, v.length), "the second mapping");
	vt_check(vt_in_child(zero_in_child, &v), "in a child");
	munmap(second, v.length);
	vt_space_free(&v);
	return true;
}

static bool test_hole(void)
{
	size_t page = vt_page_size();
	int fd = vt_open();
	char *buf = malloc(6 * page);

	fill_page(buf, 6, 0);
	vt_check(pwrite(fd, buf, page, 0) == (ssize_t)page, "write: %s", strerror(errno));
	vt_check(set_size(fd, 10), "shrinking");
	vt_check(pwrite(fd, buf, page, 5 * page) == (ssize_t)page, "write: %s", strerror(errno));
	vt_check(check_size(fd, 6 * page), "after writing behind a hole");
	vt_check(pread(fd, buf, 6 * page, 0) == (ssize_t)(6 * page), "read: %s", strerror(errno));
	vt_check(check_zero(buf + 10, 5 * page - 10), "the hole");
	vt_check(check_page(buf + 5 * page, 6, 0), "behind the hole");
	free(buf);
	close(fd);
	return true;
}

static bool test_too_big(void)
{
	static const uint64_t sizes[] = { 1ULL << 41, 1ULL << 52, 1ULL << 62, INT64_MAX,
		INT64_MAX - 4095, 1ULL << 63, UINT64_MAX - 4095, UINT64_MAX };
	size_t page = vt_page_size();
	struct vt_space v = vt_space_new(8 * page);

	fill_range(v.mem, 8, 7, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		int ret = vt_set_size(v.fd, sizes[i]);

		vt_check(ret == -ENOSPC || (i && (ret == -EFBIG || ret == -EINVAL ||
						  ret == -EOVERFLOW)),
			 "SET_SIZE to %#" PRIx64 ": %s", sizes[i], strerror(-ret));
		vt_check(check_size(v.fd, 8 * page), "a refused size changed it");
	}
	vt_check(check_range(v.mem, 8, 7, 0), "a refused size changed the content");
	vt_space_free(&v);
	return true;
}

static unsigned char mark_of(uint64_t page)
{
	return 1 + page % 200;
}

/* Marks pages at random; what it finds there must be zero or the page's mark. */
static bool churn(struct vt_crew *crew, unsigned int id)
{
	const struct vt_space *v = crew->arg;
	uint64_t rnd = id, touches = 0;

	while (!atomic_load(&crew->stop)) {
		uint64_t i = vt_random(&rnd) % PAGES;
		char *at = v->mem + i * vt_page_size() + 77;
		unsigned char byte, mark = mark_of(i);

		if (vt_touch_sigbus(at, false, &byte))
			continue;
		vt_check(!byte || byte == mark, "page %" PRIu64 " holds %u, which nobody wrote", i,
			 byte);
		touches += !vt_touch_sigbus(at, true, &mark);
	}
	vt_check(touches > 10, "only %" PRIu64 " touches", touches);
	return true;
}

/* Sizes go up and down and pages are evicted under two writing threads. */
static bool test_under_faults(void)
{
	size_t page = vt_page_size();
	struct vt_space v = vt_space_new(PAGES * page);
	double end = vt_now() + 5;
	uint64_t rnd = 2, rounds = 0;
	struct vt_crew crew;

	vt_crew_start(&crew, 2, churn, &v);
	for (; vt_now() < end; rounds++) {
		vt_need(!vt_set_size(v.fd, vt_random(&rnd) % PAGES * page), "SET_SIZE");
		vt_need(!vt_set_size(v.fd, PAGES * page), "SET_SIZE");
		if (rounds % 4 == 0)
			vt_evict(v.fd, 0, v.length);
	}
	vt_check(vt_crew_stop(&crew), "in a thread");
	vt_check(rounds > 10, "only %" PRIu64 " rounds", rounds);
	vt_check(set_size(v.fd, 0) && set_size(v.fd, v.length), "at the end");
	vt_check(check_zero(v.mem, v.length), "at the end");
	vt_space_free(&v);
	return true;
}

static const struct vt_test tests[] = {
	{ "growing reads as zero", test_grow },
	{ "cutting resident pages", test_cut_resident },
	{ "cutting swapped pages", test_cut_swapped },
	{ "what is written past the end isn't kept", test_tail_not_kept },
	{ "frames and slots come back", test_gives_back },
	{ "other mappings see the cut", test_other_mappings },
	{ "a write behind the end leaves a hole", test_hole },
	{ "a size that can't be backed changes nothing", test_too_big },
	{ "sizes changing under faulting threads", test_under_faults },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
