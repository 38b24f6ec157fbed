// SPDX-License-Identifier: GPL-2.0
/*
 * Access patterns and page contents, see pattern.h. A page holds an arithmetic
 * series that starts at a hash of seed, page number and generation: cheap
 * enough not to hide the cost of paging, different for every page and every
 * rewrite, never one repeated word, and checked to the last word.
 */
#include <stdio.h>
#include <string.h>

#include "array.h"
#include "pattern.h"

#define PAGE_WORDS	(PAGE_BYTES / sizeof(uint64_t))
#define WORD_STEP	0x9e3779b97f4a7c15ULL

static uint64_t mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ULL;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static uint64_t first_word(const struct share *share, size_t page)
{
	return mix(share->seed + mix(page * 256 + share->generation[page]));
}

static void fill(const struct share *share, size_t page)
{
	uint64_t *words = (uint64_t *)(share->base + page * PAGE_BYTES);
	uint64_t value = first_word(share, page);

	for (size_t i = 0; i < PAGE_WORDS; i++, value += WORD_STEP)
		words[i] = value;
}

static bool check(const struct share *share, size_t page)
{
	const uint64_t *words;
	uint64_t value = first_word(share, page);

	words = (const uint64_t *)(share->base + page * PAGE_BYTES);
	for (size_t i = 0; i < PAGE_WORDS; i++, value += WORD_STEP) {
		if (words[i] == value)
			continue;
		fprintf(stderr,
			"pagebench: page %zu word %zu: %#llx, expected %#llx\n",
			page, i, (unsigned long long)words[i],
			(unsigned long long)value);
		return false;
	}
	return true;
}

static size_t next_sequential(struct share *share, size_t step)
{
	return step % share->count;
}

static size_t next_uniform(struct share *share, size_t step)
{
	(void)step;
	share->random += WORD_STEP;
	/* The high half of the product: no bias worth mentioning, no division. */
	return ((__uint128_t)mix(share->random) * share->count) >> 64;
}

static const struct pattern patterns[] = {
	{ "seqwrite",	true,	true,	true,	next_sequential },
	{ "seqrewrite",	false,	true,	true,	next_sequential },
	{ "seqread",	false,	false,	true,	next_sequential },
	{ "randread",	false,	false,	false,	next_uniform },
	{ "randwrite",	false,	true,	false,	next_uniform },
};

const struct pattern *pattern_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++)
		if (!strcmp(patterns[i].name, name))
			return &patterns[i];
	return NULL;
}

const char *pattern_names(void)
{
	static char names[256];

	names[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		strcat(names, i ? "," : "");
		strcat(names, patterns[i].name);
	}
	return names;
}

void share_seed(struct share *share, uint64_t stream)
{
	share->random = mix(share->seed) + mix(stream + 1);
}

bool pattern_run(const struct pattern *pattern, struct share *share,
		 size_t accesses)
{
	for (size_t step = 0; step < accesses; step++) {
		size_t page = share->first + pattern->next(share, step);

		if (pattern->write) {
			share->generation[page]++;
			fill(share, page);
		} else if (!check(share, page)) {
			return false;
		}
	}
	return true;
}
