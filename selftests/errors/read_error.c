// SPDX-License-Identifier: GPL-2.0
/*
 * A page whose store read fails gives SIGBUS to whoever touches it, every time, on
 * that page alone, and is counted; reading it by read(2) gives EIO. Nothing else
 * is affected.
 */
#define _GNU_SOURCE
#include <sys/uio.h>

#include "dm_store.h"

#define PAGES	256
#define VICTIM	100

/* All evicted, and the place of page VICTIM on the disk can't be read any more. */
static struct vt_space space_with_bad_page(void)
{
	struct vt_space v = vt_space_new(PAGES * vt_page_size());

	fill_range(v.mem, PAGES, 1, 0);
	vt_need(vt_evict_all(&v), "pages stayed");
	dm_fails_at(disk_find(1, VICTIM), PAGE_SECTORS);
	return v;
}

static char *victim(const struct vt_space *v)
{
	return v->mem + VICTIM * vt_page_size();
}

static bool others_are_good(const struct vt_space *v)
{
	const unsigned int next = VICTIM + 1;

	return check_range(v->mem, VICTIM, 1, 0) &&
	       check_range(v->mem + next * vt_page_size(), PAGES - next, 1, next);
}

static bool victim_is_bad(const struct vt_space *v)
{
	for (int i = 0; i < 3; i++) {
		vt_check(vt_touch_sigbus(victim(v) + 8 * i, false, NULL), "reading it works");
		vt_check(vt_touch_sigbus(victim(v) + 4000, true, NULL), "writing it works");
	}
	return true;
}

static bool counted(const struct vt_space *v)
{
	struct vmdev_stats s = vt_stats_now(v->fd);

	vt_check(vt_sysfs_u64("store/read_errors") >= 1, "store/read_errors is 0");
	vt_check(vt_sysfs_u64("store/checksum_errors") == 0, "store/checksum_errors is %" PRIu64,
		 vt_sysfs_u64("store/checksum_errors"));
	vt_check(s.bad == 1, "%llu pages are bad", s.bad);
	vt_check(vt_page_state(v->fd, VICTIM * vt_page_size()).state == VMDEV_MAP_BAD,
		 "GET_MAP says state %u", vt_page_state(v->fd, VICTIM * vt_page_size()).state);
	vt_check(vt_count_states(v->fd, 0, PAGES, VT_STATE(BAD)) == 1,
		 "GET_MAP shows other bad pages");
	return true;
}

static bool one_page(const char *parameters)
{
	struct vt_space v;

	dm_load(4, "%s", parameters);
	v = space_with_bad_page();
	vt_check(victim_is_bad(&v), "the page");
	vt_check(others_are_good(&v), "the others");
	vt_check(victim_is_bad(&v), "the page, later");
	vt_check(counted(&v), "counters");
	vt_check(vt_evict_range(v.fd, 0, v.length), "pages stayed");
	vt_check(others_are_good(&v), "the others, evicted again");
	vt_check(victim_is_bad(&v), "the page, at last");
	vt_space_free(&v);
	vt_check(vt_nothing_left(), "after close");
	return true;
}

static bool test_no_readahead(void)
{
	return one_page("readahead=0");
}

/* The page is met by read-ahead before it is touched: its neighbours must not suffer. */
static bool test_readahead(void)
{
	struct vt_space v;

	dm_load(4, "readahead=32");
	v = space_with_bad_page();
	vt_check(others_are_good(&v), "the others");
	vt_check(victim_is_bad(&v), "the page");
	vt_check(counted(&v), "counters");
	vt_space_free(&v);
	return true;
}

static bool test_default(void)
{
	return one_page("");
}

/* Everybody: another thread's mapping, a child, a child's own mapping. */
static bool child_sees_it(void *arg)
{
	struct vt_space *v = arg, own = *v;

	vt_check(victim_is_bad(v), "the inherited mapping");
	own.mem = vt_map(v->fd, v->length, 0);
	vt_check(victim_is_bad(&own) && others_are_good(&own), "a mapping of its own");
	return true;
}

static bool test_everybody(void)
{
	struct vt_space v;

	dm_load(4, "%s", "");
	v = space_with_bad_page();
	vt_check(vt_in_child(child_sees_it, &v), "in a child");
	vt_check(victim_is_bad(&v) && others_are_good(&v), "in the parent");
	vt_space_free(&v);
	return true;
}

