// SPDX-License-Identifier: GPL-2.0
/*
 * Eviction: choosing frames, unmapping them, writing them out and freeing them,
 * in the background and, when nothing is free, by the task that needs a frame.
 * It owns domains (which frames compete with one another) and knows nothing of
 * how pages come in.
 *
 * A batch of victims goes through these steps, each page and folio locked by
 * trylock, so that no task ever waits with a batch in its hands:
 *
 *   isolate   off the policy's lists, under domain->lock
 *   hold      lock, and put back what is pinned, locked in memory or in I/O
 *   age       put back what was used since it was last looked at
 *   unmap     one call per run of neighbours
 *   sort out  clean pages and pages of one repeated word are freed at once
 *   write     the rest gets neighbouring slots and goes out in large requests;
 *             page and folio locks are dropped first, so a fault can take a page
 *             back while it is written
 *
 * A frame whose page is being written is freed by the reclaim thread when the
 * write is done, unless somebody uses it again. A page whose write failed stays,
 * dirty, and is tried again, after a pause, at another slot.
 *
 * Isolating takes a frame off its list without the page lock. Who holds the page
 * lock meanwhile may free it or give it to another page: hence the check of the
 * entry after locking, and the flag VMDEV_FRAME_ISOLATED, which says to putback
 * whether the frame is still out.
 */
#define pr_fmt(fmt) "vmdev: " fmt

#include <linux/bitmap.h>
#include <linux/highmem.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include <vmdev/access.h>
#include <vmdev/evict.h>
#include <vmdev/io.h>
#include <vmdev/space.h>
#include <vmdev/stats.h>
#include <vmdev/swap.h>

#include "vmdev_trace.h"

#define BATCH			VMDEV_REQUEST_PAGES
#define STALL_TIMEOUT		(10 * HZ)	/* no frame became free for so long */
#define WAIT_TIMEOUT		(60 * HZ)	/* one task waited for so long in all */
#define BACKOFF_MIN		(HZ / 100 + 1)	/* between failing writes */
#define BACKOFF_MAX		HZ

struct victim {
	struct vmdev_frame *frame;
	struct vmdev_space *space;	/* a reference is held */
	unsigned long *e;
	pgoff_t index;
};

struct batch {
	struct vmdev_domain *domain;
	unsigned int nr;
	bool force;		/* whether used or not */
	struct victim v[BATCH];
};

struct vmdev_domain vmdev_common;

static LIST_HEAD(domains);
static DEFINE_SPINLOCK(domains_lock);	/* domains; taken above domain->lock */

static struct task_struct *reclaim_task;
static struct batch reclaim_batch;	/* the reclaim thread's */
static DECLARE_WAIT_QUEUE_HEAD(reclaim_wait);
static bool reclaim_kick;
static LLIST_HEAD(writes_done);
static atomic_long_t nr_writing;	/* pages under way to the store */
static unsigned long backoff;		/* jiffies, 0 while writes succeed */
static unsigned long backoff_until;

/* ---- domains ---- */

static void domain_init(struct vmdev_domain *domain, struct vmdev_space *owner,
			const struct vmdev_policy_ops *ops)
{
	spin_lock_init(&domain->lock);
	domain->owner = owner;
	domain->policy.ops = ops;
	ops->init(&domain->policy);
}

/**
 * vmdev_domain_create() - a domain of its own for a space with limits
 * @owner: the space; the domain lives as long as it does
 *
 * Context: process, vmdev_ctl held.
 * Return: the domain or NULL.
 */
struct vmdev_domain *vmdev_domain_create(struct vmdev_space *owner)
{
	struct vmdev_domain *domain = kzalloc(sizeof(*domain), GFP_KERNEL);

	if (!domain)
		return NULL;
	domain_init(domain, owner, vmdev_common.policy.ops);
	spin_lock(&domains_lock);
	list_add_tail(&domain->node, &domains);
	spin_unlock(&domains_lock);
	return domain;
}

/* Context: process; no frame is in it any more. */
void vmdev_domain_destroy(struct vmdev_domain *domain)
{
	spin_lock(&domains_lock);
	list_del(&domain->node);
	spin_unlock(&domains_lock);
	WARN_ON_ONCE(domain->policy.nr);
	kfree(domain);
}

