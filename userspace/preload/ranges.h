/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which addresses of this process lie on vmdev, and how they are protected: a
 * sorted table of ranges that never touch one another with the same protection.
 * Knows no system call and no lock; its memory is static, so that it can be used
 * where nothing can be allocated.
 */
#ifndef PRELOAD_RANGES_H
#define PRELOAD_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As many mappings as a process may have by default (vm.max_map_count). */
#define RANGES_MAX	65536

struct range {
	uintptr_t start;
	uintptr_t end;		/* the first address behind it */
	int prot;
};

struct ranges {
	size_t count;
	struct range table[RANGES_MAX];
};

/*
 * Put [@start, @end) on the table with @prot, over whatever is there. Returns false,
 * with nothing changed, when the table is full.
 */
bool ranges_add(struct ranges *ranges, uintptr_t start, uintptr_t end, int prot);

/* Take [@start, @end) off it. False as above: a hole can make one range two. */
bool ranges_remove(struct ranges *ranges, uintptr_t start, uintptr_t end);

/* Change the protection of what of [@start, @end) is on it. False as above. */
bool ranges_protect(struct ranges *ranges, uintptr_t start, uintptr_t end, int prot);

/*
 * The first part of [@start, @end) that is on the table, within one range of it.
 * Returns false if there is none.
 */
bool ranges_next(const struct ranges *ranges, uintptr_t start, uintptr_t end,
		 struct range *part);

/* Is all of [@start, @end) on it? */
bool ranges_cover(const struct ranges *ranges, uintptr_t start, uintptr_t end);

#endif /* PRELOAD_RANGES_H */
