// SPDX-License-Identifier: GPL-2.0
/*
 * Operations on mappings: mmap and its relations, and plain loads and stores.
 */
#include "fuzz.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#ifndef MADV_COLD
#define MADV_COLD	20
#define MADV_PAGEOUT	21
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ	22
#define MADV_POPULATE_WRITE	23
#endif

static unsigned char pick_prot(struct fz *f)
{
	static const unsigned char prot[] = {
		PROT_NONE, PROT_READ, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE,
		PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE,
	};

	return prot[fz_rand(f, ARRAY_SIZE(prot))];
}

/*
 * Pages that populating a range may touch. Noted before that is done: whoever does it
 * may be killed in the middle.
 */
static void maybe_touch(struct fz *f, unsigned int first, unsigned int n)
{
	for (unsigned int i = first; i < first + n; i++)
		if (!fz_expect(f, i, false))
			fz_touch(f->arena[i].space, f->arena[i].pgoff, 1, FZ_MAYBE);
}

bool op_mmap(struct fz *f)
{
	struct fz_range r;
	struct fz_slot like = { .flags = FZ_SHARED };
	int flags = MAP_FIXED, want = 0;
	unsigned int at;
	char *p;

	if (!fz_pick_range(f, &r, false))
		return true;
	at = fz_rand(f, FZ_ARENA_PAGES - r.n);
	like.space = r.s;
	like.pgoff = r.first;
	like.prot = pick_prot(f);
	if (fz_chance(f, 6))
		like.flags = 0;
	if (fz_chance(f, 4))
		flags |= MAP_NORESERVE;
	if (f->only == FZ_IN_VICTIM) {
		/* neither size nor reservation may change */
		if ((uint64_t)(r.first + r.n) * FZ_PAGE > r.s->size)
			return true;
		flags |= MAP_NORESERVE;
	}
	if (fz_chance(f, 8))
		flags |= MAP_POPULATE;
	if (r.n <= 8 && f->locked + r.n <= FZ_MOST_LOCKED && !f->only && fz_chance(f, 8)) {
		flags |= MAP_LOCKED;
		like.flags |= FZ_LOCKED;
	}
	flags |= like.flags & FZ_SHARED ? MAP_SHARED : MAP_PRIVATE;
	if (!(like.flags & FZ_SHARED) && (like.prot & PROT_WRITE))
		want = EINVAL;
	fz_note(f, "mmap %u pages at %u of space %d: page %u, prot %u, flags %#x", r.n, at,
		r.s->fd, r.first, like.prot, flags);
	if (flags & (MAP_POPULATE | MAP_LOCKED))
		fz_touch(r.s, r.first, r.n, FZ_MAYBE);
	p = mmap(fz_addr(at), r.n * FZ_PAGE, like.prot, flags, fz_fd(f, r.s),
		 (off_t)r.first * FZ_PAGE);
	if (want) {
		vt_check(p == MAP_FAILED && errno == want, "mmap: %p (%s), expected %s", p,
			 strerror(errno), strerror(want));
		/* MAP_FIXED makes room before it asks */
		fz_unmap(f, at, r.n);
		return true;
	}
	vt_check(p == fz_addr(at), "mmap: %p (%s)", p, strerror(errno));
	fz_grow(r.s, (uint64_t)(r.first + r.n) * FZ_PAGE, !(flags & MAP_NORESERVE));
	fz_map(f, at, &like, r.n);
	return true;
}

