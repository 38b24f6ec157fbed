/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A histogram of times whose buckets are 1/32 of their value wide. Knows nothing
 * of what the times are of. One thread at a time.
 */
#ifndef BENCH_HIST_H
#define BENCH_HIST_H

#include <stdint.h>
#include <stdio.h>

#define HIST_BUCKETS	1920

/**
 * struct hist - how often which time was seen
 * @count: by bucket
 * @worst: the longest time, in ns
 */
struct hist {
	uint64_t count[HIST_BUCKETS];
	uint64_t worst;
};

void hist_add(struct hist *hist, uint64_t ns);
void hist_merge(struct hist *into, const struct hist *from);

/* Leave the @number longest times alone. */
void hist_keep_longest(struct hist *hist, uint64_t number);

/* The time, in ns, that @per_mille of the times are not above; 0 for none. */
uint64_t hist_quantile(const struct hist *hist, unsigned int per_mille);

/* " ns:count" for every bucket that has any. */
void hist_print(const struct hist *hist, FILE *file);

#endif
