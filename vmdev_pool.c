// SPDX-License-Identifier: GPL-2.0
/*
 * The pool: the pages the module holds, as numbered frames. It hands out free
 * frames from per-CPU caches, takes them back, grows and shrinks while in use
 * and says when reclaim should run. It must not know what is in a frame, nor
 * how frames become free: the evictor does that.
 *
 * A frame's page has one reference of the pool's for as long as the pool holds
 * it, and one more while it is in a space's page cache.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <vmdev/page.h>
#include <vmdev/pool.h>
#include <vmdev/stats.h>

struct vmdev_pool vmdev_pool;

static unsigned long pool_max;		/* descriptors there is room for */

/* Something has happened that the reclaim thread takes care of. Context: any. */
void vmdev_pool_event(void)
{
	wake_up(&vmdev_pool.event);
}

/* Have the reclaim thread look at the pool. Context: any. */
void vmdev_pool_kick(void)
{
	if (!READ_ONCE(vmdev_pool.kick)) {
		WRITE_ONCE(vmdev_pool.kick, true);
		vmdev_pool_event();
	}
}

/**
 * vmdev_pool_distress() - for a second, frames go before use
 * @until: &vmdev_pool.distress, or that of a space at its limit for that space alone
 *
 * For when nothing becomes free however long one waits, because every page is used
 * again before it is looked at a second time, or before it is written. Until then
 * victims are taken whether they were used or not, and a page being written isn't
 * taken back: who needs it waits until it is written.
 *
 * Context: any.
 */
void vmdev_pool_distress(unsigned long *until)
{
	WRITE_ONCE(*until, (jiffies + HZ) | 1);
	vmdev_pool_kick();
}

/* Is it so? Context: any. */
bool vmdev_pool_distressed(unsigned long *until)
{
	unsigned long end = READ_ONCE(*until);

	if (likely(!end))
		return false;
	if (time_before(jiffies, end))
		return true;
	/* or jiffies would come round to it */
	WRITE_ONCE(*until, 0);
	return false;
}

#define LOW_MOST(frames)	clamp((frames) / 64, 2UL, 512UL)
#define LOW_LEAST(frames)	clamp((frames) / 1024, 2UL, 64UL)

static void set_low_locked(unsigned long low)
{
	lockdep_assert_held(&vmdev_pool.lock);
	if (low == vmdev_pool.low)
		return;
	WRITE_ONCE(vmdev_pool.low, low);
	WRITE_ONCE(vmdev_pool.high, 2 * low);
}

static void set_target_locked(unsigned long frames)
{
	struct vmdev_pool *pool = &vmdev_pool;

	WRITE_ONCE(pool->target, frames);
	set_low_locked(LOW_MOST(frames));
	WRITE_ONCE(pool->cache_max, min_t(unsigned long, frames / 128, VMDEV_CPU_FRAMES));
}

/**
 * vmdev_pool_reserve() - how many frames to keep free
 * @pages: how many want one
 *
 * No more than a few times the pages that can't have one: where these are few, it is what
 * is kept free that makes programs fault.
 *
 * Context: process.
 */
void vmdev_pool_reserve(unsigned long pages)
{
	struct vmdev_pool *pool = &vmdev_pool;
	unsigned long frames;

	spin_lock(&pool->lock);
	frames = min(pool->target, pool->held);
	frames -= min(frames, pool->nr_parked);
	set_low_locked(clamp(pages > frames ? 4 * (pages - frames) : 0,
			     LOW_LEAST(pool->target), LOW_MOST(pool->target)));
	spin_unlock(&pool->lock);
}

/* Frames of a pool of @frames that can't be promised to anyone: reclaim's own. */
unsigned long vmdev_pool_headroom(unsigned long frames)
{
	return max(clamp(frames / 32, 4UL, 1024UL) + 4, 8UL);
}

/* Frames the pool has; while it shrinks, those it still holds. */
unsigned long vmdev_pool_frames(void)
{
	return max(READ_ONCE(vmdev_pool.target), READ_ONCE(vmdev_pool.held));
}

