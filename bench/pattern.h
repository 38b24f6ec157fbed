/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Access patterns of the benchmark: in which order pages are touched, whether
 * an access writes, and what a page holds so that every read can be checked.
 * Knows nothing of what kind of memory the pages are in, nor of time.
 */
#ifndef BENCH_PATTERN_H
#define BENCH_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_BYTES	4096UL

/**
 * struct share - the pages of one thread and what they hold
 * @base: start of the whole memory
 * @first: first page of this thread
 * @count: pages of this thread; no other thread touches them
 * @generation: one number a page of the whole memory, raised by each write
 * @seed: makes content and order; the same seed gives the same accesses
 * @random: state of the generator of the order
 */
struct share {
	unsigned char *base;
	size_t first;
	size_t count;
	uint8_t *generation;
	uint64_t seed;
	uint64_t random;
};

/**
 * struct pattern - a way to go over a share
 * @name: as on the command line and in the CSV
 * @fresh: starts on memory that nobody has touched
 * @write: an access rewrites its page; otherwise it reads and checks it
 * @one_pass: every page once, instead of as many accesses as asked for
 * @next: the page of access number @step, counted from the share's first
 */
struct pattern {
	const char *name;
	bool fresh;
	bool write;
	bool one_pass;
	size_t (*next)(struct share *share, size_t step);
};

const struct pattern *pattern_find(const char *name);

/* Names of all patterns, separated by commas. */
const char *pattern_names(void);

/* Restart the order of a share; @stream tells the threads' orders apart. */
void share_seed(struct share *share, uint64_t stream);

/* Make @accesses accesses; false at the first page with wrong content. */
bool pattern_run(const struct pattern *pattern, struct share *share,
		 size_t accesses);

#endif
