// SPDX-License-Identifier: GPL-2.0
/*
 * Spaces: the memory object behind each open, or behind a volume. A space has an inode
 * of its own on a file system nobody can mount, for the mapping (VMAs, page cache) and
 * the size; it has entries of its pages, a reservation, limits and counters. This
 * file knows when a page may exist and when it must go; how one comes in or out
 * it leaves to vmdev_fault.c and vmdev_evict.c.
 *
 * What is promised. All spaces together may use as many pages as there are
 * slots and frames, less the frames reclaim needs to work. Each space counts for
 * the larger of what was reserved for it at mmap and what it touched, so pages
 * touched without reservation are paid for when they are touched and what was
 * reserved can always be had.
 */
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/pseudo_fs.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include <vmdev/access.h>
#include <vmdev/domain.h>
#include <vmdev/fault.h>
#include <vmdev/compat.h>
#include <vmdev/io.h>
#include <vmdev/poison.h>
#include <vmdev/reclaim.h>
#include <vmdev/space.h>
#include <vmdev/swap.h>
#include <uapi/linux/vmdev.h>

#define VMDEV_FS_MAGIC	0x766d6465	/* "vmde" */

DEFINE_MUTEX(vmdev_ctl);	/* see include/vmdev/page.h */
unsigned int vmdev_overcommit;

static struct vfsmount *mount;
static LIST_HEAD(spaces);
static DEFINE_SPINLOCK(spaces_lock);	/* spaces, nr_spaces, next_id */
static unsigned long nr_spaces;
static u64 next_id = 1;
static atomic_long_t committed;		/* pages promised to all spaces */
static atomic_long_t touched;		/* pages that are not ABSENT, of all spaces */
static unsigned long limit_min_sum;	/* vmdev_ctl */

/* ---- the inode ---- */

static int error_remove(struct address_space *mapping, struct vmdev_error_page *page)
{
	return vmdev_poison_remove(mapping->host->i_private, vmdev_error_folio(page));
}

static const struct address_space_operations vmdev_aops = {
	.dirty_folio		= noop_dirty_folio,
	.vmdev_error_remove	= error_remove,
};

static int vmdev_fs_init_context(struct fs_context *fc)
{
	return init_pseudo(fc, VMDEV_FS_MAGIC) ? 0 : -ENOMEM;
}

/* No owner: the mount would hold the module for ever, and goes before it does. */
static struct file_system_type vmdev_fs = {
	.name			= "vmdev",
	.init_fs_context	= vmdev_fs_init_context,
	.kill_sb		= kill_anon_super,
};

int vmdev_space_init(void)
{
	mount = kern_mount(&vmdev_fs);
	return PTR_ERR_OR_ZERO(mount);
}

void vmdev_space_exit(void)
{
	kern_unmount(mount);
	WARN_ON_ONCE(atomic_long_read(&committed));
	WARN_ON_ONCE(atomic_long_read(&touched));
}

/* ---- life ---- */

/**
 * vmdev_space_open() - make a space
 *
 * Return: an empty space that the caller gives back with vmdev_space_release(),
 * or an error pointer.
 */
struct vmdev_space *vmdev_space_open(void)
{
	struct vmdev_space *space = kzalloc(sizeof(*space), GFP_KERNEL_ACCOUNT);

	if (!space)
		return ERR_PTR(-ENOMEM);
	space->inode = alloc_anon_inode(mount->mnt_sb);
	if (IS_ERR(space->inode)) {
		struct inode *err = space->inode;

		kfree(space);
		return ERR_CAST(err);
	}
	space->inode->i_mapping->a_ops = &vmdev_aops;
	space->inode->i_private = space;
	kref_init(&space->ref);
	xa_init_flags(&space->leaves, XA_FLAGS_ACCOUNT);
	mutex_init(&space->size_mutex);
	spin_lock_init(&space->lock);
	space->ra_credit = VMDEV_RA_CREDIT;
	space->domain = &vmdev_common;
	space->pid = task_tgid_nr(current);
	get_task_comm(space->comm, current);

