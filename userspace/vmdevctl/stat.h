/* SPDX-License-Identifier: GPL-2.0 */
/* The parts of `stat` that unit tests reach without a kernel. */
#ifndef VMDEVCTL_STAT_H
#define VMDEVCTL_STAT_H

#include "sample.h"

/* How lines are written. */
struct stat_form {
	FILE *out;
	bool csv;
	bool totals;	/* counts since the load, not a second */
	bool stamp;	/* with the time of day (CSV always has it) */
};

/* The line or lines that name the columns. */
void stat_head(const struct stat_form *form);

/*
 * One line: @now with what its counters rose by since @before, which is all
 * zeroes for totals. @wall is the time of day, seconds since 1970.
 */
void stat_line(const struct stat_form *form, const struct sample *now,
	       const struct sample *before, double wall);

/* Seconds as "0.5", 0.01 to a day. Returns 0, or -EINVAL or -ERANGE. */
int stat_interval(const char *text, uint64_t *ns);

#endif /* VMDEVCTL_STAT_H */
