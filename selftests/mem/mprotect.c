// SPDX-License-Identifier: GPL-2.0
/*
 * Protections hold across eviction and lose no data: read-only, none, and back,
 * also while threads read and pages leave.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define PAGES	64

static bool protect(struct vt_space *s, int prot)
{
	vt_check(!mprotect(s->mem, s->length, prot), "mprotect(%d): %s", prot, strerror(errno));
	return true;
}

static bool expect_touch(char *p, bool write, int expected)
{
	unsigned char value = 1;
	int sig = vt_touch(p, write, &value);

	vt_check(sig == expected, "%s gave signal %d, expected %d", write ? "a write" : "a read",
		 sig, expected);
	return true;
}

static bool read_only(void)
{
	struct vt_space s = vt_space_new(PAGES * vt_page_size());

	fill_range(s.mem, PAGES, 1, 0);
	vt_check(protect(&s, PROT_READ), "to read-only");
	for (int evicted = 0; evicted < 2; evicted++) {
		if (evicted)
			vt_check(vt_evict_all(&s), "not evicted");
		vt_check(expect_touch(s.mem, false, 0), "evicted: %d", evicted);
		vt_check(expect_touch(s.mem, true, SIGSEGV), "evicted: %d", evicted);
		vt_check(check_range(s.mem, PAGES, 1, 0), "evicted: %d", evicted);
	}
	/* A page that came back clean and is then written must not be taken for clean. */
	vt_check(protect(&s, PROT_READ | PROT_WRITE), "back to writable");
	fill_range(s.mem, PAGES, 2, 0);
	vt_check(vt_evict_all(&s), "not evicted");
	vt_check(check_range(s.mem, PAGES, 2, 0), "written after mprotect");
	vt_space_free(&s);
	return true;
}

static bool none(void)
{
	struct vt_space s = vt_space_new(PAGES * vt_page_size());

	fill_range(s.mem, PAGES, 3, 0);
	vt_check(protect(&s, PROT_NONE), "to none");
	vt_check(expect_touch(s.mem, false, SIGSEGV), "resident");
	vt_check(vt_evict_all(&s), "not evicted");
	vt_check(expect_touch(s.mem, false, SIGSEGV), "evicted");
	vt_check(protect(&s, PROT_READ), "to read-only");
	vt_check(check_range(s.mem, PAGES, 3, 0), "content lost");
	vt_space_free(&s);
	return true;
}

/* A mapping made read-only of a descriptor that is writable can be made writable. */
static bool upgrade(void)
{
	const size_t length = PAGES * vt_page_size();
	struct vt_space s = { .fd = vt_open(), .length = length };

	s.mem = mmap(NULL, length, PROT_READ, MAP_SHARED, s.fd, 0);
	vt_need(s.mem != MAP_FAILED, "mmap: %s", strerror(errno));
	vt_check(check_zero(s.mem, length), "a new space");
	vt_check(protect(&s, PROT_READ | PROT_WRITE), "to writable");
	fill_range(s.mem, PAGES, 4, 0);
	vt_check(vt_evict_all(&s), "not evicted");
	vt_check(check_range(s.mem, PAGES, 4, 0), "content lost");
	vt_space_free(&s);
	return true;
}

/* Half of a mapping changes; the other half is another VMA from then on. */
static bool split(void)
{
	const size_t page = vt_page_size();
	struct vt_space s = vt_space_new(PAGES * page);

	fill_range(s.mem, PAGES, 5, 0);
	vt_check(!mprotect(s.mem + 20 * page, 20 * page, PROT_READ), "mprotect: %s",
		 strerror(errno));
	vt_check(vt_evict_all(&s), "not evicted");
	vt_check(expect_touch(s.mem + 20 * page, true, SIGSEGV), "inside");
	vt_check(expect_touch(s.mem + 40 * page - 1, true, SIGSEGV), "at the end");
	fill_range(s.mem, 20, 6, 0);
	fill_range(s.mem + 40 * page, PAGES - 40, 6, 40);
	vt_check(vt_evict_all(&s), "not evicted again");
	vt_check(check_range(s.mem, 20, 6, 0), "below");
	vt_check(check_range(s.mem + 20 * page, 20, 5, 20), "inside");
	vt_check(check_range(s.mem + 40 * page, PAGES - 40, 6, 40), "above");
	vt_space_free(&s);
	return true;
}

static bool read_until_stop(struct vt_crew *crew, unsigned int id)
{
	struct vt_space *s = crew->arg;

	while (!atomic_load(&crew->stop))
		vt_check(check_range(s->mem, PAGES, 7, 0), "thread %u", id);
	return true;
}

static bool toggle(void)
{
	struct vt_space s = vt_space_new(PAGES * vt_page_size());
	struct vt_evictor ev;
	struct vt_crew crew;
	double end = vt_now() + 3;
	bool ok = true;

	fill_range(s.mem, PAGES, 7, 0);
	vt_evictor_start(&ev, s.fd, 0, s.length);
	vt_crew_start(&crew, 2, read_until_stop, &s);
	while (ok && vt_now() < end) {
		ok = protect(&s, PROT_READ);
		vt_sleep_ms(1);
		ok = ok && protect(&s, PROT_READ | PROT_WRITE);
		fill_range(s.mem, PAGES, 7, 0);		/* dirty again, with the same bytes */
	}
	vt_check(vt_crew_stop(&crew) && ok, "under changing protection");
	vt_check(vt_evictor_stop(&ev), "the evictor");
	vt_space_free(&s);
	return true;
}

static const struct vt_test tests[] = {
	{ "read-only and back", read_only },
	{ "no access and back", none },
	{ "read-only mapping made writable", upgrade },
	{ "part of a mapping", split },
	{ "changing while threads read and evict", toggle },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
