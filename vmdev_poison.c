// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that fails. The kernel marks a page whose memory is broken HWPoison; this
 * file sees to it that such a frame loses its page and is never used again. What
 * was in it comes back from its slot where the slot has it, and is BAD otherwise.
 * It must not know how memory failures are found.
 *
 * Frames are not on the kernel's LRU lists, and memory_failure() does nothing to a
 * page that isn't but to mark it: it stays mapped, the kernel says "unhandlable page"
 * or "unknown page state", and MADV_HWPOISON fails with EBUSY. So we look ourselves:
 *
 *   - wherever a frame is taken, given back, mapped, written out or read into;
 *   - at all frames that hold a page, by the reclaim thread, when the tracepoint
 *     ras:memory_failure_event says that some memory of the machine has failed.
 *     This is what takes away a page that is mapped.
 *
 * The one way memory_failure() comes to our mapping is a page marked mlocked. It
 * calls ->error_remove_page (error_remove_folio) then.
 */
#define pr_fmt(fmt) "vmdev: " fmt

#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/tracepoint.h>

#include <vmdev/poison.h>
#include <vmdev/pool.h>
#include <vmdev/space.h>
#include <vmdev/swap.h>

static bool due;	/* some memory has failed: look at all frames */

#if IS_ENABLED(CONFIG_MEMORY_FAILURE) && IS_ENABLED(CONFIG_TRACEPOINTS)
static struct tracepoint *failure_event;

/* Context: any; the kernel's lock of memory failures is held. */
static void saw_failure(void *data, unsigned long pfn, int type, int result)
{
	WRITE_ONCE(due, true);
	vmdev_pool_event();
}

static void find_event(struct tracepoint *tp, void *priv)
{
	if (!strcmp(tp->name, "memory_failure_event"))
		failure_event = tp;
}

/* Without the tracepoint failures are noticed where frames are used. */
void vmdev_poison_init(void)
{
	failure_event = NULL;
	for_each_kernel_tracepoint(find_event, NULL);
	if (failure_event && tracepoint_probe_register(failure_event, saw_failure, NULL))
		failure_event = NULL;
}

void vmdev_poison_exit(void)
{
	if (failure_event)
		tracepoint_probe_unregister(failure_event, saw_failure, NULL);
	tracepoint_synchronize_unregister();
}
#else
void vmdev_poison_init(void)
{
}

void vmdev_poison_exit(void)
{
}
#endif

/* Is vmdev_poison_scan() to be called? Context: any. */
bool vmdev_poison_due(void)
{
	return READ_ONCE(due);
}

/**
 * vmdev_poison_take() - take a page out of a frame whose memory has failed
 * @space: the space
 * @e: the page's entry, resident; no I/O is under way on it any more
 * @frame: its frame; the caller holds a reference to the folio of its own
 * @slot: the page's slot, or VMDEV_SLOT_NONE
 * @good: what is behind the page, its slot or repeated word, is what was in it
 *
 * The frame goes; the folio stays locked.
 *
 * Context: page lock and folio lock held.
 */
void vmdev_poison_take(struct vmdev_space *space, unsigned long *e, struct vmdev_frame *frame,
		       u32 slot, bool good)
{
	struct folio *folio = frame->folio;
	pgoff_t index = vmdev_frame_index(frame);

	/* moves the page tables' dirty bits to the folio */
	if (folio_mapped(folio))
		unmap_mapping_range(space->inode->i_mapping, (loff_t)index << PAGE_SHIFT,
				    PAGE_SIZE, 0);
	/* a device may have been writing to it */
	if (folio_test_dirty(folio) || folio_maybe_dma_pinned(folio))
		good = false;
	pr_warn_ratelimited("memory of frame %u has failed: page %lu of space %llu is %s\n",
			    frame->node.id, index, space->id,
			    good ? "in the store" : "lost");
	vmdev_space_lose(space, frame);
	clear_bit(VMDEV_ENTRY_RA, e);
	if (!good) {
		vmdev_slot_free(slot);
		vmdev_page_set(space, e, index, VMDEV_PAGE_BAD, 0, VMDEV_SLOT_NONE);
	} else if (slot == VMDEV_SLOT_NONE) {
		vmdev_page_set(space, e, index, VMDEV_PAGE_ZERO, 0, 0);
	} else {
		vmdev_page_set(space, e, index, VMDEV_PAGE_SWAPPED, 0, slot);
	}
}