/**
 * vmdev_domain_insert() - a frame got a page: queue it
 * @domain: where
 * @frame: its space and index are set
 * @refault: the page had been evicted before
 *
 * Context: page lock held.
 */
void vmdev_domain_insert(struct vmdev_domain *domain, struct vmdev_frame *frame, bool refault)
{
	spin_lock(&domain->lock);
	frame->domain = domain;
	domain->policy.ops->insert(&domain->policy, &frame->node, refault);
	spin_unlock(&domain->lock);
}

/* Take a frame out of its domain, wherever it stands. Context: domain->lock held. */
static void take_out_locked(struct vmdev_domain *domain, struct vmdev_frame *frame)
{
	lockdep_assert_held(&domain->lock);
	if (!test_and_clear_bit(VMDEV_FRAME_ISOLATED, &frame->flags))
		domain->policy.ops->remove(&domain->policy, &frame->node);
}

/* The frame loses its page. Context: page lock held. */
void vmdev_domain_remove(struct vmdev_frame *frame)
{
	struct vmdev_domain *domain = frame->domain;

	spin_lock(&domain->lock);
	take_out_locked(domain, frame);
	atomic_long_dec(&frame->space->frames);
	WRITE_ONCE(frame->space, NULL);
	frame->domain = NULL;
	spin_unlock(&domain->lock);
}

/* An isolated frame stays. Context: page lock held. */
void vmdev_domain_putback(struct vmdev_frame *frame, bool accessed)
{
	struct vmdev_domain *domain = frame->domain;

	spin_lock(&domain->lock);
	if (test_and_clear_bit(VMDEV_FRAME_ISOLATED, &frame->flags))
		domain->policy.ops->putback(&domain->policy, &frame->node, accessed);
	spin_unlock(&domain->lock);
}

/* Take a frame over to another domain. Context: page lock held. */
void vmdev_domain_move(struct vmdev_frame *frame, struct vmdev_domain *to)
{
	struct vmdev_domain *from = frame->domain;

	if (from == to)
		return;
	spin_lock(&from->lock);
	take_out_locked(from, frame);
	frame->domain = NULL;
	spin_unlock(&from->lock);
	vmdev_domain_insert(to, frame, true);
}

/* Take one frame off its policy on purpose. Context: page lock held. */
static void isolate_one(struct vmdev_frame *frame)
{
	struct vmdev_domain *domain = frame->domain;

	spin_lock(&domain->lock);
	if (!test_and_set_bit(VMDEV_FRAME_ISOLATED, &frame->flags))
		domain->policy.ops->remove(&domain->policy, &frame->node);
	spin_unlock(&domain->lock);
}

static void set_policy_locked(struct vmdev_domain *domain, const struct vmdev_policy_ops *ops)
{
	struct vmdev_policy *policy = &domain->policy;
	struct vmdev_node *node, *next;
	LIST_HEAD(all);

	while (policy->ops->isolate(policy, &node, 1))
		list_add_tail(&node->link, &all);
	policy->ops = ops;
	ops->init(policy);
	list_for_each_entry_safe(node, next, &all, link) {
		list_del_init(&node->link);
		ops->insert(policy, node, false);
	}
}

/* Change the policy of all domains while in use. Context: vmdev_ctl held. */
int vmdev_evict_policy(const struct vmdev_policy_ops *ops)
{
	struct vmdev_domain *domain;

	lockdep_assert_held(&vmdev_ctl);
	spin_lock(&domains_lock);
	list_for_each_entry(domain, &domains, node) {
		spin_lock(&domain->lock);
		set_policy_locked(domain, ops);
		spin_unlock(&domain->lock);
	}
	spin_unlock(&domains_lock);
	return 0;
}

const char *vmdev_evict_policy_name(void)
{
	return READ_ONCE(vmdev_common.policy.ops)->name;
}

/* ---- batches ---- */

