/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A queue of nodes, oldest at the head: what policies are made of.
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

static inline void queue_remove(struct vmdev_policy *policy, struct vmdev_node *node)
{
	list_del_init(&node->link);
	policy->nr--;
}

#endif /* _VMDEV_POLICY_QUEUE_H */