	spin_lock(&spaces_lock);
	space->id = next_id++;
	list_add_tail(&space->node, &spaces);
	WRITE_ONCE(nr_spaces, nr_spaces + 1);
	spin_unlock(&spaces_lock);
	return space;
}

static void space_free(struct kref *ref)
{
	struct vmdev_space *space = container_of(ref, struct vmdev_space, ref);

	vmdev_page_free_all(space);
	if (space->own)
		vmdev_domain_destroy(space->own);
	iput(space->inode);
	kfree(space);
}

void vmdev_space_get(struct vmdev_space *space)
{
	kref_get(&space->ref);
}

/* Context: process; the last one frees the space's memory. */
void vmdev_space_put(struct vmdev_space *space)
{
	kref_put(&space->ref, space_free);
}

/* ---- promises ---- */

/* Pages that a pool of @frames and the store hold. Frames that outlived their space don't. */
static unsigned long capacity(unsigned long frames)
{
	frames -= min(frames, READ_ONCE(vmdev_pool.nr_parked));
	return vmdev_store_slots() + frames - vmdev_pool_headroom(frames);
}

static bool commit(unsigned long pages)
{
	long old = atomic_long_read(&committed);
	/* a pool that grows counts with what it has, one that shrinks with what stays */
	long max = capacity(min(READ_ONCE(vmdev_pool.target), READ_ONCE(vmdev_pool.held)));

	do {
		if ((long)pages > max || old > max - (long)pages)
			return false;
	} while (!atomic_long_try_cmpxchg(&committed, &old, old + pages));
	return true;
}

/* Would a pool of @frames do for what is promised? Context: vmdev_ctl held. */
bool vmdev_space_fits(unsigned long frames)
{
	lockdep_assert_held(&vmdev_ctl);
	return atomic_long_read(&committed) <= capacity(frames) && limit_min_sum <= frames / 2;
}

/**
 * vmdev_space_charge() - may one more page of the space exist?
 * @space: the space
 *
 * Context: page lock held.
 * Return: 0, or -ENOSPC when it could not be kept anywhere.
 */
int vmdev_space_charge(struct vmdev_space *space)
{
	int err = 0;

	spin_lock(&space->lock);
	if (space->used < space->reserved || commit(1))
		WRITE_ONCE(space->used, space->used + 1);
	else
		err = -ENOSPC;
	spin_unlock(&space->lock);
	if (!err)
		atomic_long_inc(&touched);
	return err;
}

/* A page of the space is ABSENT again. Context: page lock held. */
void vmdev_space_uncharge(struct vmdev_space *space)
{
	spin_lock(&space->lock);
	if (space->used > space->reserved)
		atomic_long_dec(&committed);
	WRITE_ONCE(space->used, space->used - 1);
	spin_unlock(&space->lock);
	atomic_long_dec(&touched);
}

/* Pages that have content, of all spaces, in memory or not. Context: any. */
unsigned long vmdev_space_touched(void)
{
	return atomic_long_read(&touched);
}

static int set_reserved(struct vmdev_space *space, unsigned long pages)
{
	unsigned long old, new;
	int err = 0;

	spin_lock(&space->lock);
	old = max(space->reserved, space->used);
	new = max(pages, space->used);
	if (new > old && !commit(new - old))
		err = -ENOSPC;
	else if (new < old)
		atomic_long_sub(old - new, &committed);
	if (!err)
		WRITE_ONCE(space->reserved, pages);
	spin_unlock(&space->lock);
	return err;
}

/* ---- pages in the page cache ---- */

/*
 * Evictions since the page behind @e was evicted, if it was used before that and as far
 * as is known. Page lock held.
 */
static unsigned long evictions_since(struct vmdev_domain *domain, const unsigned long *e)
{
	unsigned long since;

	if (!vmdev_page_in(vmdev_page_state(e), VMDEV_TO(SWAPPED) | VMDEV_TO(ZERO)))
		return VMDEV_SINCE_NEVER;
	since = (vmdev_domain_age(domain) - vmdev_page_age(e)) & VMDEV_FRAME_NONE;
	return since < VMDEV_AGE_FAR ? since : VMDEV_SINCE_NEVER;
}

