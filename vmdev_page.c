// SPDX-License-Identifier: GPL-2.0
/*
 * Page entries: finding and making them, their lock, their one way to change.
 * It owns the leaves of a space and must know nothing of frames' memory, of
 * slots' content or of why a page changes. The layout of an entry, the states
 * and the lock order stand in include/vmdev/page.h and page_state.h.
 */
#include <linux/lockdep.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include <vmdev/page.h>
#include <vmdev/space.h>

#include "vmdev_trace.h"

static struct kmem_cache *leaf_cache;

#ifdef CONFIG_LOCKDEP
static struct lock_class_key page_lock_key;
static struct lockdep_map page_lock_map =
	STATIC_LOCKDEP_MAP_INIT("vmdev_page", &page_lock_key);
#define page_acquired()	lock_map_acquire(&page_lock_map)
#define page_released()	lock_map_release(&page_lock_map)
#else
#define page_acquired()	do { } while (0)
#define page_released()	do { } while (0)
#endif

int vmdev_page_init(void)
{
	BUILD_BUG_ON(BITS_PER_LONG != 64);
	leaf_cache = KMEM_CACHE(vmdev_leaf, SLAB_ACCOUNT);
	return leaf_cache ? 0 : -ENOMEM;
}

void vmdev_page_exit(void)
{
	kmem_cache_destroy(leaf_cache);
}

/**
 * vmdev_page_find() - entry of a page, if its leaf exists
 * @space: whose page
 * @index: page number
 *
 * Context: any; the entry is good as long as a reference to @space is held.
 * Return: the entry, or NULL where no page of the leaf was ever touched.
 */
unsigned long *vmdev_page_find(struct vmdev_space *space, pgoff_t index)
{
	struct vmdev_leaf *leaf = xa_load(&space->leaves, index >> VMDEV_LEAF_SHIFT);

	return leaf ? &leaf->entry[index & (VMDEV_LEAF_PAGES - 1)] : NULL;
}

/**
 * vmdev_page_make() - entry of a page, made where there is none
 * @space: whose page
 * @index: page number
 *
 * Context: process, may sleep, no page lock held.
 * Return: the entry, or NULL when memory is short.
 */
unsigned long *vmdev_page_make(struct vmdev_space *space, pgoff_t index)
{
	unsigned long *e = vmdev_page_find(space, index);
	struct vmdev_leaf *leaf, *old;

	if (e)
		return e;

	leaf = kmem_cache_zalloc(leaf_cache, GFP_KERNEL);
	if (!leaf)
		return NULL;
	old = xa_cmpxchg(&space->leaves, index >> VMDEV_LEAF_SHIFT, NULL, leaf,
			 GFP_KERNEL_ACCOUNT);
	if (old) {	/* an error, or another task was faster */
		kmem_cache_free(leaf_cache, leaf);
		if (xa_is_err(old))
			return NULL;
		leaf = old;
	}
	return &leaf->entry[index & (VMDEV_LEAF_PAGES - 1)];
}

/**
 * vmdev_page_free_all() - free the leaves of a space
 * @space: nobody uses it any more, all its pages are ABSENT
 */
void vmdev_page_free_all(struct vmdev_space *space)
{
	struct vmdev_leaf *leaf;
	unsigned long i;

	xa_for_each(&space->leaves, i, leaf) {
		kfree(leaf->fill);
		kmem_cache_free(leaf_cache, leaf);
		cond_resched();
	}
	xa_destroy(&space->leaves);
}

/* The page lock. The order is in include/vmdev/page.h. */

void vmdev_page_lock(unsigned long *e)
{
	page_acquired();
	wait_on_bit_lock(e, VMDEV_ENTRY_LOCK, TASK_UNINTERRUPTIBLE);
}

/* Return: 0, or -EINTR when the task is being killed. */
int vmdev_page_lock_killable(unsigned long *e)
{
	page_acquired();
	if (wait_on_bit_lock(e, VMDEV_ENTRY_LOCK, TASK_KILLABLE)) {
		page_released();
		return -EINTR;
	}
	return 0;
}

void vmdev_page_unlock(unsigned long *e)
{
	page_released();
	vmdev_page_untry(e);
}

/* A trylocked page is no lockdep dependency; it is given back by untry. */
bool vmdev_page_trylock(unsigned long *e)
{
	return !test_and_set_bit_lock(VMDEV_ENTRY_LOCK, e);
}

void vmdev_page_untry(unsigned long *e)
{
	clear_bit_unlock(VMDEV_ENTRY_LOCK, e);
	/* pairs with prepare_to_wait() in wait_on_bit_lock() */
	smp_mb__after_atomic();
	wake_up_bit(e, VMDEV_ENTRY_LOCK);
}

