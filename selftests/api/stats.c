// SPDX-License-Identifier: GPL-2.0
/*
 * VMDEV_IOC_GET_STATS: the numbers of one space agree with what was done to it,
 * step by step, and what is done to another space doesn't show.
 */
#define _GNU_SOURCE
#include <sys/uio.h>

#include "vmdev_test.h"

#define PAGES	40

#define check_value(seen, want) do {					\
	uint64_t __seen = (seen), __want = (want);			\
									\
	vt_check(__seen == __want, "%s is %" PRIu64 ", expected %" PRIu64, #seen, __seen, __want); \
} while (0)

/* In every moment of rest a touched page is in one place. */
static bool check_sum(const struct vmdev_stats *s)
{
	vt_check(s->touched == s->resident + s->swapped + s->zero + s->bad,
		 "touched %llu, resident %llu + swapped %llu + zero %llu + bad %llu", s->touched,
		 s->resident, s->swapped, s->zero, s->bad);
	vt_check(s->dirty <= s->resident, "dirty %llu of %llu resident", s->dirty, s->resident);
	return true;
}

static bool test_empty(void)
{
	int fd = vt_open();
	struct vmdev_stats s = vt_stats_now(fd), zero;

	memset(&zero, 0, sizeof(zero));
	vt_check(!memcmp(&s, &zero, sizeof(s)), "a new space has counted something");
	close(fd);
	return true;
}

