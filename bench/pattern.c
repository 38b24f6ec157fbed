// SPDX-License-Identifier: GPL-2.0
/*
 * Access patterns and page contents, see pattern.h. A page holds an arithmetic
 * series that starts at a hash of seed, page number and generation, three times
 * over: cheap enough not to hide the cost of paging, different for every page and
 * every rewrite, never one repeated word, as compressible as memory commonly is
 * (which is for zswap to use), and checked to the last word.
 */
#include <err.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "array.h"
#include "pattern.h"

#define PAGE_WORDS	(PAGE_BYTES / sizeof(uint64_t))
#define SERIES_WORDS	171
#define WORD_STEP	0x9e3779b97f4a7c15ULL
#define STRIDE		16
#define ZIPF_THETA	0.99
/* A prime larger than any share: spreads the ranks over the pages. */
#define SCATTER		2654435761ULL

static uint64_t mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ULL;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static uint64_t draw(struct share *share)
{
	share->random += WORD_STEP;
	return mix(share->random);
}

/* The high half of the product: no bias worth mentioning, no division. */
static size_t draw_below(struct share *share, size_t limit)
{
	return ((__uint128_t)draw(share) * limit) >> 64;
}

static uint64_t *page_words(const struct share *share, size_t page)
{
	const struct layout *layout = share->layout;
	size_t inside = page % layout->each;

	inside = inside / SPREAD_PAGES * layout->gap + inside % SPREAD_PAGES;
	return (uint64_t *)(layout->bases[page / layout->each] + inside * PAGE_BYTES);
}

static uint64_t first_word(const struct share *share, size_t page)
{
	return mix(share->seed + mix(page * 256 + share->generation[page]));
}

static void fill(uint64_t *words, uint64_t first)
{
	uint64_t value = first;

	for (size_t i = 0; i < SERIES_WORDS; i++, value += WORD_STEP)
		words[i] = value;
	for (size_t i = SERIES_WORDS; i < PAGE_WORDS; i++)
		words[i] = words[i - SERIES_WORDS];
}

static void check(const uint64_t *words, uint64_t first, size_t page)
{
	uint64_t value = first;

	for (size_t i = 0; i < PAGE_WORDS; i++, value += WORD_STEP) {
		if (i % SERIES_WORDS == 0)
			value = first;
		if (words[i] != value)
			errx(1, "page %zu word %zu: %#llx, expected %#llx", page, i,
			     (unsigned long long)words[i], (unsigned long long)value);
	}
}

static size_t next_sequential(struct share *share)
{
	return share->step % share->count;
}

/* One page of each STRIDE, then the next one of each. */
static size_t next_strided(struct share *share)
{
	size_t columns = (share->count + STRIDE - 1) / STRIDE;
	size_t page = share->step % columns * STRIDE + share->step / columns % STRIDE;

	return page % share->count;
}

static size_t next_uniform(struct share *share)
{
	return draw_below(share, share->count);
}

/* Nine of ten accesses go to the first tenth. */
static size_t next_hot(struct share *share)
{
	size_t hot = share->count / 10 + 1;

	return draw_below(share, 10) ? draw_below(share, hot) : next_uniform(share);
}

/* Turn and turn about: the next page of a scan, a page of the hot tenth. */
static size_t next_scan_hot(struct share *share)
{
	if (share->step % 2)
		return draw_below(share, share->count / 10 + 1);
	return share->step / 2 % share->count;
}

/* 1 + 1/2^theta + ... + 1/n^theta; the tail by its integral. */
static double zeta(size_t n)
{
	size_t exact = n < 1000 ? n : 1000;
	double sum = 0;

	for (size_t i = 1; i <= exact; i++)
		sum += pow(i, -ZIPF_THETA);
	if (n > exact)
		sum += (pow(n + 0.5, 1 - ZIPF_THETA) - pow(exact + 0.5, 1 - ZIPF_THETA)) /
		       (1 - ZIPF_THETA);
	return sum;
}

/* Gray and others, Quickly generating billion-record synthetic databases, 1994. */
static size_t next_zipf(struct share *share)
{
	static __thread size_t count;
	static __thread double zeta_n, eta;
	double u, uz;
	size_t rank;

	if (count != share->count) {
		count = share->count;
		zeta_n = zeta(count);
		eta = (1 - pow(2.0 / count, 1 - ZIPF_THETA)) / (1 - zeta(2) / zeta_n);
	}
	u = (draw(share) >> 11) / (double)(1ULL << 53);
	uz = u * zeta_n;
	if (uz < 1)
		rank = 0;
	else if (uz < 1 + pow(0.5, ZIPF_THETA))
		rank = 1;
	else
		rank = count * pow(eta * u - eta + 1, 1 / (1 - ZIPF_THETA));
	return rank % count * SCATTER % count;
}

static const struct pattern patterns[] = {
	{ "seqwrite",	true,	100,	false,	true,	next_sequential },
	{ "seqread",	false,	0,	false,	true,	next_sequential },
	{ "stride",	false,	0,	false,	true,	next_strided },
	{ "randread",	false,	0,	false,	false,	next_uniform },
	{ "hot",	false,	0,	true,	false,	next_hot },
	{ "scanhot",	false,	0,	true,	false,	next_scan_hot },
	{ "zipf",	false,	25,	false,	false,	next_zipf },
	{ "mixed",	false,	50,	false,	false,	next_uniform },
	{ "randwrite",	false,	100,	false,	false,	next_uniform },
};

const struct pattern *pattern_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++)
		if (!strcmp(patterns[i].name, name))
			return &patterns[i];
	return NULL;
}

char *pattern_names(void)
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
	share->step = 0;
}

uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

static bool is_write(const struct pattern *pattern, struct share *share)
{
	if (pattern->write_percent == 0 || pattern->write_percent == 100)
		return pattern->write_percent;
	return draw_below(share, 100) < pattern->write_percent;
}

/* @ended: this thread has come to its end, and goes on with the others. */
static bool is_over(const struct stop *stop, size_t done, uint64_t now, bool *ended)
{
	if (done >= stop->accesses || now >= stop->latest)
		return true;
	if (!*ended && now >= stop->deadline && done % stop->round == 0) {
		*ended = true;
		if (stop->going)
			atomic_fetch_sub(stop->going, 1);
	}
	return *ended && (!stop->going || !atomic_load(stop->going));
}

size_t pattern_run(const struct pattern *pattern, struct share *share,
		   const struct stop *stop, struct hist *hist)
{
	uint64_t begin, end = now_ns();
	bool ended = false;
	size_t done;

	for (done = 0; !is_over(stop, done, end, &ended); done++, share->step++) {
		size_t page = share->first + pattern->next(share);
		volatile uint64_t *word = page_words(share, page);
		bool write = is_write(pattern, share);
		uint64_t first;

		share->generation[page] += write;
		first = first_word(share, page);
		begin = now_ns();
		if (write)
			*word = first;
		else
			(void)*word;
		end = now_ns();
		hist_add(hist, end - begin);
		if (write)
			fill((uint64_t *)word, first);
		else
			check((uint64_t *)word, first, page);
	}
	return done;
}
