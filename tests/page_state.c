// SPDX-License-Identifier: GPL-2.0
/*
 * The page-state table, walked: every legal and every illegal change, against a
 * list written here from the meaning of the states, not from the table.
 */
#include <string.h>

#include <vmdev/page_state.h>

#include "tap.h"

static const char *const name[VMDEV_PAGE_STATES] = {
	"absent", "zero", "clean", "dirty", "reading", "writing", "swapped", "bad",
};

/* "from to why", all the changes there are. */
static const char *const legal[] = {
	"absent clean first read", "absent dirty first write",
	"zero clean read", "zero dirty write", "zero absent discard",
	"clean dirty write", "clean swapped evict", "clean zero evict", "clean absent discard",
	"clean bad memory failed",
	"dirty writing evict", "dirty zero evict", "dirty absent discard",
	"dirty bad memory failed",
	"reading clean done", "reading swapped undone", "reading bad failed",
	"writing swapped done", "writing clean taken back", "writing dirty failed",
	"writing bad memory failed",
	"swapped reading fault", "swapped absent discard",
	"bad absent discard",
};

static int is_legal(unsigned int from, unsigned int to)
{
	char want[64];
	size_t i, n;

	n = snprintf(want, sizeof(want), "%s %s ", name[from], name[to]);
	for (i = 0; i < ARRAY_SIZE(legal); i++) {
		if (!strncmp(legal[i], want, n))
			return 1;
	}
	return 0;
}

static void every_change(void)
{
	unsigned int from, to;

	for (from = 0; from < VMDEV_PAGE_STATES; from++) {
		for (to = 0; to < VMDEV_PAGE_STATES; to++)
			CHECK(!!vmdev_page_may(from, to) == is_legal(from, to), "%s to %s: %s",
			      name[from], name[to], is_legal(from, to) ? "refused" : "allowed");
	}
}

static void out_of_range(void)
{
	unsigned int s;

	for (s = 0; s < 16; s++) {
		CHECK(!vmdev_page_may(VMDEV_PAGE_STATES, s), "from nowhere to %u", s);
		CHECK(!vmdev_page_may(s, VMDEV_PAGE_STATES), "from %u to nowhere", s);
		CHECK(!vmdev_page_may(s, ~0U), "from %u to -1", s);
	}
}

static void every_state_is_left_and_reached(void)
{
	unsigned int s, t, left, reached;

	for (s = 0; s < VMDEV_PAGE_STATES; s++) {
		left = 0;
		reached = 0;
		for (t = 0; t < VMDEV_PAGE_STATES; t++) {
			left += !!vmdev_page_may(s, t);
			reached += !!vmdev_page_may(t, s);
		}
		CHECK(left, "%s is never left", name[s]);
		CHECK(reached, "%s is never reached", name[s]);
		CHECK(!vmdev_page_may(s, s), "%s to itself", name[s]);
	}
}

static void sets(void)
{
	CHECK(vmdev_page_in(VMDEV_PAGE_READING, VMDEV_IN_IO), "reading is no I/O");
	CHECK(vmdev_page_in(VMDEV_PAGE_WRITING, VMDEV_RESIDENT), "writing has no frame");
	CHECK(!vmdev_page_in(VMDEV_PAGE_SWAPPED, VMDEV_RESIDENT), "swapped has a frame");
	CHECK(!vmdev_page_in(VMDEV_PAGE_BAD, VMDEV_RESIDENT), "bad has a frame");
}

int main(void)
{
	tap_run("page_state: every legal and illegal change", every_change);
	tap_run("page_state: numbers that are no state", out_of_range);
	tap_run("page_state: every state is left and reached", every_state_is_left_and_reached);
	tap_run("page_state: sets", sets);
	return tap_done();
}
