// SPDX-License-Identifier: GPL-2.0
/*
 * Accessed and dirty bits in the page tables that map a space. It reads and
 * clears bits and must not know what is done with the answer. The kernel's own
 * reverse map walk is not exported; what follows uses what is: the tree of the
 * mapping's VMAs and the page-table inlines.
 *
 * Page tables can't go away meanwhile: a VMA is unlinked from i_mmap, under
 * i_mmap_rwsem held for writing, before its tables are freed. Those of the lowest
 * level may from 6.14 on (MADV_DONTNEED), after a grace period: hence RCU. In a fault it
 * is mmap_lock or the VMA's own that keeps VMA and tables. A bit
 * that is set again or a page that is mapped while we look is a benign race: the
 * answer was right when it was given. TLBs are not flushed, as in the kernel's own
 * ptep_clear_flush_young() on x86: a stale entry only hides one use.
 *
 * On other architectures there is no walk; the policy's other way, unmap and
 * see whether it refaults, is used there.
 */
#include <linux/bitmap.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/rbtree.h>

#include <vmdev/access.h>

#define LOOK_BACK	4	/* pages that tell whether a run of pages is used */

struct use {
	unsigned int mapped;
	unsigned int young;
};

/* What to do with one mapped page: @i from the start of the range asked for. */
typedef void (*access_fn)(pte_t *ptep, unsigned int i, void *data);

#ifdef CONFIG_X86_64

static void harvest_pte(pte_t *ptep, unsigned int i, void *data)
{
	if (pte_young(*ptep) &&
	    test_and_clear_bit(_PAGE_BIT_ACCESSED, (unsigned long *)&ptep->pte))
		__set_bit(i, data);
}

static void dirty_pte(pte_t *ptep, unsigned int i, void *data)
{
	if (pte_dirty(*ptep))
		*(bool *)data = true;
}

static void forget_pte(pte_t *ptep, unsigned int i, void *data)
{
	if (pte_young(*ptep))
		clear_bit(_PAGE_BIT_ACCESSED, (unsigned long *)&ptep->pte);
}

static void count_pte(pte_t *ptep, unsigned int i, void *data)
{
	struct use *use = data;

	use->mapped++;
	use->young += !!pte_young(*ptep);
}

/* Walk @addr to @end, which lie in one page-table page, in @mm. */
static void walk_ptes(struct mm_struct *mm, unsigned long addr, unsigned long end,
		      unsigned int i, access_fn fn, void *data)
{
	pgd_t *pgdp = pgd_offset(mm, addr), pgd = READ_ONCE(*pgdp);
	p4d_t *p4dp, p4d;
	pud_t *pudp, pud;
	pmd_t *pmd, val;
	pte_t *ptep;
	spinlock_t *ptl;	/* of the page-table page */

	/* without locks: what is there may be filled in, but does not go away */
	if (pgd_none(pgd) || pgd_bad(pgd))
		return;
	p4dp = p4d_offset_lockless(pgdp, pgd, addr);
	p4d = READ_ONCE(*p4dp);
	if (p4d_none(p4d) || p4d_bad(p4d))
		return;
	pudp = pud_offset_lockless(p4dp, p4d, addr);
	pud = READ_ONCE(*pudp);
	if (pud_none(pud) || pud_bad(pud))
		return;
	pmd = pmd_offset_lockless(pudp, pud, addr);
	rcu_read_lock();
	val = READ_ONCE(*pmd);
	if (pmd_none(val) || !pmd_present(val) || pmd_bad(val))
		goto out;

	ptl = pte_lockptr(mm, &val);
	spin_lock(ptl);
	if (pmd_same(val, READ_ONCE(*pmd))) {
		ptep = pte_offset_kernel(&val, addr);
		for (; addr < end; addr += PAGE_SIZE, ptep++, i++) {
			if (pte_present(*ptep))
				fn(ptep, i, data);
		}
	}
	spin_unlock(ptl);
out:
	rcu_read_unlock();
}

/* How use can be learned here, if a policy wants to learn it the way @wanted. */
enum vmdev_access vmdev_access_best(enum vmdev_access wanted)
{
	return wanted;
}

#else

static void harvest_pte(pte_t *ptep, unsigned int i, void *data)
{
}

static void dirty_pte(pte_t *ptep, unsigned int i, void *data)
{
}

static void forget_pte(pte_t *ptep, unsigned int i, void *data)
{
}

static void count_pte(pte_t *ptep, unsigned int i, void *data)
{
}

static void walk_ptes(struct mm_struct *mm, unsigned long addr, unsigned long end,
		      unsigned int i, access_fn fn, void *data)
{
}

enum vmdev_access vmdev_access_best(enum vmdev_access wanted)
{
	return wanted == VMDEV_ACCESS_HARDWARE ? VMDEV_ACCESS_REFAULT : wanted;
}

#endif

static struct vm_area_struct *to_vma(struct rb_node *node)
{
	return rb_entry(node, struct vm_area_struct, shared.rb);
}

static pgoff_t last_page(struct vm_area_struct *vma)
{
	return vma->vm_pgoff + vma_pages(vma) - 1;
}

/*
 * The leftmost VMA below @node that maps a page of @first to @last. The tree is in
 * order of the first page mapped; each node knows the last page mapped below it.
 */
