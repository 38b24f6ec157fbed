// SPDX-License-Identifier: GPL-2.0
/*
 * FIFO: the page that came first leaves first, however much it is used. The
 * baseline other policies are measured against. It must not look at use.
 */
#include <vmdev/policy.h>

#include "queue.h"

static void fifo_insert(struct vmdev_policy *policy, struct vmdev_node *node,
			unsigned long since, bool ahead)
{
	queue_add_tail(policy, node, 0);
}

static unsigned int fifo_isolate(struct vmdev_policy *policy, struct vmdev_node **nodes,
				 unsigned int max)
{
	return queue_take(policy, 0, nodes, max);
}

/* It could not leave (pinned, locked, in I/O): others go first. */
static void fifo_putback(struct vmdev_policy *policy, struct vmdev_node *node, bool accessed)
{
	queue_add_tail(policy, node, 0);
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
