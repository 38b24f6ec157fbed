/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The systems that are compared: how each gives memory. Knows nothing of
 * patterns, time or counters.
 */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct memory_wish - what memory is wanted
 * @bytes: how much
 * @ram_pages: where the program itself bounds it, so many pages are in RAM
 * @path: where the program itself pages to a file, that one
 * @sparse: not all of it will be touched; promise nothing
 */
struct memory_wish {
	size_t bytes;
	size_t ram_pages;
	const char *path;
	bool sparse;
};

/**
 * struct memory_system - a way to have more memory than RAM
 * @name: as on the command line and in the CSV
 * @map: new, untouched, zero-filled memory; NULL with errno set
 * @unmap: give it back
 */
struct memory_system {
	const char *name;
	void *(*map)(const struct memory_wish *wish);
	void (*unmap)(void *base, size_t bytes);
};

const struct memory_system *memory_find(const char *name);

#endif
