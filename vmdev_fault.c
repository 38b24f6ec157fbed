// SPDX-License-Identifier: GPL-2.0
/*
 * Bringing a page in: the page fault handler and, for read(2) and write(2), the
 * same without a fault. Errnos become VM_FAULT_* here and nowhere else. It owns
 * no data; pages, frames and requests belong to the files below it.
 *
 * A fault is first tried with what is at hand; an evicted page is read where that takes
 * no wait. Only when it must wait, for the store or for a frame, the lock it came in with
 * is dropped, the page is brought in, and the fault is retried. The second time, or where
 * the caller allows no retry, the wait is done with the lock held, so a fault makes
 * progress however small the pool is.
 *
 * Neighbours that are at hand are mapped with the page: by fault-around where the page
 * was read, and behind a page of a stream, up to AROUND pages: those that were read
 * ahead, or are filled ahead where a program goes through memory for the first time.
 *
 * There is no page_mkwrite: a page of a shared mapping is mapped writable at
 * once, and the hardware's dirty bits, moved to the folio by unmapping, tell
 * whether it was written. A fault for writing still says so at once.
 */
#include <linux/file.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/userfaultfd_k.h>

#include <vmdev/access.h>
#include <vmdev/compat.h>
#include <vmdev/reclaim.h>
#include <vmdev/fault.h>
#include <vmdev/io.h>
#include <vmdev/poison.h>
#include <vmdev/stats.h>
#include <vmdev/swap.h>

#include "vmdev_trace.h"

#define AROUND	16	/* pages mapped by one fault at most, as fault-around does */

/*
 * Make an ABSENT or ZERO page resident in @frame. Context: page lock held.
 * Return: 0, or an error; the frame is given back then.
 */
static int fill(struct vmdev_space *space, pgoff_t index, unsigned long *e,
		struct vmdev_frame *frame, bool write, gfp_t gfp)
{
	bool absent = vmdev_page_state(e) == VMDEV_PAGE_ABSENT;
	u64 word = absent ? 0 : vmdev_page_fill(e, index);
	int err = 0;

	if (absent)
		err = vmdev_space_charge(space);
	if (err)
		goto err_frame;
	if (word) {
		void *p = kmap_local_folio(frame->folio, 0);

		memset64(p, word, PAGE_SIZE / sizeof(word));
		kunmap_local(p);
	} else if (!test_bit(VMDEV_FRAME_ZEROED, &frame->flags)) {
		folio_zero_range(frame->folio, 0, PAGE_SIZE);
	}
	if (!vmdev_space_insert(space, index, e, frame, true, gfp)) {
		err = -ENOMEM;
		goto err_charge;
	}
	if (!absent) {
		vmdev_count(refaults);
		vmdev_space_count(space, REFAULTS, 1);
	}
	vmdev_page_set(space, e, index, write ? VMDEV_PAGE_DIRTY : VMDEV_PAGE_CLEAN,
		       frame->node.id, VMDEV_SLOT_NONE);
	return 0;

err_charge:
	if (absent)
		vmdev_space_uncharge(space);
err_frame:
	vmdev_reclaim_put_frame(space, frame);
	return err;
}

/* The same for a page somebody asked for. Context: page lock held. */
static int fill_asked(struct vmdev_space *space, pgoff_t index, unsigned long *e,
		      struct vmdev_frame *frame, bool write)
{
	int err = fill(space, index, e, frame, write, GFP_KERNEL);

	if (err == -ENOSPC)
		vmdev_count(oom);
	return err;
}

/* Lock and hold the folio of a resident page. Context: page lock held, dropped. */
static int get_folio(struct vmdev_space *space, unsigned long *e, bool write,
		     struct folio **foliop)
{
	struct vmdev_frame *frame = vmdev_pool_frame(vmdev_page_frame(e));
	struct folio *folio = frame->folio;

	if (write && vmdev_page_state(e) == VMDEV_PAGE_CLEAN) {
		vmdev_slot_free(vmdev_page_slot(e));
		vmdev_page_set(space, e, vmdev_frame_index(frame), VMDEV_PAGE_DIRTY,
			       frame->node.id, 0);
	}
	/* before it is written to: nobody must take what is being written for all of it */
	if (write && vmdev_page_state(e) == VMDEV_PAGE_WRITING)
		folio_mark_dirty(folio);
	folio_get(folio);
	if (folio_lock_killable(folio)) {
		folio_put(folio);
		vmdev_page_unlock(e);
		return -EINTR;
	}
	if (!test_bit(VMDEV_FRAME_ACCESSED, &frame->flags))
		set_bit(VMDEV_FRAME_ACCESSED, &frame->flags);
	vmdev_page_unlock(e);
	*foliop = folio;
	return 0;
}

