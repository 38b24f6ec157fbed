// SPDX-License-Identifier: GPL-2.0
/*
 * Eviction: choosing victims in a domain, unmapping them, writing them out and
 * freeing them. It must not know when that is due, or for whom: vmdev_reclaim.c
 * does; nor how pages come in.
 *
 * A batch of victims goes through these steps, each page and folio locked by
 * trylock, so that no task ever waits with a batch in its hands:
 *
 *   isolate   off the policy's lists, under domain->lock
 *   hold      lock, and put back what is pinned or in I/O
 *   look      put back what is locked, or was used since it was last looked at
 *   unmap     one call per run of neighbours
 *   sort out  clean pages and pages of one repeated word are freed at once
 *   write     the rest gets neighbouring slots and goes out in large requests;
 *             page and folio locks are dropped first, so a fault can take a page
 *             back while it is written
 *
 * A frame whose page is being written is freed by the reclaim thread when the
 * write is done, unless somebody uses it again. A page whose write failed stays,
 * dirty, and is tried again, after a pause, at another slot.
 */
#define pr_fmt(fmt) "vmdev: " fmt

#include <linux/bitmap.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>

#include <vmdev/access.h>
#include <vmdev/evict.h>
#include <vmdev/io.h>
#include <vmdev/poison.h>
#include <vmdev/space.h>
#include <vmdev/stats.h>
#include <vmdev/swap.h>

#include "vmdev_trace.h"

#define BACKOFF_MIN	(HZ / 100 + 1)	/* between failing writes */
#define BACKOFF_MAX	HZ
#define ALIVE		(3 * HZ)	/* a store that works ends a write within this */

static LLIST_HEAD(writes_done);
static atomic_long_t nr_writing;	/* pages under way to the store */
static unsigned long last_done;		/* when a write last ended, or one began alone; jiffies */
static unsigned long backoff;		/* jiffies, 0 while writes succeed */
static unsigned long backoff_until;

/* ---- batches ---- */

/* Victim @v stays; its page lock is held. */
static void keep(struct vmdev_victim *v, bool accessed)
{
	/* a clean page that stays gives its slot up when slots are scarce */
	if (vmdev_page_state(v->e) == VMDEV_PAGE_CLEAN &&
	    vmdev_page_slot(v->e) != VMDEV_SLOT_NONE && vmdev_store_low()) {
		vmdev_slot_free(vmdev_page_slot(v->e));
		vmdev_page_set(v->space, v->e, v->index, VMDEV_PAGE_DIRTY, v->frame->node.id, 0);
	}
	vmdev_domain_putback(v->frame, accessed);
	vmdev_page_untry(v->e);
	vmdev_space_put(v->space);
}

/* The same, and its folio is locked. */
static void keep_folio(struct vmdev_victim *v, bool accessed)
{
	struct folio *folio = v->frame->folio;

	/* it is not going to be written: see sort_out() */
	if (folio_test_readahead(folio) && !test_bit(VMDEV_ENTRY_RA, v->e))
		folio_clear_readahead(folio);
	folio_unlock(folio);
	keep(v, accessed);
}

/*
 * Is the frame, whose page is or isn't @locked by mlock, kept for that? Up to half
 * of the pool may be. Page lock held.
 */
static bool kept_locked(struct vmdev_frame *frame, bool locked)
{
	struct vmdev_pool *pool = &vmdev_pool;

	clear_bit(VMDEV_FRAME_OVERLOCKED, &frame->flags);
	if (!locked) {
		if (test_and_clear_bit(VMDEV_FRAME_LOCKED, &frame->flags))
			atomic_long_dec(&pool->nr_locked);
		return false;
	}
	if (test_bit(VMDEV_FRAME_LOCKED, &frame->flags))
		return true;
	if (atomic_long_inc_return(&pool->nr_locked) > READ_ONCE(pool->target) / 2) {
		atomic_long_dec(&pool->nr_locked);
		set_bit(VMDEV_FRAME_OVERLOCKED, &frame->flags);
		return false;
	}
	set_bit(VMDEV_FRAME_LOCKED, &frame->flags);
	return true;
}

/* References beyond those of pool, page cache and mappings: the kernel uses it. */
static bool pinned(struct folio *folio)
{
	return folio_ref_count(folio) > 2 + atomic_read(&folio->_mapcount) + 1;
}

/*
 * Does nobody use the folio? Page and folio locks are held, so nobody can begin to.
 * To be asked before its dirty flag is looked at: whoever writes to it marks it dirty
 * before the reference is dropped.
 */