/* Faults come first: the last free frames are theirs, not those of pages ahead. */
bool vmdev_pool_short(void)
{
	return vmdev_pool_free_frames() <= max(READ_ONCE(vmdev_pool.low) / 4, 1UL);
}

/* How many frames should become free now. */
unsigned long vmdev_pool_shortage(void)
{
	unsigned long nr_free = vmdev_pool_free_frames();
	unsigned long held = READ_ONCE(vmdev_pool.held), target = READ_ONCE(vmdev_pool.target);
	unsigned long high = READ_ONCE(vmdev_pool.high);

	return (nr_free < high ? high - nr_free : 0) + (held > target ? held - target : 0);
}

/* A descriptor used before and without memory now. Context: pool->lock held. */
static struct vmdev_frame *get_hole_locked(void)
{
	struct vmdev_frame *frame;

	lockdep_assert_held(&vmdev_pool.lock);
	frame = list_first_entry_or_null(&vmdev_pool.holes, struct vmdev_frame, node.link);
	if (frame)
		list_del_init(&frame->node.link);
	return frame;
}

/* Memory for a descriptor; it is a free frame then. Context: pool->lock held. */
static void fill_hole_locked(struct vmdev_frame *frame, struct page *page)
{
	lockdep_assert_held(&vmdev_pool.lock);
	WRITE_ONCE(frame->folio, page_folio(page));
	frame->flags = BIT(VMDEV_FRAME_ZEROED);
	WRITE_ONCE(vmdev_pool.held, vmdev_pool.held + 1);
	atomic_long_inc(&vmdev_pool.nr_free);
	atomic_long_inc(&vmdev_pool.progress);
	list_add_tail(&frame->node.link, &vmdev_pool.free);
}

/* A descriptor without memory, new or used before. Context: vmdev_ctl held. */
static struct vmdev_frame *get_hole(void)
{
	struct vmdev_pool *pool = &vmdev_pool;
	struct vmdev_frame *frame, *chunk;
	unsigned long i;

	spin_lock(&pool->lock);
	frame = get_hole_locked();
	spin_unlock(&pool->lock);
	if (frame || pool->nr_frames + VMDEV_CHUNK_FRAMES > pool_max)
		return frame;

	chunk = kvcalloc(VMDEV_CHUNK_FRAMES, sizeof(*chunk), GFP_KERNEL | __GFP_NOWARN);
	if (!chunk)
		return NULL;
	for (i = 0; i < VMDEV_CHUNK_FRAMES; i++) {
		chunk[i].node.id = pool->nr_frames + i;
		INIT_LIST_HEAD(&chunk[i].node.link);
	}
	pool->chunk[pool->nr_frames >> VMDEV_CHUNK_SHIFT] = chunk;
	spin_lock(&pool->lock);
	for (i = 1; i < VMDEV_CHUNK_FRAMES; i++)
		list_add_tail(&chunk[i].node.link, &pool->holes);
	/* pairs with smp_load_acquire() in vmdev_pool_pinned() */
	smp_store_release(&pool->nr_frames, pool->nr_frames + VMDEV_CHUNK_FRAMES);
	spin_unlock(&pool->lock);
	return &chunk[0];
}

/**
 * vmdev_pool_grow() - get memory until the pool has @frames frames
 * @frames: how many, at least VMDEV_POOL_MIN
 *
 * Never starts the OOM killer. On an error the pool keeps what it had.
 *
 * Context: process, vmdev_ctl held.
 * Return: 0, -ENOMEM, or -EINTR when the task is being killed.
 */
