/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Frames: the struct pages the module holds. See vmdev_pool.c.
 */
#ifndef _VMDEV_POOL_H
#define _VMDEV_POOL_H

#include <linux/atomic.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <vmdev/policy.h>

struct vmdev_domain;
struct vmdev_space;

#define VMDEV_POOL_MIN		16UL		/* frames */

/* vmdev_frame.flags, atomic bit numbers */
enum vmdev_frame_flag {
	VMDEV_FRAME_ZEROED,	/* free and full of zeroes */
	VMDEV_FRAME_ACCESSED,	/* used through a fault, read(2) or write(2) */
	VMDEV_FRAME_PROBED,	/* unmapped to see whether it refaults */
	VMDEV_FRAME_LOCKED,	/* kept for mlock, counted in pool->nr_locked */
	VMDEV_FRAME_OVERLOCKED,	/* locked, but beyond what is kept */
	VMDEV_FRAME_ISOLATED,	/* off its policy, an evictor is at it; domain->lock */
};

/**
 * struct vmdev_frame - one page of the pool
 * @node: the policy's while the frame holds a page, the pool's while it is free
 * @folio: its memory; NULL for a number that a shrunk pool does not use now
 * @domain: whose policy @node is on; changed under both domains' locks or while
 *	the frame is on neither
 * @space: owner while it holds a page; set and cleared under the page lock and
 *	domain->lock
 * @e: that page's entry, good as long as @space is; its number is the folio's index
 * @flags: enum vmdev_frame_flag
 */
struct vmdev_frame {
	struct vmdev_node node;
	struct folio *folio;
	struct vmdev_domain *domain;
	struct vmdev_space *space;
	unsigned long *e;
	unsigned long flags;
};

#define VMDEV_CPU_FRAMES	16

struct vmdev_cpu_cache {
	spinlock_t lock;	/* the two below */
	unsigned int nr;
	struct vmdev_frame *frame[VMDEV_CPU_FRAMES];
};

/**
 * struct vmdev_stall - tasks wait and nothing becomes free; protected by pool->lock
 * @since: when it began, in jiffies
 * @seen: when somebody waited last, in jiffies
 * @progress: what had become free by then
 */
struct vmdev_stall {
	unsigned long since;
	unsigned long seen;
	long progress;
};

/**
 * struct vmdev_pool - all frames
 * @lock: protects the lists, @target, @held, @low, @high and stalls
 * @free: free frames beyond those in the CPU caches
 * @holes: numbers without memory
 * @parked: frames whose page is gone while the kernel still holds a reference
 * @target: frames wanted
 * @held: pages held
 * @nr_free: free frames, in caches and on @free
 * @nr_parked: frames on @parked
 * @nr_locked: frames kept for mlock
 * @nr_lost: frames given up, their memory failed, that were not replaced; @lock
 * @low: reclaim starts below this many free frames
 * @high: and stops at this many
 * @cache_max: free frames a CPU may keep
 * @progress: goes up with each frame that becomes free
 * @wait: tasks waiting for a free frame
 * @event: where the reclaim thread waits for something to do
 * @kick: it should look at the pool
 * @distress: frames are so hard to get until then, in jiffies; 0 for never
 * @stall: for how long tasks have waited
 * @cache: the CPU caches
 * @chunk: frame descriptors, VMDEV_CHUNK_FRAMES each, never moved
 * @nr_frames: descriptors there are
 */
struct vmdev_pool {
	spinlock_t lock;	/* as said above */
	struct list_head free;
	struct list_head holes;
	struct list_head parked;
	unsigned long target;
	unsigned long held;
	atomic_long_t nr_free;
	unsigned long nr_parked;
	atomic_long_t nr_locked;
	unsigned long nr_lost;
	unsigned long low;
	unsigned long high;
	unsigned int cache_max;
	atomic_long_t progress;
	wait_queue_head_t wait;
	wait_queue_head_t event;
	bool kick;
	unsigned long distress;
	struct vmdev_stall stall;
	struct vmdev_cpu_cache __percpu *cache;
	struct vmdev_frame **chunk;
	unsigned long nr_frames;
};

extern struct vmdev_pool vmdev_pool;

#define VMDEV_CHUNK_SHIFT	9
#define VMDEV_CHUNK_FRAMES	BIT(VMDEV_CHUNK_SHIFT)

static inline struct vmdev_frame *vmdev_pool_frame(u32 id)
{
	return &vmdev_pool.chunk[id >> VMDEV_CHUNK_SHIFT][id & (VMDEV_CHUNK_FRAMES - 1)];
}

/* The number, in its space, of the page it holds. */
static inline pgoff_t vmdev_frame_index(const struct vmdev_frame *frame)
{
	return frame->folio->index;
}

static inline unsigned long vmdev_pool_free_frames(void)
{
	return atomic_long_read(&vmdev_pool.nr_free);
}

int vmdev_pool_init(unsigned long frames);
void vmdev_pool_exit(void);
int vmdev_pool_grow(unsigned long frames);
unsigned long vmdev_pool_retarget(unsigned long frames);
void vmdev_pool_drain(void);
unsigned long vmdev_pool_frames(void);
void vmdev_pool_reserve(unsigned long pages);
unsigned long vmdev_pool_shortage(void);
bool vmdev_pool_short(void);
unsigned long vmdev_pool_headroom(unsigned long frames);
unsigned long vmdev_pool_pinned(struct vmdev_space *space);
bool vmdev_pool_poisoned(void);
struct vmdev_frame *vmdev_pool_alloc(void);
void vmdev_pool_free(struct vmdev_frame *frame);
void vmdev_pool_free_erased(struct vmdev_frame *frame);
void vmdev_pool_lose(struct vmdev_frame *frame);
void vmdev_pool_replace(void);
void vmdev_pool_unpark(void);
void vmdev_pool_event(void);
void vmdev_pool_kick(void);
void vmdev_pool_distress(unsigned long *until);
bool vmdev_pool_distressed(unsigned long *until);

#endif /* _VMDEV_POOL_H */
