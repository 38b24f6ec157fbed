/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The store: slots of one page each in a file or on a block device. See
 * vmdev_swap.c.
 */
#ifndef _VMDEV_SWAP_H
#define _VMDEV_SWAP_H

#include <linux/bio.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#define VMDEV_REQUEST_PAGES	64

/**
 * struct vmdev_request - pages to or from neighbouring slots
 * @op: REQ_OP_READ or REQ_OP_WRITE
 * @slot: the first slot
 * @nr: pages, 1 to VMDEV_REQUEST_PAGES
 * @error: 0 or a negative errno, valid in @end
 * @pending: parts of it under way
 * @end: called once when all is done; in interrupt context for a block store
 * @work: for a file store
 * @bio: for a block store: all of it, or its first part
 * @bv: the memory
 */
struct vmdev_request {
	enum req_op op;
	u32 slot;
	unsigned int nr;
	int error;
	atomic_t pending;
	void (*end)(struct vmdev_request *req);
	struct work_struct work;
	struct bio bio;
	struct bio_vec bv[VMDEV_REQUEST_PAGES];
};

int vmdev_store_open(const char *path, unsigned long mb);
void vmdev_store_close(void);
const char *vmdev_store_path(void);
u64 vmdev_store_features(void);
unsigned long vmdev_store_slots(void);
unsigned long vmdev_store_used(void);
bool vmdev_store_low(void);
bool vmdev_store_stable(void);
bool vmdev_store_synchronous(void);

unsigned int vmdev_slot_alloc(unsigned int want, u32 *slot);
void vmdev_slot_free(u32 slot);

void vmdev_store_submit(struct vmdev_request *req);

extern unsigned int vmdev_checksum;

void vmdev_slot_sum(u32 slot, const void *page);
bool vmdev_slot_verify(u32 slot, const void *page);

#endif /* _VMDEV_SWAP_H */
