/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One entry a page: its state, its frame, its slot, its lock.
 *
 * An entry is one unsigned long, changed by vmdev_page_set() alone:
 *
 *   63       36 35        8 7   6   5   2 1      0
 *  +-----------+-----------+---+---+-----+------+------+
 *  | slot      | frame     | - |RA |state| BUSY | LOCK |
 *  +-----------+-----------+---+---+-----+------+------+
 *
 * BUSY is set exactly while the state is READING or WRITING, so that a task
 * can wait for the end of the I/O on it. RA: read ahead and not yet touched.
 * An evicted page, SWAPPED or ZERO, has no frame: what its domain had evicted by
 * then stands there, see vmdev_domain_age().
 * 64 entries stand in a leaf; leaves are made at the first touch and go with
 * their space, so an entry's address is good as long as its space is.
 *
 * Lock order, the only place where it is written. A lock may be taken while
 * those above it are held:
 *
 *   volumes_mutex        mutex: names and nodes of volumes; no copy_*_user below
 *   vmdev_ctl            mutex: SET_LIMIT, pool resize, policy change, list of
 *                        spaces; never in mmap or fault; no copy_*_user below
 *   inode lock of the space: writes that append, one after the other; their buffers
 *                        are faulted in under it
 *   mm->mmap_lock, or the VMA lock: taken by the core before mmap and fault
 *   space->size_mutex    size changes and discards; killable where a user waits
 *   page lock            LOCK above, sleeping: state, frame, slot of a page that
 *                        is not BUSY. A task waits for one page lock at most; a
 *                        second is taken by trylock. No wait for a frame, for
 *                        memory reclaimed by vmdev, or for I/O under it
 *   folio lock           a resident page's: unmapping it, its mapping field.
 *                        Taken by trylock in the evictor
 *   i_mmap_rwsem, page-table locks: inside unmap_mapping_range(), the walk of
 *                        accessed bits and filemap_map_pages()
 *   list of domains      spin
 *   domain->lock         spin: policy lists, which frame is on them
 *   space->lock          spin: size, reservation, limits, streams
 *   i_pages lock         spin, irq: the space's page cache
 *   pool->lock, store->lock, cpu cache lock: spin, leaves
 *
 * A read's completion runs in interrupt context: it changes READING entries
 * without the page lock (nobody else may leave that state) and takes no lock.
 * The page lock is no lockdep class of its own kind: where lockdep is built in,
 * vmdev_page.c tells it by hand.
 */
#ifndef _VMDEV_PAGE_H
#define _VMDEV_PAGE_H

#include <linux/bits.h>
#include <linux/types.h>
#include <linux/xarray.h>
#include <vmdev/page_state.h>

#define VMDEV_LEAF_SHIFT	6
#define VMDEV_LEAF_PAGES	BIT(VMDEV_LEAF_SHIFT)
#define VMDEV_SLOT_NONE		((1U << 28) - 1)
#define VMDEV_FRAME_NONE	((1U << 28) - 1)
#define VMDEV_INDEX_MAX		BIT(40)	/* pages in a space: 4 PiB */

struct vmdev_space;

/**
 * struct vmdev_leaf - 64 neighbouring pages
 * @fill: repeated words of the pages evicted as such; made when first needed
 * @entry: the entries
 */
struct vmdev_leaf {
	u64 *fill;
	unsigned long entry[VMDEV_LEAF_PAGES];
};

#define VMDEV_ENTRY_LOCK	0
#define VMDEV_ENTRY_BUSY	1
#define VMDEV_ENTRY_RA		6

static inline unsigned int vmdev_page_state(const unsigned long *e)
{
	return (READ_ONCE(*e) >> 2) & 15;
}

/* Of a resident page: to be asked of a copy where the page lock isn't held. */
static inline u32 vmdev_page_frame(const unsigned long *e)
{
	return (READ_ONCE(*e) >> 8) & VMDEV_FRAME_NONE;
}

/* Of a SWAPPED or ZERO page: the age of its domain when it was evicted. */
static inline u32 vmdev_page_age(const unsigned long *e)
{
	return vmdev_page_frame(e);
}

static inline u32 vmdev_page_slot(const unsigned long *e)
{
	return READ_ONCE(*e) >> 36;
}

static inline bool vmdev_page_resident(const unsigned long *e)
{
	return vmdev_page_in(vmdev_page_state(e), VMDEV_RESIDENT);
}

int vmdev_page_init(void);
void vmdev_page_exit(void);

unsigned long *vmdev_page_find(struct vmdev_space *space, pgoff_t index);
unsigned long *vmdev_page_make(struct vmdev_space *space, pgoff_t index);
void vmdev_page_free_all(struct vmdev_space *space);

void vmdev_page_lock(unsigned long *e);
int vmdev_page_lock_killable(unsigned long *e);
bool vmdev_page_trylock(unsigned long *e);
void vmdev_page_unlock(unsigned long *e);
void vmdev_page_untry(unsigned long *e);
void vmdev_page_wait(unsigned long *e);
int vmdev_page_wait_killable(unsigned long *e);
int vmdev_page_wait_briefly(unsigned long *e);

void vmdev_page_set(struct vmdev_space *space, unsigned long *e, pgoff_t index,
		    unsigned int state, u32 frame, u32 slot);
bool vmdev_page_fill_set(unsigned long *e, pgoff_t index, u64 word);
u64 vmdev_page_fill(const unsigned long *e, pgoff_t index);

#endif /* _VMDEV_PAGE_H */