static bool test_size_and_reservation(void)
{
	size_t page = vt_page_size();
	int fd = vt_open();
	char *mem = vt_map(fd, 100 * page, 0);
	struct vmdev_stats s = vt_stats_now(fd);
	void *more;

	check_value(s.size, 100 * page);
	check_value(s.reserved_pages, 100);
	check_value(s.touched, 0);
	check_value(s.faults_zero + s.faults_minor + s.faults_major, 0);
	more = mmap(NULL, 300 * page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	vt_check(more != MAP_FAILED, "mmap: %s", strerror(errno));
	s = vt_stats_now(fd);
	check_value(s.size, 300 * page);
	check_value(s.reserved_pages, 100);
	munmap(more, 300 * page);
	munmap(mem, 100 * page);
	close(fd);
	return true;
}

/* Write, evict, read, evict again, overwrite with zeroes, discard. */
static bool test_page_lives(void)
{
	uint64_t clean = vt_sysfs_u64("stats/evictions_clean");
	size_t page = vt_page_size();
	struct vt_space v = vt_space_new(PAGES * page);
	struct vmdev_stats s;

	/* a fault a page */
	vt_need(!posix_fadvise(v.fd, 0, 0, POSIX_FADV_RANDOM), "posix_fadvise");
	fill_range(v.mem, PAGES, 1, 0);
	vt_need(!posix_fadvise(v.fd, 0, 0, POSIX_FADV_NORMAL), "posix_fadvise");
	s = vt_stats_now(v.fd);
	check_value(s.touched, PAGES);
	check_value(s.resident, PAGES);
	check_value(s.dirty, PAGES);
	check_value(s.faults_zero, PAGES);
	check_value(s.faults_minor + s.faults_major, 0);
	check_value(s.written_pages + s.read_pages + s.evictions, 0);

	vt_check(vt_evict_all(&v), "pages stayed");
	s = vt_stats_now(v.fd);
	vt_check(check_sum(&s), "after the first eviction");
	check_value(s.swapped, PAGES);
	check_value(s.dirty, 0);
	check_value(s.evictions, PAGES);
	check_value(s.written_pages, PAGES);

	vt_check(check_range(v.mem, PAGES, 1, 0), "content lost");
	s = vt_stats_now(v.fd);
	vt_check(check_sum(&s), "after reading back");
	check_value(s.resident, PAGES);
	check_value(s.swapped, 0);
	check_value(s.dirty, 0);
	check_value(s.read_pages, PAGES);
	vt_check(s.faults_major >= 1 && s.faults_major <= PAGES, "%llu major faults",
		 s.faults_major);
	vt_check(s.refaults >= 1 && s.refaults <= PAGES, "%llu refaults", s.refaults);
	vt_check(s.readahead + s.faults_major >= PAGES, "%llu major faults and %llu read ahead",
		 s.faults_major, s.readahead);

	vt_check(vt_evict_all(&v), "pages stayed");
	s = vt_stats_now(v.fd);
	check_value(s.swapped, PAGES);
	check_value(s.evictions, 2 * PAGES);
	check_value(s.written_pages, PAGES);	/* clean pages leave without I/O */
	vt_check(vt_sysfs_u64("stats/evictions_clean") - clean >= PAGES, "%" PRIu64 " clean",
		 vt_sysfs_u64("stats/evictions_clean") - clean);

	memset(v.mem, 0, 10 * page);
	vt_check(vt_evict_all(&v), "pages stayed");
	s = vt_stats_now(v.fd);
	vt_check(check_sum(&s), "with pages of zeroes");
	check_value(s.zero, 10);
	check_value(s.swapped, PAGES - 10);
	check_value(s.written_pages, PAGES);

	vt_check(vt_discard(v.fd, 20 * page, 5 * page) == 5, "DISCARD of 5 pages");
	s = vt_stats_now(v.fd);
	vt_check(check_sum(&s), "after DISCARD");
	check_value(s.touched, PAGES - 5);
	check_value(s.swapped, PAGES - 15);
	vt_check(check_zero(v.mem, 10 * page), "page of zeroes");
	vt_check(check_range(v.mem + 10 * page, 10, 1, 10), "content lost");
	vt_check(check_zero(v.mem + 20 * page, 5 * page), "discarded page");
	vt_check(check_range(v.mem + 25 * page, PAGES - 25, 1, 25), "content lost");
	vt_space_free(&v);
	return true;
}

/* A second process's fault on a resident page needs no I/O. */
static bool minor_fault(void *arg)
{
	const struct vt_space *v = arg;
	struct vmdev_stats before = vt_stats_now(v->fd), after;
	char *again;

	again = vt_map(v->fd, v->length, 0);
	vt_check(check_range(again, PAGES, 2, 0), "content");
	after = vt_stats_now(v->fd);
	vt_check(after.faults_major == before.faults_major &&
		 after.faults_zero == before.faults_zero, "a fault on a resident page isn't minor");
	vt_check(after.faults_minor - before.faults_minor <= PAGES, "%llu minor faults",
		 after.faults_minor - before.faults_minor);
	vt_check(after.read_pages == before.read_pages, "a resident page was read");
	return true;
}

static bool test_minor(void)
{
	struct vt_space v = vt_space_new(PAGES * vt_page_size());

	fill_range(v.mem, PAGES, 2, 0);
	vt_check(vt_in_child(minor_fault, &v), "in the child");
	vt_space_free(&v);
	return true;
}

static bool test_other_space_silent(void)
{
	struct vt_space a = vt_space_new(PAGES * vt_page_size());
	struct vt_space b = vt_space_new(PAGES * vt_page_size());
	struct vmdev_stats before, after;

	fill_range(a.mem, PAGES, 3, 0);
	before = vt_stats_now(a.fd);
	fill_range(b.mem, PAGES, 4, 0);
	vt_check(vt_evict_all(&b), "pages stayed");
	vt_check(check_range(b.mem, PAGES, 4, 0), "content lost");
	after = vt_stats_now(a.fd);
	vt_check(!memcmp(&before, &after, sizeof(after)), "one space's work shows in another");
	vt_space_free(&a);
	vt_space_free(&b);
	return true;
}

/* Read-ahead is counted when it is read, and as a hit when it is used. */
static bool test_readahead(void)
{
	char param[32];
	uint64_t pages = 512;
	struct vt_space v;
	struct vmdev_stats s;

	vt_need(!vt_sysfs_read("../../module/vmdev/parameters/readahead", param, sizeof(param)),
		"no parameter readahead");
	if (!atoi(param))
		return vt_skip("readahead=0");
	v = vt_space_new(pages * vt_page_size());
	fill_range(v.mem, pages, 5, 0);
	vt_check(vt_evict_all(&v), "pages stayed");
	vt_check(check_range(v.mem, pages, 5, 0), "content lost");
	s = vt_stats_now(v.fd);
	vt_check(s.readahead >= pages / 2, "%llu of %" PRIu64 " sequential pages read ahead",
		 s.readahead, pages);
	vt_check(s.readahead_hits <= s.readahead, "%llu hits of %llu", s.readahead_hits,
		 s.readahead);
	vt_check(s.readahead_hits >= s.readahead / 2, "%llu hits of %llu, and all were touched",
		 s.readahead_hits, s.readahead);
	vt_check(s.read_pages == pages, "%llu pages read of %" PRIu64, s.read_pages, pages);
	vt_space_free(&v);
	return true;
}

/* Pages in a pipe: held by the kernel for as long as nobody reads them. */
static bool test_pinned(void)
{
	size_t page = vt_page_size();
	struct vt_space v = vt_space_new(PAGES * page);
	struct iovec iov = { v.mem + 8 * page, 8 * page };
	struct vmdev_stats s;
	int fds[2];

	vt_need(!pipe(fds), "pipe: %s", strerror(errno));
	fill_range(v.mem, PAGES, 6, 0);
	vt_need(vmsplice(fds[1], &iov, 1, 0) == (ssize_t)iov.iov_len, "vmsplice: %s",
		strerror(errno));
	s = vt_stats_now(v.fd);
	check_value(s.pinned, 8);
	vt_check(vt_sysfs_u64("pool/pinned") == 8, "pool/pinned is %" PRIu64,
		 vt_sysfs_u64("pool/pinned"));
	for (int i = 0; i < 20; i++)
		vt_check(vt_evict(v.fd, 0, v.length) >= 0, "EVICT");
	s = vt_stats_now(v.fd);
	check_value(s.resident, 8);
	check_value(s.pinned, 8);
	close(fds[0]);
	close(fds[1]);
	vt_check(vt_evict_all(&v), "pages stayed after the pins went");
	s = vt_stats_now(v.fd);
	check_value(s.pinned, 0);
	vt_check(check_range(v.mem, PAGES, 6, 0), "content lost");
	vt_space_free(&v);
	return true;
}

static const struct vt_test tests[] = {
	{ "a new space has counted nothing", test_empty },
	{ "size and reservation", test_size_and_reservation },
	{ "counters follow pages through their life", test_page_lives },
	{ "faults on resident pages are minor", test_minor },
	{ "spaces count for themselves", test_other_space_silent },
	{ "read-ahead and its hits", test_readahead },
	{ "pinned pages", test_pinned },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
