// SPDX-License-Identifier: GPL-2.0
/*
 * The data behind `top`: keeps the last two samples and works out of them what is
 * shown. Knows no terminal.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "live.h"

#define MEMBER(name)	offsetof(struct vmdev_module_stats, name)

static uint64_t elapsed(const struct live *live)
{
	return live->rates ? live->now.time_ns - live->before.time_ns : 0;
}

double live_rate(const struct live *live, size_t member)
{
	return rate(counter_rise(sample_number(&live->now, member),
				 sample_number(&live->before, member)), elapsed(live));
}

static double space_rate(const struct live *live, uint64_t now, uint64_t before)
{
	return rate(counter_rise(now, before), elapsed(live));
}

/* A space that wasn't there before began at 0. */
static void fill_space(const struct live *live, struct live_space *shown, const struct space *now)
{
	static const struct space none;
	const struct space *before = sample_space(&live->before, now->id);
	double page = (double)live->now.page_size;
	double *values = shown->values;

	if (!before)
		before = &none;
	shown->volume = space_volume(now);
	strcpy(shown->comm, shown->volume ? space_volume(now) : now->comm);
	values[LIVE_ID] = (double)now->id;
	values[LIVE_PID] = now->pid;
	values[LIVE_COMM] = 0;
	values[LIVE_SIZE] = (double)now->size;
	values[LIVE_RESIDENT] = (double)now->resident * page;
	values[LIVE_SWAPPED] = (double)now->swapped * page;
	values[LIVE_DIRTY] = (double)now->dirty * page;
	values[LIVE_FAULTS_RATE] = space_rate(live, space_faults(now), space_faults(before));
	values[LIVE_MAJOR_RATE] = space_rate(live, now->faults_major, before->faults_major);
	values[LIVE_REFAULTS_RATE] = space_rate(live, now->refaults, before->refaults);
	values[LIVE_READ_RATE] = space_rate(live, now->read_pages, before->read_pages) * page;
	values[LIVE_WRITTEN_RATE] = space_rate(live, now->written_pages, before->written_pages) *
				    page;
}

static void fill_recent(struct live *live)
{
	unsigned int i;

	live->recent.buckets = live->rates ? live->now.latency.buckets : 0;
	for (i = 0; i < live->recent.buckets; i++)
		live->recent.faults[i] = counter_rise(live->now.latency.faults[i],
						      live->before.latency.faults[i]);
}

static void add_history(struct live *live)
{
	double page = (double)live->now.page_size;
	const double values[LIVE_SERIES] = {
		[LIVE_FAULTS] = live_rate(live, MEMBER(faults)),
		[LIVE_READ] = live_rate(live, MEMBER(store_read_pages)) * page,
		[LIVE_WRITTEN] = live_rate(live, MEMBER(store_written_pages)) * page,
	};
	unsigned int i;

	for (i = 0; i < LIVE_SERIES; i++) {
		double *history = live->history[i];

		if (live->history_count == LIVE_HISTORY)
			memmove(history, history + 1, (LIVE_HISTORY - 1) * sizeof(*history));
		history[live->history_count - (live->history_count == LIVE_HISTORY)] = values[i];
	}
	live->history_count += live->history_count < LIVE_HISTORY;
}

int live_add(struct live *live, struct sample *sample)
{
	size_t count = sample->spaces_count > 0 ? (size_t)sample->spaces_count : 0;
	struct live_space *spaces = NULL;
	size_t i;

	if (count) {
		spaces = calloc(count, sizeof(*spaces));
		if (!spaces)
			return -ENOMEM;
	}
	sample_free(&live->before);
	free(live->spaces);
	live->before = live->now;
	live->now = *sample;
	memset(sample, 0, sizeof(*sample));
	live->spaces = spaces;
	live->rates = live->loaded;
	live->loaded = true;
	for (i = 0; i < count; i++)
		fill_space(live, &spaces[i], &live->now.spaces[i]);
	fill_recent(live);
	if (live->rates)
		add_history(live);
	return 0;
}

void live_free(struct live *live)
{
	sample_free(&live->now);
	sample_free(&live->before);
	free(live->spaces);
}

void live_reset(struct live *live)
{
	live_free(live);
	memset(live, 0, sizeof(*live));
}

struct order {
	enum live_column column;
	bool reverse;
};

static int compare_spaces(const void *left, const void *right, void *argument)
{
	const struct live_space *a = left, *b = right;
	const struct order *order = argument;
	bool down = order->reverse != (order->column > LIVE_COMM);
	int result;

	if (order->column == LIVE_COMM)
		result = strcmp(a->comm, b->comm);
	else
		result = (a->values[order->column] > b->values[order->column]) -
			 (a->values[order->column] < b->values[order->column]);
	if (down)
		result = -result;
	/* What is alike keeps its place from one sample to the next. */
	if (!result)
		result = (a->values[LIVE_ID] > b->values[LIVE_ID]) -
			 (a->values[LIVE_ID] < b->values[LIVE_ID]);
	return result;
}

void live_sort(struct live *live, enum live_column column, bool reverse)
{
	struct order order = { .column = column, .reverse = reverse };

	if (live->now.spaces_count > 0)
		qsort_r(live->spaces, (size_t)live->now.spaces_count, sizeof(*live->spaces),
			compare_spaces, &order);
}

double latency_quantile(const struct latency *latency, double share)
{
	uint64_t all = 0, sum = 0;
	unsigned int i;

	for (i = 0; i < latency->buckets; i++)
		all += latency->faults[i];
	for (i = 0; i < latency->buckets; i++) {
		sum += latency->faults[i];
		if (sum && (double)sum >= share * (double)all)
			return 2.0 * (double)(1ULL << i);
	}
	return 0;
}

unsigned int bar_height(double value, double max, unsigned int steps)
{
	unsigned int height;

	if (value <= 0 || max <= 0)
		return 0;
	if (value >= max)
		return steps;
	height = (unsigned int)(value / max * steps);
	return height ? height : 1;
}
