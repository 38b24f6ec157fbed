// SPDX-License-Identifier: GPL-2.0
/* What `top` works out of samples: rates, history, order, quantiles, bars. */
#include <stdlib.h>

#include "../vmdevctl/live.h"
#include "tap.h"

#define SECOND	1000000000ULL
#define FAULTS	offsetof(struct vmdev_module_stats, faults)

static struct live live;

/* A sample at @seconds with so many faults and pages read, and these spaces. */
static void add(uint64_t seconds, uint64_t count, const struct space *spaces, ssize_t spaces_count)
{
	struct sample sample = {
		.stats.faults = count,
		.stats.store_read_pages = 2 * count,
		.spaces_count = spaces_count,
		.page_size = 4096,
		.time_ns = seconds * SECOND,
		.latency = { .buckets = 2, .faults = { count, 3 } },
	};

	if (spaces_count > 0) {
		sample.spaces = calloc((size_t)spaces_count, sizeof(*spaces));
		if (!sample.spaces)
			abort();
		memcpy(sample.spaces, spaces, (size_t)spaces_count * sizeof(*spaces));
	}
	if (live_add(&live, &sample) || sample.spaces)
		abort();
}

static void check_rates(void)
{
	add(10, 500, NULL, -1);
	ok(live.loaded && !live.rates && live_rate(&live, FAULTS) == 0 && !live.history_count &&
	   !live.recent.buckets, "one sample has no rates");
	add(12, 700, NULL, 0);
	ok(live_rate(&live, FAULTS) == 100, "a rate over two seconds");
	ok(live.history_count == 1 && live.history[LIVE_FAULTS][0] == 100 &&
	   live.history[LIVE_READ][0] == 200 * 4096 && live.history[LIVE_WRITTEN][0] == 0,
	   "the first of the history");
	ok(live.recent.buckets == 2 && live.recent.faults[0] == 200 && live.recent.faults[1] == 0,
	   "faults of the interval alone");
	add(13, 30, NULL, 0);
	ok(live_rate(&live, FAULTS) == 30, "counters that began anew");
	live_reset(&live);
	ok(!live.loaded && !live.history_count, "gone");
	add(20, 1000, NULL, 0);
	ok(live_rate(&live, FAULTS) == 0 && !live.history_count, "and back: a new beginning");
}

static void check_history(void)
{
	uint64_t i, sum = 1000;

	for (i = 1; i <= LIVE_HISTORY + 10; i++) {
		sum += i;
		add(20 + i, sum, NULL, 0);
	}
	ok(live.history_count == LIVE_HISTORY && live.history[LIVE_FAULTS][0] == 11 &&
	   live.history[LIVE_FAULTS][LIVE_HISTORY - 1] == LIVE_HISTORY + 10,
	   "a history that is full forgets the oldest");
	live_reset(&live);
}

static const struct space before[] = {
	{ .id = 4, .pid = 9, .comm = "b", .faults_major = 10, .refaults = 1, .read_pages = 100 },
	{ .id = 5, .pid = 8, .comm = "a", .resident = 7 },
};

static const struct space after[] = {
	{ .id = 4, .pid = 9, .comm = "b", .size = 8192, .resident = 1, .swapped = 3, .dirty = 1,
	  .faults_minor = 5, .faults_major = 30, .refaults = 5, .read_pages = 104,
	  .written_pages = 2 },
	{ .id = 6, .pid = 7, .comm = "c", .resident = 1, .faults_zero = 50,
	  .read_pages = VMDEV_UNKNOWN },
	{ .id = 7, .comm = "vmdev-d" },
};

static void check_spaces(void)
{
	const double *values;

	add(1, 0, before, 2);
	ok(live.spaces[0].values[LIVE_FAULTS_RATE] == 0 &&
	   live.spaces[1].values[LIVE_RESIDENT] == 7 * 4096, "spaces of the first sample");
	add(3, 0, after, 3);
	values = live.spaces[0].values;
	is(live.spaces[0].comm, "b", "the name");
	ok(values[LIVE_ID] == 4 && values[LIVE_PID] == 9 && values[LIVE_SIZE] == 8192 &&
	   values[LIVE_RESIDENT] == 4096 && values[LIVE_SWAPPED] == 3 * 4096 &&
	   values[LIVE_DIRTY] == 4096, "amounts, in bytes");
	ok(values[LIVE_FAULTS_RATE] == 12.5 && values[LIVE_MAJOR_RATE] == 10 &&
	   values[LIVE_REFAULTS_RATE] == 2 && values[LIVE_READ_RATE] == 2 * 4096 &&
	   values[LIVE_WRITTEN_RATE] == 4096, "rates");
	ok(live.spaces[1].values[LIVE_FAULTS_RATE] == 25, "a space that is new began at 0");
	ok(live.spaces[1].values[LIVE_READ_RATE] == 0, "what isn't shown has no rate");
	ok(!live.spaces[0].volume && live.spaces[2].volume, "which of them is a volume");
	is(live.spaces[2].comm, "d", "a volume's name");
}

static bool order_is(double first, double second, double third)
{
	return live.spaces[0].values[LIVE_ID] == first &&
	       live.spaces[1].values[LIVE_ID] == second &&
	       live.spaces[2].values[LIVE_ID] == third;
}

static void check_sort(void)
{
	static const struct space spaces[] = {
		{ .id = 1, .pid = 30, .comm = "bb", .resident = 5 },
		{ .id = 2, .pid = 20, .comm = "a", .resident = 9 },
		{ .id = 3, .pid = 10, .comm = "c", .resident = 5 },
	};

	add(5, 0, spaces, 3);
	live_sort(&live, LIVE_RESIDENT, false);
	ok(order_is(2, 1, 3), "the largest first, what is alike by id");
	live_sort(&live, LIVE_RESIDENT, true);
	ok(order_is(1, 3, 2), "the smallest first");
	live_sort(&live, LIVE_COMM, false);
	ok(order_is(2, 1, 3), "names upwards");
	live_sort(&live, LIVE_PID, false);
	ok(order_is(3, 2, 1), "processes upwards");
	live_sort(&live, LIVE_ID, true);
	ok(order_is(3, 2, 1), "ids downwards");
	live_free(&live);
}

static void check_figures(void)
{
	const struct latency latency = {
		.buckets = 12,
		.faults = { [8] = 50, [10] = 49, [11] = 1 },
	};
	const struct latency none = { .buckets = 12 };

	ok(latency_quantile(&latency, 0.5) == 512, "the median");
	ok(latency_quantile(&latency, 0.51) == 2048 && latency_quantile(&latency, 0.99) == 2048,
	   "a quantile");
	ok(latency_quantile(&latency, 0.995) == 4096 && latency_quantile(&latency, 1) == 4096,
	   "the last");
	ok(latency_quantile(&none, 0.5) == 0, "of no faults");
	ok(bar_height(0, 10, 8) == 0 && bar_height(10, 10, 8) == 8 && bar_height(5, 10, 8) == 4,
	   "bars");
	ok(bar_height(0.001, 10, 8) == 1, "a little is not nothing");
	ok(bar_height(11, 10, 8) == 8 && bar_height(5, 0, 8) == 0 && bar_height(-1, 10, 8) == 0,
	   "bars of what can't be");
}

int main(void)
{
	check_rates();
	check_history();
	check_spaces();
	check_sort();
	check_figures();
	return tap_end();
}
