/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kinds of memory that are compared: how each is mapped. Knows nothing of
 * patterns, time or counters.
 */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include <stddef.h>

/**
 * struct memory_kind - a kind of memory
 * @name: as on the command line and in the CSV
 * @map: new, untouched, zero-filled memory; NULL with errno set
 */
struct memory_kind {
	const char *name;
	void *(*map)(size_t bytes);
};

const struct memory_kind *memory_find(const char *name);

#endif
