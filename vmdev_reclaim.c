// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim: when frames must become free and for whom. The reclaim thread keeps the
 * pool between its watermarks and limited spaces below their limits; a task that
 * finds no frame helps, within bounds, and waits, within bounds. It decides how
 * much from which domain and leaves the rest to vmdev_evict.c.
 */
#define pr_fmt(fmt) "vmdev: " fmt

#include <linux/freezer.h>
#include <linux/kthread.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include <vmdev/domain.h>
#include <vmdev/evict.h>
#include <vmdev/poison.h>
#include <vmdev/reclaim.h>
#include <vmdev/space.h>
#include <vmdev/stats.h>

#define STALL_TIMEOUT		(10 * HZ)	/* no frame became free for so long */
#define STALL_RETRY		(2 * HZ)	/* who comes then waits for so long at least */
#define WAIT_TIMEOUT		(60 * HZ)	/* one try waited for so long in all */
#define STALL_DISTRESS		(HZ / 2)	/* the same, until use counts for nothing */
#define ROUND			(16 * VMDEV_BATCH)	/* frames of a domain looked at in a row */

static struct task_struct *reclaim_task;
static struct vmdev_batch reclaim_batch;	/* the reclaim thread's */
static atomic_t nr_direct;			/* tasks in direct_reclaim() */

/* ---- the reclaim thread ---- */

/* Frames a limited space should give back so that its next faults find one. */
static unsigned long excess(struct vmdev_space *space)
{
	unsigned long max = READ_ONCE(space->limit_max);
	unsigned long have = atomic_long_read(&space->frames) + max / 16;
	unsigned long leaving = vmdev_space_pages(space, VMDEV_PAGE_WRITING);

	return max && have > max + leaving ? have - max - leaving : 0;
}

/*
 * Go once round the domains and evict @want frames, from each in proportion to
 * what it has, and from limited spaces what they have in excess; look at @scan of
 * each at most. Return: frames free or on their way.
 */
static unsigned int evict_round(struct vmdev_batch *b, unsigned long want, unsigned long scan)
{
	unsigned long i, nr, total, share;
	struct vmdev_domain *domain;
	unsigned int done = 0;

	b->own = false;
	vmdev_domain_total(&nr, &total);
	for (i = 0; i < nr; i++) {
		cond_resched();
		domain = vmdev_domain_next();
		if (!domain)
			continue;
		share = total ? DIV_ROUND_UP(want * vmdev_domain_evictable(domain), total) : 0;
		if (domain->owner && excess(domain->owner) > share) {
			share = excess(domain->owner);
			b->own = true;
		}
		if (share)
			done += vmdev_evict_domain(b, domain, share, scan);
		b->own = false;
		vmdev_domain_put(domain);
	}
	return done;
}

/* Pages that will be free without more eviction: those under way, if the store answers. */
static unsigned long coming(void)
{
	return vmdev_evict_alive() ? vmdev_evict_writing() : 0;
}

/* Pages under way at most: enough for a deep queue, never most of the pool. */
static unsigned long writing_max(void)
{
	return clamp(vmdev_pool_frames() / 4, 2UL, 1024UL);
}

/* What the reclaim thread does besides evicting, however long that goes on. */
static void chores(void)
{
	vmdev_evict_complete();
	vmdev_poison_scan();
	vmdev_pool_replace();
	vmdev_pool_unpark();
	vmdev_pool_reserve(vmdev_space_touched());
}