int vmdev_pool_grow(unsigned long frames)
{
	struct vmdev_pool *pool = &vmdev_pool;
	unsigned long held = pool->held, target = pool->target, lost = pool->nr_lost;
	struct vmdev_frame *frame;
	struct page *page;
	int err = 0;

	if (frames > pool_max || (frames > held &&
				  frames - held > (unsigned long)si_mem_available()))
		return -ENOMEM;

	spin_lock(&pool->lock);
	set_target_locked(frames);
	WRITE_ONCE(pool->nr_lost, 0);
	spin_unlock(&pool->lock);

	while (READ_ONCE(pool->held) < frames) {
		err = -EINTR;
		if (fatal_signal_pending(current))
			goto err_shrink;
		err = -ENOMEM;
		frame = get_hole();
		if (!frame)
			goto err_shrink;
		page = alloc_page(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN | __GFP_ZERO);
		spin_lock(&pool->lock);
		if (!page) {
			list_add(&frame->node.link, &pool->holes);
			spin_unlock(&pool->lock);
			goto err_shrink;
		}
		fill_hole_locked(frame, page);
		spin_unlock(&pool->lock);
		cond_resched();
	}
	wake_up_all(&pool->wait);
	return 0;

err_shrink:
	vmdev_pool_retarget(target);
	spin_lock(&pool->lock);
	WRITE_ONCE(pool->nr_lost, lost);
	spin_unlock(&pool->lock);
	return err;
}

/* Give a free frame's page back to the system. Context: pool->lock held. */
static void release_locked(struct vmdev_frame *frame)
{
	lockdep_assert_held(&vmdev_pool.lock);
	folio_put(frame->folio);
	WRITE_ONCE(frame->folio, NULL);
	list_add(&frame->node.link, &vmdev_pool.holes);
	WRITE_ONCE(vmdev_pool.held, vmdev_pool.held - 1);
}

/**
 * vmdev_pool_lose() - give up a frame whose memory has failed
 * @frame: the caller's; its page is in no page cache
 *
 * The kernel keeps the page out of circulation. The reclaim thread gets the pool
 * another one; until there is one the pool holds a frame less.
 *
 * Context: process, any lock above pool->lock may be held.
 */
void vmdev_pool_lose(struct vmdev_frame *frame)
{
	struct vmdev_pool *pool = &vmdev_pool;

	if (test_and_clear_bit(VMDEV_FRAME_LOCKED, &frame->flags))
		atomic_long_dec(&pool->nr_locked);
	spin_lock(&pool->lock);
	release_locked(frame);
	WRITE_ONCE(pool->nr_lost, pool->nr_lost + 1);
	spin_unlock(&pool->lock);
	vmdev_count(poisoned);
	vmdev_pool_kick();
}

/* Memory for the frames that were lost, as far as it is to be had. Context: process. */
void vmdev_pool_replace(void)
{
	struct vmdev_pool *pool = &vmdev_pool;
	struct vmdev_frame *frame;
	struct page *page;

	while (READ_ONCE(pool->nr_lost)) {
		page = alloc_page(GFP_NOIO | __GFP_NORETRY | __GFP_NOWARN | __GFP_ZERO);
		if (!page)
			return;
		spin_lock(&pool->lock);
		frame = pool->held < pool->target ? get_hole_locked() : NULL;
		if (frame && pool->nr_lost) {
			fill_hole_locked(frame, page);
			WRITE_ONCE(pool->nr_lost, pool->nr_lost - 1);
			page = NULL;
		} else {
			/* the pool has been resized since */
			if (frame)
				list_add(&frame->node.link, &pool->holes);
			WRITE_ONCE(pool->nr_lost, 0);
		}
		spin_unlock(&pool->lock);
		if (page)
			__free_page(page);
		wake_up(&pool->wait);
	}
}

/**
 * vmdev_pool_retarget() - want fewer frames from now on
 * @frames: how many
 *
 * Free frames beyond that go at once, others when they become free.
 *
 * Context: process, vmdev_ctl held (except at load and unload).
 * Return: frames still held.
 */