static bool idle_folio(struct folio *folio)
{
	bool idle = !folio_mapped(folio) && folio_ref_count(folio) == 2;

	/* pairs with the atomic in folio_put() after folio_mark_dirty() */
	smp_rmb();
	return idle;
}

/*
 * A victim's page lock is held: lock its folio too, or put it back. Return: true
 * when it may be evicted.
 */
static bool lock_folio(struct vmdev_victim *v)
{
	struct folio *folio = v->frame->folio;

	if (!vmdev_page_in(vmdev_page_state(v->e),
			   VMDEV_TO(CLEAN) | VMDEV_TO(DIRTY)) ||
	    !folio_trylock(folio)) {
		keep(v, false);
		return false;
	}
	if (folio_test_hwpoison(folio)) {
		folio_get(folio);
		vmdev_poison_take_resident(v->space, v->e);
		folio_unlock(folio);
		folio_put(folio);
		vmdev_page_untry(v->e);
		vmdev_space_put(v->space);
		return false;
	}
	if (pinned(folio)) {
		/* a device may be writing to it without anybody marking that later */
		if (folio_maybe_dma_pinned(folio))
			folio_mark_dirty(folio);
		keep_folio(v, false);
		return false;
	}
	return true;
}

static void lock_victims(struct vmdev_batch *b)
{
	unsigned int i, n = 0;

	for (i = 0; i < b->nr; i++) {
		struct vmdev_victim *v = &b->v[i];
		struct vmdev_domain *to;

		if (!vmdev_page_trylock(v->e)) {
			vmdev_domain_unisolate(b->domain, v);
			continue;
		}
		if (!vmdev_page_resident(v->e) || vmdev_page_frame(v->e) != v->frame->node.id) {
			/* the frame went to another page since: not ours any more */
			vmdev_page_untry(v->e);
			vmdev_space_put(v->space);
			continue;
		}
		/* pairs with smp_store_release() in vmdev_space_limit() */
		to = READ_ONCE(v->space->domain);
		if (to != b->domain) {
			vmdev_domain_move(v->frame, to);
			vmdev_page_untry(v->e);
			vmdev_space_put(v->space);
			continue;
		}
		if (lock_folio(v))
			b->v[n++] = *v;
	}
	b->nr = n;
}

static bool before(const struct vmdev_victim *v, const struct vmdev_victim *w)
{
	return v->space != w->space ? v->space < w->space : v->index < w->index;
}

/*
 * By place, so that neighbours are next to each other. Mostly they are already, and for
 * so few insertion takes half of what sort() does, which calls for each comparison.
 */
static void put_in_order(struct vmdev_batch *b)
{
	unsigned int i, k;

	for (i = 1; i < b->nr; i++) {
		struct vmdev_victim v = b->v[i];

		for (k = i; k && before(&v, &b->v[k - 1]); k--)
			b->v[k] = b->v[k - 1];
		b->v[k] = v;
	}
}

/* Length of the run of neighbouring pages that begins at victim @i. */
static unsigned int run_length(const struct vmdev_batch *b, unsigned int i)
{
	unsigned int n = 1;

	while (i + n < b->nr && b->v[i + n].space == b->v[i].space &&
	       b->v[i + n].index == b->v[i].index + n)
		n++;
	return n;
}

static void unmap_run(struct vmdev_victim *v, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr && !folio_mapped(v[i].frame->folio); i++)
		;
	if (i < nr)
		unmap_mapping_range(v->space->inode->i_mapping, (loff_t)v->index << PAGE_SHIFT,
				    (loff_t)nr << PAGE_SHIFT, 0);
}

/*
 * Was this unmapped page used? With VMDEV_ACCESS_REFAULT a page is unmapped at
 * the first look and was used if it is mapped, or was faulted, at the second.
 */
static bool probe(struct vmdev_victim *v)
{
	bool used = folio_mapped(v->frame->folio);

	if (test_and_clear_bit(VMDEV_FRAME_ACCESSED, &v->frame->flags))
		used = true;
	if (test_and_set_bit(VMDEV_FRAME_PROBED, &v->frame->flags) && !used)
		return false;
	unmap_run(v, 1);
	return true;
}

