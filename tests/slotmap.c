// SPDX-License-Identifier: GPL-2.0
/*
 * The slot map against a plain array that knows which slots are taken.
 */
#include <string.h>

#include <vmdev/slotmap.h>

#include "tap.h"

#define MOST	5000U

static struct vmdev_slotmap map;
static struct vmdev_cluster cluster[MOST / VMDEV_CLUSTER_SLOTS + 1];
static unsigned char taken[MOST];
static unsigned int nr_taken;

static void start(__u32 slots)
{
	/* what the map must not rely on */
	memset(cluster, 0xa5, sizeof(cluster));
	memset(taken, 0, sizeof(taken));
	nr_taken = 0;
	vmdev_slotmap_init(&map, cluster, slots);
}

/* Take up to @want slots and check what comes. Return: how many came. */
static unsigned int take(unsigned int want, __u32 *slot)
{
	unsigned int i, n = vmdev_slotmap_alloc(&map, want, slot);

	CHECK(n <= want, "%u slots for %u", n, want);
	CHECK(n || nr_taken == map.slots, "no slot, but %u of %u taken", nr_taken, map.slots);
	for (i = 0; i < n; i++) {
		CHECK(*slot + i < map.slots, "slot %u of %u", *slot + i, map.slots);
		CHECK(!taken[*slot + i], "slot %u twice", *slot + i);
		taken[*slot + i] = 1;
	}
	nr_taken += n;
	CHECK(map.used == nr_taken, "used %u, taken %u", map.used, nr_taken);
	return n;
}

static void give(__u32 slot)
{
	CHECK(!vmdev_slotmap_free(&map, slot), "slot %u not freed", slot);
	taken[slot] = 0;
	nr_taken--;
	CHECK(map.used == nr_taken, "used %u, taken %u", map.used, nr_taken);
}

static void all_sizes(void)
{
	static const __u32 size[] = { 1, 2, 63, 64, 65, 255, 256, 257, 511, 512, 513, 4999 };
	unsigned int i, s;
	__u32 slot;

	for (i = 0; i < ARRAY_SIZE(size); i++) {
		start(size[i]);
		while (take(7, &slot))
			;
		CHECK(nr_taken == size[i], "%u of %u slots handed out", nr_taken, size[i]);
		for (s = 0; s < size[i]; s++)
			give(s);
		while (take(64, &slot))
			;
		CHECK(nr_taken == size[i], "%u of %u the second time", nr_taken, size[i]);
	}
}

static void neighbours(void)
{
	__u32 slot, next;
	unsigned int i;

	start(1024);
	CHECK(take(64, &slot) == 64, "an empty map gives no run of 64");
	for (i = 1; i < 4; i++) {
		CHECK(take(64, &next) == 64, "run %u is short", i);
		CHECK(next == slot + 64 * i, "run %u at %u, not behind %u", i, next, slot);
	}
}

static void emptiest_first(void)
{
	__u32 slot, s;

	/* full, then cluster 1 gets every other slot back, cluster 2 all of them */
	start(4 * VMDEV_CLUSTER_SLOTS);
	while (take(256, &slot))
		;
	for (s = 0; s < VMDEV_CLUSTER_SLOTS; s += 2)
		give(VMDEV_CLUSTER_SLOTS + s);
	for (s = 0; s < VMDEV_CLUSTER_SLOTS; s++)
		give(2 * VMDEV_CLUSTER_SLOTS + s);
	CHECK(take(64, &slot) == 64, "no run of 64 though a cluster is empty");
	CHECK(slot / VMDEV_CLUSTER_SLOTS == 2, "from cluster %u", slot / VMDEV_CLUSTER_SLOTS);
}

static void wrong_frees(void)
{
	__u32 slot;

	start(300);
	CHECK(vmdev_slotmap_free(&map, 0) == -1, "a free slot was freed");
	CHECK(vmdev_slotmap_free(&map, 300) == -1, "a slot past the end was freed");
	CHECK(vmdev_slotmap_free(&map, 511) == -1, "a slot past the end of the cluster was freed");
	CHECK(vmdev_slotmap_free(&map, ~0U) == -1, "slot -1 was freed");
	CHECK(take(1, &slot) == 1, "no slot");
	give(slot);
	CHECK(vmdev_slotmap_free(&map, slot) == -1, "slot %u was freed twice", slot);
	CHECK(map.used == 0, "used %u", map.used);
}

static void at_random(void)
{
	unsigned long long seed = 88172645463325252ULL;
	unsigned int i;
	__u32 slot;

	start(4999);
	for (i = 0; i < 300000; i++) {
		unsigned long long r = tap_random(&seed);

		slot = (r >> 20) % 4999;
		/* phases of growing and of shrinking */
		if (r % 16 < (i / 20000 % 2 ? 4 : 9))
			take(r % 64 + 1, &slot);
		else if (taken[slot])
			give(slot);
		else
			CHECK(vmdev_slotmap_free(&map, slot) == -1, "free slot %u freed", slot);
	}
}

int main(void)
{
	tap_run("slotmap: every slot once, whatever the size", all_sizes);
	tap_run("slotmap: runs follow one another", neighbours);
	tap_run("slotmap: the emptiest cluster comes first", emptiest_first);
	tap_run("slotmap: wrong frees change nothing", wrong_frees);
	tap_run("slotmap: 300000 random operations", at_random);
	return tap_done();
}