unsigned long vmdev_pool_retarget(unsigned long frames)
{
	struct vmdev_pool *pool = &vmdev_pool;
	struct vmdev_frame *frame;

	spin_lock(&pool->lock);
	set_target_locked(max(frames, VMDEV_POOL_MIN));
	WRITE_ONCE(pool->target, frames);
	spin_unlock(&pool->lock);
	vmdev_pool_drain();

	spin_lock(&pool->lock);
	while (pool->held > frames && !list_empty(&pool->free)) {
		frame = list_first_entry(&pool->free, struct vmdev_frame, node.link);
		list_del_init(&frame->node.link);
		atomic_long_dec(&pool->nr_free);
		release_locked(frame);
		/* many frames: let others, and the scheduler, in */
		cond_resched_lock(&pool->lock);
	}
	spin_unlock(&pool->lock);
	return READ_ONCE(pool->held);
}

/* Move all frames from the CPU caches to the free list. Context: process. */
void vmdev_pool_drain(void)
{
	struct vmdev_pool *pool = &vmdev_pool;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct vmdev_cpu_cache *cache = per_cpu_ptr(pool->cache, cpu);

		spin_lock(&cache->lock);
		spin_lock(&pool->lock);
		while (cache->nr)
			list_add(&cache->frame[--cache->nr]->node.link, &pool->free);
		spin_unlock(&pool->lock);
		spin_unlock(&cache->lock);
	}
}

/* Fill @cache from the free list. Context: cache->lock held. */
static void refill_locked(struct vmdev_cpu_cache *cache)
{
	struct vmdev_pool *pool = &vmdev_pool;
	unsigned int want = READ_ONCE(pool->cache_max) / 2 + 1;

	spin_lock(&pool->lock);
	while (cache->nr < want && !list_empty(&pool->free)) {
		struct vmdev_frame *frame =
			list_first_entry(&pool->free, struct vmdev_frame, node.link);

		list_del_init(&frame->node.link);
		cache->frame[cache->nr++] = frame;
	}
	spin_unlock(&pool->lock);
}

static struct vmdev_frame *take_from(struct vmdev_cpu_cache *cache)
{
	struct vmdev_frame *frame = NULL;

	spin_lock(&cache->lock);
	if (!cache->nr)
		refill_locked(cache);
	if (cache->nr)
		frame = cache->frame[--cache->nr];
	spin_unlock(&cache->lock);
	return frame;
}

static struct vmdev_frame *alloc_from(struct vmdev_cpu_cache *cache)
{
	struct vmdev_frame *frame;

	while ((frame = take_from(cache)) && folio_test_hwpoison(frame->folio)) {
		atomic_long_dec(&vmdev_pool.nr_free);
		vmdev_pool_lose(frame);
	}
	return frame;
}

/**
 * vmdev_pool_alloc() - take a free frame
 *
 * Context: process, any lock above pool->lock may be held; never waits.
 * Return: a frame the caller owns, or NULL when none is free.
 */
struct vmdev_frame *vmdev_pool_alloc(void)
{
	struct vmdev_pool *pool = &vmdev_pool;
	struct vmdev_frame *frame = alloc_from(raw_cpu_ptr(pool->cache));
	int cpu;

	/* The last free frames may be in other CPUs' caches. */
	if (!frame && vmdev_pool_free_frames() > 0) {
		for_each_possible_cpu(cpu) {
			frame = alloc_from(per_cpu_ptr(pool->cache, cpu));
			if (frame)
				break;
		}
	}
	if (!frame)
		return NULL;

	if (atomic_long_dec_return(&pool->nr_free) < READ_ONCE(pool->low))
		vmdev_pool_kick();
	return frame;
}

/**
 * vmdev_pool_free() - give a frame back
 * @frame: the caller's; its page is in no page cache and has the pool's
 *	reference alone
 *
 * What was in it stays in it: who takes it for another page fills it whole.
 *
 * Context: process.
 */
