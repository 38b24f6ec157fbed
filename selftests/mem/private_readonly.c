// SPDX-License-Identifier: GPL-2.0
/*
 * A private mapping can be had read-only, shows the space, and lets nobody make
 * copies of its pages outside of the pool.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define PAGES	64

static char *map_private(struct vt_space *s)
{
	char *p = mmap(NULL, s->length, PROT_READ, MAP_PRIVATE, s->fd, 0);

	vt_need(p != MAP_FAILED, "mmap PROT_READ MAP_PRIVATE: %s", strerror(errno));
	return p;
}

static bool shows_the_space(void)
{
	struct vt_space s = vt_space_new(PAGES * vt_page_size());
	char *private = map_private(&s);

	vt_check(check_zero(private, s.length), "a new space");
	fill_range(s.mem, PAGES, 1, 0);
	vt_check(check_range(private, PAGES, 1, 0), "written through the shared mapping");
	vt_check(vt_evict_all(&s), "not evicted");
	vt_check(check_range(private, PAGES, 1, 0), "evicted");
	fill_range(s.mem, PAGES, 2, 0);
	vt_check(vt_evict_all(&s), "not evicted");
	vt_check(check_range(private, PAGES, 2, 0), "written and evicted");
	munmap(private, s.length);
	vt_space_free(&s);
	return true;
}

static bool stays_read_only(void)
{
	struct vt_space s = vt_space_new(PAGES * vt_page_size());
	char *private = map_private(&s);
	unsigned char byte = 1;
	int mem;
	ssize_t n;

	fill_range(s.mem, PAGES, 3, 0);
	vt_check(vt_touch(private, true, &byte) == SIGSEGV, "it can be written");
	vt_check(mprotect(private, s.length, PROT_READ | PROT_WRITE) && errno == EACCES,
		 "mprotect to writable: %s, expected EACCES", strerror(errno));
	/* This way in ignores protections, and makes copies in an ordinary mapping. */
	mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	vt_need(mem >= 0, "/proc/self/mem: %s", strerror(errno));
	n = pwrite(mem, "x", 1, (off_t)(uintptr_t)private);
	vt_check(n < 0, "a write through /proc/self/mem succeeded");
	vt_check(check_range(private, PAGES, 3, 0), "content changed");
	vt_check(check_range(s.mem, PAGES, 3, 0), "content changed in the space");
	close(mem);
	munmap(private, s.length);
	vt_space_free(&s);
	return true;
}

static bool writable_refused(void)
{
	int fd = vt_open();
	void *p;

	p = mmap(NULL, vt_page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	vt_check(p == MAP_FAILED, "a writable private mapping was given");
	vt_check(errno == EINVAL, "mmap: %s, expected EINVAL", strerror(errno));
	close(fd);
	return true;
}

static bool read_both(void *arg)
{
	char **both = arg;

	return check_range(both[0], PAGES, 4, 0) && check_range(both[1], PAGES, 4, 0);
}

static bool across_fork(void)
{
	struct vt_space s = vt_space_new(PAGES * vt_page_size());
	char *both[2] = { s.mem, map_private(&s) };

	fill_range(s.mem, PAGES, 4, 0);
	vt_check(vt_evict_all(&s), "not evicted");
	vt_check(vt_in_child(read_both, both), "in a child");
	vt_check(read_both(both), "in the parent");
	munmap(both[1], s.length);
	vt_space_free(&s);
	return true;
}

static const struct vt_test tests[] = {
	{ "shows the space, also evicted", shows_the_space },
	{ "stays read-only", stays_read_only },
	{ "a writable one is refused", writable_refused },
	{ "across fork", across_fork },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
