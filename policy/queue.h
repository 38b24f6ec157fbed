/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Queues of nodes, oldest at the head: what policies are made of.
 */
#ifndef _VMDEV_POLICY_QUEUE_H
#define _VMDEV_POLICY_QUEUE_H

#include <vmdev/policy.h>

static inline void queue_init(struct vmdev_policy *policy)
{
	unsigned int i;

	for (i = 0; i < VMDEV_POLICY_QUEUES; i++) {
		INIT_LIST_HEAD(&policy->queue[i]);
		policy->nr_in[i] = 0;
	}
	policy->nr = 0;
}

static inline void queue_add_tail(struct vmdev_policy *policy, struct vmdev_node *node,
				  unsigned int in)
{
	node->in = in;
	list_add_tail(&node->link, &policy->queue[in]);
	policy->nr_in[in]++;
	policy->nr++;
}

static inline void queue_remove(struct vmdev_policy *policy, struct vmdev_node *node)
{
	list_del_init(&node->link);
	policy->nr_in[node->in]--;
	policy->nr--;
}

/* Take up to @max nodes off one queue, oldest first. Return: how many. */
static inline unsigned int queue_take(struct vmdev_policy *policy, unsigned int in,
				      struct vmdev_node **nodes, unsigned int max)
{
	unsigned int n;

	for (n = 0; n < max && policy->nr_in[in]; n++) {
		nodes[n] = list_first_entry(&policy->queue[in], struct vmdev_node, link);
		queue_remove(policy, nodes[n]);
	}
	return n;
}

#endif /* _VMDEV_POLICY_QUEUE_H */