/* Offsets no space reaches. */
bool op_mmap_bad(struct fz *f)
{
	static const off_t offset[] = { 1L << 52, (1L << 52) - FZ_PAGE, 1L << 62 };
	struct fz_space *s = fz_pick_space(f);
	off_t at = offset[fz_rand(f, ARRAY_SIZE(offset))];
	char *p;

	if (!s)
		return true;
	fz_note(f, "mmap of space %d at %#lx", s->fd, at);
	p = mmap(NULL, 2 * FZ_PAGE, PROT_READ, MAP_SHARED | MAP_NORESERVE, s->fd, at);
	vt_check(p == MAP_FAILED && errno == EOVERFLOW, "mmap: %p (%s)", p, strerror(errno));
	p = mmap(NULL, FZ_PAGE, PROT_READ, MAP_SHARED, s->fd, 512);
	vt_check(p == MAP_FAILED && errno == EINVAL, "mmap at 512: %p (%s)", p, strerror(errno));
	return true;
}

bool op_munmap(struct fz *f)
{
	unsigned int first, n;

	if (!fz_pick_mapped(f, &first, &n, FZ_RUN))
		return true;
	/* holes may be among them */
	if (fz_chance(f, 4) && first + n + 16 < FZ_ARENA_PAGES)
		n += fz_rand(f, 16);
	fz_note(f, "munmap %u pages at %u", n, first);
	vt_check(!munmap(fz_addr(first), n * FZ_PAGE), "munmap: %s", strerror(errno));
	fz_unmap(f, first, n);
	return true;
}

bool op_mprotect(struct fz *f)
{
	unsigned int first, n, i, want = 0;
	unsigned char prot = pick_prot(f);

	if (!fz_pick_mapped(f, &first, &n, FZ_RUN))
		return true;
	fz_note(f, "mprotect %u pages at %u to %u", n, first, prot);
	fz_split(f, first, n);
	for (i = first; i < first + n && !want; i++) {
		if ((prot & PROT_WRITE) && !(f->arena[i].flags & FZ_SHARED))
			want = EACCES;
		else
			f->arena[i].prot = prot;
	}
	vt_check(mprotect(fz_addr(first), n * FZ_PAGE, prot) == (want ? -1 : 0) &&
		 (!want || errno == EACCES), "mprotect: %s, expected %s", strerror(errno),
		 strerror(want));
	return true;
}

/* ---- mremap ---- */

static bool remapped(void *p, unsigned int at, const char *what)
{
	vt_check(p == fz_addr(at), "mremap, %s: %p (%s)", what, p, strerror(errno));
	return true;
}

static bool overlap(unsigned int a, unsigned int n, unsigned int b, unsigned int m)
{
	return a < b + m && b < a + n;
}

static bool remap_shrink(struct fz *f, unsigned int first, unsigned int n)
{
	unsigned int to = 1 + fz_rand(f, n);

	fz_note(f, "mremap %u pages at %u to %u", n, first, to);
	if (!remapped(mremap(fz_addr(first), n * FZ_PAGE, to * FZ_PAGE, 0), first, "shrink"))
		return false;
	if (to < n)
		fz_unmap(f, first + to, n - to);
	return true;
}

/* How many pages more the mapping may get: inside the model, and not too many locked. */
static unsigned int room(struct fz *f, unsigned int first, unsigned int n)
{
	const struct fz_slot *last = &f->arena[first + n - 1];
	unsigned int end = last->space->first + last->space->count;
	unsigned int more = end > last->pgoff + 1 ? end - last->pgoff - 1 : 0;

	if (last->flags & FZ_LOCKED)
		more = more < 4 && f->locked + 4 <= FZ_MOST_LOCKED ? more : 0;
	return more < FZ_RUN ? more : FZ_RUN;
}

