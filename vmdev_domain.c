// SPDX-License-Identifier: GPL-2.0
/*
 * Domains: which frames compete with one another for eviction. All spaces share
 * one; a space with limits has its own, so that its frames are found without
 * looking at anybody else's. A domain owns a policy instance and the lock that
 * serialises it. It must not know why a frame is taken or what becomes of it.
 *
 * Isolating takes a frame off its list without the page lock. Who holds the page
 * lock meanwhile may free it or give it to another page: hence the flag
 * VMDEV_FRAME_ISOLATED, which says to putback whether the frame is still out.
 */
#include <linux/slab.h>

#include <vmdev/domain.h>
#include <vmdev/space.h>
#include <vmdev/swap.h>

struct vmdev_domain vmdev_common;

static LIST_HEAD(domains);
static DEFINE_SPINLOCK(domains_lock);	/* domains; taken above domain->lock */

static void domain_init(struct vmdev_domain *domain, struct vmdev_space *owner,
			const struct vmdev_policy_ops *ops)
{
	spin_lock_init(&domain->lock);
	domain->owner = owner;
	domain->policy.ops = ops;
	ops->init(&domain->policy);
}

/**
 * vmdev_domain_create() - a domain of its own for a space with limits
 * @owner: the space; the domain lives as long as it does
 *
 * Context: process, vmdev_ctl held.
 * Return: the domain or NULL.
 */
struct vmdev_domain *vmdev_domain_create(struct vmdev_space *owner)
{
	struct vmdev_domain *domain = kzalloc(sizeof(*domain), GFP_KERNEL_ACCOUNT);

	if (!domain)
		return NULL;
	domain_init(domain, owner, vmdev_common.policy.ops);
	spin_lock(&domains_lock);
	list_add_tail(&domain->node, &domains);
	spin_unlock(&domains_lock);
	return domain;
}

/* Context: process; no frame is in it any more. */
void vmdev_domain_destroy(struct vmdev_domain *domain)
{
	spin_lock(&domains_lock);
	list_del(&domain->node);
	spin_unlock(&domains_lock);
	WARN_ON_ONCE(domain->policy.nr);
	kfree(domain);
}

/*
 * What a domain has evicted so far: kept with an evicted page, it tells how long ago
 * that was when the page comes back, in evictions. Context: any.
 */
u32 vmdev_domain_age(struct vmdev_domain *domain)
{
	return READ_ONCE(domain->age);
}

/**
 * vmdev_domain_insert() - a frame got a page: queue it
 * @domain: where
 * @frame: its space, entry and index are set
 * @since: pages evicted since this one was, or VMDEV_SINCE_NEVER
 * @ahead: it was read ahead
 *
 * Context: page lock held.
 */
void vmdev_domain_insert(struct vmdev_domain *domain, struct vmdev_frame *frame,
			 unsigned long since, bool ahead)
{
	spin_lock(&domain->lock);
	WRITE_ONCE(frame->domain, domain);
	domain->policy.ops->insert(&domain->policy, &frame->node, since, ahead);
	spin_unlock(&domain->lock);
}

/* Take a frame out of its domain, wherever it stands. Context: domain->lock held. */
static void take_out_locked(struct vmdev_domain *domain, struct vmdev_frame *frame)
{
	lockdep_assert_held(&domain->lock);
	if (!test_and_clear_bit(VMDEV_FRAME_ISOLATED, &frame->flags))
		domain->policy.ops->remove(&domain->policy, &frame->node);
}

/* The frame loses its page, which may come back if it was evicted. Page lock held. */
void vmdev_domain_remove(struct vmdev_frame *frame, bool evicted)
{
	struct vmdev_domain *domain = frame->domain;

	spin_lock(&domain->lock);
	take_out_locked(domain, frame);
	if (evicted)
		WRITE_ONCE(domain->age, (domain->age + 1) & VMDEV_FRAME_NONE);
	atomic_long_dec(&frame->space->frames);
	WRITE_ONCE(frame->space->progress, frame->space->progress + 1);
	WRITE_ONCE(frame->space, NULL);
	frame->e = NULL;
	WRITE_ONCE(frame->domain, NULL);
	spin_unlock(&domain->lock);
}

/* An isolated frame stays. Context: page lock held. */
void vmdev_domain_putback(struct vmdev_frame *frame, bool accessed)
{
	struct vmdev_domain *domain = frame->domain;

	spin_lock(&domain->lock);
	if (test_and_clear_bit(VMDEV_FRAME_ISOLATED, &frame->flags))
		domain->policy.ops->putback(&domain->policy, &frame->node, accessed);
	spin_unlock(&domain->lock);
}

/* Take a frame over to another domain. Context: page lock held. */
void vmdev_domain_move(struct vmdev_frame *frame, struct vmdev_domain *to)
{
	struct vmdev_domain *from = frame->domain;

	if (from == to)
		return;
	spin_lock(&from->lock);
	take_out_locked(from, frame);
	WRITE_ONCE(frame->domain, NULL);
	spin_unlock(&from->lock);
	vmdev_domain_insert(to, frame, VMDEV_SINCE_NEVER, false);
}

/* Take one frame off its policy on purpose. Context: page lock held. */
void vmdev_domain_isolate_one(struct vmdev_frame *frame)
{
	struct vmdev_domain *domain = frame->domain;

	spin_lock(&domain->lock);
	if (!test_and_set_bit(VMDEV_FRAME_ISOLATED, &frame->flags))
		domain->policy.ops->remove(&domain->policy, &frame->node);
	spin_unlock(&domain->lock);
}

