/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a replacement policy is. A policy orders frames, seen as nodes, and says
 * which to look at next for eviction. It knows no locks, no allocation and no
 * kernel: the same files are compiled into the module and into userspace tests.
 *
 * Contract, for all operations: the caller serialises them per instance; a node
 * is on one instance or on none; every operation but isolate() is O(1).
 *
 *   init      makes an empty instance
 *   insert    takes a node that just got its page; @since: how many pages were
 *             evicted since this one was, or VMDEV_SINCE_NEVER; @ahead: nobody
 *             has asked for the page yet, it was read ahead
 *   remove    takes a node off; it may stand anywhere in the instance
 *   isolate   takes up to @max nodes, one or more, off, the best victims first, and returns
 *             how many; 0 only when the instance is empty. Its cost is
 *             proportional to what it returns. What it gave out before has been
 *             put back or evicted, unless several tasks evict or it is being written.
 *             When nothing can be freed otherwise it is evicted though it is in use
 *   putback   takes a node back that isolate() gave out, or that was removed, and
 *             that stays in the pool; @accessed: it was found to be used since it was
 *             last looked at; false if it stays for another reason, as pages do that
 *             a device holds
 */
#ifndef _VMDEV_POLICY_H
#define _VMDEV_POLICY_H

#include <linux/list.h>
#include <linux/types.h>

/* How the evictor finds out whether a node was used, before putback. */
enum vmdev_access {
	VMDEV_ACCESS_NONE,	/* not at all: the policy doesn't care */
	VMDEV_ACCESS_HARDWARE,	/* accessed bits of the page tables */
	VMDEV_ACCESS_REFAULT,	/* unmapped, and a minor fault tells */
};

#define VMDEV_SINCE_NEVER	(~0UL)

/**
 * struct vmdev_node - a frame as a policy sees it
 * @link: in one of the policy's queues
 * @id: the frame's number, 0 to VMDEV_FRAME_NONE - 1; the pool's
 * @in: the queue it stands in, or stood in last
 * @step: s3fifo: the step in which it came to the sample
 */
struct vmdev_node {
	struct list_head link;
	unsigned int id;
	unsigned char in;
	unsigned char step;
};

#define VMDEV_POLICY_QUEUES	4

struct vmdev_policy;

struct vmdev_policy_ops {
	const char *name;
	enum vmdev_access access;
	void (*init)(struct vmdev_policy *policy);
	void (*insert)(struct vmdev_policy *policy, struct vmdev_node *node,
		       unsigned long since, bool ahead);
	void (*remove)(struct vmdev_policy *policy, struct vmdev_node *node);
	unsigned int (*isolate)(struct vmdev_policy *policy, struct vmdev_node **nodes,
				unsigned int max);
	void (*putback)(struct vmdev_policy *policy, struct vmdev_node *node, bool accessed);
};

/**
 * struct vmdev_policy - an instance
 * @ops: which policy
 * @queue: nodes, the next to be looked at first; what each is for is the policy's
 * @nr_in: nodes in each of them
 * @nr: nodes in the instance
 * @looking: clock: the front hand is moving
 * @kept: s3fifo: nodes of the main queue that stayed since the last insert
 * @passed: s3fifo: nodes that came to the small queue, less what looks at the main one cost
 * @taken: s3fifo: nodes the last look at the main queue took
 * @stayed: s3fifo: nodes put back there since; some may be of an earlier look
 * @turn: s3fifo: the nodes taken last were the main queue's, looks at the sample apart
 * @ticks: s3fifo: nodes that came since the last step, those read ahead counting for four
 * @step: s3fifo: how many times there was time for a look at the sample, modulo 256
 * @picks: s3fifo: how many nodes are wanted for the sample
 * @gap: s3fifo: nodes of the main queue found in use since one was picked for the sample
 * @looks: s3fifo: looks at the sample that count, since the last verdict
 * @used: s3fifo: those that found a node in use
 * @seen: s3fifo: nodes taken for a look at the main queue, and not held otherwise, in that time
 * @found: s3fifo: those that were found in use
 * @looked: s3fifo: the node that was looked at last, if that counts and it isn't back yet
 * @hold: s3fifo: steps to come at which looks don't count, since others were let in
 * @grant: s3fifo: nodes read ahead that may go to the main queue though it has its share
 */
struct vmdev_policy {
	const struct vmdev_policy_ops *ops;
	struct list_head queue[VMDEV_POLICY_QUEUES];
	unsigned long nr_in[VMDEV_POLICY_QUEUES];
	unsigned long nr;
	bool looking;
	unsigned long kept;
	unsigned long passed;
	unsigned long taken;
	unsigned long stayed;
	bool turn;
	unsigned long ticks;
	unsigned char step;
	unsigned char picks;
	unsigned long gap;
	unsigned char looks;
	unsigned char used;
	unsigned long seen;
	unsigned long found;
	const struct vmdev_node *looked;
	unsigned char hold;
	unsigned long grant;
};

extern const struct vmdev_policy_ops vmdev_policy_s3fifo;
extern const struct vmdev_policy_ops vmdev_policy_fifo;
extern const struct vmdev_policy_ops vmdev_policy_clock;
extern const struct vmdev_policy_ops vmdev_policy_clock_refault;

#define VMDEV_POLICY_DEFAULT	"s3fifo"

#ifdef __KERNEL__
const struct vmdev_policy_ops *vmdev_policy_find(const char *name);
int vmdev_policy_list(char *buf);
#endif

#endif /* _VMDEV_POLICY_H */
