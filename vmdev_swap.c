// SPDX-License-Identifier: GPL-2.0
/*
 * The store: a number of slots, which of them are in use, what their content
 * sums up to, and requests to them. It owns slots, not pages: frames are passed
 * in and it never calls up. Where slots are is vmdev_backing.c's.
 */
#define pr_fmt(fmt) "vmdev: " fmt

#include <crypto/hash.h>
#include <linux/crc32.h>
#include <linux/highmem.h>
#include <linux/kmod.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>

#include <vmdev/backing.h>
#include <vmdev/page.h>
#include <vmdev/slotmap.h>
#include <vmdev/stats.h>
#include <vmdev/swap.h>
#include <uapi/linux/vmdev.h>

#include "vmdev_trace.h"

#define STORE_MIN_SLOTS		256U	/* 1 MiB */

static struct {
	spinlock_t lock;		/* map */
	struct vmdev_slotmap map;
	struct vmdev_cluster *cluster;
	u32 *sum;			/* crc32c of each slot in use */
	struct crypto_shash *crc;	/* NULL: the plain library function */
} store;

unsigned int vmdev_checksum = 1;

/* ---- checksums ---- */

static u32 sum_page(const void *page)
{
	u32 sum = ~0U;

	if (store.crc) {
		SHASH_DESC_ON_STACK(desc, store.crc);

		desc->tfm = store.crc;
		if (!crypto_shash_digest(desc, page, PAGE_SIZE, (u8 *)&sum))
			return sum;
	}
	return ~__crc32c_le(~0U, page, PAGE_SIZE);
}

/**
 * vmdev_slot_sum() - note what is going to be written to a slot
 * @slot: the slot, the caller's
 * @page: PAGE_SIZE bytes
 *
 * Context: any.
 */
void vmdev_slot_sum(u32 slot, const void *page)
{
	if (vmdev_checksum)
		store.sum[slot] = sum_page(page);
}

/**
 * vmdev_slot_verify() - is this what was written to the slot?
 * @slot: the slot, the caller's
 * @page: what was read back
 *
 * Context: any.
 * Return: true when it is, or when checksums are off.
 */
bool vmdev_slot_verify(u32 slot, const void *page)
{
	return !vmdev_checksum || store.sum[slot] == sum_page(page);
}

/* ---- slots ---- */

/**
 * vmdev_slot_alloc() - take neighbouring free slots
 * @want: most of them
 * @slot: out: the first
 *
 * Context: process, any lock above store->lock may be held.
 * Return: how many, maybe fewer than @want; 0 when the store is full.
 */
unsigned int vmdev_slot_alloc(unsigned int want, u32 *slot)
{
	unsigned int n;

	spin_lock(&store.lock);
	n = vmdev_slotmap_alloc(&store.map, want, slot);
	spin_unlock(&store.lock);
	return n;
}

/* Give a slot back; VMDEV_SLOT_NONE is ignored. Context: as vmdev_slot_alloc(). */
void vmdev_slot_free(u32 slot)
{
	if (slot == VMDEV_SLOT_NONE)
		return;
	spin_lock(&store.lock);
	WARN_ON_ONCE(vmdev_slotmap_free(&store.map, slot));
	spin_unlock(&store.lock);
}

unsigned long vmdev_store_slots(void)
{
	return store.map.slots;
}

unsigned long vmdev_store_used(void)
{
	/* a snapshot: the map, pure logic, stores the word plainly with the lock held */
	return data_race(READ_ONCE(store.map.used));
}

/* Are free slots so few that clean pages that stay should give theirs up? */
bool vmdev_store_low(void)
{
	return vmdev_store_slots() - vmdev_store_used() < 2 * VMDEV_REQUEST_PAGES;
}

/* See vmdev_backing_stable(). */
bool vmdev_store_stable(void)
{
	return vmdev_backing_stable();
}

/* See vmdev_backing_synchronous(). */
bool vmdev_store_synchronous(void)
{
	return vmdev_backing_synchronous();
}

/* ---- requests ---- */

/**
 * vmdev_store_submit() - read or write neighbouring slots
 * @req: see struct vmdev_request
 *
 * Context: see vmdev_backing_submit().
 */
void vmdev_store_submit(struct vmdev_request *req)
{
	if (req->op == REQ_OP_READ) {
		vmdev_count_add(read_pages, req->nr);
		vmdev_count(read_ios);
	} else {
		vmdev_count_add(written_pages, req->nr);
		vmdev_count(written_ios);
	}
	vmdev_backing_submit(req);
}

/* ---- open and close ---- */

/* In single pages: a large piece of contiguous memory is rounded up to a power of two. */
static void *alloc_array(u64 n, size_t size)
{
	return __vmalloc(array_size(n, size), GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN);
}

static int alloc_slots(u64 slots)
{
	store.cluster = alloc_array(vmdev_slotmap_clusters(slots), sizeof(*store.cluster));
	if (!store.cluster)
		return -ENOMEM;
	if (vmdev_checksum) {
		store.sum = alloc_array(slots, sizeof(*store.sum));
		if (!store.sum)
			return -ENOMEM;
		/* hardware-assisted where the CPU can and the driver is there */
		request_module("crypto-crc32c-intel");
		store.crc = crypto_alloc_shash("crc32c", 0, 0);
		if (IS_ERR(store.crc))
			store.crc = NULL;
	}
	vmdev_slotmap_init(&store.map, store.cluster, slots);
	return 0;
}

/**
 * vmdev_store_open() - open the store
 * @path: see vmdev_backing_open()
 * @mb: size in MiB, 0 for all of an existing file or device
 *
 * Context: process, once, before anything else here.
 * Return: 0 or a negative errno, with a line in the log.
 */
int vmdev_store_open(const char *path, unsigned long mb)
{
	u64 slots;
	int err;

	spin_lock_init(&store.lock);
	err = vmdev_backing_open(path, (u64)mb << (20 - PAGE_SHIFT), &slots);
	if (err)
		goto err_close;

	err = -EINVAL;
	if (slots < STORE_MIN_SLOTS || slots >= VMDEV_SLOT_NONE) {
		pr_err("store=%s: has %llu pages; %u to %u are accepted\n", path, slots,
		       STORE_MIN_SLOTS, VMDEV_SLOT_NONE - 1);
		goto err_close;
	}
	err = alloc_slots(slots);
	if (err) {
		pr_err("store_mb=%lu: no memory to keep track of its slots\n", mb);
		goto err_close;
	}
	return 0;

err_close:
	vmdev_store_close();
	return err;
}

/* Close the store: every slot is free, nothing is under way. Context: process. */
void vmdev_store_close(void)
{
	WARN_ON_ONCE(store.map.used);
	vmdev_backing_close();
	if (store.crc)
		crypto_free_shash(store.crc);
	vfree(store.sum);
	vfree(store.cluster);
	memset(&store, 0, sizeof(store));
}

const char *vmdev_store_path(void)
{
	return vmdev_backing_path();
}

u64 vmdev_store_features(void)
{
	return vmdev_backing_features() | (vmdev_checksum ? VMDEV_FEATURE_CHECKSUM : 0);
}
