// SPDX-License-Identifier: GPL-2.0
/*
 * The model of a space: its bytes, its size, what was promised and which pages
 * exist; and the draws that choose among them. It must not know how a space is
 * mapped.
 */
#include "fuzz.h"

/* ---- drawing ---- */

unsigned int fz_rand(struct fz *f, unsigned int below)
{
	return vt_random(&f->rnd) % below;
}

bool fz_chance(struct fz *f, unsigned int one_in)
{
	return !fz_rand(f, one_in);
}

/* Mostly short, sometimes long. */
unsigned int fz_length(struct fz *f, unsigned int most)
{
	static const unsigned int limit[] = { 4, 4, 4, 4, 16, 16, 16, FZ_RUN };
	unsigned int n = limit[fz_rand(f, ARRAY_SIZE(limit))];

	return 1 + fz_rand(f, n < most ? n : most);
}

/* A space with a descriptor, or NULL. */
struct fz_space *fz_pick_space(struct fz *f)
{
	unsigned int i = fz_rand(f, f->spaces), k;

	for (k = 0; k < f->spaces; k++) {
		struct fz_space *s = f->space[(i + k) % f->spaces];

		if (s->fd >= 0)
			return s;
	}
	return NULL;
}

/* Pages up to the size, rounded up. */
unsigned int fz_pages_of(const struct fz_space *s)
{
	return (s->size + FZ_PAGE - 1) / FZ_PAGE;
}

/* Pages of a space with a descriptor; with @inside of what the size covers. */
bool fz_pick_range(struct fz *f, struct fz_range *r, bool inside)
{
	struct fz_space *s = fz_pick_space(f);
	unsigned int end;

	if (!s)
		return false;
	end = s->first + s->count;
	if (inside || s->part || f->only == FZ_IN_VICTIM)
		end = end < fz_pages_of(s) ? end : fz_pages_of(s);
	if (end <= s->first)
		return false;
	r->s = s;
	r->first = s->first + fz_rand(f, end - s->first);
	r->n = fz_length(f, end - r->first);
	return true;
}

/* One of the descriptors of a space. */
int fz_fd(struct fz *f, const struct fz_space *s)
{
	return s->fd2 >= 0 && fz_chance(f, 2) ? s->fd2 : s->fd;
}

/* ---- changing ---- */

void fz_space_init(struct fz_space *s, int fd)
{
	unsigned char *data = s->data;

	memset(s, 0, sizeof(*s));
	memset(data, 0, FZ_PAGES * FZ_PAGE);
	s->data = data;
	s->fd = fd;
	s->fd2 = -1;
	s->count = FZ_PAGES;
}

/* What grow_locked() does: the rest of the old last page is zero from now on. */
void fz_grow(struct fz_space *s, uint64_t size, bool reserve)
{
	uint64_t pages = (size + FZ_PAGE - 1) / FZ_PAGE;

	if (reserve && pages > s->reserved)
		s->reserved = pages;
	if (size <= s->size)
		return;
	if (s->size % FZ_PAGE)
		memset(s->data + s->size, 0, FZ_PAGE - s->size % FZ_PAGE);
	s->size = size;
}

void fz_shrink(struct fz_space *s, uint64_t size)
{
	uint64_t pages = (size + FZ_PAGE - 1) / FZ_PAGE;

	memset(s->data + size, 0, FZ_PAGES * FZ_PAGE - size);
	memset(s->touched + pages, FZ_ABSENT, FZ_PAGES - pages);
	if (pages < s->reserved)
		s->reserved = pages;
	s->size = size;
}

/* A fault may fill up to 15 pages behind the one that is touched. */
void fz_touch(struct fz_space *s, unsigned int first, unsigned int n, int how)
{
	unsigned int ahead = how == FZ_ABSENT ? 0 : 15;

	for (; n--; first++)
		if (how != FZ_MAYBE || s->touched[first] == FZ_ABSENT)
			s->touched[first] = how;
	for (; ahead-- && first < FZ_PAGES; first++)
		if (s->touched[first] == FZ_ABSENT)
			s->touched[first] = FZ_MAYBE;
}

/* Pages of a range that are touched, with FZ_MAYBE also those that may be. */
uint64_t fz_count(const struct fz_space *s, unsigned int first, unsigned int n, int how)
{
	uint64_t count = 0;

	for (; n--; first++)
		count += s->touched[first] == FZ_TOUCHED ||
			 (how == FZ_MAYBE && s->touched[first] == FZ_MAYBE);
	return count;
}

/* New content for one page. */
static void fill_one(struct fz *f, unsigned char *page, unsigned int number)
{
	uint64_t word;

	switch (fz_rand(f, 12)) {
	case 0:
		memset(page, 0, FZ_PAGE);
		break;
	case 1:
		word = vt_random(&f->rnd);
		for (unsigned int i = 0; i < FZ_PAGE; i += sizeof(word))
			memcpy(page + i, &word, sizeof(word));
		break;
	default:
		fill_page(page, 1 + fz_rand(f, UINT16_MAX), number);
	}
}

/* New content for @length bytes at @offset of a space. */
void fz_fill(struct fz *f, unsigned char *to, uint64_t offset, size_t length)
{
	unsigned char page[FZ_PAGE] __attribute__((aligned(8)));

	while (length) {
		size_t at = offset % FZ_PAGE;
		size_t n = FZ_PAGE - at < length ? FZ_PAGE - at : length;

		fill_one(f, page, offset / FZ_PAGE);
		memcpy(to, page + at, n);
		to += n;
		offset += n;
		length -= n;
	}
}