/* System calls that touch the page fail; they don't kill and don't lie. */
static bool test_system_calls(void)
{
	size_t page = vt_page_size();
	char *buf = malloc(4 * page);
	struct iovec local = { buf, 64 }, remote;
	struct vt_space v;
	int fds[2];
	ssize_t n;

	dm_load(4, "%s", "");
	v = space_with_bad_page();
	n = pread(v.fd, buf, page, VICTIM * page);
	vt_check(n == -1 && errno == EIO, "pread of the page: %zd %s", n, strerror(errno));
	n = pread(v.fd, buf, 4 * page, (VICTIM - 2) * page);
	vt_check(n == (ssize_t)(2 * page) || (n == -1 && errno == EIO),
		 "pread of two good pages and the bad one: %zd", n);
	vt_check(n < 0 || check_range(buf, 2, 1, VICTIM - 2), "the good ones");
	n = pwrite(v.fd, "x", 1, VICTIM * page + 10);
	vt_check(n == -1 && errno == EIO, "pwrite into the page: %zd %s", n, strerror(errno));
	vt_need(!pipe(fds), "pipe");
	n = write(fds[1], victim(&v), 64);
	vt_check(n == -1 && errno == EFAULT, "write(2) from the page: %zd", n);
	remote = (struct iovec){ victim(&v), 64 };
	n = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
	vt_check(n == -1 && errno == EFAULT, "process_vm_readv: %zd", n);
	vt_check(others_are_good(&v), "the others");
	vt_space_free(&v);
	free(buf);
	return true;
}

/* A page that was given up with DISCARD is an ordinary page. */
static bool test_discard(void)
{
	size_t page = vt_page_size();
	struct vt_space v;

	dm_load(4, "%s", "");
	v = space_with_bad_page();
	vt_check(victim_is_bad(&v), "the page");
	vt_check(vt_discard(v.fd, VICTIM * page, page) == 1, "DISCARD");
	vt_check(check_zero(victim(&v), page), "after DISCARD");
	dm_works();
	fill_page(victim(&v), 2, VICTIM);
	vt_check(vt_evict_all(&v), "pages stayed");
	vt_check(check_page(victim(&v), 2, VICTIM), "written after DISCARD");
	vt_check(others_are_good(&v), "the others");
	vt_check(vt_stats_now(v.fd).bad == 0, "%llu bad pages after DISCARD",
		 vt_stats_now(v.fd).bad);
	vt_space_free(&v);
	return true;
}

/* ---- a space that ends within the bad page ---- */

#define LAST		(PAGES - 1U)
#define TAIL		1000U	/* bytes of the last page */
#define MORE		8U	/* pages to grow by */

static uint64_t tail_size(void)
{
	return LAST * vt_page_size() + TAIL;
}

static bool size_is(int fd, uint64_t want)
{
	vt_check(lseek(fd, 0, SEEK_END) == (off_t)want, "SEEK_END is %jd, expected %" PRIu64,
		 (intmax_t)lseek(fd, 0, SEEK_END), want);
	return true;
}

static bool tail_gives_eio(int fd)
{
	char byte;
	ssize_t n = pread(fd, &byte, 1, LAST * vt_page_size() + 10);

	vt_check(n == -1 && errno == EIO, "pread of the last page: %zd %s", n, strerror(errno));
	return true;
}

/* No mapping has touched it: that would make it end with a page. */
static int space_with_bad_tail(unsigned int seed)
{
	char *buf = malloc(PAGES * vt_page_size());
	int fd = vt_open();

	vt_need(buf, "out of memory");
	fill_range(buf, PAGES, seed, 0);
	vt_need(pwrite(fd, buf, tail_size(), 0) == (ssize_t)tail_size(), "pwrite: %s",
		strerror(errno));
	vt_need(vt_evict_range(fd, 0, PAGES * vt_page_size()), "pages stayed");
	dm_fails_at(disk_find(seed, LAST), PAGE_SECTORS);
	free(buf);
	return fd;
}

/* Ways to make it MORE pages larger. */
static bool grow_by_mmap(int fd)
{
	size_t length = (PAGES + MORE) * vt_page_size();
	void *p = mmap(NULL, length, PROT_READ, MAP_SHARED, fd, 0);

	vt_check(p != MAP_FAILED, "mmap: %s", strerror(errno));
	munmap(p, length);
	return true;
}

static bool grow_by_pwrite(int fd)
{
	ssize_t n = pwrite(fd, "x", 1, (PAGES + MORE) * vt_page_size() - 1);
	char byte;

	vt_check(n == 1, "pwrite: %s", strerror(errno));
	n = pread(fd, &byte, 1, (PAGES + MORE) * vt_page_size() - 1);
	vt_check(n == 1 && byte == 'x', "pread: %zd", n);
	return true;
}

static bool grow_by_set_size(int fd)
{
	int ret = vt_set_size(fd, (PAGES + MORE) * vt_page_size());

	vt_check(!ret, "SET_SIZE, larger: %s", strerror(-ret));
	return true;
}

static bool shrink_and_grow(int fd)
{
	int ret = vt_set_size(fd, tail_size() - 100);

	vt_check(!ret, "SET_SIZE, smaller: %s", strerror(-ret));
	vt_check(size_is(fd, tail_size() - 100), "after SET_SIZE");
	return grow_by_set_size(fd);
}

