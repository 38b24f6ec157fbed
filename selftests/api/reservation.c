// SPDX-License-Identifier: GPL-2.0
/*
 * Strict reservation with a small pool and a small store: what mmap, write or
 * SET_SIZE promised can be written to the last page and is never lost, what can't
 * be backed is refused where it is asked for, and everything comes back at close.
 */
#define _GNU_SOURCE
#include "vmdev_load.h"

#define POOL_MB		4
#define STORE_MB	8

static void load(void)
{
	vl_must_load("pool_mb=%d store=%s store_mb=%d", POOL_MB, vl_disk(), STORE_MB);
}

static bool can_map(int fd, uint64_t pages)
{
	void *p = mmap(NULL, pages * vt_page_size(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED) {
		vt_need(errno == ENOMEM, "mmap of %" PRIu64 " pages: %s", pages, strerror(errno));
		return false;
	}
	munmap(p, pages * vt_page_size());
	return true;
}

/* The most pages that one new space can map: found by bisection, with new spaces. */
static uint64_t capacity(void)
{
	uint64_t low = 1, high = 1ULL << 24;

	while (low + 1 < high) {
		uint64_t middle = (low + high) / 2;
		int fd = vt_open();

		if (can_map(fd, middle))
			low = middle;
		else
			high = middle;
		close(fd);
	}
	return low;
}

static bool test_capacity(void)
{
	uint64_t pages, slots, frames;

	load();
	slots = vt_sysfs_u64("store/slots");
	frames = vt_pool_frames();
	pages = capacity();
	vt_msg("capacity %" PRIu64 " pages, %" PRIu64 " slots, %" PRIu64 " frames", pages, slots,
	       frames);
	vt_check(pages <= slots + frames, "%" PRIu64 " pages promised, %" PRIu64 " slots and %"
		 PRIu64 " frames", pages, slots, frames);
	vt_check(pages >= slots - slots / 16, "only %" PRIu64 " pages of a store of %" PRIu64,
		 pages, slots);
	vt_check(vt_nothing_left() && capacity() == pages, "asking took capacity");
	return true;
}

/* Random pages of one half get new content; the last of all must be there at the end. */
static bool rewrite_half(struct vt_crew *crew, unsigned int id)
{
	const struct vt_space *v = crew->arg;
	uint64_t pages = v->length / vt_page_size() / 2, first = id * pages, rnd = id, rounds = 0;
	unsigned short *seed = malloc(pages * sizeof(*seed));
	double end = vt_now() + 8;

	for (uint64_t i = 0; i < pages; i++)
		seed[i] = 1;
	for (; vt_now() < end; rounds++) {
		uint64_t i = vt_random(&rnd) % pages;
		char *at = v->mem + (first + i) * vt_page_size();

		if (rounds % 4)
			fill_page(at, ++seed[i], first + i);
		else
			vt_check(check_page(at, seed[i], first + i), "content lost");
	}
	for (uint64_t i = 0; i < pages; i++)
		vt_check(check_page(v->mem + (first + i) * vt_page_size(), seed[i], first + i),
			 "content lost");
	vt_check(rounds > 100, "only %" PRIu64 " rounds", rounds);
	free(seed);
	return true;
}

/* All of it in one space, every page different, written over and over. */
static bool test_all_usable(void)
{
	struct vt_space v;
	uint64_t pages;

	load();
	pages = capacity();
	v = vt_space_new(pages * vt_page_size());
	fill_range(v.mem, pages, 1, 0);
	vt_check(check_range(v.mem, pages, 1, 0), "content lost");
	vt_check(vt_crew_run(2, rewrite_half, &v), "rewriting");
	vt_check(vt_sysfs_u64("stats/oom") == 0, "%" PRIu64 " faults found no frame",
		 vt_sysfs_u64("stats/oom"));
	vt_space_free(&v);
	vt_check(vt_nothing_left(), "after close");
	return true;
}

/* Reading everything first leaves clean copies: they may not stand in the way. */
static bool test_all_usable_after_reads(void)
{
	struct vt_space v;
	uint64_t pages;

	load();
	pages = capacity();
	v = vt_space_new(pages * vt_page_size());
	vt_check(check_zero(v.mem, v.length), "a new space isn't zero");
	for (unsigned int seed = 1; seed <= 3; seed++) {
		for (uint64_t i = pages; i-- > 0;)
			fill_page(v.mem + i * vt_page_size(), seed, i);
		vt_check(check_range(v.mem, pages, seed, 0), "content lost");
	}
	vt_space_free(&v);
	return true;
}

static bool test_shared_out(void)
{
	struct vt_space v[3];
	uint64_t pages, third;
	int fd;

	load();
	pages = capacity();
	third = pages / 3;
	for (unsigned int i = 0; i < ARRAY_SIZE(v); i++) {
		v[i] = vt_space_new(third * vt_page_size());
		fill_range(v[i].mem, third, 10 + i, 0);
	}
	fd = vt_open();
	vt_check(!can_map(fd, pages - 3 * third + 1), "more than the capacity is promised");
	vt_check(lseek(fd, 0, SEEK_END) == 0, "a refused mmap moved the end");
	vt_check(vt_set_size(fd, third * vt_page_size()) == -ENOSPC,
		 "SET_SIZE works when all is given");
	for (unsigned int i = 0; i < ARRAY_SIZE(v); i++)
		vt_check(check_range(v[i].mem, third, 10 + i, 0), "space %u lost content", i);
	vt_space_free(&v[1]);
	vt_check(can_map(fd, third), "what a closed space had isn't there again");
	close(fd);
	vt_space_free(&v[0]);
	vt_space_free(&v[2]);
	vt_check(capacity() == pages, "capacity %" PRIu64 " became %" PRIu64, pages, capacity());
	return true;
}

static bool test_noreserve(void)
{
	uint64_t pages, length;
	char *mem;
	int fd;

	load();
	pages = capacity();
	length = 4 * pages * vt_page_size();
	fd = vt_open();
	mem = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	vt_check(mem != MAP_FAILED, "MAP_NORESERVE of 4x the capacity: %s", strerror(errno));
	vt_check(vt_stats_now(fd).reserved_pages == 0, "%llu pages reserved with MAP_NORESERVE",
		 vt_stats_now(fd).reserved_pages);
	for (uint64_t i = 0; i < pages / 2; i++)
		fill_page(mem + 8 * i * vt_page_size(), 1, i);
	for (uint64_t i = 0; i < pages / 2; i++)
		vt_check(check_page(mem + 8 * i * vt_page_size(), 1, i), "content lost");
	munmap(mem, length);
	close(fd);
	vt_check(capacity() == pages, "capacity %" PRIu64 " became %" PRIu64, pages, capacity());
	return true;
}

/* Mapping the same bytes twice, in two processes or again, is one promise. */
static bool child_maps_again(void *arg)
{
	struct vt_space *v = arg;

	return can_map(v->fd, v->length / vt_page_size());
}

static bool test_counted_once(void)
{
	struct vt_space v;
	uint64_t pages;

	load();
	pages = capacity();
	v = vt_space_new(pages * vt_page_size());
	vt_check(can_map(v.fd, pages), "a second mapping of the same bytes is refused");
	vt_check(vt_in_child(child_maps_again, &v),
		 "a child's mapping of the same bytes is refused");
	for (int i = 0; i < 2000; i++)
		vt_need(can_map(v.fd, pages / 2), "mapping again, round %d", i);
	for (int i = 0; i < 2000; i++)
		vt_need(!can_map(v.fd, pages + 1), "mapping too much works, round %d", i);
	vt_check(can_map(v.fd, pages), "mapping again and again took capacity");
	vt_space_free(&v);
	vt_check(capacity() == pages, "capacity %" PRIu64 " became %" PRIu64, pages, capacity());
	return true;
}

/* write(2) grows a space to the last page that can be backed, then ENOSPC. */
static bool test_write(void)
{
	size_t page = vt_page_size();
	char *buf = malloc(16 * page);
	uint64_t pages, written = 0;
	ssize_t n;
	int fd;

	load();
	pages = capacity();
	fd = vt_open();
	for (;;) {
		fill_range(buf, 16, 1, written / page);
		n = pwrite(fd, buf, 16 * page, written);
		if (n < 0)
			break;
		vt_check(n > 0 && n % page == 0, "write: %zd", n);
		written += n;
		vt_check(written <= 2 * pages * page, "write goes on and on");
	}
	vt_check(errno == ENOSPC, "write: %s, expected ENOSPC", strerror(errno));
	vt_check(written / page <= pages && written / page + 64 >= pages, "%" PRIu64
		 " pages written, %" PRIu64 " can be mapped", written / page, pages);
	vt_check(lseek(fd, 0, SEEK_END) == (off_t)written, "size %jd after writing %" PRIu64,
		 (intmax_t)lseek(fd, 0, SEEK_END), written);
	for (uint64_t i = 0; i < written / page; i += 16) {
		n = pread(fd, buf, 16 * page, i * page);
		vt_check(n > 0 && n % page == 0, "read: %zd", n);
		vt_check(check_range(buf, n / page, 1, i), "content lost");
	}
	vt_check(vt_set_size(fd, 0) == 0 && pwrite(fd, buf, page, 0) == (ssize_t)page,
		 "nothing fits after SET_SIZE to 0");
	close(fd);
	free(buf);
	vt_check(capacity() == pages, "capacity %" PRIu64 " became %" PRIu64, pages, capacity());
	return true;
}

static bool test_set_size(void)
{
	size_t page = vt_page_size();
	uint64_t pages;
	int fd;

	load();
	pages = capacity();
	fd = vt_open();
	vt_check(vt_set_size(fd, (pages + 1) * page) == -ENOSPC, "SET_SIZE over the capacity");
	vt_check(lseek(fd, 0, SEEK_END) == 0, "a refused SET_SIZE moved the end");
	vt_check(vt_set_size(fd, pages * page) == 0, "SET_SIZE to the capacity");
	vt_check(can_map(fd, pages), "mapping what SET_SIZE gave");
	close(fd);
	vt_check(capacity() == pages, "capacity %" PRIu64 " became %" PRIu64, pages, capacity());
	return true;
}

static bool test_overcommit(void)
{
	uint64_t length = 1ULL << 34;
	char *mem;
	int fd;

	vl_must_load("pool_mb=%d store=%s store_mb=%d overcommit=1", POOL_MB, vl_disk(), STORE_MB);
	fd = vt_open();
	mem = vt_map(fd, length, 0);
	fill_range(mem + length / 2, 1500, 1, 0);
	vt_check(check_range(mem + length / 2, 1500, 1, 0), "content lost");
	vt_check(vt_set_size(fd, 2 * length) == 0, "SET_SIZE with overcommit=1");
	munmap(mem, length);
	close(fd);
	return true;
}

static const struct vt_test tests[] = {
	{ "what can be promised", test_capacity },
	{ "all that is promised can be rewritten", test_all_usable },
	{ "and after it was read", test_all_usable_after_reads },
	{ "three spaces share it out", test_shared_out },
	{ "MAP_NORESERVE takes no part", test_noreserve },
	{ "bytes mapped twice are promised once", test_counted_once },
	{ "write up to ENOSPC", test_write },
	{ "SET_SIZE up to ENOSPC", test_set_size },
	{ "overcommit=1 refuses nothing", test_overcommit },
};

int main(void)
{
	const struct vl_suite suite = { .tests = tests, .count = ARRAY_SIZE(tests) };

	return vl_run(&suite);
}
