// SPDX-License-Identifier: GPL-2.0
/*
 * S3-FIFO: a page must show that it is used before it may stay for long. New pages go
 * through a small queue; those used on the way go to the main queue, the others leave
 * soon, so that a scan passes by without taking much. A page that comes back before
 * as many pages have left as there are frames was sent away too early and goes to the
 * main queue at once; that one is a clock. Source: J. Yang, Y. Zhang, Z. Qiu, Y. Yue,
 * R. Vinayak, "FIFO queues are all you need for cache eviction", SOSP 2023.
 *
 * The paper's ghost queue is the count of evictions that stays with an evicted page.
 * Hardware sets the accessed bit for the very access a page came for, so the small
 * queue is cut in two: a first look at the end of one half clears the bit, and the
 * second, at the end of the other, tells.
 *
 * The paper knows no read-ahead. A page that is read ahead comes back for its place, not
 * for its use: were all of them let into the main queue, a program that goes round a bit
 * more data than there is room for would find each page gone just before it comes to it.
 * They fill three quarters of the pool, which then stay, round after round, and what is
 * read ahead beyond that passes by. But nothing must stay for nothing: the main queue is
 * looked at now and then even if nothing else asks for it, and a few of its pages, the
 * sample, are looked at again when a pool of pages has been read ahead. Where fewer than
 * two of four were used in that time, a pool of what is read ahead may take the others'
 * places. What came straight to the main queue has the bit of its arrival, and a look more.
 */
#include <linux/math.h>
#include <linux/minmax.h>

#include <vmdev/policy.h>

#include "queue.h"

#define LAPS		4U	/* pools that come to NEW between two looks at a page in MAIN */
#define STEPS		8U	/* looks at the sample while a pool is read ahead */
#define STEP_MIN	64UL	/* pages read ahead between two of them, in a small pool */
#define PICKS_MAX	3U	/* a look at MAIN may be less frequent than a step */
#define VERDICT		4U	/* looks at the sample that tell what to do */
#define HOLD		(3 * STEPS)
#define SEEN_MIN	128UL	/* and a sixteenth of the pool: more than all evictors have out */

enum {
	NEW,		/* not yet looked at */
	TRIAL,		/* looked at once */
	MAIN,
	SAMPLE,		/* of MAIN */
};

static void s3fifo_init(struct vmdev_policy *policy)
{
	queue_init(policy);
	policy->kept = 0;
	policy->passed = 0;
	policy->taken = 0;
	policy->stayed = 0;
	policy->turn = false;
	policy->ticks = 0;
	policy->step = 0;
	policy->picks = 0;
	policy->gap = 0;
	policy->looks = 0;
	policy->used = 0;
	policy->seen = 0;
	policy->found = 0;
	policy->looked = NULL;
	policy->hold = 0;
	policy->grant = 0;
}

/* Has the main queue, the sample apart, less than what is its share, whatever comes? */
static bool main_has_room(const struct vmdev_policy *policy)
{
	return policy->nr_in[MAIN] < policy->nr - policy->nr / 4;
}

/* Has the page that comes been used often enough to go to the main queue at once? */
static bool known(const struct vmdev_policy *policy, unsigned long since, bool ahead)
{
	if (since == VMDEV_SINCE_NEVER)
		return false;
	if (main_has_room(policy))
		return true;
	return since <= policy->nr && (!ahead || policy->grant);
}

/* Is there so much in the main queue that it is looked at for its own sake? */
static bool main_counts(const struct vmdev_policy *policy)
{
	return policy->nr_in[MAIN] > policy->nr / 10;
}

static void s3fifo_insert(struct vmdev_policy *policy, struct vmdev_node *node,
			  unsigned long since, bool ahead)
{
	unsigned int in = known(policy, since, ahead) ? MAIN : NEW;

	if (in == MAIN && ahead && !main_has_room(policy))
		policy->grant--;
	queue_add_tail(policy, node, in);
	policy->kept = 0;
	/* others count as much as they do for a look at MAIN, or the sample might stay for ever */
	policy->ticks += ahead ? LAPS : 1;
	/* looks are earned, not saved up for a main queue that is to come */
	if (in == NEW && main_counts(policy))
		policy->passed++;
}

/* What must come to the small queue for a look at @max nodes of the main one. */
static unsigned long price(const struct vmdev_policy *policy, unsigned int max)
{
	unsigned long nr_main = policy->nr_in[MAIN], n = min_t(unsigned long, max, nr_main);

	return DIV_ROUND_UP(policy->nr * LAPS * n, nr_main);
}

