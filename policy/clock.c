// SPDX-License-Identifier: GPL-2.0
/*
 * CLOCK, as the second-chance queue: a page at the head that was used since it
 * was last looked at goes to the tail with its bit cleared, any other leaves.
 * Source: F. J. Corbato, "A Paging Experiment with the Multics System", 1968;
 * the queue form is that of A. S. Tanenbaum, Modern Operating Systems, 3.4.
 * Two policies come of it, which differ in how use is learned: from accessed
 * bits, or, on any architecture, by unmapping the page and seeing it refault.
 */
#include <vmdev/policy.h>

#include "queue.h"

const struct vmdev_policy_ops vmdev_policy_clock = {
	.name		= "clock",
	.access		= VMDEV_ACCESS_HARDWARE,
	.init		= queue_init,
	.insert		= queue_insert,
	.remove		= queue_remove,
	.isolate	= queue_isolate,
	.putback	= queue_putback,
};

const struct vmdev_policy_ops vmdev_policy_clock_refault = {
	.name		= "clock-refault",
	.access		= VMDEV_ACCESS_REFAULT,
	.init		= queue_init,
	.insert		= queue_insert,
	.remove		= queue_remove,
	.isolate	= queue_isolate,
	.putback	= queue_putback,
};
