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
 */
#include <vmdev/policy.h>

#include "queue.h"

enum {
	NEW,		/* not yet looked at */
	TRIAL,		/* looked at once */
	MAIN,
};

static void s3fifo_init(struct vmdev_policy *policy)
{
	queue_init(policy);
	policy->kept = 0;
}

static void s3fifo_insert(struct vmdev_policy *policy, struct vmdev_node *node,
			  unsigned long since)
{
	queue_add_tail(policy, node, since <= policy->nr ? MAIN : NEW);
	policy->kept = 0;
}

/* The queue whose oldest node is due. */
static unsigned int next_queue(const struct vmdev_policy *policy)
{
	unsigned long nr_new = policy->nr_in[NEW], nr_trial = policy->nr_in[TRIAL];

	/* halves of the small queue; all of the pool when it has just filled up */
	if (nr_new > policy->nr / 20 && nr_new > nr_trial)
		return NEW;
	if (nr_trial && nr_new + nr_trial > policy->nr / 10)
		return TRIAL;
	/* once round for nothing: what is in the small queue may be all that can leave */
	if (policy->nr_in[MAIN] &&
	    (policy->kept < policy->nr_in[MAIN] || !(nr_new + nr_trial)))
		return MAIN;
	return nr_trial ? TRIAL : NEW;
}

/* All of one queue: a batch of which half stays would be written in small pieces. */
static unsigned int s3fifo_isolate(struct vmdev_policy *policy, struct vmdev_node **nodes,
				   unsigned int max)
{
	return queue_take(policy, next_queue(policy), nodes, max);
}

/* What stays at its first look is on trial, what stays at its second has passed. */
static void s3fifo_putback(struct vmdev_policy *policy, struct vmdev_node *node, bool accessed)
{
	if (node->in == MAIN)
		policy->kept++;
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