/*
 * The memory of a resident page has failed: take it out, or wait until the end of its
 * I/O has done that. Context: page lock held, dropped. Return: 0 or -EINTR.
 */
static int poisoned(struct vmdev_space *space, unsigned long *e)
{
	bool gone = vmdev_poison_resident(space, e);

	vmdev_page_unlock(e);
	return gone ? 0 : vmdev_page_wait_killable(e);
}

/*
 * A page being written is taken back, unless its frame is needed too badly or the
 * device can't bear that it is changed.
 */
static bool leaves(struct vmdev_space *space, unsigned int state)
{
	return state == VMDEV_PAGE_WRITING &&
	       (vmdev_space_distressed(space) || vmdev_store_stable());
}

/*
 * The entry of a page that is asked for. Return: it, or an error pointer: -ERANGE past the
 * end, where nothing is made, -ENOMEM.
 */
static unsigned long *get_entry(struct vmdev_space *space, pgoff_t index)
{
	unsigned long *e;

	/* looked at again under the page lock */
	if (index >= vmdev_space_end(space))
		return ERR_PTR(-ERANGE);
	e = vmdev_page_make(space, index);
	return e ? e : ERR_PTR(-ENOMEM);
}

/*
 * Get a page with what is at hand. @last, when it isn't NULL, is the last page that can
 * be mapped with it, and comes back as the last that should be: neighbours that were
 * read ahead count as used then. Return: 0 with the folio locked and held;
 * -EAGAIN when it takes a wait; -ERANGE past the end, -EIO for a bad page,
 * -ENOSPC, -ENOMEM, or -EINTR when the task is being killed.
 */
static int try_get(struct vmdev_space *space, pgoff_t index, unsigned long *e, bool write,
		   struct folio **foliop, enum vmdev_fault_kind *kind, pgoff_t *last)
{
	pgoff_t around = last ? *last : index;
	struct vmdev_frame *frame;
	unsigned int state;
	int err;

	if (last)
		*last = index;
again:
	err = vmdev_page_lock_killable(e);
	if (err)
		return err;
	/* under the page lock: a shrinking size is set before pages are discarded */
	err = -ERANGE;
	if (vmdev_space_ends_before(space, index))
		goto err_unlock;

	if (vmdev_page_resident(e) &&
	    folio_test_hwpoison(vmdev_pool_frame(vmdev_page_frame(e))->folio)) {
		err = poisoned(space, e);
		if (err)
			return err;
		goto again;
	}
	state = vmdev_page_state(e);
	err = state == VMDEV_PAGE_BAD ? -EIO : -EAGAIN;
	if (vmdev_page_in(state, VMDEV_TO(BAD) | VMDEV_TO(SWAPPED) | VMDEV_TO(READING)) ||
	    leaves(space, state))
		goto err_unlock;

	if (vmdev_page_in(state, VMDEV_RESIDENT)) {
		if (test_bit(VMDEV_ENTRY_RA, e) && test_and_clear_bit(VMDEV_ENTRY_RA, e)) {
			folio_clear_readahead(vmdev_pool_frame(vmdev_page_frame(e))->folio);
			vmdev_page_unlock(e);
			around = vmdev_io_touched(space, index, around);
			if (last)
				*last = around;
			goto again;
		}
		*kind = VMDEV_FAULT_MINOR;
	} else {
		frame = vmdev_reclaim_try_frame(space);
		if (!frame)
			goto err_unlock;
		err = fill_asked(space, index, e, frame, write);
		if (err)
			goto err_unlock;
		*kind = VMDEV_FAULT_ZERO;
	}
	return get_folio(space, e, write, foliop);

err_unlock:
	vmdev_page_unlock(e);
	return err;
}

/*
 * Read a page that came back. Context: page lock held, dropped. Return: 0 when the read is
 * under way, or -ENOMEM.
 */
static int read_back(struct vmdev_space *space, pgoff_t index, unsigned long *e,
		     struct vmdev_frame *frame)
{
	vmdev_count(refaults);
	vmdev_space_count(space, REFAULTS, 1);
	return vmdev_io_read(space, index, e, frame);
}

