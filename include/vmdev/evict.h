/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Taking pages out of frames. See vmdev_evict.c.
 */
#ifndef _VMDEV_EVICT_H
#define _VMDEV_EVICT_H

#include <vmdev/domain.h>
#include <vmdev/swap.h>

struct vmdev_io;

#define VMDEV_BATCH	VMDEV_REQUEST_PAGES

/**
 * struct vmdev_batch - victims on their way
 * @domain: where they were isolated, NULL when a range is evicted
 * @nr: how many
 * @force: whether used or not
 * @own: for the space whose domain it is, whatever its lower limit
 * @v: the victims
 * @io: the requests that write them
 */
struct vmdev_batch {
	struct vmdev_domain *domain;
	unsigned int nr;
	bool force;
	bool own;
	struct vmdev_victim v[VMDEV_BATCH];
	struct vmdev_io *io[VMDEV_BATCH];
};

unsigned int vmdev_evict_domain(struct vmdev_batch *b, struct vmdev_domain *domain,
				unsigned int want, unsigned long scan);
int vmdev_evict_range(struct vmdev_space *space, pgoff_t first, pgoff_t end, u64 *pages);
void vmdev_evict_complete(void);
bool vmdev_evict_pending(void);
bool vmdev_evict_alive(void);
unsigned long vmdev_evict_writing(void);

#endif /* _VMDEV_EVICT_H */
