/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The memory a part of the demo works in: one range that grows and is never
 * given back piece by piece. It comes from ordinary anonymous memory or from a
 * space of /dev/vmdev, and nothing but arena_init() knows which.
 */
#ifndef DEMO_ARENA_H
#define DEMO_ARENA_H

#include <stddef.h>

#define ARENA_ORDINARY	(-1)	/* in place of a descriptor of /dev/vmdev */

struct arena {
	int fd;
	char *base;
	size_t used;
	size_t mapped;
};

void arena_init(struct arena *arena, int fd);

/* Zeroed, aligned to 8 bytes, next to what was given out before. */
void *arena_alloc(struct arena *arena, size_t size);

/* A growing array: no padding, so one push follows the other in memory. */
void *arena_push(struct arena *arena, size_t size);

#endif /* DEMO_ARENA_H */
