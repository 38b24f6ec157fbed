// SPDX-License-Identifier: GPL-2.0
/*
 * FIFO: the page that came first leaves first, however much it is used. The
 * baseline other policies are measured against. It must not look at use.
 */
#include <vmdev/policy.h>

#include "queue.h"

const struct vmdev_policy_ops vmdev_policy_fifo = {
	.name		= "fifo",
	.access		= VMDEV_ACCESS_NONE,
	.init		= queue_init,
	.insert		= queue_insert,
	.remove		= queue_remove,
	.isolate	= queue_isolate,
	.putback	= queue_putback,
};