/* Which victims are locked in memory and, if that is asked, which were used? */
static void look_up(const struct vmdev_batch *b, unsigned long *locked, unsigned long *young)
{
	struct address_space *mapping = NULL;
	unsigned int i, run;

	for (i = 0; i < b->nr; i += run) {
		struct address_space *next = b->v[i].space->inode->i_mapping;

		/* once for all of a space, unless somebody waits to change what maps it */
		if (next != mapping || rwsem_is_contended(&next->i_mmap_rwsem)) {
			if (mapping)
				i_mmap_unlock_read(mapping);
			i_mmap_lock_read(next);
			mapping = next;
		}
		run = run_length(b, i);
		vmdev_access_look(mapping, b->v[i].index, run, i, locked, young);
	}
	if (mapping)
		i_mmap_unlock_read(mapping);
}

/* Put back the victims that are locked in memory or were used since the last look. */
static void look(struct vmdev_batch *b)
{
	DECLARE_BITMAP(locked, VMDEV_BATCH);
	DECLARE_BITMAP(young, VMDEV_BATCH);
	enum vmdev_access access = VMDEV_ACCESS_NONE;
	unsigned int i, n = 0;

	if (!b->force)
		access = vmdev_access_best(READ_ONCE(b->domain->policy.ops)->access);
	bitmap_zero(locked, VMDEV_BATCH);
	bitmap_zero(young, VMDEV_BATCH);
	look_up(b, locked, access == VMDEV_ACCESS_HARDWARE ? young : NULL);
	for (i = 0; i < b->nr; i++) {
		struct vmdev_victim *v = &b->v[i];
		bool mlocked = kept_locked(v->frame, test_bit(i, locked));
		bool used = test_bit(i, young);

		if (access == VMDEV_ACCESS_REFAULT && !mlocked)
			used = probe(v);
		else if (access == VMDEV_ACCESS_HARDWARE &&
			 test_and_clear_bit(VMDEV_FRAME_ACCESSED, &v->frame->flags))
			used = true;
		if (used || mlocked)
			keep_folio(v, used && !mlocked);
		else
			b->v[n++] = *v;
	}
	b->nr = n;
}

static bool same_filled(struct folio *folio, u64 *word)
{
	const u64 *p = kmap_local_folio(folio, 0);
	unsigned int i, last = PAGE_SIZE / sizeof(*p) - 1;
	bool same = p[0] == p[last];

	for (i = 1; same && i < last; i++)
		same = p[i] == p[0];
	*word = p[0];
	kunmap_local(p);
	return same;
}

/* When a page is evicted, as its domain counts. A moment later will do as well. */
static u32 age(struct vmdev_space *space)
{
	return vmdev_domain_age(READ_ONCE(space->domain));
}

/*
 * A page has left its frame. Context: page lock held. Return: when, as its domain counts;
 * long ago for a page that was read ahead for nothing: it has not come back when it is
 * read for the first time.
 */
static u32 count_eviction(struct vmdev_space *space, unsigned long *e,
			  struct vmdev_frame *frame, bool clean)
{
	vmdev_count(evictions);
	if (clean)
		vmdev_count(evictions_clean);
	if (test_bit(VMDEV_FRAME_OVERLOCKED, &frame->flags))
		vmdev_count(locked_evictions);
	vmdev_space_count(space, EVICTIONS, 1);
	trace_vmdev_evict(space->id, vmdev_frame_index(frame), frame->node.id, clean);
	if (vmdev_io_wasted(space, e))
		return (age(space) + VMDEV_AGE_FAR) & VMDEV_FRAME_NONE;
	return age(space);
}

/* A victim's page has left the page cache without I/O: free its frame. */
static void free_victim(struct vmdev_victim *v, unsigned int state)
{
	u32 slot = vmdev_page_slot(v->e);
	u32 when = count_eviction(v->space, v->e, v->frame, true);

	vmdev_page_set(v->space, v->e, v->index, state, when, slot);
	folio_unlock(v->frame->folio);
	vmdev_page_untry(v->e);
	vmdev_pool_free(v->frame);
	vmdev_space_put(v->space);
}

/*
 * Free the victim if it needs no I/O. Return: 1 when it is freed, 0 when it must
 * be written, -1 when it is in use and was put back.
 */
