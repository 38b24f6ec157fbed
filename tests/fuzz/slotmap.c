// SPDX-License-Identifier: GPL-2.0
/*
 * The slot map against an array that knows which slots are taken. Besides what it
 * returns, its own lists are looked at: every cluster stands where its number of
 * free slots puts it, and the emptiest is taken next.
 */
#include <vmdev/slotmap.h>

#include "fuzz.h"

#define MOST	2048U

static struct vmdev_slotmap map;
static struct vmdev_cluster cluster[MOST / VMDEV_CLUSTER_SLOTS + 1];
static unsigned char taken[MOST];
static unsigned int nr_taken;

static unsigned int log2_of(unsigned int n)
{
	unsigned int log = 0;

	while (n >>= 1)
		log++;
	return log;
}

static unsigned int really_free(unsigned int c)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < VMDEV_CLUSTER_SLOTS; i++) {
		unsigned int slot = c * VMDEV_CLUSTER_SLOTS + i;

		n += slot < map.slots && !taken[slot];
	}
	return n;
}

/* Is the cluster on exactly the list it should be on? */
static void check_cluster(unsigned int c)
{
	unsigned int n = really_free(c), found = 0, b;
	struct list_head *p;

	EXPECT(cluster[c].free == n, "cluster %u: %u free, says %u", c, n, cluster[c].free);
	for (b = 0; b < VMDEV_CLUSTER_BUCKETS; b++) {
		unsigned int steps = 0;

		for (p = map.bucket[b].next; p != &map.bucket[b]; p = p->next) {
			EXPECT(p->next->prev == p, "a list is torn");
			EXPECT(++steps <= ARRAY_SIZE(cluster), "a list goes round");
			if (p != &cluster[c].link)
				continue;
			EXPECT(n && log2_of(n) == b, "%u free, in bucket %u", n, b);
			found++;
		}
	}
	EXPECT(found == (n && map.current_cluster != &cluster[c]),
	       "cluster %u, %u free, is on %u lists", c, n, found);
}

static void check(void)
{
	EXPECT(map.used == nr_taken, "used %u, taken %u", map.used, nr_taken);
	for (unsigned int c = 0; c < vmdev_slotmap_clusters(map.slots); c++)
		check_cluster(c);
}

/* A new current cluster must be one of the emptiest there were. */
static void check_choice(const unsigned int *was_free, unsigned int c)
{
	for (unsigned int i = 0; i < vmdev_slotmap_clusters(map.slots); i++)
		EXPECT(!was_free[i] || log2_of(was_free[i]) <= log2_of(was_free[c]),
		       "cluster %u with %u free was passed over for %u with %u", i, was_free[i], c,
		       was_free[c]);
}

static unsigned int take(unsigned int want)
{
	unsigned int was_free[ARRAY_SIZE(cluster)], i, n;
	struct vmdev_cluster *before = map.current_cluster;
	__u32 slot = ~0U;

	for (i = 0; i < vmdev_slotmap_clusters(map.slots); i++)
		was_free[i] = really_free(i);
	n = vmdev_slotmap_alloc(&map, want, &slot);
	EXPECT(n <= want, "%u slots for %u", n, want);
	EXPECT(n || nr_taken == map.slots, "no slot, %u of %u taken", nr_taken, map.slots);
	for (i = 0; i < n; i++) {
		EXPECT(slot + i < map.slots, "slot %u of %u", slot + i, map.slots);
		EXPECT(!taken[slot + i], "slot %u twice", slot + i);
		taken[slot + i] = 1;
	}
	nr_taken += n;
	if (n && n < want)
		EXPECT((slot + n) % VMDEV_CLUSTER_SLOTS == 0 || slot + n == map.slots ||
		       taken[slot + n], "run at %u cut to %u of %u", slot, n, want);
	if (n && map.current_cluster != before)
		check_choice(was_free, slot / VMDEV_CLUSTER_SLOTS);
	return n;
}

static void give(unsigned int slot)
{
	int want = slot < map.slots && taken[slot] ? 0 : -1;

	EXPECT(vmdev_slotmap_free(&map, slot) == want, "freeing slot %u: not %d", slot, want);
	if (!want) {
		taken[slot] = 0;
		nr_taken--;
	}
}

/* Whatever came before, all of them can be had, once each. */
static void drain(void)
{
	unsigned int slot, left;

	for (slot = 0; slot < map.slots; slot += 3)
		if (taken[slot])
			give(slot);
	for (left = map.slots - nr_taken; left; )
		left -= take(64);
	EXPECT(!take(1), "a slot too many");
	check();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	unsigned int slot, n;

	memset(cluster, 0xa5, sizeof(cluster));
	memset(taken, 0, sizeof(taken));
	nr_taken = 0;
	vmdev_slotmap_init(&map, cluster, 1 + next_word(&in) % MOST);
	check();
	while (in.size) {
		switch (next_byte(&in) % 5) {
		case 0:
		case 1:
			take(1 + next_byte(&in));
			break;
		case 2:
			give(next_word(&in) % (map.slots + 300));
			break;
		case 3:		/* a run */
			slot = next_word(&in) % map.slots;
			for (n = next_byte(&in); n-- && slot < map.slots; slot++)
				if (taken[slot])
					give(slot);
			break;
		default:	/* every so many */
			n = 2 + next_byte(&in) % 16;
			for (slot = next_word(&in) % map.slots; slot < map.slots; slot += n)
				if (taken[slot])
					give(slot);
		}
		check();
	}
	drain();
	return 0;
}
