/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which slots are in use: pure bookkeeping, compiled into the module and into
 * userspace tests. See vmdev_slotmap.c.
 */
#ifndef _VMDEV_SLOTMAP_H
#define _VMDEV_SLOTMAP_H

#include <linux/list.h>
#include <linux/types.h>

#define VMDEV_CLUSTER_SLOTS	256U	/* 1 MiB of pages of 4 KiB */
#define VMDEV_CLUSTER_WORDS	(VMDEV_CLUSTER_SLOTS / 64)
#define VMDEV_CLUSTER_BUCKETS	9	/* log2(VMDEV_CLUSTER_SLOTS) + 1 */

/**
 * struct vmdev_cluster - 256 neighbouring slots
 * @link: in the bucket of its number of free slots; on none while full
 * @free: free slots in it
 * @map: a bit a slot, set while in use
 */
struct vmdev_cluster {
	struct list_head link;
	unsigned int free;
	__u64 map[VMDEV_CLUSTER_WORDS];
};

/**
 * struct vmdev_slotmap - slots 0 to @slots - 1
 * @slots: how many there are
 * @used: how many are in use
 * @current_cluster: where the next slots come from, NULL for none
 * @next: first slot in it to look at
 * @bucket: clusters with 2^b to 2^(b+1) - 1 free slots
 * @cluster: all clusters, memory of the caller
 */
struct vmdev_slotmap {
	__u32 slots;
	__u32 used;
	struct vmdev_cluster *current_cluster;
	unsigned int next;
	struct list_head bucket[VMDEV_CLUSTER_BUCKETS];
	struct vmdev_cluster *cluster;
};

/* Clusters that vmdev_slotmap_init() needs for @slots slots. */
static inline __u32 vmdev_slotmap_clusters(__u32 slots)
{
	return (slots + VMDEV_CLUSTER_SLOTS - 1) / VMDEV_CLUSTER_SLOTS;
}

void vmdev_slotmap_init(struct vmdev_slotmap *map, struct vmdev_cluster *cluster, __u32 slots);
unsigned int vmdev_slotmap_alloc(struct vmdev_slotmap *map, unsigned int want, __u32 *slot);
int vmdev_slotmap_free(struct vmdev_slotmap *map, __u32 slot);

#endif /* _VMDEV_SLOTMAP_H */