/**
 * vmdev_space_insert() - give a frame to a page: page cache, owner, policy
 * @space: the space
 * @index: the page, which is not resident
 * @e: its entry
 * @frame: from vmdev_reclaim_try_frame() or vmdev_reclaim_get_frame()
 * @uptodate: its content is there already
 * @gfp: how hard to look for memory
 *
 * Context: page lock held; may sleep for memory.
 * Return: false when memory is short; the frame is still the caller's then.
 */
bool vmdev_space_insert(struct vmdev_space *space, pgoff_t index, unsigned long *e,
			struct vmdev_frame *frame, bool uptodate, gfp_t gfp)
{
	struct address_space *mapping = space->inode->i_mapping;
	struct folio *folio = frame->folio;
	struct vmdev_domain *domain;
	XA_STATE(xas, &mapping->i_pages, index);

	clear_bit(VMDEV_FRAME_ZEROED, &frame->flags);
	folio->mapping = mapping;
	folio->index = index;
	if (uptodate)
		folio_mark_uptodate(folio);
	else
		folio_clear_uptodate(folio);
	folio_get(folio);
	do {
		xas_lock_irq(&xas);
		xas_store(&xas, folio);
		if (!xas_error(&xas))
			mapping->nrpages++;
		xas_unlock_irq(&xas);
	} while (xas_nomem(&xas, gfp));

	if (xas_error(&xas)) {
		folio->mapping = NULL;
		folio_put(folio);
		return false;
	}
	frame->e = e;
	WRITE_ONCE(frame->space, space);
	/* pairs with smp_store_release() in vmdev_space_limit() */
	domain = READ_ONCE(space->domain);
	vmdev_domain_insert(domain, frame, evictions_since(domain, e),
			    test_bit(VMDEV_ENTRY_RA, e));
	return true;
}

/*
 * The folio has left the page cache: clear what the mm has noted on it. It stays
 * uptodate for those who may still hold it, such as a pipe.
 */
static void wash(struct folio *folio)
{
	folio->mapping = NULL;
	folio_clear_dirty(folio);
	folio_clear_referenced(folio);
	folio_clear_readahead(folio);
}

static void erase_locked(struct xa_state *xas, struct address_space *mapping)
{
	xas_store(xas, NULL);
	mapping->nrpages--;
}

/**
 * vmdev_space_detach() - take a frame out of the page cache if nobody uses it
 * @space: the space
 * @frame: holds a page of it; its folio is locked and unmapped
 *
 * Page lock, folio lock and no mapping mean that no new user can come; the
 * frozen reference count says that there is no old one (a pin, a fault or a
 * munmap not finished) and keeps lookups without locks away.
 *
 * Context: page lock and folio lock held.
 * Return: true when the frame is the caller's now.
 */
bool vmdev_space_detach(struct vmdev_space *space, struct vmdev_frame *frame)
{
	struct address_space *mapping = space->inode->i_mapping;
	struct folio *folio = frame->folio;
	XA_STATE(xas, &mapping->i_pages, vmdev_frame_index(frame));

	xas_lock_irq(&xas);
	if (!folio_ref_freeze(folio, 2)) {
		xas_unlock_irq(&xas);
		return false;
	}
	erase_locked(&xas, mapping);
	xas_unlock_irq(&xas);
	wash(folio);
	folio_ref_unfreeze(folio, 1);
	vmdev_domain_remove(frame, true);
	return true;
}

/* Take an unmapped folio out of the page cache. Page lock and folio lock held. */
static void erase(struct vmdev_space *space, struct vmdev_frame *frame)
{
	struct address_space *mapping = space->inode->i_mapping;
	XA_STATE(xas, &mapping->i_pages, vmdev_frame_index(frame));

	xas_lock_irq(&xas);
	erase_locked(&xas, mapping);
	xas_unlock_irq(&xas);
	wash(frame->folio);
}

