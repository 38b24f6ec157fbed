// SPDX-License-Identifier: GPL-2.0
/*
 * The slot map: which slots of the store are in use, and which to hand out so
 * that pages written together stand together. Slots come in clusters of 256;
 * requests are served from one current cluster, going forward through it, until
 * it has no more; then the emptiest cluster at hand becomes the current one.
 * Clusters stand in buckets by the logarithm of their free slots, so that the
 * choice takes constant time however large or full the store is. The idea is
 * that of the kernel's own swap allocator (mm/swapfile.c, cluster allocation).
 *
 * Pure logic: no locks, no allocation, no I/O; the caller serialises.
 */
#include <vmdev/slotmap.h>

#define FULL_WORD	(~(__u64)0)

static unsigned int bucket_of(unsigned int free)
{
	return 31 - __builtin_clz(free);
}

static void cluster_link(struct vmdev_slotmap *map, struct vmdev_cluster *c)
{
	/* A used cluster goes behind the others: freed slots rest for a while. */
	list_add_tail(&c->link, &map->bucket[bucket_of(c->free)]);
}

static int slot_used(const struct vmdev_cluster *c, unsigned int i)
{
	return (c->map[i / 64] >> (i % 64)) & 1;
}

/**
 * vmdev_slotmap_init() - start with all slots free
 * @map: the map
 * @cluster: vmdev_slotmap_clusters(@slots) of them, uninitialised
 * @slots: number of slots, at least 1
 */
void vmdev_slotmap_init(struct vmdev_slotmap *map, struct vmdev_cluster *cluster, __u32 slots)
{
	__u32 i, n = vmdev_slotmap_clusters(slots);
	unsigned int b;

	map->slots = slots;
	map->used = 0;
	map->current_cluster = NULL;
	map->next = 0;
	map->cluster = cluster;
	for (b = 0; b < VMDEV_CLUSTER_BUCKETS; b++)
		INIT_LIST_HEAD(&map->bucket[b]);

	for (i = 0; i < n; i++) {
		struct vmdev_cluster *c = &cluster[i];
		unsigned int s;

		for (s = 0; s < VMDEV_CLUSTER_WORDS; s++)
			c->map[s] = 0;
		c->free = VMDEV_CLUSTER_SLOTS;
		/* the last cluster may be cut short: what isn't there is used */
		if (i == n - 1) {
			c->free = slots - i * VMDEV_CLUSTER_SLOTS;
			for (s = c->free; s < VMDEV_CLUSTER_SLOTS; s++)
				c->map[s / 64] |= (__u64)1 << (s % 64);
		}
		cluster_link(map, c);
	}
}

/* Make the emptiest cluster the current one. Return: 0 when all are full. */
static int next_cluster(struct vmdev_slotmap *map)
{
	unsigned int b = VMDEV_CLUSTER_BUCKETS;

	map->next = 0;
	map->current_cluster = NULL;
	while (b--) {
		if (list_empty(&map->bucket[b]))
			continue;
		map->current_cluster = list_first_entry(&map->bucket[b], struct vmdev_cluster,
							link);
		list_del_init(&map->current_cluster->link);
		return 1;
	}
	return 0;
}

/* First free slot of @c at or after @i; VMDEV_CLUSTER_SLOTS when there is none. */
static unsigned int next_free(const struct vmdev_cluster *c, unsigned int i)
{
	while (i < VMDEV_CLUSTER_SLOTS) {
		__u64 word = c->map[i / 64] | (((__u64)1 << (i % 64)) - 1);

		if (word != FULL_WORD)
			return (i & ~63U) + __builtin_ctzll(~word);
		i = (i & ~63U) + 64;
	}
	return VMDEV_CLUSTER_SLOTS;
}

/**
 * vmdev_slotmap_alloc() - take a run of neighbouring slots
 * @map: the map
 * @want: most slots to take, at least 1
 * @slot: out: the first of them
 *
 * Return: slots taken, 1 to @want; fewer than @want where the run at hand is
 * shorter (ask again for the rest); 0 when every slot is in use.
 */
unsigned int vmdev_slotmap_alloc(struct vmdev_slotmap *map, unsigned int want, __u32 *slot)
{
	struct vmdev_cluster *c;
	unsigned int i, n;

	for (;;) {
		c = map->current_cluster;
		if (c) {
			i = next_free(c, map->next);
			if (i < VMDEV_CLUSTER_SLOTS)
				break;
			/* used up going forward; what was freed behind comes back later */
			if (c->free)
				cluster_link(map, c);
		}
		if (!next_cluster(map))
			return 0;
	}

	for (n = 0; n < want && i + n < VMDEV_CLUSTER_SLOTS && !slot_used(c, i + n); n++)
		c->map[(i + n) / 64] |= (__u64)1 << ((i + n) % 64);
	c->free -= n;
	map->used += n;
	map->next = i + n;
	*slot = (__u32)(c - map->cluster) * VMDEV_CLUSTER_SLOTS + i;
	return n;
}

/**
 * vmdev_slotmap_free() - give one slot back
 * @map: the map
 * @slot: the slot
 *
 * Return: 0, or -1 when @slot is out of range or not in use; nothing is changed
 * then.
 */
int vmdev_slotmap_free(struct vmdev_slotmap *map, __u32 slot)
{
	struct vmdev_cluster *c;
	unsigned int i = slot % VMDEV_CLUSTER_SLOTS;

	if (slot >= map->slots)
		return -1;
	c = &map->cluster[slot / VMDEV_CLUSTER_SLOTS];
	if (!slot_used(c, i))
		return -1;

	c->map[i / 64] &= ~((__u64)1 << (i % 64));
	c->free++;
	map->used--;
	if (c == map->current_cluster)
		return 0;
	if (c->free == 1) {
		cluster_link(map, c);
	} else if (bucket_of(c->free) != bucket_of(c->free - 1)) {
		list_del(&c->link);
		cluster_link(map, c);
	}
	return 0;
}