static void set_policy_locked(struct vmdev_domain *domain, const struct vmdev_policy_ops *ops)
{
	struct vmdev_policy *policy = &domain->policy;
	struct vmdev_node *node, *next;
	LIST_HEAD(all);

	while (policy->ops->isolate(policy, &node, 1))
		list_add_tail(&node->link, &all);
	policy->ops = ops;
	ops->init(policy);
	list_for_each_entry_safe(node, next, &all, link) {
		list_del_init(&node->link);
		ops->insert(policy, node, VMDEV_SINCE_NEVER, false);
	}
}

/* Change the policy of all domains while in use. Context: vmdev_ctl held. */
void vmdev_domain_policy(const struct vmdev_policy_ops *ops)
{
	struct vmdev_domain *domain;

	lockdep_assert_held(&vmdev_ctl);
	spin_lock(&domains_lock);
	list_for_each_entry(domain, &domains, node) {
		spin_lock(&domain->lock);
		set_policy_locked(domain, ops);
		spin_unlock(&domain->lock);
	}
	spin_unlock(&domains_lock);
}

/* Context: any. */
const char *vmdev_domain_policy_name(void)
{
	return READ_ONCE(vmdev_common.policy.ops)->name;
}

/**
 * vmdev_domain_isolate() - take likely victims off the policy
 * @domain: whose
 * @v: out: the victims; a reference to each one's space is the caller's
 * @max: most of them
 *
 * No page lock is held, so what a victim says is a hint until one is.
 *
 * Context: process.
 * Return: how many.
 */
unsigned int vmdev_domain_isolate(struct vmdev_domain *domain, struct vmdev_victim *v,
				  unsigned int max)
{
	struct vmdev_node *nodes[VMDEV_REQUEST_PAGES];
	unsigned int i, n;

	spin_lock(&domain->lock);
	/* once: the policy is to hear of this batch before it is asked for more */
	n = domain->policy.ops->isolate(&domain->policy, nodes,
					min_t(unsigned int, max, ARRAY_SIZE(nodes)));
	for (i = 0; i < n; i++) {
		v[i].frame = container_of(nodes[i], struct vmdev_frame, node);
		v[i].space = v[i].frame->space;
		v[i].e = v[i].frame->e;
		v[i].index = vmdev_frame_index(v[i].frame);
		set_bit(VMDEV_FRAME_ISOLATED, &v[i].frame->flags);
		vmdev_space_get(v[i].space);
	}
	spin_unlock(&domain->lock);
	return n;
}

/**
 * vmdev_domain_unisolate() - put a victim back without its page lock
 * @domain: where it was isolated from
 * @v: the victim; it goes back if it has not been moved, freed or put back
 *	meanwhile. Its reference to the space is dropped
 *
 * Context: process.
 */
void vmdev_domain_unisolate(struct vmdev_domain *domain, struct vmdev_victim *v)
{
	spin_lock(&domain->lock);
	/* another domain's lock may guard it now: then it is, and stays, not this one */
	if (READ_ONCE(v->frame->domain) == domain &&
	    test_and_clear_bit(VMDEV_FRAME_ISOLATED, &v->frame->flags))
		domain->policy.ops->putback(&domain->policy, &v->frame->node, false);
	spin_unlock(&domain->lock);
	vmdev_space_put(v->space);
}

/* Frames of @domain that reclaim for others may take. */
unsigned long vmdev_domain_evictable(struct vmdev_domain *domain)
{
	if (domain->owner)
		return vmdev_space_evictable(domain->owner);
	return READ_ONCE(domain->policy.nr);
}

/**
 * vmdev_domain_total() - what all domains have
 * @nr: out: how many there are
 * @total: out: frames that may be taken from them
 *
 * Context: process.
 */
void vmdev_domain_total(unsigned long *nr, unsigned long *total)
{
	struct vmdev_domain *domain;

	*nr = 0;
	*total = 0;
	spin_lock(&domains_lock);
	list_for_each_entry(domain, &domains, node) {
		*total += vmdev_domain_evictable(domain);
		++*nr;
	}
	spin_unlock(&domains_lock);
}

/**
 * vmdev_domain_next() - the next domain in turn
 *
 * Context: process.
 * Return: the domain, with a reference to its owner that vmdev_domain_put()
 * drops; NULL when it is dying or empty.
 */
struct vmdev_domain *vmdev_domain_next(void)
{
	struct vmdev_domain *domain;

	spin_lock(&domains_lock);
	domain = list_first_entry(&domains, struct vmdev_domain, node);
	list_move_tail(&domain->node, &domains);
	if (!READ_ONCE(domain->policy.nr) ||
	    (domain->owner && !kref_get_unless_zero(&domain->owner->ref)))
		domain = NULL;
	spin_unlock(&domains_lock);
	return domain;
}

/* Context: process. */
void vmdev_domain_put(struct vmdev_domain *domain)
{
	if (domain->owner)
		vmdev_space_put(domain->owner);
}

/* Make the common domain. */
void vmdev_domain_init(const struct vmdev_policy_ops *ops)
{
	domain_init(&vmdev_common, NULL, ops);
	list_add(&vmdev_common.node, &domains);
}

/* No frame holds a page any more. */
void vmdev_domain_exit(void)
{
	list_del(&vmdev_common.node);
	WARN_ON_ONCE(vmdev_common.policy.nr);
}