static int sort_out(struct vmdev_victim *v)
{
	struct folio *folio = v->frame->folio;
	u64 word;

	if (vmdev_store_stable()) {
		folio_set_readahead(folio);
		/* fault-around sees the flag, or its reference is seen below */
		smp_mb__after_atomic();
	}
	/* after the unmap, only then: see the table in page_state.h */
	if (!idle_folio(folio) || folio_test_hwpoison(folio))
		goto in_use;

	if (folio_test_dirty(folio) && vmdev_page_state(v->e) == VMDEV_PAGE_CLEAN) {
		vmdev_slot_free(vmdev_page_slot(v->e));
		vmdev_page_set(v->space, v->e, v->index, VMDEV_PAGE_DIRTY, v->frame->node.id, 0);
	}
	if (vmdev_page_state(v->e) == VMDEV_PAGE_DIRTY) {
		/* the word is noted first: nothing looks at it while the page is dirty */
		if (!same_filled(folio, &word) ||
		    !vmdev_page_fill_set(v->e, v->index, word))
			return 0;
		if (!vmdev_space_detach(v->space, v->frame))
			goto in_use;
		vmdev_count(same_filled);
		free_victim(v, VMDEV_PAGE_ZERO);
	} else {
		if (!vmdev_space_detach(v->space, v->frame))
			goto in_use;
		free_victim(v, vmdev_page_slot(v->e) == VMDEV_SLOT_NONE ? VMDEV_PAGE_ZERO :
							    VMDEV_PAGE_SWAPPED);
	}
	return 1;

in_use:
	keep_folio(v, true);
	return -1;
}

/* A write request has ended: the reclaim thread does the rest. Any context. */
static void write_end(struct vmdev_request *req)
{
	struct vmdev_io *io = container_of(req, struct vmdev_io, req);

	if (llist_add(&io->done, &writes_done))
		vmdev_pool_event();
}

/*
 * Write the victims, all dirty, to neighbouring slots. Return: how many are under
 * way; those that found no slot or no request are put back.
 */
static unsigned int write_out(struct vmdev_batch *b)
{
	unsigned int i = 0, n, end, nr_ios = 0, started;
	struct vmdev_io *io;
	void *p;
	u32 slot;

	while (i < b->nr) {
		n = vmdev_slot_alloc(b->nr - i, &slot);
		if (!n)
			break;
		io = vmdev_io_try_alloc(REQ_OP_WRITE, slot);
		if (!io) {
			while (n--)
				vmdev_slot_free(slot + n);
			break;
		}
		io->req.end = write_end;
		for (end = i + n; i < end; i++, slot++) {
			struct vmdev_victim *v = &b->v[i];

			/* cleared before the content is read: a write from now on shows */
			folio_clear_dirty(v->frame->folio);
			p = kmap_local_folio(v->frame->folio, 0);
			vmdev_slot_sum(slot, p);
			kunmap_local(p);
			vmdev_io_add(io, v->frame);
			vmdev_space_count(v->space, WRITTEN_PAGES, 1);
			vmdev_page_set(v->space, v->e, v->index, VMDEV_PAGE_WRITING,
				       v->frame->node.id, slot);
			folio_unlock(v->frame->folio);
			vmdev_page_untry(v->e);
			/* the reference to the space stays until write_done() */
		}
		b->io[nr_ios++] = io;
	}
	started = i;
	for (; i < b->nr; i++)
		keep_folio(&b->v[i], false);
	/* last, when nothing is locked any more: the block layer may have us wait */
	if (!vmdev_evict_writing())
		WRITE_ONCE(last_done, jiffies);
	atomic_long_add(started, &nr_writing);
	for (i = 0; i < nr_ios; i++)
		vmdev_io_submit(b->io[i]);
	return started;
}

/*
 * Take a locked batch through the remaining steps. Return: frames that are free or
 * will be when their write is done.
 */
static unsigned int evict_batch(struct vmdev_batch *b)
{
	unsigned int i, run, n = 0, done = 0;
	/* more for a store that doesn't answer would only be out of reach with the rest */
	bool may_write = vmdev_evict_alive() &&
			 (!READ_ONCE(backoff) || time_after(jiffies, READ_ONCE(backoff_until)));

	look(b);
	put_in_order(b);
	for (i = 0; i < b->nr; i += run) {
		run = run_length(b, i);
		unmap_run(&b->v[i], run);
	}
	for (i = 0; i < b->nr; i++) {
		int ret = sort_out(&b->v[i]);

		if (ret > 0)
			done++;
		else if (!ret && may_write)
			b->v[n++] = b->v[i];
		else if (!ret)
			keep_folio(&b->v[i], false);
	}
	b->nr = n;
	return done + write_out(b);
}

/**
 * vmdev_evict_domain() - evict frames of a domain
 * @b: memory to work with
 * @domain: the domain
 * @want: about how many
 * @scan: how many to look at, at most
 *
 * Context: process, no page lock held; mmap_lock may be. Doesn't wait for I/O.
 * Return: frames that are free or will be when their write is done.
 */