/* Only the last page is lost, until DISCARD. */
static bool grown_well(int fd, unsigned int seed)
{
	size_t page = vt_page_size();
	struct vt_space v = { .fd = fd, .length = (PAGES + MORE) * page };
	char *tail;

	vt_check(size_is(fd, v.length), "grown");
	v.mem = vt_map(fd, v.length, 0);
	tail = v.mem + LAST * page;
	for (int i = 0; i < 2; i++) {
		vt_check(tail_gives_eio(fd), "grown");
		vt_check(vt_touch_sigbus(tail, false, NULL) &&
			 vt_touch_sigbus(tail + page - 1, true, NULL), "the last page works");
		vt_check(check_range(v.mem, LAST, seed, 0), "the others");
		vt_check(check_zero(tail + page, MORE * page - 1), "what was added");
		vt_check(vt_stats_now(fd).bad == 1, "%llu pages are bad", vt_stats_now(fd).bad);
		dm_works();
		vt_check(vt_evict_all(&v), "pages stayed");
	}
	vt_check(vt_discard(fd, LAST * page, page) == 1, "DISCARD");
	vt_check(check_zero(tail, page), "after DISCARD");
	fill_page(tail, seed, LAST);
	vt_check(vt_evict_all(&v) && check_range(v.mem, PAGES, seed, 0), "written after DISCARD");
	vt_space_free(&v);
	return true;
}

static const struct {
	const char *name;
	bool (*grow)(int fd);
} tail_ways[] = {
	{ "mmap", grow_by_mmap },
	{ "pwrite", grow_by_pwrite },
	{ "SET_SIZE", grow_by_set_size },
	{ "SET_SIZE down and up", shrink_and_grow },
};

/* Known to be bad, or found to be by the growing. */
static bool bad_tail(bool known)
{
	dm_load(4, "%s", "");
	for (unsigned int i = 0; i < ARRAY_SIZE(tail_ways); i++) {
		int fd = space_with_bad_tail(i + 1);

		if (known)
			vt_check(tail_gives_eio(fd), "before");
		vt_check(tail_ways[i].grow(fd), "%s", tail_ways[i].name);
		vt_check(grown_well(fd, i + 1), "%s", tail_ways[i].name);
	}
	return true;
}

static bool test_bad_tail(void)
{
	return bad_tail(true);
}

static bool test_unread_tail(void)
{
	return bad_tail(false);
}

/* A write that fails leaves the size, so that O_APPEND doesn't creep past the page. */
static bool test_append_to_bad(void)
{
	size_t page = vt_page_size();
	char *buf = calloc(2, page);
	struct vt_space v = { .length = PAGES * page };
	ssize_t n;

	dm_load(4, "%s", "");
	v.fd = space_with_bad_tail(1);
	for (int i = 0; i < 2; i++) {
		n = pwrite(v.fd, buf, 1, tail_size());
		vt_check(n == -1 && errno == EIO, "pwrite at the end: %zd %s", n, strerror(errno));
		n = pwrite(v.fd, buf, 2 * page, tail_size());
		vt_check(n == -1 && errno == EIO, "pwrite across the page: %zd %s", n,
			 strerror(errno));
		vt_check(size_is(v.fd, tail_size()), "a write failed");
	}
	v.mem = vt_map(v.fd, v.length, 0);
	vt_check(check_range(v.mem, LAST, 1, 0), "the others");
	vt_check(vt_touch_sigbus(v.mem + LAST * page, false, NULL), "the last page works");
	vt_space_free(&v);
	free(buf);
	return true;
}

/* All reads fail: what is in the pool stays good, in this space and in others. */
static bool test_whole_store(void)
{
	size_t page = vt_page_size();
	struct vt_space v, other;
	unsigned int bad = 0;

	dm_load(4, "%s", "");
	other = vt_space_new(100 * page);
	fill_range(other.mem, 100, 9, 0);
	v = vt_space_new(PAGES * page);
	fill_range(v.mem, PAGES, 1, 0);
	vt_need(vt_evict_range(v.fd, 0, PAGES / 2 * page), "pages stayed");
	dm_fails();
	for (int i = 0; i < PAGES / 2; i++)
		bad += vt_touch_sigbus(v.mem + i * page, false, NULL);
	vt_check(bad == PAGES / 2, "%u of %d unreadable pages gave SIGBUS", bad, PAGES / 2);
	vt_check(check_range(v.mem + PAGES / 2 * page, PAGES / 2, 1, PAGES / 2),
		 "resident pages");
	vt_check(check_range(other.mem, 100, 9, 0), "the other space");
	vt_check(vt_sysfs_u64("store/read_errors") >= 1, "store/read_errors is 0");
	dm_works();
	vt_check(vt_evict_all(&other) && check_range(other.mem, 100, 9, 0),
		 "the other space, later");
	vt_space_free(&v);
	vt_space_free(&other);
	vt_check(vt_nothing_left(), "after close");
	return true;
}

static const struct vt_test tests[] = {
	{ "one unreadable page, no read-ahead", test_no_readahead },
	{ "one unreadable page, defaults", test_default },
	{ "read-ahead across an unreadable page", test_readahead },
	{ "every process gets SIGBUS", test_everybody },
	{ "system calls on the page fail", test_system_calls },
	{ "DISCARD makes it usable again", test_discard },
	{ "growing and shrinking behind a bad last page", test_bad_tail },
	{ "growing and shrinking finds the last page bad", test_unread_tail },
	{ "writes at a bad last page leave the size", test_append_to_bad },
	{ "the whole store unreadable", test_whole_store },
};

int main(void)
{
	return dm_run(tests, ARRAY_SIZE(tests), 60);
}