/*
 * Make a page resident, waiting for whatever that takes. No folio comes of it:
 * the page may be evicted again at once. Return: as try_get(), without -EAGAIN.
 */
static int fetch(struct vmdev_space *space, pgoff_t index, unsigned long *e, bool write,
		 enum vmdev_fault_kind *kind)
{
	struct vmdev_frame *frame = NULL;
	unsigned int state;
	int err;

	*kind = VMDEV_FAULT_MINOR;
	for (;;) {
		err = vmdev_page_lock_killable(e);
		if (err)
			break;
		state = vmdev_page_state(e);
		if (vmdev_space_ends_before(space, index))
			err = -ERANGE;
		else if (state == VMDEV_PAGE_BAD)
			err = -EIO;
		if (err || (vmdev_page_in(state, VMDEV_RESIDENT & ~VMDEV_TO(READING)) &&
			    !leaves(space, state))) {
			vmdev_page_unlock(e);
			break;
		}
		if (vmdev_page_in(state, VMDEV_IN_IO)) {
			vmdev_page_unlock(e);
			*kind = VMDEV_FAULT_MAJOR;
			/* not to be kept from others by who waits */
			if (frame)
				vmdev_reclaim_put_frame(space, frame);
			frame = NULL;
			if (state == VMDEV_PAGE_READING)
				err = vmdev_page_wait_killable(e);
			else
				err = vmdev_page_wait_briefly(e);
			if (err)
				break;
			continue;
		}
		if (!frame)
			frame = vmdev_reclaim_try_frame(space);
		if (!frame) {
			vmdev_page_unlock(e);
			frame = vmdev_reclaim_get_frame(space);
			if (IS_ERR(frame))
				return PTR_ERR(frame);
			continue;
		}
		if (state == VMDEV_PAGE_SWAPPED) {
			*kind = VMDEV_FAULT_MAJOR;
			err = read_back(space, index, e, frame);
		} else {
			*kind = VMDEV_FAULT_ZERO;
			err = fill_asked(space, index, e, frame, write);
			vmdev_page_unlock(e);
		}
		frame = NULL;
		if (err)
			break;
	}
	if (frame)
		vmdev_reclaim_put_frame(space, frame);
	return err;
}

/**
 * vmdev_fault_get() - get a page for the kernel's own use
 * @space: the space
 * @index: the page
 * @write: the caller will write to it, and then must mark the folio dirty before
 *	it drops the reference
 *
 * Context: process, no page lock; waits, until the task is killed.
 * Return: the folio with a reference, which keeps it where it is; or an error
 * pointer: -ERANGE past the end, -EIO for a bad page, -ENOSPC, -ENOMEM, -EINTR.
 */
struct folio *vmdev_fault_get(struct vmdev_space *space, pgoff_t index, bool write)
{
	unsigned long *e = get_entry(space, index);
	enum vmdev_fault_kind kind;
	struct folio *folio;
	int err;

	if (IS_ERR(e))
		return ERR_CAST(e);
	for (;;) {
		err = try_get(space, index, e, write, &folio, &kind, NULL);
		if (!err) {
			folio_unlock(folio);
			return folio;
		}
		if (err == -EAGAIN)
			err = fetch(space, index, e, write, &kind);
		if (err)
			return ERR_PTR(err);
	}
}

/* Is there nothing to bring in: never touched, or evicted full of zeroes? */
bool vmdev_fault_reads_zero(struct vmdev_space *space, pgoff_t index)
{
	unsigned long *e = vmdev_page_find(space, index);

	return !e || vmdev_page_state(e) == VMDEV_PAGE_ABSENT;
}

static void count_fault(struct vmdev_space *space, pgoff_t index, enum vmdev_fault_kind kind,
			bool write, ktime_t start)
{
	switch (kind) {
	case VMDEV_FAULT_MINOR:
		vmdev_count(faults_minor);
		vmdev_space_count(space, FAULTS_MINOR, 1);
		break;
	case VMDEV_FAULT_MAJOR:
		vmdev_count(faults_major);
		vmdev_space_count(space, FAULTS_MAJOR, 1);
		break;
	case VMDEV_FAULT_ZERO:
		vmdev_count(faults_zero);
		vmdev_space_count(space, FAULTS_ZERO, 1);
		break;
	}
	vmdev_stats_took(start);
	trace_vmdev_fault(space->id, index, kind, write);
}