/* Bring the pool back to its high watermark. Context: reclaim thread. */
static void balance(struct vmdev_batch *b)
{
	/* rounds until each frame has been looked at twice, and again */
	unsigned long laps = 2 * vmdev_pool_frames() / ROUND + 2;
	unsigned long want, writing, most, idle = 0;

	while (!kthread_should_stop()) {
		chores();
		want = vmdev_pool_shortage();
		writing = coming();
		if (want <= writing) {
			/* limited spaces may be in excess all the same */
			evict_round(b, 0, ROUND);
			return;
		}
		most = writing_max();
		if (writing >= most) {
			wait_event_timeout(vmdev_pool.event, vmdev_evict_pending(), HZ / 10);
			continue;
		}
		/* a little at a time: finished writes free frames in between */
		if (evict_round(b, min(want, most) - writing, ROUND)) {
			idle = 0;
		} else if (++idle > laps) {
			/* everything is in use, pinned or can't be written: later again */
			wait_event_timeout(vmdev_pool.event, vmdev_evict_pending() ||
					   kthread_should_stop(), HZ / 50 + 1);
			if (idle > laps + 10)
				return;
		}
	}
}

static bool reclaim_due(void)
{
	return READ_ONCE(vmdev_pool.kick) || vmdev_evict_pending() || vmdev_poison_due() ||
	       kthread_should_stop();
}

static int reclaim_thread(void *data)
{
	struct vmdev_batch *b = &reclaim_batch;

	/* a snapshot of memory must not find slots reused behind its back */
	set_freezable();
	while (!kthread_should_stop()) {
		bool again = vmdev_pool_frames() > READ_ONCE(vmdev_pool.target) ||
			     vmdev_pool_free_frames() < READ_ONCE(vmdev_pool.low) ||
			     READ_ONCE(vmdev_pool.nr_parked) || READ_ONCE(vmdev_pool.nr_lost);

		wait_event_freezable_timeout(vmdev_pool.event, reclaim_due(),
					     again ? HZ / 10 : MAX_SCHEDULE_TIMEOUT);
		chores();
		/* cleared before looking: a wake-up from here on counts */
		if (xchg(&vmdev_pool.kick, false) || again)
			balance(b);
	}
	vmdev_evict_complete();
	return 0;
}

/* ---- frames for those who need one ---- */

/**
 * vmdev_reclaim_try_frame() - a frame for a space, if there is one
 * @space: who will own it; its limit is observed
 *
 * Context: process, page lock may be held; doesn't wait.
 * Return: a frame, or NULL. It goes to vmdev_space_insert() or back with
 * vmdev_reclaim_put_frame().
 */
struct vmdev_frame *vmdev_reclaim_try_frame(struct vmdev_space *space)
{
	unsigned long max = READ_ONCE(space->limit_max);
	unsigned long have = atomic_long_inc_return(&space->frames);
	struct vmdev_frame *frame = NULL;

	if (max && have + max / 32 >= max)
		vmdev_pool_kick();
	if (!max || have <= max)
		frame = vmdev_pool_alloc();
	if (!frame)
		atomic_long_dec(&space->frames);
	return frame;
}

/* Give an unused frame back. Context: as vmdev_reclaim_try_frame(). */
void vmdev_reclaim_put_frame(struct vmdev_space *space, struct vmdev_frame *frame)
{
	atomic_long_dec(&space->frames);
	vmdev_pool_free(frame);
}

static bool at_limit(struct vmdev_space *space)
{
	unsigned long max = READ_ONCE(space->limit_max);

	return max && atomic_long_read(&space->frames) >= max;
}

/*
 * What follows gets @limited from at_limit(), asked once a round: what changes within one
 * must not turn a space's own trouble into everybody's.
 *
 * Nothing has become free for long, or in a space at its limit: then for it alone, or
 * who keeps his own few frames locked would spoil everybody's. A store that doesn't
 * answer is no reason: pages that are being written must stay in reach then.
 */
static void distress(struct vmdev_space *space, bool limited)
{
	if (vmdev_evict_alive())
		vmdev_pool_distress(limited ? &space->distress : &vmdev_pool.distress);
}

/*
 * Tasks that may reclaim at a time. Each has a batch off the policy's queues: with
 * one for every task that waits, little of a small pool would be left to choose from,
 * and what they find in each other's hands stays.
 */
