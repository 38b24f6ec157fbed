// SPDX-License-Identifier: GPL-2.0
/*
 * A bump allocator over one reserved range of addresses. Memory is mapped into
 * the range a step at a time, so a space is asked to back only what is about
 * to be used: vmdev refuses a mapping that it could not keep.
 */
#define _GNU_SOURCE
#include "arena.h"

#include <err.h>
#include <sys/mman.h>

#define ARENA_SPAN	(64UL << 30)	/* addresses, which cost nothing */
#define ARENA_STEP	(8UL << 20)

void arena_init(struct arena *arena, int fd)
{
	void *base = mmap(NULL, ARENA_SPAN, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (base == MAP_FAILED)
		err(2, "no addresses for the arena");
	*arena = (struct arena){ .fd = fd, .base = base };
}

static void arena_grow(struct arena *arena, size_t end)
{
	size_t size = (end - arena->mapped + ARENA_STEP - 1) / ARENA_STEP * ARENA_STEP;
	int flags = MAP_FIXED;

	if (arena->mapped + size > ARENA_SPAN)
		errx(2, "the arena is full");
	if (arena->fd == ARENA_ORDINARY)
		flags |= MAP_PRIVATE | MAP_ANONYMOUS;
	else
		flags |= MAP_SHARED;
	if (mmap(arena->base + arena->mapped, size, PROT_READ | PROT_WRITE, flags,
		 arena->fd, arena->mapped) == MAP_FAILED)
		err(2, "cannot map %zu MiB more", size >> 20);
	arena->mapped += size;
}

void *arena_push(struct arena *arena, size_t size)
{
	char *p = arena->base + arena->used;

	arena->used += size;
	if (arena->used > arena->mapped)
		arena_grow(arena, arena->used);
	return p;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	arena->used = (arena->used + 7) & ~7UL;
	return arena_push(arena, size);
}