void vmdev_pool_free(struct vmdev_frame *frame)
{
	struct vmdev_pool *pool = &vmdev_pool;
	struct vmdev_cpu_cache *cache;

	if (folio_test_hwpoison(frame->folio)) {
		vmdev_pool_lose(frame);
		return;
	}
	if (test_and_clear_bit(VMDEV_FRAME_LOCKED, &frame->flags))
		atomic_long_dec(&pool->nr_locked);
	frame->flags &= BIT(VMDEV_FRAME_ZEROED);
	atomic_long_inc(&pool->progress);

	if (READ_ONCE(pool->held) > READ_ONCE(pool->target)) {
		spin_lock(&pool->lock);
		if (pool->held > pool->target) {
			release_locked(frame);
			spin_unlock(&pool->lock);
			wake_up(&pool->wait);
			return;
		}
		spin_unlock(&pool->lock);
	}

	/* counted before it can be taken, or the count would go below zero */
	atomic_long_inc(&pool->nr_free);
	cache = raw_cpu_ptr(pool->cache);
	spin_lock(&cache->lock);
	if (cache->nr < READ_ONCE(pool->cache_max)) {
		cache->frame[cache->nr++] = frame;
	} else {
		spin_lock(&pool->lock);
		list_add(&frame->node.link, &pool->free);
		spin_unlock(&pool->lock);
	}
	spin_unlock(&cache->lock);
	/* pairs with prepare_to_wait() in vmdev_reclaim_get_frame() */
	smp_mb();
	/* a waiter sees the free frame or we see the waiter */
	if (waitqueue_active(&pool->wait))
		wake_up(&pool->wait);
}

/**
 * vmdev_pool_free_erased() - give back a frame whose page is gone for good
 * @frame: the caller's; its page is in no page cache
 *
 * The page is zeroed, so that data does not outlive its space. Where the kernel
 * still holds a reference (direct I/O, a registered buffer) the frame is parked
 * until that is gone: whoever holds it may still write into it.
 *
 * Context: process, may sleep.
 */
void vmdev_pool_free_erased(struct vmdev_frame *frame)
{
	if (folio_test_hwpoison(frame->folio)) {
		vmdev_pool_lose(frame);
		return;
	}
	if (folio_ref_count(frame->folio) > 1) {
		spin_lock(&vmdev_pool.lock);
		list_add_tail(&frame->node.link, &vmdev_pool.parked);
		WRITE_ONCE(vmdev_pool.nr_parked, vmdev_pool.nr_parked + 1);
		spin_unlock(&vmdev_pool.lock);
		vmdev_pool_kick();
		return;
	}
	/* who held it may have marked it since it left the page cache */
	folio_clear_dirty(frame->folio);
	folio_zero_range(frame->folio, 0, PAGE_SIZE);
	set_bit(VMDEV_FRAME_ZEROED, &frame->flags);
	vmdev_count(zeroed_on_free);
	vmdev_pool_free(frame);
}

#define UNPARK	256	/* frames looked at in a row, with the lock held */

/* Look at the first @n parked frames: free the idle ones, put the others behind. */
static void unpark(unsigned long n)
{
	struct vmdev_frame *frame, *next;
	LIST_HEAD(idle);

	spin_lock(&vmdev_pool.lock);
	for (n = min(vmdev_pool.nr_parked, n); n; n--) {
		frame = list_first_entry(&vmdev_pool.parked, struct vmdev_frame, node.link);
		/* the kernel may keep a reference to failed memory for ever */
		if (folio_ref_count(frame->folio) > 1 && !folio_test_hwpoison(frame->folio)) {
			list_move_tail(&frame->node.link, &vmdev_pool.parked);
			continue;
		}
		list_move(&frame->node.link, &idle);
		WRITE_ONCE(vmdev_pool.nr_parked, vmdev_pool.nr_parked - 1);
	}
	spin_unlock(&vmdev_pool.lock);

	list_for_each_entry_safe(frame, next, &idle, node.link) {
		list_del_init(&frame->node.link);
		vmdev_pool_free_erased(frame);
	}
}

/* Free the parked frames that nobody holds any more. Context: process. */
void vmdev_pool_unpark(void)
{
	unsigned long left = READ_ONCE(vmdev_pool.nr_parked), n;

	for (; left; left -= n) {
		n = min_t(unsigned long, left, UNPARK);
		unpark(n);
		cond_resched();
	}
}

