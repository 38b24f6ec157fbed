// SPDX-License-Identifier: GPL-2.0
/*
 * Slots of a closed space go to the next one, which never sees what they held.
 * The module is loaded with a store so small that slots must be used again.
 */
#define _GNU_SOURCE
#include "vmdev_load.h"

#define PAGES	256
#define SLOTS	512	/* 2 MiB of store */

/* Note the slots that a space has; how many of them were noted before. */
static unsigned int note_slots(struct vt_space *s, unsigned char *noted)
{
	static struct vmdev_map_entry map[PAGES];
	int64_t n = vt_get_map(s->fd, 0, PAGES, map);
	unsigned int common = 0;

	vt_need(n == PAGES, "GET_MAP: %" PRId64, n);
	for (unsigned int i = 0; i < PAGES; i++) {
		vt_need(map[i].slot < SLOTS, "page %u: slot %u of %d", i, map[i].slot, SLOTS);
		common += noted[map[i].slot];
		noted[map[i].slot] = 1;
	}
	return common;
}

static bool used_again(void)
{
	static unsigned char noted[SLOTS];
	unsigned int common = 0;

	vl_must_load("pool_mb=1 store=%s store_mb=2", vl_mnt());
	for (unsigned int round = 0; round < 6; round++) {
		struct vt_space s = vt_space_new(PAGES * vt_page_size());

		vt_check(check_zero(s.mem, s.length), "a new space, round %u", round);
		vt_check(vt_evict_all(&s), "not evicted");
		vt_check(check_zero(s.mem, s.length), "evicted, round %u", round);
		fill_range(s.mem, PAGES, 1 + round, 0);
		vt_check(vt_evict_all(&s), "not evicted");
		common += note_slots(&s, noted);
		vt_check(check_range(s.mem, PAGES, 1 + round, 0), "round %u", round);
		vt_space_free(&s);
		vt_check(vt_nothing_left(), "after close");
	}
	vt_check(common >= PAGES, "only %u slots were used again", common);
	return true;
}

/* The same with two spaces side by side: slots wander from one to the other. */
static bool side_by_side(void)
{
	struct vt_space a, b;

	vl_must_load("pool_mb=1 store=%s store_mb=2", vl_mnt());
	a = vt_space_new(PAGES * vt_page_size());
	b = vt_space_new(PAGES * vt_page_size());
	for (unsigned int round = 0; round < 6; round++) {
		fill_range(a.mem, PAGES, 10 + round, 0);
		fill_range(b.mem, PAGES, 20 + round, 0);
		vt_check(vt_evict_all(&a) && vt_evict_all(&b), "not evicted");
		vt_check(check_range(a.mem, PAGES, 10 + round, 0), "first space, round %u", round);
		vt_check(check_range(b.mem, PAGES, 20 + round, 0), "second space, round %u", round);
		/* Half of one goes, and the other gets new content at once. */
		vt_check(vt_discard(a.fd, 0, a.length / 2) == PAGES / 2, "DISCARD");
		fill_range(b.mem, PAGES, 30 + round, 0);
		vt_check(vt_evict_all(&b), "not evicted");
		vt_check(check_zero(a.mem, a.length / 2), "discarded pages, round %u", round);
		vt_check(check_range(b.mem, PAGES, 30 + round, 0), "second space, round %u", round);
	}
	vt_space_free(&a);
	vt_space_free(&b);
	return true;
}

static const struct vt_test tests[] = {
	{ "slots of a closed space", used_again },
	{ "slots that wander between spaces", side_by_side },
};

int main(void)
{
	const struct vl_suite suite = { .tests = tests, .count = ARRAY_SIZE(tests) };

	return vl_run(&suite);
}