static int direct_max(void)
{
	return clamp_t(unsigned long, vmdev_pool_frames() / (16 * VMDEV_BATCH), 1,
		       num_online_cpus());
}

/* Frames enough are there or on their way: more would be taken from what is in use. */
static bool frames_coming(struct vmdev_space *space, bool limited)
{
	if (limited)
		return coming() && vmdev_space_pages(space, VMDEV_PAGE_WRITING) >
				   READ_ONCE(space->limit_max) / 16;
	return coming() >= vmdev_pool_shortage();
}

static void reclaim_some(struct vmdev_space *space, bool limited)
{
	struct vmdev_batch *b = kmalloc(sizeof(*b), GFP_NOIO | __GFP_NOWARN);

	if (b && limited && space->own) {
		b->own = true;
		vmdev_evict_domain(b, space->own, VMDEV_BATCH / 2, 4 * VMDEV_BATCH);
	} else if (b) {
		evict_round(b, VMDEV_BATCH / 2, 4 * VMDEV_BATCH);
	}
	kfree(b);
}

/* One bounded round of reclaim by the task that needs the frame, if that helps. */
static void direct_reclaim(struct vmdev_space *space, bool limited)
{
	if (atomic_inc_return(&nr_direct) <= direct_max() && !frames_coming(space, limited))
		reclaim_some(space, limited);
	atomic_dec(&nr_direct);
}

/* Wait for a frame for a short while. A freed frame wakes one task, not all. */
static void wait_for_frame(struct vmdev_space *space)
{
	DEFINE_WAIT(wait);

	prepare_to_wait_exclusive(&vmdev_pool.wait, &wait, TASK_KILLABLE);
	if ((!vmdev_pool_free_frames() || at_limit(space)) && !fatal_signal_pending(current))
		schedule_timeout(HZ / 20 + 1);
	finish_wait(&vmdev_pool.wait, &wait);
	/* a frame it can't use was not meant for it */
	if (at_limit(space) && vmdev_pool_free_frames())
		wake_up(&vmdev_pool.wait);
}

/* Whose trouble it is: the pool's, or that of a space at its limit alone. */
static struct vmdev_stall *stall_of(struct vmdev_space *space, bool limited)
{
	return limited ? &space->stall : &vmdev_pool.stall;
}

/* What goes up when that is over: others' progress is none for a space at its limit. */
static long progress_of(struct vmdev_space *space, bool limited)
{
	return limited ? READ_ONCE(space->progress) : atomic_long_read(&vmdev_pool.progress);
}

/*
 * Somebody is waiting. A fault is tried twice, and again from the start after a signal: that
 * must not begin a wait anew that others, or it, have been in. Return: for how long nothing
 * has become free; jiffies.
 */
static unsigned long stalled_for(struct vmdev_space *space, bool limited)
{
	struct vmdev_stall *stall = stall_of(space, limited);
	long progress = progress_of(space, limited);
	unsigned long since;

	spin_lock(&vmdev_pool.lock);
	if (stall->progress != progress || time_after(jiffies, stall->seen + STALL_TIMEOUT / 2))
		stall->since = jiffies;
	stall->seen = jiffies;
	stall->progress = progress;
	since = stall->since;
	spin_unlock(&vmdev_pool.lock);
	return jiffies - since;
}

/**
 * vmdev_reclaim_get_frame() - a frame for a space, waiting for one
 * @space: who will own it
 *
 * The task first helps to reclaim, then waits for the reclaim thread.
 *
 * Context: process, no page lock held; mmap_lock may be.
 * Return: a frame, or an error pointer: -EINTR when the task is being killed,
 * -ENOMEM when no frame has become free for STALL_TIMEOUT, while somebody waited,
 * or none for this task for WAIT_TIMEOUT.
 */
struct vmdev_frame *vmdev_reclaim_get_frame(struct vmdev_space *space)
{
	struct vmdev_frame *frame = vmdev_reclaim_try_frame(space);
	unsigned long begin = jiffies, stalled;
	bool limited;

