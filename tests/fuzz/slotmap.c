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
static unsigned int nr_taken, nr_free[ARRAY_SIZE(cluster)], last_end;

static unsigned int log2_of(unsigned int n)
{
	unsigned int log = 0;

	while (n >>= 1)
		log++;
	return log;
}

/* Every cluster with free slots, but for the current one, is on the list for them. */
static void check(void)
{
	unsigned int n = vmdev_slotmap_clusters(map.slots), seen[ARRAY_SIZE(cluster)] = { 0 }, b, c;
	struct list_head *p;

	EXPECT(map.used == nr_taken, "used %u, taken %u", map.used, nr_taken);
	for (b = 0; b < VMDEV_CLUSTER_BUCKETS; b++) {
		for (p = map.bucket[b].next; p != &map.bucket[b]; p = p->next) {
			c = (struct vmdev_cluster *)((char *)p -
				offsetof(struct vmdev_cluster, link)) - cluster;
			EXPECT(p->next->prev == p && c < n, "a list is torn");
			EXPECT(!seen[c]++, "cluster %u is on a list twice", c);
			EXPECT(nr_free[c] && log2_of(nr_free[c]) == b, "%u free, in bucket %u",
			       nr_free[c], b);
		}
	}
	for (c = 0; c < n; c++) {
		EXPECT(cluster[c].free == nr_free[c], "cluster %u: %u free, says %u", c,
		       nr_free[c], cluster[c].free);
		EXPECT(seen[c] == (nr_free[c] && map.current_cluster != &cluster[c]),
		       "cluster %u, %u free, is on %u lists", c, nr_free[c], seen[c]);
	}
}

/* A new current cluster must be one of the emptiest there were. */
static void check_choice(const unsigned int *was_free, unsigned int c)
{
	for (unsigned int i = 0; i < vmdev_slotmap_clusters(map.slots); i++)
		EXPECT(!was_free[i] || log2_of(was_free[i]) <= log2_of(was_free[c]),
		       "cluster %u with %u free was passed over for %u with %u", i, was_free[i], c,
		       was_free[c]);
}

/*
 * Slots are handed out going forward: nothing free was left out between the end of
 * the last run, in the same cluster, and this one.
 */
static void check_forward(unsigned int slot)
{
	unsigned int first = slot - slot % VMDEV_CLUSTER_SLOTS, s;

	for (s = last_end; s != slot; s++) {
		if (s >= first + VMDEV_CLUSTER_SLOTS || s >= map.slots)
			s = first;	/* round it once */
		if (s == slot)
			break;
		EXPECT(taken[s], "slot %u was left out before %u, after %u", s, slot, last_end);
	}
}

static unsigned int take(unsigned int want)
{
	unsigned int was_free[ARRAY_SIZE(cluster)], i, n;
	struct vmdev_cluster *before = map.current_cluster;
	__u32 slot = ~0U;

	memcpy(was_free, nr_free, sizeof(was_free));
	n = vmdev_slotmap_alloc(&map, want, &slot);
	EXPECT(n <= want, "%u slots for %u", n, want);
	EXPECT(n || nr_taken == map.slots, "no slot, %u of %u taken", nr_taken, map.slots);
	if (n && before && map.current_cluster == before)
		check_forward(slot);
	for (i = 0; i < n; i++) {
		EXPECT(slot + i < map.slots, "slot %u of %u", slot + i, map.slots);
		EXPECT(!taken[slot + i], "slot %u twice", slot + i);
		taken[slot + i] = 1;
		nr_free[(slot + i) / VMDEV_CLUSTER_SLOTS]--;
	}
	nr_taken += n;
	last_end = slot + n;
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
		nr_free[slot / VMDEV_CLUSTER_SLOTS]++;
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
	memset(nr_free, 0, sizeof(nr_free));
	vmdev_slotmap_init(&map, cluster, 1 + next_word(&in) % MOST);
	for (slot = 0; slot < map.slots; slot++)
		nr_free[slot / VMDEV_CLUSTER_SLOTS]++;
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