/*
 * Send off the read of a page, if a frame is at hand; @kind is VMDEV_FAULT_MAJOR then.
 * For a store whose requests end at once: others may keep the task waiting before they
 * take one. Return: it has ended.
 */
static bool read_at_once(struct vmdev_space *space, pgoff_t index, unsigned long *e,
			 enum vmdev_fault_kind *kind)
{
	struct vmdev_frame *frame = NULL;

	if (vmdev_page_state(e) != VMDEV_PAGE_SWAPPED || vmdev_page_lock_killable(e))
		return false;
	if (vmdev_page_state(e) == VMDEV_PAGE_SWAPPED && !vmdev_space_ends_before(space, index))
		frame = vmdev_reclaim_try_frame(space);
	if (!frame) {
		vmdev_page_unlock(e);
		return false;
	}
	if (read_back(space, index, e, frame))
		return false;
	*kind = VMDEV_FAULT_MAJOR;
	return !vmdev_page_in(vmdev_page_state(e), VMDEV_IN_IO);
}

/*
 * The slow way of a fault that may be retried: everything that is left to do is done
 * without the lock it came in with. The file, and with it the space and the module, is
 * held. @so_far: what kind of fault it is already.
 */
static vm_fault_t fault_unlocked(struct vm_fault *vmf, struct vmdev_space *space,
				 unsigned long *e, bool write,
				 enum vmdev_fault_kind so_far, ktime_t start)
{
	struct file *file = get_file(vmf->vma->vm_file);
	pgoff_t index = vmf->pgoff;
	enum vmdev_fault_kind kind;

	vmdev_fault_unlock(vmf);
	/* an error shows again at the second try, with the lock held */
	if (!fetch(space, index, e, write, &kind))
		count_fault(space, index, max(kind, so_far), write, start);
	fput(file);
	return VM_FAULT_RETRY | VM_FAULT_MAJOR;
}

/* Make an ABSENT page resident before it is touched. Return: done. */
static bool fill_one(struct vmdev_space *space, pgoff_t index, bool write)
{
	unsigned long *e = vmdev_page_find(space, index);
	struct vmdev_frame *frame;
	bool done = false;

	if (!e || vmdev_page_state(e) != VMDEV_PAGE_ABSENT || vmdev_pool_short() ||
	    !vmdev_page_trylock(e))
		return false;
	if (vmdev_page_state(e) == VMDEV_PAGE_ABSENT && !vmdev_space_ends_before(space, index)) {
		frame = vmdev_reclaim_try_frame(space);
		done = frame && !fill(space, index, e, frame, write, GFP_NOWAIT | __GFP_NOWARN);
		/* as take_ahead() does */
		if (done)
			set_bit(VMDEV_FRAME_ACCESSED, &frame->flags);
	}
	vmdev_page_untry(e);
	return done;
}

/*
 * @index was touched for the first time. When it goes on like that, fill pages behind
 * it, up to @last: of what is promised already, and in memory there is. They count as
 * written when this one is; one that isn't is found to be zero when it leaves. Return:
 * the last one filled.
 */
static pgoff_t fill_ahead(struct vmdev_space *space, pgoff_t index, pgoff_t last, bool write)
{
	unsigned int i, n;

	if (last == index || READ_ONCE(space->used) + AROUND > READ_ONCE(space->reserved))
		return index;
	n = vmdev_io_fill_ahead(space, index, last - index);
	for (i = 0; i < n && fill_one(space, index + i + 1, write); i++)
		;
	if (i < n)
		vmdev_io_correct(space, index, index + i);
	return index + i;
}

/* The last page of the AROUND that begin with the fault's and can be mapped with it. */
static pgoff_t last_around(struct vm_fault *vmf)
{
	unsigned long end = min(vmf->vma->vm_end, pmd_addr_end(vmf->address, vmf->vma->vm_end));

	return vmf->pgoff + min_t(unsigned long, AROUND, (end - vmf->address) >> PAGE_SHIFT) - 1;
}

/*
 * Will pages that are mapped tell whether they are touched? Not when the kernel goes
 * through them on somebody's behalf (mlock, MAP_POPULATE, direct I/O).
 */
