// SPDX-License-Identifier: GPL-2.0
/*
 * read and write on the device with a buffer that is its own mapping: even the
 * very page that is read or written. Nothing hangs, nothing else changes.
 */
#define _GNU_SOURCE
#include "io_test.h"

#define PAGES	64

/* Onto itself: the bytes stay what they are. */
static bool same_place(void)
{
	struct vt_space s = vt_space_new(PAGES * vt_page_size());

	for (int evicted = 0; evicted < 2; evicted++) {
		fill_range(s.mem, PAGES, 1 + evicted, 0);
		if (evicted)
			vt_check(vt_evict_all(&s), "not evicted");
		vt_check(io_pwrite_all(s.fd, s.mem, s.length, 0, s.length), "evicted: %d", evicted);
		vt_check(check_range(s.mem, PAGES, 1 + evicted, 0), "pwrite onto itself");
		if (evicted)
			vt_check(vt_evict_all(&s), "not evicted");
		vt_check(io_pread_all(s.fd, s.mem, s.length, 0, s.length), "evicted: %d", evicted);
		vt_check(check_range(s.mem, PAGES, 1 + evicted, 0), "pread onto itself");
	}
	vt_space_free(&s);
	return true;
}

/* One half to the other, by write and back by read. */
static bool half_to_half(void)
{
	struct vt_space s = vt_space_new(PAGES * vt_page_size());
	const size_t half = s.length / 2;
	struct vt_evictor ev;

	vt_evictor_start(&ev, s.fd, 0, s.length);
	for (unsigned int seed = 3; seed < 12 || vt_evictor_idle(&ev); seed++) {
		fill_range(s.mem, PAGES / 2, seed, 0);
		vt_check(io_pwrite_all(s.fd, s.mem, half, half, half), "pwrite, seed %u", seed);
		vt_check(check_range(s.mem + half, PAGES / 2, seed, 0), "copied by pwrite");
		fill_range(s.mem, PAGES / 2, 99, 0);
		vt_check(io_pread_all(s.fd, s.mem, half, half, half), "pread, seed %u", seed);
		vt_check(check_range(s.mem, PAGES / 2, seed, 0), "copied by pread");
	}
	vt_check(vt_evictor_stop(&ev), "the evictor");
	vt_space_free(&s);
	return true;
}

/*
 * Ranges that overlap by a part of a page: the bytes in the overlap are anybody's
 * guess, those outside of it are not.
 */
static bool overlapping(void)
{
	const size_t page = vt_page_size();
	const size_t length = 4 * page, shift = 100;
	struct vt_space s;
	char *before = malloc(PAGES * page);

	vt_need(before, "malloc");
	vt_set_pool_frames(16);
	s = vt_space_new(PAGES * page);
	for (unsigned int i = 0; i + 6 < PAGES; i += 5) {
		size_t at = i * page + 50;

		fill_range(s.mem, PAGES, 50, 0);
		memcpy(before, s.mem, s.length);
		if (i & 1)
			vt_check(pwrite(s.fd, s.mem + at, length, at + shift) == (ssize_t)length,
				 "pwrite: %s", strerror(errno));
		else
			vt_check(pread(s.fd, s.mem + at + shift, length, at) == (ssize_t)length,
				 "pread: %s", strerror(errno));
		vt_check(!memcmp(s.mem, before, at + shift), "changed before what was written, %u",
			 i);
		vt_check(!memcmp(s.mem + at + shift, before + at, shift),
			 "the first bytes written, %u", i);
		vt_check(!memcmp(s.mem + at + shift + length, before + at + shift + length,
				 s.length - at - shift - length), "changed behind it, %u", i);
	}
	free(before);
	vt_space_free(&s);
	return true;
}

struct crossing {
	struct vt_space s;
	struct vt_evictor ev;
};

/* Two threads cross: each writes the page that the other's buffer is. */
static bool cross(struct vt_crew *crew, unsigned int id)
{
	const size_t page = vt_page_size();
	struct crossing *c = crew->arg;
	struct vt_space *s = &c->s;
	char *mine = s->mem + id * page;
	off_t others = (1 - id) * page;

	for (unsigned int i = 0; i < 1000 || vt_evictor_idle(&c->ev); i++)
		vt_check(pwrite(s->fd, mine, page, others) == (ssize_t)page &&
			 pread(s->fd, mine, page, others) == (ssize_t)page,
			"thread %u, round %u: %s",
			 id, i, strerror(errno));
	return true;
}

static bool crossing(void)
{
	const size_t page = vt_page_size();
	struct crossing c = { .s = vt_space_new(2 * page) };

	fill_page(c.s.mem, 60, 0);
	fill_page(c.s.mem + page, 60, 0);
	vt_evictor_start(&c.ev, c.s.fd, 0, c.s.length);
	vt_check(vt_crew_run(2, cross, &c), "crossing");
	vt_check(vt_evictor_stop(&c.ev), "the evictor");
	vt_check(check_page(c.s.mem, 60, 0) && check_page(c.s.mem + page, 60, 0),
		 "two equal pages copied onto one another");
	vt_space_free(&c.s);
	return true;
}

static const struct vt_test tests[] = {
	{ "onto itself", same_place },
	{ "from one half to the other", half_to_half },
	{ "overlapping by a part of a page", overlapping },
	{ "two threads crosswise", crossing },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