/**
 * vmdev_space_drop() - take a frame out of the page cache, used or not, and free it
 * @space: the space
 * @frame: holds a page of it that goes for good; its folio is locked, unmapped,
 *	and unlocked here
 *
 * Whoever holds a reference keeps the memory until it lets go; see
 * vmdev_pool_free_erased().
 *
 * Context: page lock and folio lock held.
 */
void vmdev_space_drop(struct vmdev_space *space, struct vmdev_frame *frame)
{
	struct folio *folio = frame->folio;

	erase(space, frame);
	folio_unlock(folio);
	folio_put(folio);
	vmdev_domain_remove(frame, false);
	vmdev_pool_free_erased(frame);
}

/**
 * vmdev_space_lose() - the same for a frame whose memory has failed
 * @space: the space
 * @frame: holds a page of it; its folio is unmapped, locked, and stays locked, so
 *	the caller has a reference of its own
 *
 * Context: page lock and folio lock held.
 */
void vmdev_space_lose(struct vmdev_space *space, struct vmdev_frame *frame)
{
	erase(space, frame);
	folio_put(frame->folio);
	vmdev_domain_remove(frame, false);
	vmdev_pool_lose(frame);
}

/* ---- discarding ---- */

/*
 * Make one page ABSENT. Waits for I/O on it. With @killable the wait can end
 * with -EINTR; without it can't fail. Return: 1 when there was something.
 */
static int discard_page(struct vmdev_space *space, unsigned long *e, pgoff_t index,
			bool killable)
{
	struct vmdev_frame *frame;
	unsigned int state;

	for (;;) {
		/* both of one read: who holds the lock may be about to change the state */
		unsigned long now = READ_ONCE(*e);

		if (vmdev_page_state(&now) == VMDEV_PAGE_ABSENT &&
		    !test_bit(VMDEV_ENTRY_LOCK, &now))
			return 0;
		if (!killable)
			vmdev_page_lock(e);
		else if (vmdev_page_lock_killable(e))
			return -EINTR;
		state = vmdev_page_state(e);
		if (!vmdev_page_in(state, VMDEV_IN_IO))
			break;
		vmdev_page_unlock(e);
		if (!killable)
			vmdev_page_wait(e);
		else if (vmdev_page_wait_killable(e))
			return -EINTR;
	}

	if (state == VMDEV_PAGE_ABSENT) {
		vmdev_page_unlock(e);
		return 0;
	}
	if (vmdev_page_in(state, VMDEV_RESIDENT)) {
		frame = vmdev_pool_frame(vmdev_page_frame(e));
		folio_lock(frame->folio);
		/* the range was unmapped before, but faults may have come since */
		if (folio_mapped(frame->folio))
			unmap_mapping_range(space->inode->i_mapping, (loff_t)index << PAGE_SHIFT,
					    PAGE_SIZE, 0);
		vmdev_space_drop(space, frame);
	}
	if (vmdev_page_in(state, VMDEV_TO(CLEAN) | VMDEV_TO(SWAPPED) | VMDEV_TO(BAD)))
		vmdev_slot_free(vmdev_page_slot(e));
	clear_bit(VMDEV_ENTRY_RA, e);
	vmdev_page_fill_set(e, index, 0);
	vmdev_page_set(space, e, index, VMDEV_PAGE_ABSENT, 0, 0);
	vmdev_space_uncharge(space);
	vmdev_page_unlock(e);
	return 1;
}

