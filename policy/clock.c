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

enum {
	AHEAD,		/* of the front hand */
	LOOKED,		/* between the hands */
};

static void clock_init(struct vmdev_policy *policy)
{
	queue_init(policy);
	policy->looking = false;
}

/* The hand that moves next. */
static unsigned int next_hand(struct vmdev_policy *policy)
{
	unsigned long half = policy->nr / 2, stride = policy->nr / 8;
	unsigned long looked = policy->nr_in[LOOKED];

	if (stride > STRIDE)
		stride = STRIDE;
	if (policy->looking)
		policy->looking = looked < half;
	else
		policy->looking = looked + stride < half;

	if (!looked)
		return AHEAD;
	return policy->looking && policy->nr_in[AHEAD] ? AHEAD : LOOKED;
}

/* All of one hand: a batch of which half stays would be written in small pieces. */
static unsigned int clock_isolate(struct vmdev_policy *policy, struct vmdev_node **nodes,
				  unsigned int max)
{
	return queue_take(policy, next_hand(policy), nodes, max);
}

/* What the back hand found in use, or could not take, is ahead of the front hand. */
static void clock_putback(struct vmdev_policy *policy, struct vmdev_node *node, bool accessed)
{
	queue_add_tail(policy, node, node->in == AHEAD ? LOOKED : AHEAD);
}

static void clock_insert(struct vmdev_policy *policy, struct vmdev_node *node,
			 unsigned long since, bool ahead)
{
	queue_add_tail(policy, node, AHEAD);
}

const struct vmdev_policy_ops vmdev_policy_clock = {
	.name		= "clock",
	.access		= VMDEV_ACCESS_HARDWARE,
	.init		= clock_init,
	.insert		= clock_insert,
	.remove		= queue_remove,
	.isolate	= clock_isolate,
	.putback	= clock_putback,
};

const struct vmdev_policy_ops vmdev_policy_clock_refault = {
	.name		= "clock-refault",
	.access		= VMDEV_ACCESS_REFAULT,
	.init		= clock_init,
	.insert		= clock_insert,
	.remove		= queue_remove,
	.isolate	= clock_isolate,
	.putback	= clock_putback,
};