/* The bytes are in the space now. */
void fz_put(struct fz_space *s, const void *from, uint64_t offset, size_t length)
{
	if (!length)
		return;
	memcpy(s->data + offset, from, length);
	fz_touch(s, offset / FZ_PAGE, (offset + length - 1) / FZ_PAGE - offset / FZ_PAGE + 1,
		 FZ_TOUCHED);
}

/* They were written through a descriptor, which makes the space larger where needed. */
void fz_wrote(struct fz_space *s, const void *from, uint64_t offset, size_t length)
{
	if (offset + length > s->size)
		fz_grow(s, offset + length, true);
	fz_put(s, from, offset, length);
}

/* ---- looking ---- */

/* Say what is wrong with the first bytes that differ. */
static void report(const struct fz_space *s, const unsigned char *found, uint64_t offset,
		   size_t length, const char *what)
{
	uint64_t is = 0, should = 0, at;
	size_t i = 0, n;

	while (found[i] == s->data[offset + i])
		i++;
	at = (offset + i) & ~7UL;
	at = at < offset ? offset : at;
	n = offset + length - at < 8 ? offset + length - at : 8;
	memcpy(&is, found + (at - offset), n);
	memcpy(&should, s->data + at, n);
	vt_msg("%s: page %" PRIu64 " of a space of %" PRIu64 " bytes, touched %u:", what,
	       at / FZ_PAGE, s->size, s->touched[at / FZ_PAGE]);
	vt_report_word(what, at / FZ_PAGE, at % FZ_PAGE, should, is);
	for (n = 0, at = i; at < length; at++)
		n += found[at] != s->data[offset + at];
	vt_msg("%zu bytes of %zu differ", n, length);
	if (s->fd >= 0) {
		struct vmdev_map_entry e = vt_page_state(s->fd, (offset + i) & ~(FZ_PAGE - 1));

		vt_msg("now in state %u, frame %u, slot %u", e.state, e.frame, e.slot);
	}
}

/* Are these the bytes that must be at @offset? */
bool fz_same(const struct fz_space *s, const void *found, uint64_t offset, size_t length,
	     const char *what)
{
	if (!memcmp(found, s->data + offset, length))
		return true;
	report(s, found, offset, length, what);
	return false;
}

/* All that is ours of a space, by pread. */
bool fz_verify_space(struct fz *f, struct fz_space *s)
{
	uint64_t offset = (uint64_t)s->first * FZ_PAGE, end = offset + (uint64_t)s->count * FZ_PAGE;

	if (s->fd < 0)
		return true;
	end = end < s->size ? end : s->size;
	while (offset < end) {
		size_t n = end - offset < FZ_RUN * FZ_PAGE ? end - offset : FZ_RUN * FZ_PAGE;
		ssize_t got = pread(s->fd, f->buf, n, offset);

		vt_check(got == (ssize_t)n, "pread of %zu at %#" PRIx64 ": %zd (%s)", n, offset,
			 got, strerror(errno));
		if (!fz_same(s, f->buf, offset, n, "all of it by pread"))
			return false;
		offset += n;
	}
	return true;
}

/* ---- being killed ---- */

/* From here to fz_end() the pages hold the old or the new. */
void fz_begin(struct fz *f, struct fz_space *s, unsigned int first, unsigned int n, bool write)
{
	struct fz_flight *flight = f->flight[0].space ? &f->flight[1] : &f->flight[0];

	flight->first = first;
	flight->n = n < FZ_PAGES - first ? n : FZ_PAGES - first;
	flight->write = write;
	atomic_signal_fence(memory_order_seq_cst);
	flight->space = s;
	atomic_signal_fence(memory_order_seq_cst);
}

void fz_end(struct fz *f)
{
	atomic_signal_fence(memory_order_seq_cst);
	f->flight[1].space = NULL;
	f->flight[0].space = NULL;
	atomic_signal_fence(memory_order_seq_cst);
}

/* Pages inside the size become what the model says. */
static bool rewrite(struct fz_space *s, unsigned int first, unsigned int n)
{
	char *p = mmap(NULL, n * FZ_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
		       s->fd, (off_t)first * FZ_PAGE);
	uint64_t end = (uint64_t)(first + n) * FZ_PAGE;

	vt_check(p != MAP_FAILED, "mmap: %s", strerror(errno));
	vt_check(!fz_copy(p, s->data + first * FZ_PAGE, n * FZ_PAGE), "a signal");
	munmap(p, n * FZ_PAGE);
	fz_touch(s, first, n, FZ_TOUCHED);
	/* the mapping has made the last page whole: cut it again */
	if (end > s->size) {
		vt_check(!vt_set_size(s->fd, s->size), "SET_SIZE: %s", strerror(errno));
		memset(s->data + s->size, 0, end - s->size);
	}
	return true;
}

/* Whoever was at work was killed: what it was about to change is as before. */
bool fz_settle(struct fz *f)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct fz_flight *flight = &f->flight[i];
		struct fz_space *s = flight->space;
		unsigned int end;

		if (!s)
			continue;
		fz_touch(s, flight->first, flight->n, FZ_MAYBE);
		end = flight->first + flight->n;
		end = end < fz_pages_of(s) ? end : fz_pages_of(s);
		if (flight->write && s->fd >= 0 && flight->first < end &&
		    !rewrite(s, flight->first, end - flight->first))
			return false;
	}
	fz_end(f);
	return true;
}