static bool remap_grow(struct fz *f, unsigned int first, unsigned int n)
{
	unsigned int more = room(f, first, n), i;
	struct fz_slot like = f->arena[first];
	bool free = true;
	void *p;

	if (!more)
		return true;
	more = fz_length(f, more);
	if (first + n + more > FZ_ARENA_PAGES)
		return true;
	for (i = first + n; i < first + n + more; i++)
		free = free && !f->arena[i].space;
	fz_note(f, "mremap %u pages at %u by %u more", n, first, more);
	if (like.flags & FZ_LOCKED)
		fz_touch(like.space, like.pgoff, n + more, FZ_MAYBE);
	p = mremap(fz_addr(first), n * FZ_PAGE, (n + more) * FZ_PAGE, 0);
	if (!free) {
		vt_check(p == MAP_FAILED && (errno == ENOMEM || errno == EFAULT),
			 "mremap over others: %p (%s)", p, strerror(errno));
		return true;
	}
	if (!remapped(p, first, "grow"))
		return false;
	like.pgoff += n;
	fz_map(f, first + n, &like, more);
	/* still one VMA, whatever it was cut into before */
	for (i = first + n; i < first + n + more; i++)
		f->arena[i].vma = f->arena[first + n - 1].vma;
	return true;
}

/* To another place, cut or grown on the way, or leaving the old one behind. */
static bool remap_move(struct fz *f, unsigned int first, unsigned int n)
{
	struct fz_slot like = f->arena[first], left = like;
	unsigned int cut = fz_rand(f, n), to, at;
	int flags = MREMAP_MAYMOVE | MREMAP_FIXED;
	bool leave;

	/* from anywhere in the mapping */
	if (fz_chance(f, 2)) {
		first += cut;
		n -= cut;
		like = f->arena[first];
		left = like;
	}
	to = n;
	leave = fz_chance(f, 6);
	if (leave)
		flags |= MREMAP_DONTUNMAP;
	else if (fz_chance(f, 3))
		to = 1 + fz_rand(f, n);
	else if (fz_chance(f, 3))
		to = n + fz_rand(f, room(f, first, n) + 1);
	if (to >= FZ_ARENA_PAGES)
		return true;
	if (leave && like.flags & FZ_LOCKED)
		return true;
	at = fz_rand(f, FZ_ARENA_PAGES - to);
	if (overlap(first, n, at, to))
		return true;
	fz_note(f, "mremap %u pages at %u to %u at %u, flags %u", n, first, to, at, flags);
	if (like.flags & FZ_LOCKED)
		fz_touch(like.space, like.pgoff, to, FZ_MAYBE);
	if (!remapped(mremap(fz_addr(first), n * FZ_PAGE, to * FZ_PAGE, flags, fz_addr(at)), at,
		      "move"))
		return false;
	fz_unmap(f, first, n);
	fz_map(f, at, &like, to);
	if (leave)
		fz_map(f, first, &left, n);
	return true;
}

/* An old length of 0 makes a second mapping of a shared one. */
static bool remap_double(struct fz *f, unsigned int first, unsigned int n)
{
	struct fz_slot like = f->arena[first];
	unsigned int at = fz_rand(f, FZ_ARENA_PAGES - n);
	void *p;

	if (overlap(first, n, at, n) || (like.flags & FZ_LOCKED))
		return true;
	fz_note(f, "mremap 0 pages at %u to %u at %u", first, n, at);
	p = mremap(fz_addr(first), 0, n * FZ_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, fz_addr(at));
	if (!(like.flags & FZ_SHARED)) {
		vt_check(p == MAP_FAILED && errno == EINVAL, "mremap of nothing: %p (%s)", p,
			 strerror(errno));
		/* the place was cleared before that was seen */
		fz_unmap(f, at, n);
		return true;
	}
	if (!remapped(p, at, "double"))
		return false;
	fz_map(f, at, &like, n);
	return true;
}

bool op_mremap(struct fz *f)
{
	static bool (*const how[])(struct fz *f, unsigned int first, unsigned int n) = {
		remap_shrink, remap_grow, remap_move, remap_move, remap_double,
	};
	unsigned int first, n;

	if (!fz_pick_vma(f, &first, &n))
		return true;
	return how[fz_rand(f, ARRAY_SIZE(how))](f, first, n);
}

/* ---- advice and locks ---- */