unsigned int vmdev_evict_domain(struct vmdev_batch *b, struct vmdev_domain *domain,
				unsigned int want, unsigned long scan)
{
	unsigned int done = 0, seen;

	b->force = domain->owner ? vmdev_space_distressed(domain->owner) :
				   vmdev_pool_distressed(&vmdev_pool.distress);
	while (done < want && scan) {
		/* full batches keep runs and requests long, up to an eighth of the pool */
		unsigned long max = clamp_t(unsigned long, vmdev_pool_frames() / 8,
					    2, VMDEV_BATCH);

		/* others take from a limited space what they may and no more */
		if (domain->owner && !b->own)
			max = min3(max, (unsigned long)want - done,
				   vmdev_space_evictable(domain->owner));
		if (!max)
			break;

		seen = vmdev_domain_isolate(domain, b->v, min_t(unsigned long, scan, max));
		if (!seen)
			break;
		scan -= seen;
		b->domain = domain;
		b->nr = seen;
		lock_victims(b);
		done += evict_batch(b);
		cond_resched();
	}
	return done;
}

/* ---- finished writes ---- */

/*
 * The memory of a page has failed while it was written. Only its checksum will tell
 * whether what was written is right. Context: page lock held.
 */
static void write_poisoned(struct vmdev_space *space, unsigned long *e,
			   struct vmdev_frame *frame, u32 slot, int error)
{
	struct folio *folio = frame->folio;

	folio_get(folio);
	folio_lock(folio);
	vmdev_poison_take(space, e, frame, slot, !error && vmdev_checksum);
	folio_unlock(folio);
	folio_put(folio);
}

/* The write of one page is done. Context: reclaim thread, no locks. */
static void write_done(struct vmdev_frame *frame, u32 slot, int error)
{
	struct vmdev_space *space = frame->space;
	struct folio *folio = frame->folio;
	pgoff_t index = vmdev_frame_index(frame);
	unsigned long *e = frame->e;
	bool locked, idle;

	vmdev_page_lock(e);
	if (folio_test_hwpoison(folio)) {
		write_poisoned(space, e, frame, slot, error);
		vmdev_page_unlock(e);
		vmdev_space_put(space);
		return;
	}
	/* whoever holds the folio lock is using it */
	locked = folio_trylock(folio);
	idle = locked && idle_folio(folio);
	if (!error && idle && !folio_test_dirty(folio) && vmdev_space_detach(space, frame)) {
		u32 when = count_eviction(space, e, frame, false);

		folio_unlock(folio);
		vmdev_page_set(space, e, index, VMDEV_PAGE_SWAPPED, when, slot);
		vmdev_page_unlock(e);
		vmdev_pool_free(frame);
	} else {
		/* written while it was written, or not written: the slot is no good */
		if (error || folio_test_dirty(folio)) {
			vmdev_slot_free(slot);
			vmdev_page_set(space, e, index, VMDEV_PAGE_DIRTY, frame->node.id, 0);
		} else {
			vmdev_page_set(space, e, index, VMDEV_PAGE_CLEAN, frame->node.id, slot);
		}
		folio_clear_readahead(folio);
		if (locked)
			folio_unlock(folio);
		vmdev_domain_putback(frame, !error);
		vmdev_page_unlock(e);
	}
	vmdev_space_put(space);
}

/* Free or keep what finished writes wrote. Context: the reclaim thread. */
void vmdev_evict_complete(void)
{
	struct llist_node *list = llist_reverse_order(llist_del_all(&writes_done));
	struct vmdev_io *io, *next;
	unsigned int i;

	if (list)
		WRITE_ONCE(last_done, jiffies);
	llist_for_each_entry_safe(io, next, list, done) {
		struct vmdev_request *req = &io->req;

		trace_vmdev_swap_out(io->frame[0]->space->id, vmdev_frame_index(io->frame[0]),
				     req->slot, req->nr, req->error);
		if (req->error) {
			vmdev_count_add(write_errors, req->nr);
			pr_warn_ratelimited("write of %u pages to slot %u failed (error %d), will be tried again\n",
					    req->nr, req->slot, req->error);
			WRITE_ONCE(backoff, clamp_t(unsigned long, 2 * backoff, BACKOFF_MIN,
						    BACKOFF_MAX));
			WRITE_ONCE(backoff_until, jiffies + backoff);
		} else {
			WRITE_ONCE(backoff, 0);
		}
		for (i = 0; i < req->nr; i++)
			write_done(io->frame[i], req->slot + i, req->error);
		atomic_long_sub(req->nr, &nr_writing);
		vmdev_io_free(io);
		cond_resched();
	}
}

