// SPDX-License-Identifier: GPL-2.0
/*
 * The preload library's table of ranges against a plain array that says of each page
 * whether it is on the table and how it is protected.
 */
#include <stdint.h>
#include <stdlib.h>

#include "../preload/ranges.h"
#include "tap.h"

#define PAGES	200
#define PAGE	4096UL
#define STEPS	200000
#define ABSENT	(-1)

static struct ranges ranges;
static int model[PAGES];

static void set_model(size_t first, size_t end, int prot, bool present_only)
{
	for (; first < end; first++) {
		if (!present_only || model[first] != ABSENT)
			model[first] = prot;
	}
}

/* Sorted, not empty, none beside another of the same protection; nothing more or less. */
static bool matches(void)
{
	size_t i, page = 0;

	for (i = 0; i < ranges.count; i++) {
		const struct range *range = &ranges.table[i];

		if (range->start >= range->end || range->start < page * PAGE)
			return false;
		if (i && range[-1].end == range->start && range[-1].prot == range->prot)
			return false;
		for (; page < range->start / PAGE; page++) {
			if (model[page] != ABSENT)
				return false;
		}
		for (; page < range->end / PAGE; page++) {
			if (model[page] != range->prot)
				return false;
		}
	}
	for (; page < PAGES; page++) {
		if (model[page] != ABSENT)
			return false;
	}
	return true;
}

/* What ranges_next() and ranges_cover() say of [@first, @end). */
static bool finds(size_t first, size_t end)
{
	struct range part = { 0 };
	size_t page = first;
	bool covered = true, found;

	for (size_t i = first; i < end; i++)
		covered &= model[i] != ABSENT;
	if (ranges_cover(&ranges, first * PAGE, end * PAGE) != covered)
		return false;
	while (page < end && model[page] == ABSENT)
		page++;
	found = ranges_next(&ranges, first * PAGE, end * PAGE, &part);
	if (page == end || !found)
		return page == end && !found;
	return part.start == page * PAGE && part.prot == model[page] &&
	       part.end <= end * PAGE && part.end > part.start;
}

static bool step(void)
{
	size_t first = (size_t)random() % PAGES;
	size_t end = first + (size_t)random() % (PAGES - first + 1);
	int prot = (int)random() % 3;
	bool done;

	switch (random() % 3) {
	case 0:
		done = ranges_add(&ranges, first * PAGE, end * PAGE, prot);
		set_model(first, end, prot, false);
		break;
	case 1:
		done = ranges_remove(&ranges, first * PAGE, end * PAGE);
		set_model(first, end, ABSENT, false);
		break;
	default:
		done = ranges_protect(&ranges, first * PAGE, end * PAGE, prot);
		set_model(first, end, prot, true);
		break;
	}
	first = (size_t)random() % PAGES;
	return done && matches() && finds(first, first + (size_t)random() % (PAGES - first + 1));
}

static void test_random(void)
{
	int i;

	set_model(0, PAGES, ABSENT, false);
	srandom(1);
	for (i = 0; i < STEPS && step(); i++)
		;
	ok(i == STEPS, "%d random changes, the first wrong one %d", STEPS, i);
}

static void test_full(void)
{
	uintptr_t i;
	bool good = true;

	ranges.count = 0;
	for (i = 0; i < RANGES_MAX - 1; i++)
		good &= ranges_add(&ranges, 4 * i * PAGE, (4 * i + 3) * PAGE, 1);
	ok(good && ranges.count == RANGES_MAX - 1, "the table can be filled");
	ok(!ranges_add(&ranges, 4 * i * PAGE, (4 * i + 1) * PAGE, 1) &&
	   ranges.count == RANGES_MAX - 1, "one more is refused");
	ok(ranges_remove(&ranges, PAGE, 2 * PAGE) && ranges.count == RANGES_MAX, "the last hole");
	ok(!ranges_remove(&ranges, 5 * PAGE, 6 * PAGE) && ranges.count == RANGES_MAX &&
	   ranges_cover(&ranges, 4 * PAGE, 7 * PAGE), "a hole more is refused");
	ok(ranges_remove(&ranges, 0, UINTPTR_MAX) && !ranges.count, "all removed at once");
}

int main(void)
{
	test_random();
	test_full();
	return tap_end();
}
