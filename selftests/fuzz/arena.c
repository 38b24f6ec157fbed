// SPDX-License-Identifier: GPL-2.0
/*
 * The arena: a part of the address space in which nobody but the operations maps
 * anything, and the model of what each of its pages maps. VMAs are told apart by
 * numbers: pages of one number are certainly in one VMA, others perhaps.
 */
#include "fuzz.h"

static sigjmp_buf escape;
static volatile sig_atomic_t armed;

static void caught(int sig)
{
	if (armed)
		siglongjmp(escape, sig);
	signal(sig, SIG_DFL);
}

/* memcpy that ends at SIGBUS and SIGSEGV. Return: 0 or the signal. */
int fz_copy(void *to, const void *from, size_t n)
{
	static bool ready;
	int sig;

	if (!ready) {
		struct sigaction act = { .sa_handler = caught, .sa_flags = SA_NODEFER };

		vt_need(!sigaction(SIGBUS, &act, NULL) && !sigaction(SIGSEGV, &act, NULL),
			"sigaction");
		ready = true;
	}
	sig = sigsetjmp(escape, 0);
	if (!sig) {
		armed = 1;
		memcpy(to, from, n);
	}
	armed = 0;
	return sig;
}

char *fz_addr(unsigned int i)
{
	return FZ_ARENA + i * FZ_PAGE;
}

/* What a touch of page @i gives: 0 or the signal. */
int fz_expect(const struct fz *f, unsigned int i, bool write)
{
	const struct fz_slot *slot = &f->arena[i];

	if (!slot->space || !(slot->prot & (write ? PROT_WRITE : PROT_READ)))
		return SIGSEGV;
	return slot->pgoff >= fz_pages_of(slot->space) ? SIGBUS : 0;
}

/* ---- drawing ---- */

static bool any_mapped(struct fz *f, unsigned int *first)
{
	unsigned int i = fz_rand(f, FZ_ARENA_PAGES), k;

	for (k = 0; k < FZ_ARENA_PAGES; k++, i = (i + 1) % FZ_ARENA_PAGES) {
		if (f->arena[i].space) {
			*first = i;
			return true;
		}
	}
	return false;
}

/* A run of mapped pages, of any number of mappings. */
bool fz_pick_mapped(struct fz *f, unsigned int *first, unsigned int *n, unsigned int most)
{
	unsigned int end;

	if (!any_mapped(f, first))
		return false;
	end = *first + fz_length(f, most);
	for (*n = 1; *first + *n < end && *first + *n < FZ_ARENA_PAGES; ++*n)
		if (!f->arena[*first + *n].space)
			break;
	return true;
}

/* All pages of one number. */
bool fz_pick_vma(struct fz *f, unsigned int *first, unsigned int *n)
{
	unsigned int i, end;

	if (!any_mapped(f, &i))
		return false;
	for (end = i + 1; end < FZ_ARENA_PAGES && f->arena[end].vma == f->arena[i].vma; end++)
		;
	while (i && f->arena[i - 1].vma == f->arena[i].vma)
		i--;
	*first = i;
	*n = end - i;
	return true;
}

/* Pages of one number that can be used now. */
bool fz_pick_usable(struct fz *f, unsigned int *first, unsigned int *n, bool write)
{
	for (unsigned int tries = 0; tries < 8; tries++) {
		unsigned int i, k, end;

		if (!any_mapped(f, &i))
			return false;
		end = i + fz_length(f, FZ_RUN);
		for (k = i; k < end && k < FZ_ARENA_PAGES; k++)
			if (f->arena[k].vma != f->arena[i].vma || fz_expect(f, k, write))
				break;
		if (k > i) {
			*first = i;
			*n = k - i;
			return true;
		}
	}
	return false;
}

/* ---- changing ---- */

/* Something was done to a range that may have cut VMAs at its ends. */
void fz_split(struct fz *f, unsigned int first, unsigned int n)
{
	unsigned int i, end = first + n, old = 0;

	for (i = first; i < end; i++) {
		unsigned int vma = f->arena[i].vma;

		if (vma != old)
			f->vmas++;
		old = vma;
		if (vma)
			f->arena[i].vma = f->vmas;
	}
	f->vmas++;
	for (; i < FZ_ARENA_PAGES && old && f->arena[i].vma == old; i++)
		f->arena[i].vma = f->vmas;
}

void fz_unmap(struct fz *f, unsigned int first, unsigned int n)
{
	fz_split(f, first, n);
	for (unsigned int i = first; i < first + n; i++)
		f->locked -= !!(f->arena[i].flags & FZ_LOCKED);
	memset(&f->arena[first], 0, n * sizeof(f->arena[0]));
}

/* A new VMA of @n pages that is as @like at its first page. */
void fz_map(struct fz *f, unsigned int at, const struct fz_slot *like, unsigned int n)
{
	struct fz_slot slot = *like;

	fz_unmap(f, at, n);
	slot.vma = ++f->vmas;
	for (; n--; at++, slot.pgoff++) {
		f->arena[at] = slot;
		f->locked += !!(slot.flags & FZ_LOCKED);
	}
}

/* Pages of the arena that map a space. */
unsigned int fz_mapped(const struct fz *f, const struct fz_space *s)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < FZ_ARENA_PAGES; i++)
		n += f->arena[i].space == s;
	return n;
}

/* What a child has of it. */
void fz_after_fork(struct fz *f)
{
	for (unsigned int i = 0; i < FZ_ARENA_PAGES; i++) {
		if (f->arena[i].flags & FZ_DONTFORK)
			memset(&f->arena[i], 0, sizeof(f->arena[i]));
		f->arena[i].flags &= ~FZ_LOCKED;
	}
	f->locked = 0;
}

/* ---- looking ---- */

/* Read page @i of the arena, whether that gives bytes or a signal. */
bool fz_verify_slot(struct fz *f, unsigned int i)
{
	const struct fz_slot *slot = &f->arena[i];
	int want = fz_expect(f, i, false), sig;

	if (slot->space && !want)
		fz_begin(f, slot->space, slot->pgoff, 1, false);
	sig = fz_copy(f->buf, fz_addr(i), FZ_PAGE);
	vt_check(sig == want, "reading page %u of the arena: signal %d, expected %d", i, sig, want);
	if (!slot->space || want)
		return true;
	fz_touch(slot->space, slot->pgoff, 1, FZ_TOUCHED);
	fz_end(f);
	return fz_same(slot->space, f->buf, (uint64_t)slot->pgoff * FZ_PAGE, FZ_PAGE,
		       "through a mapping");
}

bool fz_verify_arena(struct fz *f)
{
	for (unsigned int i = 0; i < FZ_ARENA_PAGES; i++)
		if (f->arena[i].space && !fz_verify_slot(f, i))
			return false;
	return true;
}