/* Are there finished writes to complete? Context: any. */
bool vmdev_evict_pending(void)
{
	return !llist_empty(&writes_done);
}

/* Will the pages under way to the store be written before long? Context: any. */
bool vmdev_evict_alive(void)
{
	return !vmdev_evict_writing() || vmdev_evict_pending() ||
	       time_before(jiffies, READ_ONCE(last_done) + ALIVE);
}

/* Pages under way to the store. Context: any. */
unsigned long vmdev_evict_writing(void)
{
	return atomic_long_read(&nr_writing);
}

/* ---- on request ---- */

/* Add a page to a batch if it is resident. Return: 1 if it is, -EINTR, or 0. */
static int add_victim(struct vmdev_batch *b, struct vmdev_space *space, pgoff_t index)
{
	unsigned long *e = vmdev_page_find(space, index);
	struct vmdev_victim *v = &b->v[b->nr];

	if (!e || !vmdev_page_resident(e))
		return 0;
	while (!vmdev_page_trylock(e)) {
		/* wait for it without anything in our hands */
		evict_batch(b);
		b->nr = 0;
		v = &b->v[0];
		if (vmdev_page_lock_killable(e))
			return -EINTR;
		vmdev_page_unlock(e);
	}
	if (!vmdev_page_in(vmdev_page_state(e), VMDEV_TO(CLEAN) | VMDEV_TO(DIRTY))) {
		bool writing = vmdev_page_state(e) == VMDEV_PAGE_WRITING;

		vmdev_page_untry(e);
		return writing;
	}
	*v = (struct vmdev_victim){ vmdev_pool_frame(vmdev_page_frame(e)), space, e, index };
	vmdev_space_get(space);
	vmdev_domain_isolate_one(v->frame);
	if (lock_folio(v))
		b->nr++;
	return 1;
}

#define WINDOW	1024UL	/* pages sent off before they are waited for */

/* Evict pages @first to @end - 1, at most WINDOW. */
static int evict_window(struct vmdev_batch *b, struct vmdev_space *space, pgoff_t first,
			pgoff_t end, u64 *pages)
{
	DECLARE_BITMAP(sent, WINDOW);
	unsigned long *e;
	pgoff_t index;
	unsigned long i;
	int ret = 0;

	bitmap_zero(sent, WINDOW);
	b->nr = 0;
	b->force = true;
	b->domain = NULL;
	for (index = first; index < end && ret >= 0; index++) {
		ret = add_victim(b, space, index);
		if (ret > 0)
			__set_bit(index - first, sent);
		if (b->nr == VMDEV_BATCH) {
			evict_batch(b);
			b->nr = 0;
		}
	}
	evict_batch(b);

	for_each_set_bit(i, sent, end - first) {
		e = vmdev_page_find(space, first + i);
		if (ret >= 0 && vmdev_page_wait_killable(e))
			ret = -EINTR;
		if (!vmdev_page_resident(e))
			++*pages;
	}
	return min(ret, 0);
}

/**
 * vmdev_evict_range() - page out a range now, used or not
 * @space: the space
 * @first: the first page
 * @end: the page behind the last
 * @pages: counts the pages that left
 *
 * Pinned pages and those kept for mlock stay. Ends when all writes are done.
 *
 * Context: process, no page lock.
 * Return: 0, -ENOMEM, or -EINTR when the task is being killed.
 */
int vmdev_evict_range(struct vmdev_space *space, pgoff_t first, pgoff_t end, u64 *pages)
{
	struct vmdev_leaf *leaf;
	unsigned long i;
	struct vmdev_batch *b;
	int err = 0;

	if (first >= end)
		return 0;
	b = kmalloc(sizeof(*b), GFP_KERNEL);
	if (!b)
		return -ENOMEM;
	while (!err && first < end) {
		/* go on at the next leaf there is: most of a sparse space isn't */
		i = first >> VMDEV_LEAF_SHIFT;
		leaf = xa_find(&space->leaves, &i, (end - 1) >> VMDEV_LEAF_SHIFT, XA_PRESENT);
		if (!leaf)
			break;
		first = max_t(pgoff_t, first, i << VMDEV_LEAF_SHIFT);
		err = evict_window(b, space, first, min(end, first + WINDOW), pages);
		first += WINDOW;
		cond_resched();
	}
	kfree(b);
	return err;
}