static const struct advice {
	int advice;
	int want;		/* errno for shared and private mappings of ours */
	bool not_locked;	/* EINVAL for locked pages */
} advices[] = {
	{ MADV_DONTNEED, 0, true },
	{ MADV_DONTNEED, 0, true },
	{ MADV_WILLNEED, 0, false },
	{ MADV_COLD, 0, true },
	{ MADV_PAGEOUT, 0, true },
	{ MADV_RANDOM, 0, false },
	{ MADV_SEQUENTIAL, 0, false },
	{ MADV_NORMAL, 0, false },
	{ MADV_DONTFORK, 0, false },
	{ MADV_DOFORK, 0, false },
	{ MADV_DONTDUMP, 0, false },
	{ MADV_WIPEONFORK, EINVAL, false },
	{ MADV_FREE, EINVAL, false },
};

/* Pages of a range that may be populated for reading or for writing. */
static bool populate(struct fz *f, bool write)
{
	unsigned int first, n;

	if (!fz_pick_usable(f, &first, &n, write))
		return true;
	fz_note(f, "madvise %u pages at %u: populate, write %u", n, first, write);
	fz_begin(f, f->arena[first].space, f->arena[first].pgoff, n, false);
	vt_check(!madvise(fz_addr(first), n * FZ_PAGE,
			  write ? MADV_POPULATE_WRITE : MADV_POPULATE_READ),
		 "madvise: %s", strerror(errno));
	fz_touch(f->arena[first].space, f->arena[first].pgoff, n, FZ_TOUCHED);
	fz_end(f);
	return true;
}

bool op_madvise(struct fz *f)
{
	const struct advice *a = &advices[fz_rand(f, ARRAY_SIZE(advices))];
	unsigned int first, n, i;
	int want = a->want, ret;

	if (fz_chance(f, 8))
		return populate(f, fz_chance(f, 2));
	if (!fz_pick_mapped(f, &first, &n, FZ_RUN))
		return true;
	fz_note(f, "madvise %u pages at %u: %d", n, first, a->advice);
	for (i = first; i < first + n; i++)
		if (a->not_locked && (f->arena[i].flags & FZ_LOCKED))
			want = EINVAL;
	ret = madvise(fz_addr(first), n * FZ_PAGE, a->advice);
	vt_check((ret ? errno : 0) == want, "madvise %d: %s, expected %s", a->advice,
		 strerror(ret ? errno : 0), strerror(want));
	if (!want)
		fz_split(f, first, n);
	for (i = first; i < first + n; i++) {
		if (a->advice == MADV_DONTFORK)
			f->arena[i].flags |= FZ_DONTFORK;
		else if (a->advice == MADV_DOFORK)
			f->arena[i].flags &= ~FZ_DONTFORK;
	}
	return true;
}

bool op_mlock(struct fz *f)
{
	unsigned int first, n, i;
	bool usable = true;
	int ret, err;

	if (!fz_pick_mapped(f, &first, &n, 8))
		return true;
	if (f->locked + n > FZ_MOST_LOCKED)
		return op_munlock(f);
	fz_note(f, "mlock %u pages at %u", n, first);
	maybe_touch(f, first, n);
	ret = mlock(fz_addr(first), n * FZ_PAGE);
	err = ret ? errno : 0;
	for (i = first; i < first + n; i++)
		usable = usable && !fz_expect(f, i, false);
	fz_split(f, first, n);
	for (i = first; i < first + n; i++) {
		f->locked += !(f->arena[i].flags & FZ_LOCKED);
		f->arena[i].flags |= FZ_LOCKED;
	}
	vt_check(usable ? !err : err == ENOMEM || err == EAGAIN || err == EFAULT || !err,
		 "mlock: %s", strerror(err));
	return true;
}

bool op_munlock(struct fz *f)
{
	fz_note(f, "munlockall");
	vt_check(!munlockall(), "munlockall: %s", strerror(errno));
	for (unsigned int i = 0; i < FZ_ARENA_PAGES; i++)
		f->arena[i].flags &= ~FZ_LOCKED;
	f->locked = 0;
	return true;
}

