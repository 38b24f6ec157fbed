/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Access patterns of the benchmark: in which order pages are touched, which
 * accesses write, and what a page holds so that every read can be checked.
 * Knows nothing of what kind of memory the pages are in.
 */
#ifndef BENCH_PATTERN_H
#define BENCH_PATTERN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hist.h"

#define PAGE_BYTES	4096UL
/* Pages that stay neighbours where pages are spread over more than they need. */
#define SPREAD_PAGES	64UL

/**
 * struct layout - where the pages are
 * @bases: start of each space
 * @each: pages in one space
 * @gap: pages from the start of one run of SPREAD_PAGES to the next
 */
struct layout {
	unsigned char **bases;
	size_t each;
	size_t gap;
};

/**
 * struct share - the pages of one thread and what they hold
 * @layout: where all pages are
 * @first: first page of this thread
 * @count: pages of this thread; no other thread touches them
 * @generation: one number a page of the whole memory, raised by each write
 * @seed: makes content and order; the same seed gives the same accesses
 * @random: state of the generator of the order
 * @step: accesses of the present pattern so far
 */
struct share {
	const struct layout *layout;
	size_t first;
	size_t count;
	uint8_t *generation;
	uint64_t seed;
	uint64_t random;
	size_t step;
};

/**
 * struct pattern - a way to go over a share
 * @name: as on the command line and in the CSV
 * @fresh: one pass over memory that nobody has touched
 * @write_percent: how many accesses rewrite their page; the others check it
 * @hot: the first tenth of the share is used most
 * @round: a page comes again when all others have been there
 * @next: the page of access number @step of the share, from the share's first
 */
struct pattern {
	const char *name;
	bool fresh;
	unsigned int write_percent;
	bool hot;
	bool round;
	size_t (*next)(struct share *share);
};

const struct pattern *pattern_find(const char *name);

/* Names of all patterns, separated by commas, in a buffer that is made anew each time. */
char *pattern_names(void);

/* Start a share's order; @stream tells the threads' orders apart. */
void share_seed(struct share *share, uint64_t stream);

/* CLOCK_MONOTONIC in ns. */
uint64_t now_ns(void);

/**
 * struct stop - when to stop
 * @accesses: after so many
 * @deadline: at the end of a round when it is that late; as now_ns()
 * @round: accesses of a round, 1 where there are none
 * @latest: when it is that late, in a round or not
 * @going: threads that have not come to their end, or NULL: nobody stops alone
 */
struct stop {
	size_t accesses;
	uint64_t deadline;
	size_t round;
	uint64_t latest;
	atomic_uint *going;
};

/*
 * Make accesses until @stop, and add the time that the first touch of each took to
 * @hist. Returns how many; exits with a message at the first page with wrong content.
 */
size_t pattern_run(const struct pattern *pattern, struct share *share,
		   const struct stop *stop, struct hist *hist);

#endif
