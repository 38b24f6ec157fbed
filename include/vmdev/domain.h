/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which frames compete with one another. See vmdev_domain.c.
 */
#ifndef _VMDEV_DOMAIN_H
#define _VMDEV_DOMAIN_H

#include <linux/bits.h>
#include <linux/spinlock.h>
#include <vmdev/policy.h>
#include <vmdev/pool.h>

struct vmdev_space;

/**
 * struct vmdev_domain - frames that are replaced together
 * @lock: protects @policy and which frames are on it
 * @policy: their order
 * @age: pages evicted so far, modulo VMDEV_FRAME_NONE + 1; protected by @lock
 * @owner: the space, for the domain of a space with limits; NULL for the common one
 * @node: in the list of domains
 */
struct vmdev_domain {
	spinlock_t lock;	/* as said above */
	struct vmdev_policy policy;
	u32 age;
	struct vmdev_space *owner;
	struct list_head node;
};

/* What was evicted so many evictions ago is as good as new: frames of 512 GiB. */
#define VMDEV_AGE_FAR	BIT(27)

/**
 * struct vmdev_victim - a frame that may be evicted
 * @frame: the frame
 * @space: whose page it holds; a reference is held
 * @e: the page's entry
 * @index: the page
 */
struct vmdev_victim {
	struct vmdev_frame *frame;
	struct vmdev_space *space;
	unsigned long *e;
	pgoff_t index;
};

extern struct vmdev_domain vmdev_common;

void vmdev_domain_init(const struct vmdev_policy_ops *ops);
void vmdev_domain_exit(void);
struct vmdev_domain *vmdev_domain_create(struct vmdev_space *owner);
void vmdev_domain_destroy(struct vmdev_domain *domain);
u32 vmdev_domain_age(struct vmdev_domain *domain);
void vmdev_domain_insert(struct vmdev_domain *domain, struct vmdev_frame *frame,
			 unsigned long since, bool ahead);
void vmdev_domain_remove(struct vmdev_frame *frame, bool evicted);
void vmdev_domain_putback(struct vmdev_frame *frame, bool accessed);
void vmdev_domain_move(struct vmdev_frame *frame, struct vmdev_domain *to);
void vmdev_domain_isolate_one(struct vmdev_frame *frame);
unsigned int vmdev_domain_isolate(struct vmdev_domain *domain, struct vmdev_victim *v,
				  unsigned int max);
void vmdev_domain_unisolate(struct vmdev_domain *domain, struct vmdev_victim *v);
void vmdev_domain_policy(const struct vmdev_policy_ops *ops);
const char *vmdev_domain_policy_name(void);
unsigned long vmdev_domain_evictable(struct vmdev_domain *domain);
void vmdev_domain_total(unsigned long *nr, unsigned long *total);
struct vmdev_domain *vmdev_domain_next(void);
void vmdev_domain_put(struct vmdev_domain *domain);

#endif /* _VMDEV_DOMAIN_H */
