// SPDX-License-Identifier: GPL-2.0
/*
 * CLOCK with two hands: the front hand looks at a page, which clears its accessed
 * bit, and the back hand, half the pages behind it, takes the page unless it was
 * used in between. A page that isn't even used when the front hand comes leaves at
 * once. Source: F. J. Corbato, "A Paging Experiment with the Multics System", 1968;
 * two hands as in M. K. McKusick, K. Bostic, M. J. Karels, J. S. Quarterman, The
 * Design and Implementation of the 4.4BSD Operating System, 5.12. With one hand, all
 * pages of a pool that just filled up are looked at and then evicted in one go, and
 * a page in use has no time to show it.
 *
 * The clock's face is two queues: pages ahead of the front hand, and those between
 * the hands. Two policies come of it, which differ in how use is learned: from
 * accessed bits, or, on any architecture, by unmapping the page and seeing it
 * refault.
 */
#include <vmdev/policy.h>

#include "queue.h"

/* The front hand moves so far at a time, so that each hand takes whole batches. */
#define STRIDE	128UL

static void clock_init(struct vmdev_policy *policy)
{
	queue_init(policy);
	INIT_LIST_HEAD(&policy->looked);
	policy->nr_looked = 0;
	policy->looking = false;
}

static void clock_remove(struct vmdev_policy *policy, struct vmdev_node *node)
{
	queue_remove(policy, node);
	if (node->looked)
		policy->nr_looked--;
}

/* The hand that moves next. */
static struct list_head *next_hand(struct vmdev_policy *policy)
{
	unsigned long half = policy->nr / 2, stride = policy->nr / 8;

	if (stride > STRIDE)
		stride = STRIDE;
	if (policy->looking)
		policy->looking = policy->nr_looked < half;
	else
		policy->looking = policy->nr_looked + stride < half;

	if (list_empty(&policy->looked))
		return &policy->queue;
	return policy->looking && !list_empty(&policy->queue) ? &policy->queue : &policy->looked;
}

/* All of one hand: a batch of which half stays would be written in small pieces. */
static unsigned int clock_isolate(struct vmdev_policy *policy, struct vmdev_node **nodes,
				  unsigned int max)
{
	struct list_head *hand = next_hand(policy);
	unsigned int n;

	for (n = 0; n < max && !list_empty(hand); n++) {
		nodes[n] = list_first_entry(hand, struct vmdev_node, link);
		clock_remove(policy, nodes[n]);
	}
	return n;
}

/* What the back hand found in use, or could not take, is ahead of the front hand. */
static void clock_putback(struct vmdev_policy *policy, struct vmdev_node *node, bool accessed)
{
	node->looked = !node->looked;
	if (node->looked) {
		list_add_tail(&node->link, &policy->looked);
		policy->nr_looked++;
		policy->nr++;
	} else {
		queue_add_tail(policy, node);
	}
}

static void clock_insert(struct vmdev_policy *policy, struct vmdev_node *node, bool refault)
{
	node->looked = false;
	queue_add_tail(policy, node);
}

const struct vmdev_policy_ops vmdev_policy_clock = {
	.name		= "clock",
	.access		= VMDEV_ACCESS_HARDWARE,
	.init		= clock_init,
	.insert		= clock_insert,
	.remove		= clock_remove,
	.isolate	= clock_isolate,
	.putback	= clock_putback,
};

const struct vmdev_policy_ops vmdev_policy_clock_refault = {
	.name		= "clock-refault",
	.access		= VMDEV_ACCESS_REFAULT,
	.init		= clock_init,
	.insert		= clock_insert,
	.remove		= clock_remove,
	.isolate	= clock_isolate,
	.putback	= clock_putback,
};