static struct vm_area_struct *first_vma(struct rb_node *node, pgoff_t first, pgoff_t last)
{
	while (node && to_vma(node)->shared.rb_subtree_last >= first) {
		struct rb_node *left = node->rb_left;

		if (left && to_vma(left)->shared.rb_subtree_last >= first) {
			node = left;	/* it is there, or all the others begin behind @last */
			continue;
		}
		if (to_vma(node)->vm_pgoff > last)
			break;
		if (last_page(to_vma(node)) >= first)
			return to_vma(node);
		node = node->rb_right;
	}
	return NULL;
}

/* The VMA behind @vma that maps a page of @first to @last. */
static struct vm_area_struct *next_vma(struct vm_area_struct *vma, pgoff_t first, pgoff_t last)
{
	struct rb_node *node = &vma->shared.rb, *child;
	struct vm_area_struct *next = first_vma(node->rb_right, first, last);

	while (!next) {
		/* up to where this subtree hangs on the left */
		do {
			child = node;
			node = rb_parent(node);
			if (!node)
				return NULL;
		} while (child == node->rb_right);
		if (to_vma(node)->vm_pgoff > last)
			return NULL;
		next = last_page(to_vma(node)) >= first ? to_vma(node) :
							  first_vma(node->rb_right, first, last);
	}
	return next;
}

/*
 * Go through the VMAs that map pages @first to @first + @nr - 1: set in @locked,
 * if it is given, those of locked ones, and call @fn, if it is given, for each page
 * in the page tables. The first page is @bit for both. Context: i_mmap_rwsem held.
 */
static void walk_mapping(struct address_space *mapping, pgoff_t first, unsigned int nr,
			 unsigned int bit, unsigned long *locked, access_fn fn, void *data)
{
	pgoff_t last = first + nr - 1;
	struct vm_area_struct *vma;

	i_mmap_assert_locked(mapping);
	for (vma = first_vma(mapping->i_mmap.rb_root.rb_node, first, last); vma;
	     vma = next_vma(vma, first, last)) {
		unsigned long addr, end, next;
		pgoff_t from = max(first, vma->vm_pgoff);
		pgoff_t to = min(last, last_page(vma));

		/* there may be as many as the user likes */
		cond_resched();
		/* without mmap_lock: an mlock under way may be seen or not */
		if (locked && (READ_ONCE(vma->vm_flags) & VM_LOCKED))
			bitmap_set(locked, bit + from - first, to - from + 1);
		if (!fn)
			continue;
		addr = vma->vm_start + ((from - vma->vm_pgoff) << PAGE_SHIFT);
		end = vma->vm_start + ((to + 1 - vma->vm_pgoff) << PAGE_SHIFT);
		for (; addr < end; addr = next) {
			next = pmd_addr_end(addr, end);
			walk_ptes(vma->vm_mm, addr, next, bit + from - first, fn, data);
			from += (next - addr) >> PAGE_SHIFT;
		}
	}
}

/**
 * vmdev_access_look() - which pages are locked in memory, which were used?
 * @mapping: a space's mapping
 * @first: the first page
 * @nr: how many pages
 * @bit: which is the first page's in the bitmaps
 * @locked: a bitmap; the bits of pages in a locked mapping are set. The
 *	folio's mlocked flag won't do: off the LRU lists it is lost with the first of
 *	several locks that ends
 * @young: NULL, or a bitmap; the bits of pages that were used are set, and those
 *	in the page tables that told are cleared
 *
 * Context: process, i_mmap_rwsem held, page and folio locks may be; takes page-table
 * locks.
 */
void vmdev_access_look(struct address_space *mapping, pgoff_t first, unsigned int nr,
		       unsigned int bit, unsigned long *locked, unsigned long *young)
{
	walk_mapping(mapping, first, nr, bit, locked, young ? harvest_pte : NULL, young);
}

/**
 * vmdev_access_forget() - pages were mapped before anybody touched them
 * @vma: the mapping
 * @addr: the first page
 * @end: behind the last; in the same page-table page
 *
 * Mapping a page looks like a use of it; this one wasn't.
 *
 * Context: fault, the lock that keeps @vma held; takes the page-table lock.
 */
void vmdev_access_forget(struct vm_area_struct *vma, unsigned long addr, unsigned long end)
{
	walk_ptes(vma->vm_mm, addr, end, 0, forget_pte, NULL);
}

/**
 * vmdev_access_unused() - are the pages before this one mapped and untouched?
 * @vma: the mapping
 * @addr: the page
 *
 * Context: as vmdev_access_forget().
 * Return: true when all of a few are mapped and none was used.
 */
bool vmdev_access_unused(struct vm_area_struct *vma, unsigned long addr)
{
	unsigned long room = addr - max(vma->vm_start, addr & PMD_MASK);
	struct use use = { 0 };

	room = min(room, LOOK_BACK * PAGE_SIZE);
	if (room)
		walk_ptes(vma->vm_mm, addr - room, addr, 0, count_pte, &use);
	return use.mapped && use.mapped == room >> PAGE_SHIFT && !use.young;
}

/* Was the page written through a mapping? Context: process; takes i_mmap_rwsem. */
bool vmdev_access_dirty(struct address_space *mapping, pgoff_t index)
{
	bool dirty = false;

	i_mmap_lock_read(mapping);
	walk_mapping(mapping, index, 1, 0, NULL, dirty_pte, &dirty);
	i_mmap_unlock_read(mapping);
	return dirty;
}