static int discard_pages(struct vmdev_space *space, pgoff_t first, pgoff_t end, bool killable,
			 u64 *pages)
{
	struct vmdev_leaf *leaf;
	unsigned long i, k;
	int n;

	if (first >= end)
		return 0;
	xa_for_each_range(&space->leaves, i, leaf, first >> VMDEV_LEAF_SHIFT,
			  (end - 1) >> VMDEV_LEAF_SHIFT) {
		pgoff_t base = i << VMDEV_LEAF_SHIFT;
		unsigned long from = first > base ? first - base : 0;
		unsigned long to = min(end - base, VMDEV_LEAF_PAGES);

		for (k = from; k < to; k++) {
			n = discard_page(space, &leaf->entry[k], base + k, killable);
			if (n < 0)
				return n;
			if (pages)
				*pages += n;
		}
		if (killable && fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

/**
 * vmdev_space_discard() - make pages read as zero again
 * @space: the space
 * @first: the first page
 * @end: the page behind the last
 * @pages: NULL, or counts the pages that had something
 *
 * Context: process, size_mutex held (a page written meanwhile may go or stay).
 * Return: 0, or -EINTR when the task is being killed; some pages are gone then.
 */
int vmdev_space_discard(struct vmdev_space *space, pgoff_t first, pgoff_t end, u64 *pages)
{
	lockdep_assert_held(&space->size_mutex);
	if (first >= end)
		return 0;
	unmap_mapping_range(space->inode->i_mapping, (loff_t)first << PAGE_SHIFT,
			    (loff_t)(end - first) << PAGE_SHIFT, 0);
	return discard_pages(space, first, end, true, pages);
}

/**
 * vmdev_space_release() - the last descriptor and mapping are gone
 * @space: the space
 *
 * Context: process; waits for I/O under way on its pages.
 */
void vmdev_space_release(struct vmdev_space *space)
{
	discard_pages(space, 0, VMDEV_INDEX_MAX, false, NULL);
	set_reserved(space, 0);

	if (space->limit_min) {
		mutex_lock(&vmdev_ctl);
		limit_min_sum -= space->limit_min;
		mutex_unlock(&vmdev_ctl);
	}
	spin_lock(&spaces_lock);
	list_del(&space->node);
	WRITE_ONCE(nr_spaces, nr_spaces - 1);
	spin_unlock(&spaces_lock);
	vmdev_space_put(space);
}

/* ---- size ---- */

/* What lies behind @size in its page reads as zero from now on. */
static int zero_tail(struct vmdev_space *space, u64 size)
{
	pgoff_t index = size >> PAGE_SHIFT;
	unsigned long offset = offset_in_page(size);
	struct folio *folio;

	if (!offset || vmdev_fault_reads_zero(space, index))
		return 0;
	folio = vmdev_fault_get(space, index, true);
	/* nothing can be seen of a bad page anyway */
	if (IS_ERR(folio))
		return PTR_ERR(folio) == -EIO ? 0 : PTR_ERR(folio);
	folio_zero_segment(folio, offset, PAGE_SIZE);
	folio_mark_dirty(folio);
	folio_put(folio);
	return 0;
}

static int grow_locked(struct vmdev_space *space, u64 size, bool reserve)
{
	u64 old = i_size_read(space->inode);
	unsigned long pages = DIV_ROUND_UP_ULL(size, PAGE_SIZE);
	unsigned long reserved = space->reserved;
	int err;

	lockdep_assert_held(&space->size_mutex);
	if (pages > VMDEV_INDEX_MAX)
		return -EFBIG;
	if (vmdev_space_is_volume(space) && size > old)
		return -ENOSPC;
	if (reserve && !vmdev_overcommit && pages > space->reserved) {
		err = set_reserved(space, pages);
		if (err)
			return err;
	}
	if (size > old) {
		/* a mapping may have written behind the old end of its last page */
		err = zero_tail(space, old);
		if (err) {
			/* less is always granted */
			set_reserved(space, reserved);
			return err;
		}
		i_size_write(space->inode, size);
	}
	return 0;
}

/**
 * vmdev_space_grow() - make a space at least @size bytes large
 * @space: the space
 * @size: bytes
 * @reserve: promise that all of it can be had (ignored with overcommit)
 *
 * Context: process, mmap_lock may be held.
 * Return: 0, -ENOSPC when it can't be promised or is a volume's and past its end,
 * -EFBIG, or -EINTR when the task is being killed.
 */
int vmdev_space_grow(struct vmdev_space *space, u64 size, bool reserve)
{
	int err;

	if (mutex_lock_killable(&space->size_mutex))
		return -EINTR;
	err = grow_locked(space, size, reserve);
	mutex_unlock(&space->size_mutex);
	return err;
}

/**
 * vmdev_space_resize() - set the size, as ftruncate(2) would
 * @space: the space
 * @size: bytes; what is cut off is gone
 *
 * Context: process, no locks.
 * Return: 0, -EPERM for a volume, -ENOSPC, -EFBIG, or -EINTR when the task is being
 * killed.
 */
int vmdev_space_resize(struct vmdev_space *space, u64 size)
{
	pgoff_t end = DIV_ROUND_UP_ULL(size, PAGE_SIZE);
	int err;

	if (vmdev_space_is_volume(space))
		return -EPERM;
	if (mutex_lock_killable(&space->size_mutex))
		return -EINTR;
	if (size >= i_size_read(space->inode)) {
		err = grow_locked(space, size, true);
	} else {
		err = zero_tail(space, size);
		if (!err) {
			/* no fault goes past the size from here on */
			i_size_write(space->inode, size);
			/* pairs with the one in vmdev_space_ends_before() */
			smp_mb();
			/* to the end, killed or not: what is cut off must not come back */
			unmap_mapping_range(space->inode->i_mapping, (loff_t)end << PAGE_SHIFT,
					    0, 0);
			discard_pages(space, end, VMDEV_INDEX_MAX, false, NULL);
			if (end < space->reserved)
				set_reserved(space, end);
		}
	}
	mutex_unlock(&space->size_mutex);
	return err;
}

/**
 * vmdev_space_open_volume() - make the space of a volume
 * @name: its name, shorter than VMDEV_VOLUME_NAME_SIZE
 * @size: bytes; this is promised now and stays
 *
 * Context: process.
 * Return: a space that the caller gives back with vmdev_space_release(), or an
 * error pointer: -ENOMEM, or as from vmdev_space_grow().
 */
struct vmdev_space *vmdev_space_open_volume(const char *name, u64 size)
{
	struct vmdev_space *space = vmdev_space_open();
	int err;

	if (IS_ERR(space))
		return space;
	err = vmdev_space_grow(space, size, true);
	if (err) {
		vmdev_space_release(space);
		return ERR_PTR(err);
	}
	spin_lock(&spaces_lock);
	strscpy(space->volume, name, sizeof(space->volume));
	spin_unlock(&spaces_lock);
	return space;
}

/* ---- limits ---- */

/* Take the space's frames over to its own domain. */
static void move_frames(struct vmdev_space *space)
{
	struct vmdev_leaf *leaf;
	unsigned long i, k;

	xa_for_each(&space->leaves, i, leaf) {
		for (k = 0; k < VMDEV_LEAF_PAGES; k++) {
			unsigned long *e = &leaf->entry[k];

			if (!vmdev_page_resident(e))
				continue;
			vmdev_page_lock(e);
			/* a read's completion can't free the frame here: it needs the lock */
			if (vmdev_page_resident(e))
				vmdev_domain_move(vmdev_pool_frame(vmdev_page_frame(e)),
						  space->own);
			vmdev_page_unlock(e);
		}
		cond_resched();
	}
}

/**
 * vmdev_space_limit() - limit a space's frames from above and below
 * @space: the space
 * @max: most frames, 0 for no limit
 * @min: frames that others can't take
 *
 * What it has beyond @max is paged out before this returns, as far as it can be.
 *
 * Context: process, no locks.
 * Return: 0, -EINVAL, -ENOMEM, -ENOSPC when half of the pool is promised to
 * others, or -EINTR when the task is being killed.
 */
int vmdev_space_limit(struct vmdev_space *space, u64 max, u64 min)
{
	struct vmdev_domain *own;
	int err = 0;

	if ((max && max < VMDEV_LIMIT_MIN) || (max && min > max) || max > LONG_MAX)
		return -EINVAL;
	if (mutex_lock_killable(&vmdev_ctl))
		return -EINTR;
	if (min > READ_ONCE(vmdev_pool.target) / 2 ||
	    limit_min_sum - space->limit_min + min > READ_ONCE(vmdev_pool.target) / 2) {
		err = -ENOSPC;
		goto out;
	}
	if (!space->own && (max || min)) {
		own = vmdev_domain_create(space);
		if (!own) {
			err = -ENOMEM;
			goto out;
		}
		space->own = own;
		/* pairs with READ_ONCE() in vmdev_space_insert() and lock_victims() */
		smp_store_release(&space->domain, own);
		move_frames(space);
	}
	limit_min_sum += min - space->limit_min;
	WRITE_ONCE(space->limit_min, min);
	WRITE_ONCE(space->limit_max, max);
out:
	mutex_unlock(&vmdev_ctl);
	if (!err && max)
		vmdev_reclaim_shrink(space);
	return err;
}

/* Frames that reclaim for others may take from the space. */
unsigned long vmdev_space_evictable(struct vmdev_space *space)
{
	unsigned long frames = atomic_long_read(&space->frames);
	unsigned long min = READ_ONCE(space->limit_min);

	return frames > min ? frames - min : 0;
}

/* ---- looking at spaces ---- */

/* Fill in VMDEV_IOC_GET_STATS. Context: process. */
void vmdev_space_stats(struct vmdev_space *space, struct vmdev_stats *stats)
{
	u64 *count = &stats->faults_minor;
	unsigned int state, i;

	memset(stats, 0, sizeof(*stats));
	stats->size = i_size_read(space->inode);
	stats->reserved_pages = READ_ONCE(space->reserved);
	for (state = 0; state < VMDEV_PAGE_STATES; state++) {
		unsigned long pages = vmdev_space_pages(space, state);

		if (state != VMDEV_PAGE_ABSENT)
			stats->touched += pages;
		if (vmdev_page_in(state, VMDEV_RESIDENT))
			stats->resident += pages;
	}
	/* states are summed one by one while pages change theirs */
	stats->resident = min_t(u64, stats->resident, atomic_long_read(&space->frames));
	stats->dirty = min_t(u64, vmdev_space_pages(space, VMDEV_PAGE_DIRTY), stats->resident);
	stats->swapped = vmdev_space_pages(space, VMDEV_PAGE_SWAPPED);
	stats->zero = vmdev_space_pages(space, VMDEV_PAGE_ZERO);
	stats->bad = vmdev_space_pages(space, VMDEV_PAGE_BAD);
	stats->pinned = vmdev_pool_pinned(space);
	stats->limit_max = READ_ONCE(space->limit_max);
	stats->limit_min = READ_ONCE(space->limit_min);
	BUILD_BUG_ON(offsetof(struct vmdev_stats, reserved) -
		     offsetof(struct vmdev_stats, faults_minor) !=
		     VMDEV_SPACE_COUNTS * sizeof(u64));
	for (i = 0; i < VMDEV_SPACE_COUNTS; i++)
		count[i] = atomic_long_read(&space->count[i]);
}

static const u8 map_states[VMDEV_PAGE_STATES] = {
	[VMDEV_PAGE_ABSENT]	= VMDEV_MAP_ABSENT,
	[VMDEV_PAGE_ZERO]	= VMDEV_MAP_ZERO,
	[VMDEV_PAGE_CLEAN]	= VMDEV_MAP_CLEAN,
	[VMDEV_PAGE_DIRTY]	= VMDEV_MAP_DIRTY,
	[VMDEV_PAGE_READING]	= VMDEV_MAP_READING,
	[VMDEV_PAGE_WRITING]	= VMDEV_MAP_WRITING,
	[VMDEV_PAGE_SWAPPED]	= VMDEV_MAP_SWAPPED,
	[VMDEV_PAGE_BAD]	= VMDEV_MAP_BAD,
};

/**
 * vmdev_space_map_entry() - where one page is now
 * @space: the space
 * @index: the page
 * @m: out
 *
 * Context: process, no page lock; waits for the page's.
 * Return: 0, or -EINTR when the task is being killed.
 */
int vmdev_space_map_entry(struct vmdev_space *space, pgoff_t index, struct vmdev_map_entry *m)
{
	unsigned long *e = vmdev_page_find(space, index);
	unsigned int state;

	*m = (struct vmdev_map_entry){
		.state = VMDEV_MAP_ABSENT, .frame = VMDEV_MAP_NONE, .slot = VMDEV_MAP_NONE,
	};
	if (!e)
		return 0;
	if (vmdev_page_lock_killable(e))
		return -EINTR;
	state = vmdev_page_state(e);
	m->state = map_states[state];
	if (vmdev_page_in(state, VMDEV_RESIDENT))
		m->frame = vmdev_page_frame(e);
	if (vmdev_page_in(state, VMDEV_TO(CLEAN) | VMDEV_IN_IO | VMDEV_TO(SWAPPED) |
			  VMDEV_TO(BAD)) && vmdev_page_slot(e) != VMDEV_SLOT_NONE)
		m->slot = vmdev_page_slot(e);
	/* written through a mapping: only the folio and the page tables know yet */
	if (state == VMDEV_PAGE_CLEAN &&
	    (folio_test_dirty(vmdev_pool_frame(m->frame)->folio) ||
	     vmdev_access_dirty(space->inode->i_mapping, index))) {
		m->state = VMDEV_MAP_DIRTY;
		m->slot = VMDEV_MAP_NONE;
	}
	vmdev_page_unlock(e);
	return 0;
}

/**
 * vmdev_space_after() - go through the spaces without holding a lock
 * @id: number of the one before, 0 to begin
 *
 * Context: process.
 * Return: the next space, with a reference that the caller drops, or NULL.
 */
struct vmdev_space *vmdev_space_after(u64 id)
{
	struct vmdev_space *space, *found = NULL;

	spin_lock(&spaces_lock);
	list_for_each_entry(space, &spaces, node) {
		if (space->id > id) {
			found = space;
			vmdev_space_get(found);
			break;
		}
	}
	spin_unlock(&spaces_lock);
	return found;
}

unsigned long vmdev_space_number(void)
{
	return READ_ONCE(nr_spaces);
}

/* Pages of all spaces in one state. Context: any but interrupt. */
unsigned long vmdev_space_sum(enum vmdev_page_state state)
{
	struct vmdev_space *space;
	unsigned long sum = 0;

	spin_lock(&spaces_lock);
	list_for_each_entry(space, &spaces, node)
		sum += vmdev_space_pages(space, state);
	spin_unlock(&spaces_lock);
	return sum;
}

/*
 * debugfs: one line a space, with enum vmdev_space_count before the limits. A volume is
 * nobody's, and says its name.
 */
int vmdev_space_show(struct seq_file *m, void *unused)
{
	struct vmdev_space *space;
	unsigned int i;

	seq_puts(m, "id pid comm size frames swapped dirty faults_minor faults_major faults_zero refaults evictions read_pages written_pages readahead readahead_hits limit_max limit_min\n");
	spin_lock(&spaces_lock);
	list_for_each_entry(space, &spaces, node) {
		if (vmdev_space_is_volume(space)) {
			seq_printf(m, "%llu 0 vmdev-%s", space->id, space->volume);
		} else {
			seq_printf(m, "%llu %d ", space->id, space->pid);
			/* a name is what its owner likes; it stays one word */
			seq_escape(m, space->comm, " \t\n\\");
		}
		seq_printf(m, " %llu %ld %lu %lu", i_size_read(space->inode),
			   atomic_long_read(&space->frames),
			   vmdev_space_pages(space, VMDEV_PAGE_SWAPPED),
			   vmdev_space_pages(space, VMDEV_PAGE_DIRTY));
		for (i = 0; i < VMDEV_SPACE_COUNTS; i++)
			seq_printf(m, " %ld", atomic_long_read(&space->count[i]));
		seq_printf(m, " %lu %lu\n", READ_ONCE(space->limit_max),
			   READ_ONCE(space->limit_min));
	}
	spin_unlock(&spaces_lock);
	return 0;
}