/* Victim @v stays; its page lock is held. */
static void keep(struct victim *v, bool accessed)
{
	/* a clean page that stays gives its slot up when slots are scarce */
	if (vmdev_page_state(v->e) == VMDEV_PAGE_CLEAN &&
	    vmdev_page_slot(v->e) != VMDEV_SLOT_NONE && vmdev_store_low()) {
		vmdev_slot_free(vmdev_page_slot(v->e));
		vmdev_page_set(v->space, v->e, VMDEV_PAGE_DIRTY, v->frame->id, 0);
	}
	vmdev_domain_putback(v->frame, accessed);
	vmdev_page_untry(v->e);
	vmdev_space_put(v->space);
}

/* The same, and its folio is locked. */
static void keep_folio(struct victim *v, bool accessed)
{
	folio_unlock(v->frame->folio);
	keep(v, accessed);
}

/* Take frames off the domain's policy. Return: how many were looked at. */
static unsigned int isolate(struct batch *b, struct vmdev_domain *domain, unsigned int max)
{
	struct vmdev_node *nodes[16];
	unsigned int got, i, n = 0;

	b->domain = domain;
	spin_lock(&domain->lock);
	while (n < max) {
		got = domain->policy.ops->isolate(&domain->policy, nodes,
						  min_t(unsigned int, max - n, ARRAY_SIZE(nodes)));
		if (!got)
			break;
		for (i = 0; i < got; i++) {
			struct victim *v = &b->v[n++];

			v->frame = container_of(nodes[i], struct vmdev_frame, node);
			v->space = v->frame->space;
			v->index = v->frame->index;
			set_bit(VMDEV_FRAME_ISOLATED, &v->frame->flags);
			vmdev_space_get(v->space);
		}
	}
	spin_unlock(&domain->lock);
	b->nr = n;
	return n;
}

/* The page lock is somebody else's: put the frame back if it is still ours. */
static void put_back_unlocked(struct batch *b, struct victim *v)
{
	struct vmdev_domain *domain = b->domain;

	spin_lock(&domain->lock);
	if (v->frame->domain == domain &&
	    test_and_clear_bit(VMDEV_FRAME_ISOLATED, &v->frame->flags))
		domain->policy.ops->putback(&domain->policy, &v->frame->node, true);
	spin_unlock(&domain->lock);
	vmdev_space_put(v->space);
}

