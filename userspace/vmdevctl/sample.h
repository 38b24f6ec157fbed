/* SPDX-License-Identifier: GPL-2.0 */
/* Everything that the loaded module shows of itself, at one moment. */
#ifndef VMDEVCTL_SAMPLE_H
#define VMDEVCTL_SAMPLE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <vmdev.h>

#include "ctl.h"
#include "spaces.h"

/* More powers of two than there are in a 64-bit number of nanoseconds. */
#define LATENCY_BUCKETS	64

/* Faults by the time they took: bucket n is 2^n to 2^(n + 1) - 1 ns. */
struct latency {
	unsigned int buckets;	/* 0: can't be seen */
	uint64_t faults[LATENCY_BUCKETS];
	uint64_t sum_ns;	/* of all faults; VMDEV_UNKNOWN where it isn't told */
};

struct sample {
	struct vmdev_module_stats stats;
	struct space *spaces;
	ssize_t spaces_count;	/* negative: can't be seen */
	struct latency latency;
	uint64_t page_size;
	uint64_t time_ns;	/* CLOCK_MONOTONIC */
};

/*
 * Take a sample of this machine or, where @sysroot isn't NULL, of the files as
 * they are below that directory. Spaces and latencies are for root and may be
 * missing. Returns CTL_OK, and the sample is for sample_free(), or CTL_FAILED
 * with a message; its error is ENODEV where the module isn't loaded.
 */
int sample_read(struct sample *sample, const char *sysroot, struct ctl_result *result);

/* A sample of all zeroes is allowed, too, and is what is left. */
void sample_free(struct sample *sample);

/* Note that the statistics can't be read. */
int sample_explain(struct ctl_result *result, int error);

/* Read the histogram as it is in debugfs. Returns 0 or -EPROTO. */
int latency_read(FILE *file, struct latency *latency);

/* The space of that id, or NULL. */
const struct space *sample_space(const struct sample *sample, uint64_t id);

/* A number at @member of stats. */
uint64_t sample_number(const struct sample *sample, size_t member);

/*
 * What a counter rose by: VMDEV_UNKNOWN where it isn't shown. One that is lower
 * than before began anew at 0, since the module was loaded again.
 */
uint64_t counter_rise(uint64_t now, uint64_t before);

/* @count in so many nanoseconds, a second. 0 for no time and for VMDEV_UNKNOWN. */
double rate(uint64_t count, uint64_t ns);

#endif /* VMDEVCTL_SAMPLE_H */