/**
 * vmdev_poison_take_resident() - the same for a page that is CLEAN or DIRTY
 * @space: the space
 * @e: the page's entry
 *
 * Context: page lock and folio lock held, and a reference to the folio.
 */
void vmdev_poison_take_resident(struct vmdev_space *space, unsigned long *e)
{
	struct vmdev_frame *frame = vmdev_pool_frame(vmdev_page_frame(e));
	bool clean = vmdev_page_state(e) == VMDEV_PAGE_CLEAN;

	vmdev_poison_take(space, e, frame, clean ? vmdev_page_slot(e) : VMDEV_SLOT_NONE, clean);
}

/**
 * vmdev_poison_resident() - if a resident page's memory has failed, take it out
 * @space: the space
 * @e: the page's entry
 *
 * A page that is in I/O is left to the end of it.
 *
 * Context: page lock held.
 * Return: true when the page is not resident any more.
 */
bool vmdev_poison_resident(struct vmdev_space *space, unsigned long *e)
{
	struct folio *folio;

	if (!vmdev_page_in(vmdev_page_state(e), VMDEV_TO(CLEAN) | VMDEV_TO(DIRTY)))
		return false;
	folio = vmdev_pool_frame(vmdev_page_frame(e))->folio;
	if (!folio_test_hwpoison(folio))
		return false;
	folio_get(folio);
	folio_lock(folio);
	vmdev_poison_take_resident(space, e);
	folio_unlock(folio);
	folio_put(folio);
	return true;
}

/**
 * vmdev_poison_remove() - the kernel wants a page out of the page cache
 * @space: the space
 * @folio: the page's folio; it is poisoned
 *
 * Context: process, folio lock held, and with it a reference.
 * Return: 0 when it is out, or -EBUSY.
 */
int vmdev_poison_remove(struct vmdev_space *space, struct folio *folio)
{
	unsigned long *e = vmdev_page_find(space, folio->index);
	int err = -EBUSY;

	/* the order of page lock and folio lock is the other way round here */
	if (!vmdev_page_trylock(e))
		return err;
	if (vmdev_page_in(vmdev_page_state(e), VMDEV_TO(CLEAN) | VMDEV_TO(DIRTY))) {
		vmdev_poison_take_resident(space, e);
		err = 0;
	}
	vmdev_page_untry(e);
	return err;
}

static void scan_space(struct vmdev_space *space)
{
	struct vmdev_leaf *leaf;
	unsigned long i, k;

	xa_for_each(&space->leaves, i, leaf) {
		for (k = 0; k < VMDEV_LEAF_PAGES; k++) {
			unsigned long *e = &leaf->entry[k], now = READ_ONCE(*e);
			struct folio *folio;

			if (!vmdev_page_resident(&now))
				continue;
			/* a hint until the page lock is held */
			folio = READ_ONCE(vmdev_pool_frame(vmdev_page_frame(&now))->folio);
			/* of the page: it may be part of anything by now */
			if (!folio || !PageHWPoison(&folio->page))
				continue;
			vmdev_page_lock(e);
			vmdev_poison_resident(space, e);
			vmdev_page_unlock(e);
		}
		cond_resched();
	}
}

/* Look at the frames of all pages. Context: the reclaim thread. */
void vmdev_poison_scan(void)
{
	struct vmdev_space *space;
	u64 id = 0;

	/* cleared before looking: a failure from here on counts */
	if (!xchg(&due, false) || !vmdev_pool_poisoned())
		return;
	while ((space = vmdev_space_after(id))) {
		id = space->id;
		scan_space(space);
		vmdev_space_put(space);
	}
}