/* A page that does not exist isn't in the pool. */
bool op_mincore(struct fz *f)
{
	unsigned char there[FZ_RUN];
	unsigned int first, n, i;

	if (!fz_pick_mapped(f, &first, &n, FZ_RUN))
		return true;
	fz_note(f, "mincore %u pages at %u", n, first);
	vt_check(!mincore(fz_addr(first), n * FZ_PAGE, there), "mincore: %s", strerror(errno));
	for (i = 0; i < n; i++) {
		const struct fz_slot *slot = &f->arena[first + i];

		vt_check(there[i] < 2, "mincore: %#x", there[i]);
		vt_check(!there[i] || slot->pgoff >= FZ_PAGES ||
			 slot->space->touched[slot->pgoff] != FZ_ABSENT,
			 "mincore: page %u of a space is there but was never touched", slot->pgoff);
	}
	return true;
}

bool op_msync(struct fz *f)
{
	static const int how[] = { MS_SYNC, MS_ASYNC, MS_SYNC | MS_INVALIDATE };
	int flags = how[fz_rand(f, ARRAY_SIZE(how))], want = 0, ret;
	unsigned int first, n;

	if (!fz_pick_mapped(f, &first, &n, FZ_RUN))
		return true;
	for (unsigned int i = first; i < first + n; i++)
		if ((flags & MS_INVALIDATE) && (f->arena[i].flags & FZ_LOCKED))
			want = EBUSY;
	fz_note(f, "msync %u pages at %u: %d", n, first, flags);
	ret = msync(fz_addr(first), n * FZ_PAGE, flags);
	vt_check((ret ? errno : 0) == want, "msync: %s, expected %s", strerror(ret ? errno : 0),
		 strerror(want));
	return true;
}

/* ---- loads and stores ---- */

bool op_load(struct fz *f)
{
	unsigned int i = fz_rand(f, FZ_ARENA_PAGES), n = 1;

	/* now and then where nothing is mapped */
	if (!fz_chance(f, 8) && !fz_pick_mapped(f, &i, &n, FZ_RUN))
		return true;
	fz_note(f, "load %u pages at %u", n, i);
	for (; n--; i++)
		if (!fz_verify_slot(f, i))
			return false;
	return true;
}

/* Some bytes of a page; to where it can't be written it gives the signal. */
static bool store_page(struct fz *f, unsigned int i)
{
	const struct fz_slot *slot = &f->arena[i];
	unsigned int at = 0, n = FZ_PAGE;
	int want = fz_expect(f, i, true), sig;

	if (fz_chance(f, 3)) {
		at = fz_rand(f, FZ_PAGE);
		n = 1 + fz_rand(f, FZ_PAGE - at);
	}
	/* torn by a kill, it could not be put right without a descriptor */
	if (f->only == FZ_IN_VICTIM && !want && slot->space->fd < 0)
		return true;
	fz_fill(f, f->buf, (uint64_t)slot->pgoff * FZ_PAGE + at, n);
	if (!want)
		fz_begin(f, slot->space, slot->pgoff, 1, true);
	sig = fz_copy(fz_addr(i) + at, f->buf, n);
	vt_check(sig == want, "writing page %u of the arena: signal %d, expected %d", i, sig, want);
	if (!want)
		fz_put(slot->space, f->buf, (uint64_t)slot->pgoff * FZ_PAGE + at, n);
	fz_end(f);
	return true;
}

bool op_store(struct fz *f)
{
	unsigned int i, n;

	if (!fz_pick_mapped(f, &i, &n, FZ_RUN))
		return true;
	fz_note(f, "store to %u pages at %u", n, i);
	for (; n--; i++)
		if (!store_page(f, i))
			return false;
	return true;
}
