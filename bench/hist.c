// SPDX-License-Identifier: GPL-2.0
/* The histogram, see hist.h. Below 32 ns a bucket is one ns wide. */
#include "hist.h"

#define SUB_BITS	5

static unsigned int bucket_of(uint64_t ns)
{
	unsigned int shift;

	if (ns < 1 << SUB_BITS)
		return ns;
	shift = 63 - __builtin_clzll(ns) - SUB_BITS;
	return ((shift + 1) << SUB_BITS) + (ns >> shift) - (1 << SUB_BITS);
}

static uint64_t bucket_ns(unsigned int bucket)
{
	unsigned int shift;

	if (bucket < 2 << SUB_BITS)
		return bucket;
	shift = (bucket >> SUB_BITS) - 1;
	return ((uint64_t)(bucket & ((1 << SUB_BITS) - 1)) + (1 << SUB_BITS)) << shift;
}

void hist_add(struct hist *hist, uint64_t ns)
{
	hist->count[bucket_of(ns)]++;
	if (ns > hist->worst)
		hist->worst = ns;
}

void hist_merge(struct hist *into, const struct hist *from)
{
	for (unsigned int i = 0; i < HIST_BUCKETS; i++)
		into->count[i] += from->count[i];
	if (from->worst > into->worst)
		into->worst = from->worst;
}

void hist_keep_longest(struct hist *hist, uint64_t number)
{
	for (unsigned int i = HIST_BUCKETS; i-- > 0; number -= hist->count[i])
		if (hist->count[i] > number)
			hist->count[i] = number;
}

uint64_t hist_quantile(const struct hist *hist, unsigned int per_mille)
{
	uint64_t total = 0, seen = 0;

	for (unsigned int i = 0; i < HIST_BUCKETS; i++)
		total += hist->count[i];
	for (unsigned int i = 0; i < HIST_BUCKETS; i++) {
		seen += hist->count[i];
		if (seen && seen * 1000 >= total * per_mille)
			return bucket_ns(i);
	}
	return 0;
}

void hist_print(const struct hist *hist, FILE *file)
{
	for (unsigned int i = 0; i < HIST_BUCKETS; i++)
		if (hist->count[i])
			fprintf(file, " %llu:%llu", (unsigned long long)bucket_ns(i),
				(unsigned long long)hist->count[i]);
}