static bool tells_use(struct vm_fault *vmf)
{
	return vmf->flags & FAULT_FLAG_USER;
}

/*
 * Map the pages behind the fault's up to @last as far as they are at hand, as if they
 * were read: they are writable too, and clean.
 */
static void map_along(struct vm_fault *vmf, pgoff_t last)
{
	enum fault_flag flags = vmf->flags;

	if (last == vmf->pgoff || uffd_disable_fault_around(vmf->vma) ||
	    vmdev_space_distressed(vmf->vma->vm_file->private_data))
		return;
	vmf->flags &= ~FAULT_FLAG_WRITE;
	filemap_map_pages(vmf, vmf->pgoff + 1, last);
	vmf->flags = flags;
	if (tells_use(vmf))
		vmdev_access_forget(vmf->vma, vmf->address + PAGE_SIZE,
				    vmf->address + ((last - vmf->pgoff + 1) << PAGE_SHIFT));
}

static vm_fault_t vmdev_fault(struct vm_fault *vmf)
{
	struct vmdev_space *space = vmf->vma->vm_file->private_data;
	bool write = vmf->flags & FAULT_FLAG_WRITE;
	enum vmdev_fault_kind kind, waited = VMDEV_FAULT_MINOR;
	ktime_t start = ktime_get();
	struct folio *folio;
	pgoff_t around = last_around(vmf), last;
	unsigned long *e;
	int err;

	/* whether what was mapped along with the last fault of a stream is of use */
	if (tells_use(vmf) && !(vmf->flags & FAULT_FLAG_TRIED) &&
	    vmdev_io_follows(space, vmf->pgoff))
		vmdev_io_judge(space, vmf->pgoff,
			       vmdev_access_unused(vmf->vma, vmf->address));
	e = get_entry(space, vmf->pgoff);
	if (IS_ERR(e))
		return VM_FAULT_SIGBUS;
	for (;;) {
		last = around;
		err = try_get(space, vmf->pgoff, e, write, &folio, &kind, &last);
		if (!err)
			break;
		/* also for a task being killed: the other signal comes first */
		if (err != -EAGAIN)
			return VM_FAULT_SIGBUS;
		if ((vmf->flags & FAULT_FLAG_ALLOW_RETRY) &&
		    (vmf->flags & FAULT_FLAG_RETRY_NOWAIT))
			return VM_FAULT_RETRY;
		if (fault_flag_allow_retry_first(vmf->flags)) {
			if (!vmdev_store_synchronous() ||
			    !read_at_once(space, vmf->pgoff, e, &waited))
				return fault_unlocked(vmf, space, e, write, waited, start);
			continue;
		}
		err = fetch(space, vmf->pgoff, e, write, &waited);
		if (err)
			return VM_FAULT_SIGBUS;
	}
	if (kind == VMDEV_FAULT_ZERO)
		last = fill_ahead(space, vmf->pgoff, around, write);
	map_along(vmf, last);
	/* a retried fault was counted when it waited */
	if (!(vmf->flags & FAULT_FLAG_TRIED))
		count_fault(space, vmf->pgoff, max(kind, waited), write, start);
	vmf->page = folio_page(folio, 0);
	return VM_FAULT_LOCKED | (waited == VMDEV_FAULT_MAJOR ? VM_FAULT_MAJOR : 0);
}

/*
 * Map a page that is read and is there, and with it resident neighbours. A page that has
 * just been brought in is left to vmdev_fault(), which knows which neighbours came too.
 */
static vm_fault_t vmdev_map_pages(struct vm_fault *vmf, pgoff_t first, pgoff_t last)
{
	struct vmdev_space *space = vmf->vma->vm_file->private_data;
	unsigned long *e = vmdev_page_find(space, vmf->pgoff);
	ktime_t start = ktime_get();
	vm_fault_t ret;

	/* pages being written are to leave when there is distress */
	if ((vmf->flags & FAULT_FLAG_TRIED) || !e || !vmdev_page_resident(e) ||
	    vmdev_space_distressed(space))
		return 0;
	ret = filemap_map_pages(vmf, first, last);
	if (ret & VM_FAULT_NOPAGE)
		count_fault(space, vmf->pgoff, VMDEV_FAULT_MINOR, false, start);
	return ret;
}

const struct vm_operations_struct vmdev_vm_ops = {
	.fault		= vmdev_fault,
	.map_pages	= vmdev_map_pages,
};
