/* SPDX-License-Identifier: GPL-2.0 */
/* What `stat` shares with `top`, and the two halves of `stat` with each other. */
#ifndef VMDEVCTL_STAT_H
#define VMDEVCTL_STAT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "ctl.h"
#include "sample.h"

/* Seconds as "0.5", 0.01 to a day. Returns 0, or -EINVAL or -ERANGE. */
int stat_interval(const char *text, uint64_t *ns);

/* How lines are written: a table but for one of the first two. */
struct form {
	FILE *out;
	bool csv;
	bool json;
	bool totals;	/* counts since the load, not a second */
	bool stamp;	/* with the time of day (CSV and JSON always have it) */
};

/*
 * A line with everything there is: @now with what its counters rose by since @before,
 * which is all zeroes for totals. @wall is the time of day, seconds since 1970.
 */
void record_csv_head(const struct form *form);
void record_csv(const struct form *form, const struct sample *now, const struct sample *before,
		double wall);
void record_json(const struct form *form, const struct sample *now, const struct sample *before,
		 double wall);

/* That there will be no more of them. */
void record_json_failure(const struct ctl_result *result);

#endif /* VMDEVCTL_STAT_H */
