/* SPDX-License-Identifier: GPL-2.0 */
/* What `top` shows: samples made into rates, a history, and spaces in order. */
#ifndef VMDEVCTL_LIVE_H
#define VMDEVCTL_LIVE_H

#include "sample.h"

/* Samples that the history goes back, a column of a sparkline each. */
#define LIVE_HISTORY	256

enum live_series {
	LIVE_FAULTS,		/* a second */
	LIVE_READ,		/* bytes a second */
	LIVE_WRITTEN,		/* bytes a second */
	LIVE_SERIES,
};

/* Columns of the list of spaces, in their order on the screen. */
enum live_column {
	LIVE_ID,
	LIVE_PID,
	LIVE_COMM,
	LIVE_RESIDENT,
	LIVE_SWAPPED,
	LIVE_FAULTS_RATE,
	LIVE_REFAULTS_RATE,
	LIVE_READ_RATE,
	LIVE_WRITTEN_RATE,
	LIVE_SIZE,
	LIVE_DIRTY,
	LIVE_MAJOR_RATE,
	LIVE_COLUMNS,
};

/* A space; values are bytes, or events or bytes a second; that of LIVE_COMM is 0. */
struct live_space {
	bool volume;		/* without a process; comm is its name */
	char comm[sizeof(((struct space *)0)->comm)];
	double values[LIVE_COLUMNS];
};

/* All zeroes is a good beginning. */
struct live {
	bool loaded;
	bool rates;			/* there are two samples to compare */
	struct sample now;
	struct sample before;
	struct live_space *spaces;	/* of now.spaces_count, if that is more than 0 */
	struct latency recent;		/* faults between the two samples */
	double history[LIVE_SERIES][LIVE_HISTORY];	/* newest last */
	unsigned int history_count;
};

/*
 * Take over the next sample, for which @sample is emptied. Returns 0 or -ENOMEM,
 * then nothing changes.
 */
int live_add(struct live *live, struct sample *sample);

/* The module is gone: what comes next is a new beginning. */
void live_reset(struct live *live);

void live_free(struct live *live);

/* What the counter at @member of the statistics rises by in a second, 0 at first. */
double live_rate(const struct live *live, size_t member);

/* Sort the spaces: names and numbers of things upwards, amounts downwards. */
void live_sort(struct live *live, enum live_column column, bool reverse);

/*
 * The time in ns that a share (0 to 1) of the faults took at most, as the end of
 * its bucket. 0 where there were none.
 */
double latency_quantile(const struct latency *latency, double share);

/*
 * How high a bar for @value is, in steps up to @steps, where @max fills all of them:
 * at least 1 if there is something.
 */
unsigned int bar_height(double value, double max, unsigned int steps);

#endif /* VMDEVCTL_LIVE_H */
