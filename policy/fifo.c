// SPDX-License-Identifier: GPL-2.0
/*
 * FIFO: the page that came first leaves first, however much it is used. The
 * baseline other policies are measured against. It must not look at use.
 */
#include <vmdev/policy.h>

#include "queue.h"

static void fifo_insert(struct vmdev_policy *policy, struct vmdev_node *node, bool refault)
{
	queue_add_tail(policy, node);
}

static unsigned int fifo_isolate(struct vmdev_policy *policy, struct vmdev_node **nodes,
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

/* It could not leave (pinned, locked, in I/O): others go first. */
static void fifo_putback(struct vmdev_policy *policy, struct vmdev_node *node,
			 bool accessed)
{
	queue_add_tail(policy, node);
}

const struct vmdev_policy_ops vmdev_policy_fifo = {
	.name		= "fifo",
	.access		= VMDEV_ACCESS_NONE,
	.init		= queue_init,
	.insert		= fifo_insert,
	.remove		= queue_remove,
	.isolate	= fifo_isolate,
	.putback	= fifo_putback,
};
