/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One queue of nodes, oldest at the head: what FIFO and CLOCK share.
 */
#ifndef _VMDEV_POLICY_QUEUE_H
#define _VMDEV_POLICY_QUEUE_H

#include <vmdev/policy.h>

static inline void queue_init(struct vmdev_policy *policy)
{
	INIT_LIST_HEAD(&policy->queue);
	policy->nr = 0;
}

static inline void queue_add_tail(struct vmdev_policy *policy, struct vmdev_node *node)
{
	list_add_tail(&node->link, &policy->queue);
	policy->nr++;
}

static inline void queue_insert(struct vmdev_policy *policy, struct vmdev_node *node, bool refault)
{
	queue_add_tail(policy, node);
}

static inline void queue_remove(struct vmdev_policy *policy, struct vmdev_node *node)
{
	list_del_init(&node->link);
	policy->nr--;
}

static inline unsigned int queue_isolate(struct vmdev_policy *policy, struct vmdev_node **nodes,
					 unsigned int max)
{
	unsigned int n = 0;

	while (n < max && !list_empty(&policy->queue)) {
		nodes[n] = list_first_entry(&policy->queue, struct vmdev_node, link);
		queue_remove(policy, nodes[n]);
		n++;
	}
	return n;
}

/* Used, or it could not leave (pinned, locked, in I/O): others go first. */
static inline void queue_putback(struct vmdev_policy *policy, struct vmdev_node *node,
				 bool accessed)
{
	queue_add_tail(policy, node);
}

#endif /* _VMDEV_POLICY_QUEUE_H */
