/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Making frames free: see vmdev_evict.c.
 */
#ifndef _VMDEV_EVICT_H
#define _VMDEV_EVICT_H

#include <linux/spinlock.h>
#include <vmdev/policy.h>
#include <vmdev/pool.h>

struct vmdev_io;
struct vmdev_space;

/**
 * struct vmdev_domain - frames that are replaced together
 * @lock: protects @policy and which frames are on it
 * @policy: their order
 * @owner: the space, for the domain of a space with limits; NULL for the common one
 * @node: in the list of domains, under vmdev_evict.c's lock
 */
struct vmdev_domain {
	spinlock_t lock;	/* as said above */
	struct vmdev_policy policy;
	struct vmdev_space *owner;
	struct list_head node;
};

extern struct vmdev_domain vmdev_common;

int vmdev_evict_init(const struct vmdev_policy_ops *ops);
void vmdev_evict_exit(void);

struct vmdev_domain *vmdev_domain_create(struct vmdev_space *owner);
void vmdev_domain_destroy(struct vmdev_domain *domain);
void vmdev_domain_insert(struct vmdev_domain *domain, struct vmdev_frame *frame, bool refault);
void vmdev_domain_remove(struct vmdev_frame *frame);
void vmdev_domain_putback(struct vmdev_frame *frame, bool accessed);
void vmdev_domain_move(struct vmdev_frame *frame, struct vmdev_domain *to);
int vmdev_evict_policy(const struct vmdev_policy_ops *ops);
const char *vmdev_evict_policy_name(void);

void vmdev_evict_wake(void);
struct vmdev_frame *vmdev_evict_try_frame(struct vmdev_space *space);
struct vmdev_frame *vmdev_evict_get_frame(struct vmdev_space *space);
void vmdev_evict_put_frame(struct vmdev_space *space, struct vmdev_frame *frame);
void vmdev_evict_shrink(struct vmdev_space *space);
int vmdev_evict_range(struct vmdev_space *space, pgoff_t first, pgoff_t end, u64 *pages);
int vmdev_evict_resize(unsigned long frames);

#endif /* _VMDEV_EVICT_H */