/* Is the frame kept for mlock? Up to half of the pool may be. Page lock held. */
static bool kept_locked(struct vmdev_frame *frame)
{
	struct vmdev_pool *pool = &vmdev_pool;

	if (!folio_test_mlocked(frame->folio)) {
		if (test_and_clear_bit(VMDEV_FRAME_LOCKED, &frame->flags))
			atomic_long_dec(&pool->nr_locked);
		return false;
	}
	if (test_bit(VMDEV_FRAME_LOCKED, &frame->flags))
		return true;
	if (atomic_long_inc_return(&pool->nr_locked) > READ_ONCE(pool->target) / 2) {
		atomic_long_dec(&pool->nr_locked);
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
 * A victim's page lock is held: lock its folio too, or put it back. Return: true
 * when it may be evicted.
 */
static bool lock_folio(struct victim *v)
{
	struct folio *folio = v->frame->folio;

	if (!vmdev_page_in(vmdev_page_state(v->e),
			   VMDEV_TO(CLEAN) | VMDEV_TO(DIRTY)) ||
	    !folio_trylock(folio)) {
		keep(v, true);
		return false;
	}
	if (pinned(folio) || kept_locked(v->frame)) {
		keep_folio(v, true);
		return false;
	}
	return true;
}

static void lock_victims(struct batch *b)
{
	unsigned int i, n = 0;

	for (i = 0; i < b->nr; i++) {
		struct victim *v = &b->v[i];
		struct vmdev_domain *to;

		v->e = vmdev_page_find(v->space, v->index);
		if (!vmdev_page_trylock(v->e)) {
			put_back_unlocked(b, v);
			continue;
		}
		if (!vmdev_page_resident(v->e) || vmdev_page_frame(v->e) != v->frame->id) {
			/* the frame went to another page since: not ours any more */
			vmdev_page_untry(v->e);
			vmdev_space_put(v->space);
			continue;
		}
		/* pairs with WRITE_ONCE() in vmdev_space_limit() */
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

static int by_place(const void *a, const void *b)
{
	const struct victim *v = a, *w = b;

	if (v->space != w->space)
		return v->space < w->space ? -1 : 1;
	return v->index < w->index ? -1 : v->index > w->index;
}

/* Length of the run of neighbouring pages that begins at victim @i. */
static unsigned int run_length(const struct batch *b, unsigned int i)
{
	unsigned int n = 1;

	while (i + n < b->nr && b->v[i + n].space == b->v[i].space &&
	       b->v[i + n].index == b->v[i].index + n)
		n++;
	return n;
}

static void unmap_run(struct victim *v, unsigned int nr)
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
static bool probe(struct victim *v)
{
	bool used = folio_mapped(v->frame->folio);

	if (test_and_clear_bit(VMDEV_FRAME_ACCESSED, &v->frame->flags))
		used = true;
	if (test_and_set_bit(VMDEV_FRAME_PROBED, &v->frame->flags) && !used)
		return false;
	unmap_run(v, 1);
	return true;
}

/* Put back the victims that were used since they were last looked at. */
static void age(struct batch *b)
{
	enum vmdev_access access = vmdev_access_best(READ_ONCE(b->domain->policy.ops)->access);
	DECLARE_BITMAP(young, BATCH);
	unsigned int i, run, n = 0;

	if (b->force || access == VMDEV_ACCESS_NONE)
		return;
	bitmap_zero(young, BATCH);
	for (i = 0; i < b->nr; i += run) {
		DECLARE_BITMAP(part, BATCH);

		run = 1;
		if (access == VMDEV_ACCESS_REFAULT) {
			if (probe(&b->v[i]))
				__set_bit(i, young);
			continue;
		}
		run = run_length(b, i);
		bitmap_zero(part, BATCH);
		vmdev_access_harvest(b->v[i].space->inode->i_mapping, b->v[i].index, run, part);
		bitmap_shift_left(part, part, i, BATCH);
		bitmap_or(young, young, part, BATCH);
	}

	for (i = 0; i < b->nr; i++) {
		struct victim *v = &b->v[i];

		if (test_and_clear_bit(VMDEV_FRAME_ACCESSED, &v->frame->flags) ||
		    test_bit(i, young))
			keep_folio(v, true);
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

/* A victim's page has left the page cache without I/O: free its frame. */
static void free_victim(struct victim *v, unsigned int state)
{
	u32 slot = vmdev_page_slot(v->e);

	vmdev_count(evictions);
	vmdev_count(evictions_clean);
	vmdev_space_count(v->space, EVICTIONS, 1);
	trace_vmdev_evict(v->space->id, v->index, v->frame->id, true);
	vmdev_io_wasted(v->space, v->e);
	vmdev_page_set(v->space, v->e, state, 0, slot);
	folio_unlock(v->frame->folio);
	vmdev_page_untry(v->e);
	vmdev_pool_free(v->frame);
	vmdev_space_put(v->space);
}

/*
 * Free the victim if it needs no I/O. Return: 1 when it is freed, 0 when it must
 * be written, -1 when it is in use and was put back.
 */
static int sort_out(struct victim *v)
{
	struct folio *folio = v->frame->folio;
	bool mlocked = folio_test_mlocked(folio);
	u64 word;

	/* after the unmap, only then: see struct vmdev_page_state's table */
	if (folio_mapped(folio) || folio_ref_count(folio) != 2)
		goto in_use;

	if (folio_test_dirty(folio) && vmdev_page_state(v->e) == VMDEV_PAGE_CLEAN) {
		vmdev_slot_free(vmdev_page_slot(v->e));
		vmdev_page_set(v->space, v->e, VMDEV_PAGE_DIRTY, v->frame->id, 0);
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
	if (mlocked)
		vmdev_count(locked_evictions);
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
		wake_up(&reclaim_wait);
}

/*
 * Write the victims, all dirty, to neighbouring slots. Return: how many are under
 * way; those that found no slot or no request are put back.
 */
static unsigned int write_out(struct batch *b)
{
	unsigned int i = 0, n, end, started = 0;
	struct vmdev_io *io;
	void *p;
	u32 slot;

	while (i < b->nr) {
		n = vmdev_slot_alloc(b->nr - i, &slot);
		if (!n)
			break;
		io = vmdev_io_alloc(REQ_OP_WRITE, slot, GFP_NOWAIT | __GFP_NOWARN);
		if (!io) {
			while (n--)
				vmdev_slot_free(slot + n);
			break;
		}
		io->req.end = write_end;
		for (end = i + n; i < end; i++, slot++) {
			struct victim *v = &b->v[i];

			/* cleared before the content is read: a write from now on shows */
			folio_clear_dirty(v->frame->folio);
			p = kmap_local_folio(v->frame->folio, 0);
			vmdev_slot_sum(slot, p);
			kunmap_local(p);
			vmdev_io_add(io, v->frame);
			vmdev_space_count(v->space, WRITTEN_PAGES, 1);
			vmdev_page_set(v->space, v->e, VMDEV_PAGE_WRITING, v->frame->id, slot);
			folio_unlock(v->frame->folio);
			vmdev_page_untry(v->e);
			/* the reference to the space stays until write_done() */
		}
		started += n;
		atomic_long_add(n, &nr_writing);
		vmdev_io_submit(io);
	}
	for (; i < b->nr; i++)
		keep_folio(&b->v[i], true);
	return started;
}

/*
 * Take a locked batch through the remaining steps. Return: frames that are free or
 * will be when their write is done.
 */
static unsigned int evict_batch(struct batch *b)
{
	unsigned int i, run, n = 0, done = 0;
	bool may_write = !READ_ONCE(backoff) ||
			 time_after(jiffies, READ_ONCE(backoff_until));

	sort(b->v, b->nr, sizeof(b->v[0]), by_place, NULL);
	age(b);
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
			keep_folio(&b->v[i], true);
	}
	b->nr = n;
	return done + write_out(b);
}

/*
 * Evict about @want frames of @domain, looking at @scan at most. Return: how many
 * are free or on their way.
 */
static unsigned int evict_domain(struct batch *b, struct vmdev_domain *domain,
				 unsigned int want, unsigned long scan)
{
	unsigned int done = 0, seen;

	b->force = false;
	while (done < want && scan) {
		/* full batches keep runs and requests long, up to an eighth of the pool */
		unsigned int max = clamp_t(unsigned long, READ_ONCE(vmdev_pool.target) / 8,
					   2, BATCH);

		seen = isolate(b, domain, min_t(unsigned long, scan, max));
		if (!seen)
			break;
		scan -= seen;
		lock_victims(b);
		done += evict_batch(b);
		cond_resched();
	}
	return done;
}

/* ---- finished writes ---- */

/* The write of one page is done. Context: reclaim thread, no locks. */
static void write_done(struct vmdev_frame *frame, u32 slot, int error)
{
	struct vmdev_space *space = frame->space;
	struct folio *folio = frame->folio;
	unsigned long *e = vmdev_page_find(space, frame->index);
	bool locked;

	vmdev_page_lock(e);
	/* whoever holds the folio lock is using it */
	locked = folio_trylock(folio);
	if (!error && locked && !folio_mapped(folio) && !folio_test_dirty(folio) &&
	    vmdev_space_detach(space, frame)) {
		vmdev_count(evictions);
		vmdev_space_count(space, EVICTIONS, 1);
		trace_vmdev_evict(space->id, frame->index, frame->id, false);
		vmdev_io_wasted(space, e);
		folio_unlock(folio);
		vmdev_page_set(space, e, VMDEV_PAGE_SWAPPED, 0, slot);
		vmdev_page_unlock(e);
		vmdev_pool_free(frame);
	} else {
		/* written while it was written, or not written: the slot is no good */
		if (error || folio_test_dirty(folio)) {
			vmdev_slot_free(slot);
			vmdev_page_set(space, e, VMDEV_PAGE_DIRTY, frame->id, 0);
		} else {
			vmdev_page_set(space, e, VMDEV_PAGE_CLEAN, frame->id, slot);
		}
		if (locked)
			folio_unlock(folio);
		vmdev_domain_putback(frame, true);
		vmdev_page_unlock(e);
	}
	vmdev_space_put(space);
}

static void complete_writes(void)
{
	struct llist_node *list = llist_reverse_order(llist_del_all(&writes_done));
	struct vmdev_io *io, *next;
	unsigned int i;

	llist_for_each_entry_safe(io, next, list, done) {
		struct vmdev_request *req = &io->req;

		trace_vmdev_swap_out(req->slot, req->nr, req->error);
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

/* ---- the reclaim thread ---- */

/* Have the reclaim thread look. Context: any. */
void vmdev_evict_wake(void)
{
	if (!READ_ONCE(reclaim_kick)) {
		WRITE_ONCE(reclaim_kick, true);
		wake_up(&reclaim_wait);
	}
}

/* Frames a limited space should give back so that its next faults find one. */
static unsigned long excess(struct vmdev_space *space)
{
	unsigned long max = READ_ONCE(space->limit_max);
	unsigned long have = atomic_long_read(&space->frames) + max / 16;
	unsigned long leaving = vmdev_space_pages(space, VMDEV_PAGE_WRITING);

	return max && have > max + leaving ? have - max - leaving : 0;
}

/* Frames of @domain that reclaim for others may take. */
static unsigned long evictable(struct vmdev_domain *domain)
{
	if (domain->owner)
		return vmdev_space_evictable(domain->owner);
	return READ_ONCE(domain->policy.nr);
}

/* The next domain in turn, with a reference to its owner; NULL when it is dying. */
static struct vmdev_domain *next_domain(unsigned long *nr, unsigned long *total)
{
	struct vmdev_domain *domain, *first;

	*nr = 0;
	*total = 0;
	spin_lock(&domains_lock);
	list_for_each_entry(domain, &domains, node) {
		*total += evictable(domain);
		++*nr;
	}
	first = list_first_entry(&domains, struct vmdev_domain, node);
	list_move_tail(&first->node, &domains);
	if (first->owner && !kref_get_unless_zero(&first->owner->ref))
		first = NULL;
	spin_unlock(&domains_lock);
	return first;
}

static void put_domain(struct vmdev_domain *domain)
{
	if (domain->owner)
		vmdev_space_put(domain->owner);
}

/*
 * Go once round the domains and evict @want frames, from each in proportion to
 * what it has, and from limited spaces what they have in excess; look at @scan of
 * each at most, 0 for all of it twice. Return: frames free or on their way.
 */
static unsigned int evict_round(struct batch *b, unsigned long want, unsigned long scan)
{
	unsigned long i, nr = 1, total, share, most;
	struct vmdev_domain *domain;
	unsigned int done = 0;

	for (i = 0; i < nr; i++) {
		domain = next_domain(&nr, &total);
		if (!domain)
			continue;
		share = total ? DIV_ROUND_UP(want * evictable(domain), total) : 0;
		if (domain->owner)
			share = max(share, excess(domain->owner));
		most = scan ? scan : 2 * READ_ONCE(domain->policy.nr) + BATCH;
		if (share)
			done += evict_domain(b, domain, share, most);
		put_domain(domain);
	}
	return done;
}

static unsigned long writing(void)
{
	return atomic_long_read(&nr_writing);
}

/* Pages under way at most: enough for a deep queue, never most of the pool. */
static unsigned long writing_max(void)
{
	return clamp_t(unsigned long, READ_ONCE(vmdev_pool.target) / 4, 2, 1024);
}

/* Bring the pool back to its high watermark. Context: reclaim thread. */
static void balance(struct batch *b)
{
	unsigned long want, idle = 0;

	while (!kthread_should_stop()) {
		complete_writes();
		want = vmdev_pool_shortage();
		if (want <= writing()) {
			/* limited spaces may be in excess all the same */
			evict_round(b, 0, 0);
			return;
		}
		if (writing() >= writing_max()) {
			wait_event_timeout(reclaim_wait, !llist_empty(&writes_done), HZ / 10);
			continue;
		}
		if (evict_round(b, want - writing(), 0)) {
			idle = 0;
		} else if (++idle > 1) {
			/* everything is in use, pinned or can't be written: later again */
			wait_event_timeout(reclaim_wait, !llist_empty(&writes_done) ||
					   kthread_should_stop(), HZ / 50 + 1);
			if (idle > 10)
				return;
		}
	}
}

static bool reclaim_due(void)
{
	return READ_ONCE(reclaim_kick) || !llist_empty(&writes_done) || kthread_should_stop();
}

static int reclaim_thread(void *data)
{
	struct batch *b = &reclaim_batch;

	while (!kthread_should_stop()) {
		bool again = vmdev_pool_frames() > READ_ONCE(vmdev_pool.target) ||
			     vmdev_pool_free_frames() < READ_ONCE(vmdev_pool.low) ||
			     READ_ONCE(vmdev_pool.nr_parked);

		wait_event_interruptible_timeout(reclaim_wait, reclaim_due(),
						 again ? HZ / 10 : MAX_SCHEDULE_TIMEOUT);
		complete_writes();
		/* cleared before looking: a wake-up from here on counts */
		if (xchg(&reclaim_kick, false) || again) {
			vmdev_pool_unpark();
			balance(b);
		}
	}
	complete_writes();
	return 0;
}

/* ---- frames for those who need one ---- */

/**
 * vmdev_evict_try_frame() - a frame for a space, if there is one
 * @space: who will own it; its limit is observed
 *
 * Context: process, page lock may be held; doesn't wait.
 * Return: a frame, or NULL. It goes to vmdev_space_insert() or back with
 * vmdev_evict_put_frame().
 */
struct vmdev_frame *vmdev_evict_try_frame(struct vmdev_space *space)
{
	unsigned long max = READ_ONCE(space->limit_max);
	unsigned long have = atomic_long_inc_return(&space->frames);
	struct vmdev_frame *frame = NULL;

	if (max && have + max / 32 >= max)
		vmdev_evict_wake();
	if (!max || have <= max)
		frame = vmdev_pool_alloc();
	if (!frame)
		atomic_long_dec(&space->frames);
	return frame;
}

/* Give an unused frame back. Context: as vmdev_evict_try_frame(). */
void vmdev_evict_put_frame(struct vmdev_space *space, struct vmdev_frame *frame)
{
	atomic_long_dec(&space->frames);
	vmdev_pool_free(frame);
}

static bool at_limit(struct vmdev_space *space)
{
	unsigned long max = READ_ONCE(space->limit_max);

	return max && atomic_long_read(&space->frames) >= max;
}

/* One bounded round of reclaim by the task that needs the frame. */
static void direct_reclaim(struct vmdev_space *space)
{
	struct batch *b = kmalloc(sizeof(*b), GFP_NOIO | __GFP_NOWARN);

	if (b && at_limit(space) && space->own)
		evict_domain(b, space->own, BATCH / 2, 4 * BATCH);
	else if (b)
		evict_round(b, BATCH / 2, 4 * BATCH);
	kfree(b);
}

/**
 * vmdev_evict_get_frame() - a frame for a space, waiting for one
 * @space: who will own it
 *
 * The task first helps to reclaim, then waits for the reclaim thread.
 *
 * Context: process, no page lock held; mmap_lock may be.
 * Return: a frame, or an error pointer: -EINTR when the task is being killed,
 * -ENOMEM when no frame has become free for STALL_TIMEOUT, or none for this task
 * for WAIT_TIMEOUT.
 */
struct vmdev_frame *vmdev_evict_get_frame(struct vmdev_space *space)
{
	unsigned long begin = jiffies, stall = begin;
	long progress = atomic_long_read(&vmdev_pool.progress), now;
	struct vmdev_frame *frame = vmdev_evict_try_frame(space);

	if (frame)
		return frame;
	vmdev_count(direct_reclaims);
	for (;;) {
		if (fatal_signal_pending(current))
			return ERR_PTR(-EINTR);
		direct_reclaim(space);
		frame = vmdev_evict_try_frame(space);
		if (frame)
			return frame;

		vmdev_evict_wake();
		wait_event_killable_timeout(vmdev_pool.wait, vmdev_pool_free_frames() > 0 &&
					    !at_limit(space), HZ / 20 + 1);
		frame = vmdev_evict_try_frame(space);
		if (frame)
			return frame;

		now = atomic_long_read(&vmdev_pool.progress);
		if (now != progress)
			stall = jiffies;
		progress = now;
		if (time_after(jiffies, stall + STALL_TIMEOUT) ||
		    time_after(jiffies, begin + WAIT_TIMEOUT)) {
			vmdev_count(oom);
			pr_warn_ratelimited("no frame for %s[%d]: all are pinned, locked or can't be written\n",
					    current->comm, task_pid_nr(current));
			return ERR_PTR(-ENOMEM);
		}
	}
}

/* ---- on request ---- */

/**
 * vmdev_evict_shrink() - bring a space below its limit
 * @space: the space
 *
 * Gives up when nothing moves: pinned pages may stay until they are let go.
 *
 * Context: process, no locks.
 */
void vmdev_evict_shrink(struct vmdev_space *space)
{
	unsigned long begin = jiffies, max;

	while (!fatal_signal_pending(current) && time_before(jiffies, begin + STALL_TIMEOUT)) {
		max = READ_ONCE(space->limit_max);
		if (!max || atomic_long_read(&space->frames) <= max)
			return;
		direct_reclaim(space);
		vmdev_evict_wake();
		schedule_timeout_killable(1);
	}
}

/* Add a page to a batch if it is resident. Return: 1 if it is, -EINTR, or 0. */
static int add_victim(struct batch *b, struct vmdev_space *space, pgoff_t index)
{
	unsigned long *e = vmdev_page_find(space, index);
	struct victim *v = &b->v[b->nr];

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
	*v = (struct victim){ vmdev_pool_frame(vmdev_page_frame(e)), space, e, index };
	vmdev_space_get(space);
	isolate_one(v->frame);
	if (lock_folio(v))
		b->nr++;
	return 1;
}

#define WINDOW	1024UL	/* pages sent off before they are waited for */

/* Evict pages @first to @end - 1, at most WINDOW. */
static int evict_window(struct batch *b, struct vmdev_space *space, pgoff_t first, pgoff_t end,
			u64 *pages)
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
		if (b->nr == BATCH) {
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
	struct batch *b;
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

/**
 * vmdev_evict_resize() - change the number of frames while in use
 * @frames: how many, at least VMDEV_POOL_MIN
 *
 * Context: process, vmdev_ctl held.
 * Return: 0; -ENOMEM when growing finds no memory; -EBUSY when what is promised
 * needs more frames or too many can't be freed; -EINTR when being killed.
 */
int vmdev_evict_resize(unsigned long frames)
{
	unsigned long before = vmdev_pool_frames(), begin = jiffies;
	int err = 0;

	lockdep_assert_held(&vmdev_ctl);
	if (frames >= before)
		return vmdev_pool_grow(frames);
	if (!vmdev_space_fits(frames))
		return -EBUSY;

	while (vmdev_pool_retarget(frames) > frames) {
		vmdev_evict_wake();
		schedule_timeout_killable(HZ / 50 + 1);
		if (fatal_signal_pending(current))
			err = -EINTR;
		else if (time_after(jiffies, begin + STALL_TIMEOUT))
			err = -EBUSY;
		if (err) {
			/* keep what could not be freed */
			vmdev_pool_grow(READ_ONCE(vmdev_pool.held));
			return err;
		}
	}
	/* a promise made meanwhile counted on the old size */
	if (!vmdev_space_fits(frames)) {
		vmdev_pool_grow(before);
		return -EBUSY;
	}
	return 0;
}

/* ---- start and stop ---- */

/**
 * vmdev_evict_init() - start reclaim
 * @ops: the policy
 *
 * Return: 0 or a negative errno.
 */
int vmdev_evict_init(const struct vmdev_policy_ops *ops)
{
	domain_init(&vmdev_common, NULL, ops);
	list_add(&vmdev_common.node, &domains);
	reclaim_task = kthread_run(reclaim_thread, NULL, "vmdev_reclaim");
	if (IS_ERR(reclaim_task)) {
		list_del(&vmdev_common.node);
		return PTR_ERR(reclaim_task);
	}
	return 0;
}

/* Stop reclaim; no space is left. */
void vmdev_evict_exit(void)
{
	kthread_stop(reclaim_task);
	list_del(&vmdev_common.node);
}
