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
 * looked at now and then even if nothing else asks for it, and where hardly any of it was
 * used, what is read ahead may take its place. What came straight to it has the bit of its
 * arrival, and a look more.
 */
#include <linux/math.h>
#include <linux/minmax.h>

#include <vmdev/policy.h>

#include "queue.h"

#define LAPS	4U	/* pools that come to the small queue between two looks at a page in MAIN */

enum {
	NEW,		/* not yet looked at */
	TRIAL,		/* looked at once */
	MAIN,
};

static void s3fifo_init(struct vmdev_policy *policy)
{
	queue_init(policy);
	policy->kept = 0;
	policy->passed = 0;
	policy->taken = 0;
	policy->stayed = 0;
	policy->idle = false;
	policy->turn = false;
}

/* Has the page that comes been used often enough to go to the main queue at once? */
static bool known(const struct vmdev_policy *policy, unsigned long since, bool ahead)
{
	if (since == VMDEV_SINCE_NEVER)
		return false;
	if (policy->nr_in[MAIN] < policy->nr - policy->nr / 4)
		return true;
	return since <= policy->nr && (!ahead || policy->idle);
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

	queue_add_tail(policy, node, in);
	policy->kept = 0;
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
	/* once round for nothing: what is in the small queue may be all that can leave */
	if (nr_main && (policy->kept < nr_main || !(nr_new + nr_trial)))
		return MAIN;
	return nr_trial ? TRIAL : NEW;
}

/* All of one queue: a batch of which half stays would be written in small pieces. */
static unsigned int s3fifo_isolate(struct vmdev_policy *policy, struct vmdev_node **nodes,
				   unsigned int max)
{
	unsigned int in, n;

	/* what the last look took has been put back or is gone by now, most likely */
	policy->idle = 4 * policy->stayed < policy->taken;
	in = next_queue(policy, max);
	policy->turn = in == MAIN;
	if (in == MAIN)
		policy->passed -= min(policy->passed, price(policy, max));
	n = queue_take(policy, in, nodes, max);
	if (in == MAIN) {
		policy->taken = n;
		policy->stayed = 0;
	}
	return n;
}

/* What stays at its first look is on trial, what stays at its second has passed. */
static void s3fifo_putback(struct vmdev_policy *policy, struct vmdev_node *node, bool accessed)
{
	if (node->in == MAIN) {
		policy->kept++;
		policy->stayed++;
	}
	queue_add_tail(policy, node, node->in == NEW ? TRIAL : MAIN);
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