/* Wait, without the page lock, until no I/O is under way on the page. */
void vmdev_page_wait(unsigned long *e)
{
	wait_on_bit_io(e, VMDEV_ENTRY_BUSY, TASK_UNINTERRUPTIBLE);
}

/* Return: 0, or -EINTR when the task is being killed. */
int vmdev_page_wait_killable(unsigned long *e)
{
	return wait_on_bit_io(e, VMDEV_ENTRY_BUSY, TASK_KILLABLE) ? -EINTR : 0;
}

/* The same for a quarter of a second at most. */
int vmdev_page_wait_briefly(unsigned long *e)
{
	int err = wait_on_bit_timeout(e, VMDEV_ENTRY_BUSY, TASK_KILLABLE, HZ / 4);

	return err == -EINTR ? err : 0;
}

/**
 * vmdev_page_set() - change a page's state
 * @space: whose page
 * @e: its entry
 * @index: its page number, for the trace
 * @state: the new state
 * @frame: frame number where the new state has one; its domain's age for an evicted
 *	page, SWAPPED or ZERO; else ignored
 * @slot: slot number where it has one, VMDEV_SLOT_NONE for a CLEAN page without
 *
 * A change that is not in the table is a bug of the caller: it is reported once
 * and made all the same, because the caller has changed frame and slot already.
 *
 * Context: page lock held, or the state is READING and the caller is its
 * completion, in any context. Waiters are woken when I/O ends; the caller must
 * not touch @space after that unless it holds a reference.
 */
void vmdev_page_set(struct vmdev_space *space, unsigned long *e, pgoff_t index,
		    unsigned int state, u32 frame, u32 slot)
{
	unsigned long old = READ_ONCE(*e), new;
	unsigned int from = vmdev_page_state(&old);
	bool busy = vmdev_page_in(state, VMDEV_IN_IO);

	WARN_ON_ONCE(!vmdev_page_may(from, state));
	trace_vmdev_page(space->id, index, from, state,
			 vmdev_page_in(state, VMDEV_RESIDENT) ? frame : 0, slot);
	atomic_long_dec(&space->pages[from]);
	atomic_long_inc(&space->pages[state]);

	if (!vmdev_page_in(state, VMDEV_RESIDENT | VMDEV_TO(SWAPPED) | VMDEV_TO(ZERO)))
		frame = 0;
	if (state == VMDEV_PAGE_ABSENT || state == VMDEV_PAGE_ZERO)
		slot = 0;

	do {
		/* keep LOCK and RA: other holders change them meanwhile */
		new = old & (BIT(VMDEV_ENTRY_LOCK) | BIT(VMDEV_ENTRY_RA));
		new |= (unsigned long)busy << VMDEV_ENTRY_BUSY | state << 2 |
		       (unsigned long)frame << 8 | (unsigned long)slot << 36;
	} while (!try_cmpxchg(e, &old, new));

	if (vmdev_page_in(from, VMDEV_IN_IO) && !busy)
		wake_up_bit(e, VMDEV_ENTRY_BUSY);
}

static struct vmdev_leaf *leaf_of(const unsigned long *e, pgoff_t index)
{
	return container_of(e - (index & (VMDEV_LEAF_PAGES - 1)), struct vmdev_leaf, entry[0]);
}

/**
 * vmdev_page_fill_set() - remember the repeated word of a page without a slot
 * @e: its entry
 * @index: its page number
 * @word: the word
 *
 * Context: page lock held. Does not wait for memory.
 * Return: false when the word can't be kept; the page must take a slot then.
 */
bool vmdev_page_fill_set(unsigned long *e, pgoff_t index, u64 word)
{
	struct vmdev_leaf *leaf = leaf_of(e, index);
	u64 *fill = READ_ONCE(leaf->fill);

	if (!fill) {
		if (!word)
			return true;
		fill = kcalloc(VMDEV_LEAF_PAGES, sizeof(*fill),
			       GFP_NOWAIT | __GFP_NOWARN | __GFP_ACCOUNT);
		if (!fill)
			return false;
		/* neighbours' lock holders may do the same now: one wins */
		if (cmpxchg(&leaf->fill, NULL, fill)) {
			kfree(fill);
			fill = leaf->fill;
		}
	}
	fill[index & (VMDEV_LEAF_PAGES - 1)] = word;
	return true;
}

/* The word a ZERO page, or a CLEAN one without a slot, is made of. Page lock held. */
u64 vmdev_page_fill(const unsigned long *e, pgoff_t index)
{
	const u64 *fill = READ_ONCE(leaf_of(e, index)->fill);

	return fill ? fill[index & (VMDEV_LEAF_PAGES - 1)] : 0;
}