/* The queue whose oldest node is due. */
static unsigned int next_queue(const struct vmdev_policy *policy, unsigned int max)
{
	unsigned long nr_new = policy->nr_in[NEW], nr_trial = policy->nr_in[TRIAL];
	unsigned long nr_main = policy->nr_in[MAIN];

	/* most of the last look stayed: or nothing leaves while all of it is gone through */
	if (policy->turn && 2 * policy->stayed > policy->taken) {
		if (nr_trial > policy->nr / 40)
			return TRIAL;
		if (nr_new > policy->nr / 40)
			return NEW;
	}
	if (main_counts(policy) && policy->passed >= price(policy, max))
		return MAIN;
	/* halves of the small queue; all of the pool when it has just filled up */
	if (nr_new > policy->nr / 20 && nr_new > nr_trial)
		return NEW;
	if (nr_trial && nr_new + nr_trial > policy->nr / 10)
		return TRIAL;
	if (policy->kept < nr_main)
		return MAIN;
	/* once round for nothing: what is elsewhere may be all that can leave */
	if (nr_trial)
		return TRIAL;
	if (nr_new)
		return NEW;
	if (policy->nr_in[SAMPLE])
		return SAMPLE;
	return nr_main ? MAIN : NEW;
}

/*
 * May what is read ahead come in? It may if less than half of the looks at the sample found a
 * page in use, or hardly any look at the main queue did: then there is not much to pick for a
 * sample, and that is not like the rest, which leaves. What is let in has three pools'
 * time before looks count again, or a loop that doesn't fit would be let in for ever.
 */
static void judge(struct vmdev_policy *policy)
{
	bool few = policy->seen > policy->nr / 16 + SEEN_MIN &&
		   8 * policy->found < policy->seen;
	bool idle = few || 2 * policy->used < VERDICT;

	if (policy->hold || (!few && policy->looks < VERDICT))
		return;
	policy->grant = idle ? policy->nr : 0;
	policy->hold = idle ? HOLD : 0;
	policy->looks = 0;
	policy->seen = 0;
	policy->found = 0;
}

/* Is it time for a look at the oldest of the sample? */
static bool sample_due(struct vmdev_policy *policy)
{
	const struct vmdev_node *oldest;

	if (policy->ticks < LAPS * max(policy->nr / STEPS, STEP_MIN))
		return false;
	policy->ticks = 0;
	policy->step++;
	/* what was looked at a step ago has been put back by now, or is not going to be */
	policy->looked = NULL;
	judge(policy);
	if (policy->hold) {
		policy->hold--;
		policy->seen = 0;
		policy->found = 0;
	}
	/* what is picked now is looked at when looks count again */
	if (policy->hold <= STEPS && policy->picks < PICKS_MAX)
		policy->picks++;
	if (!policy->nr_in[SAMPLE])
		return false;
	oldest = list_first_entry(&policy->queue[SAMPLE], struct vmdev_node, link);
	if ((unsigned char)(policy->step - oldest->step) < STEPS)
		return false;
	if (!policy->hold) {
		if (!policy->looks++)
			policy->used = 0;
		policy->looked = oldest;
	}
	return true;
}

/*
 * Is a node that stays in the main queue wanted for the sample? Neighbours in the queue often
 * are of one program and used or not together, so not two of them.
 */
static bool pick(struct vmdev_policy *policy, struct vmdev_node *node)
{
	unsigned long apart = policy->nr / 64;

	policy->gap++;
	if (!policy->picks || policy->gap < apart ||
	    policy->nr_in[SAMPLE] > min_t(unsigned long, STEPS, apart))
		return false;
	policy->picks--;
	policy->gap = 0;
	node->step = policy->step;
	return true;
}

/* All of one queue: a batch of which half stays would be written in small pieces. */
static unsigned int s3fifo_isolate(struct vmdev_policy *policy, struct vmdev_node **nodes,
				   unsigned int max)
{
	unsigned int in, n;

	if (sample_due(policy)) {
		in = SAMPLE;
		max = 1;
	} else {
		in = next_queue(policy, max);
	}
	if (in != SAMPLE)
		policy->turn = in == MAIN;
	if (in == MAIN)
		policy->passed -= min(policy->passed, price(policy, max));
	n = queue_take(policy, in, nodes, max);
	if (in == MAIN) {
		policy->taken = n;
		policy->stayed = 0;
		policy->seen += n;
	}
	return n;
}

/*
 * What stays at its first look is on trial, what stays at its second has passed. What was
 * looked at in the sample is of the main queue again.
 */
static void s3fifo_putback(struct vmdev_policy *policy, struct vmdev_node *node, bool accessed)
{
	unsigned int in = MAIN;

	if (node->in == MAIN) {
		policy->kept++;
		policy->stayed++;
		if (accessed)
			policy->found++;
		else if (policy->seen)
			policy->seen--;
		if (accessed && pick(policy, node))
			in = SAMPLE;
	} else if (node->in == NEW) {
		in = TRIAL;
	} else if (node->in == SAMPLE && node == policy->looked) {
		/* what can't leave tells nothing */
		if (accessed)
			policy->used++;
		else
			policy->looks--;
		policy->looked = NULL;
	}
	queue_add_tail(policy, node, in);
}

const struct vmdev_policy_ops vmdev_policy_s3fifo = {
	.name		= "s3fifo",
	.access		= VMDEV_ACCESS_HARDWARE,
	.init		= s3fifo_init,
	.insert		= s3fifo_insert,
	.remove		= queue_remove,
	.isolate	= s3fifo_isolate,
	.putback	= s3fifo_putback,
};