/**
 * vmdev_pool_pinned() - count frames the kernel holds for I/O
 * @space: of this space alone, or NULL for all, parked ones included
 *
 * A snapshot: frames are looked at one by one without stopping anything.
 *
 * Context: process.
 * Return: frames with references beyond those of pool, page cache and mappings.
 */
unsigned long vmdev_pool_pinned(struct vmdev_space *space)
{
	/* pairs with smp_store_release() in get_hole() */
	unsigned long i, nr = smp_load_acquire(&vmdev_pool.nr_frames);
	unsigned long pinned = space ? 0 : READ_ONCE(vmdev_pool.nr_parked);

	for (i = 0; i < nr; i++) {
		struct vmdev_frame *frame = vmdev_pool_frame(i);
		struct vmdev_space *owner = READ_ONCE(frame->space);
		struct folio *folio = READ_ONCE(frame->folio);

		if (!(i % 4096))
			cond_resched();
		if (!folio || !owner || (space && owner != space))
			continue;
		if (folio_ref_count(folio) > 2 + atomic_read(&folio->_mapcount) + 1)
			pinned++;
	}
	return pinned;
}

/* Has the memory of a frame in use failed? Context: process. */
bool vmdev_pool_poisoned(void)
{
	/* pairs with smp_store_release() in get_hole() */
	unsigned long i, nr = smp_load_acquire(&vmdev_pool.nr_frames);

	for (i = 0; i < nr; i++) {
		struct vmdev_frame *frame = vmdev_pool_frame(i);
		struct folio *folio = READ_ONCE(frame->folio);

		/* of the page: it may be part of anything by now */
		if (folio && READ_ONCE(frame->space) && PageHWPoison(&folio->page))
			return true;
		if (!(i % 4096))
			cond_resched();
	}
	return false;
}

/**
 * vmdev_pool_init() - make a pool
 * @frames: its size, at least VMDEV_POOL_MIN
 *
 * Return: 0 or -ENOMEM.
 */
int vmdev_pool_init(unsigned long frames)
{
	struct vmdev_pool *pool = &vmdev_pool;
	int cpu, err;

	spin_lock_init(&pool->lock);
	INIT_LIST_HEAD(&pool->free);
	INIT_LIST_HEAD(&pool->holes);
	INIT_LIST_HEAD(&pool->parked);
	init_waitqueue_head(&pool->wait);
	init_waitqueue_head(&pool->event);

	pool_max = min_t(unsigned long, round_up(totalram_pages(), VMDEV_CHUNK_FRAMES),
			 VMDEV_FRAME_NONE & ~(VMDEV_CHUNK_FRAMES - 1));
	pool->chunk = kvcalloc(pool_max >> VMDEV_CHUNK_SHIFT, sizeof(*pool->chunk), GFP_KERNEL);
	pool->cache = alloc_percpu(struct vmdev_cpu_cache);
	err = -ENOMEM;
	if (!pool->chunk || !pool->cache)
		goto err_free;
	for_each_possible_cpu(cpu)
		spin_lock_init(&per_cpu_ptr(pool->cache, cpu)->lock);

	err = vmdev_pool_grow(frames);
	if (err)
		goto err_exit;
	return 0;

err_exit:
	vmdev_pool_exit();
	return err;
err_free:
	free_percpu(pool->cache);
	kvfree(pool->chunk);
	return err;
}

/* Give everything back; what the kernel still holds it frees itself later. */
void vmdev_pool_exit(void)
{
	struct vmdev_pool *pool = &vmdev_pool;
	struct vmdev_frame *frame, *next;
	unsigned long i;

	vmdev_pool_unpark();
	vmdev_pool_retarget(0);
	spin_lock(&pool->lock);
	list_for_each_entry_safe(frame, next, &pool->parked, node.link) {
		list_del_init(&frame->node.link);
		release_locked(frame);
	}
	spin_unlock(&pool->lock);
	WARN_ON_ONCE(pool->held);

	for (i = 0; i < pool->nr_frames >> VMDEV_CHUNK_SHIFT; i++)
		kvfree(pool->chunk[i]);
	kvfree(pool->chunk);
	free_percpu(pool->cache);
}