	if (frame)
		return frame;
	vmdev_count(direct_reclaims);
	for (;;) {
		if (fatal_signal_pending(current))
			return ERR_PTR(-EINTR);
		limited = at_limit(space);
		direct_reclaim(space, limited);
		frame = vmdev_reclaim_try_frame(space);
		if (frame)
			return frame;

		vmdev_pool_kick();
		wait_for_frame(space);
		frame = vmdev_reclaim_try_frame(space);
		if (frame)
			return frame;

		stalled = stalled_for(space, limited);
		if ((limited ? jiffies - begin : stalled) > STALL_DISTRESS)
			distress(space, limited);
		if ((stalled > STALL_TIMEOUT && time_after(jiffies, begin + STALL_RETRY)) ||
		    time_after(jiffies, begin + WAIT_TIMEOUT)) {
			vmdev_count(oom);
			pr_warn_ratelimited("no frame for %s[%d]: all are pinned, locked or can't be written\n",
					    current->comm, task_pid_nr(current));
			return ERR_PTR(-ENOMEM);
		}
	}
}

/**
 * vmdev_reclaim_shrink() - bring a space below its limit
 * @space: the space
 *
 * Gives up when nothing moves: pinned pages may stay until they are let go.
 *
 * Context: process, no locks.
 */
void vmdev_reclaim_shrink(struct vmdev_space *space)
{
	unsigned long begin = jiffies, max;

	while (!fatal_signal_pending(current) && time_before(jiffies, begin + STALL_TIMEOUT)) {
		max = READ_ONCE(space->limit_max);
		if (!max || atomic_long_read(&space->frames) <= max)
			return;
		if (time_after(jiffies, begin + STALL_DISTRESS))
			distress(space, true);
		direct_reclaim(space, true);
		vmdev_pool_kick();
		schedule_timeout_killable(1);
	}
}

/**
 * vmdev_reclaim_resize() - change the number of frames while in use
 * @frames: how many, at least VMDEV_POOL_MIN
 *
 * Context: process, vmdev_ctl held.
 * Return: 0; -ENOMEM when growing finds no memory; -EBUSY when what is promised
 * needs more frames or too many can't be freed; -EINTR when being killed.
 */
int vmdev_reclaim_resize(unsigned long frames)
{
	unsigned long before = vmdev_pool_frames(), begin = jiffies, stall = begin;
	unsigned long held, least = before;
	int err = 0;

	lockdep_assert_held(&vmdev_ctl);
	if (frames >= before)
		return vmdev_pool_grow(frames);
	if (!vmdev_space_fits(frames))
		return -EBUSY;

	while ((held = vmdev_pool_retarget(frames)) > frames) {
		vmdev_pool_kick();
		if (held < least)
			stall = jiffies;
		least = min(least, held);
		if (time_after(jiffies, stall + STALL_DISTRESS))
			distress(NULL, false);
		schedule_timeout_killable(HZ / 50 + 1);
		if (fatal_signal_pending(current))
			err = -EINTR;
		else if (time_after(jiffies, stall + STALL_TIMEOUT) ||
			 time_after(jiffies, begin + WAIT_TIMEOUT))
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
 * vmdev_reclaim_init() - start reclaim
 * @ops: the policy
 *
 * Return: 0 or a negative errno.
 */
int vmdev_reclaim_init(const struct vmdev_policy_ops *ops)
{
	vmdev_domain_init(ops);
	reclaim_task = kthread_run(reclaim_thread, NULL, "vmdev_reclaim");
	if (IS_ERR(reclaim_task)) {
		vmdev_domain_exit();
		return PTR_ERR(reclaim_task);
	}
	return 0;
}

/* Stop reclaim; no space is left. */
void vmdev_reclaim_exit(void)
{
	kthread_stop(reclaim_task);
	vmdev_domain_exit();
}
