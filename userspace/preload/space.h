/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The space of this process: where its descriptor comes from and how it survives,
 * and what is done to its content. The page at an address lies at the offset of the
 * same number, so that no table of offsets is needed and an address that is used
 * again finds its bookkeeping again.
 *
 * Everything here is called with the lock of memory.h held, or from the one thread
 * of a child.
 */
#ifndef PRELOAD_SPACE_H
#define PRELOAD_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ranges.h"

/* A space that is not this process's own: that of a child to be. */
struct space_copy {
	int fd;
	int link;
};

/*
 * Are we under `vmdevctl run`? The first call gets the space; where that fails the
 * process ends, since it could only go on in memory it was not to use.
 */
bool space_ready(void);

/* One line on standard error, with no help of the C library's streams. */
void space_say(const char *what, int error);

/* Mappings of this length and more go to vmdev. */
size_t space_min_size(void);

/* More bytes than that can't be kept anywhere. */
uint64_t space_capacity(void);

/*
 * Map [@start, @start + @length) in place of what is there. The content is what the
 * space has. @flags: of MAP_POPULATE, MAP_LOCKED. Returns 0 or -errno.
 */
int space_map(uintptr_t start, size_t length, int prot, int flags);

/* [@start, @end) reads as zero. Returns 0 or -errno. */
int space_discard(uintptr_t start, uintptr_t end);

/* Copy [@start, @end) to @to, whatever its protection is. Returns 0 or -errno. */
int space_read(uintptr_t start, uintptr_t end, char *to);

/* Make a space with the content that @ranges have in ours. Returns 0 or -errno. */
int space_copy(struct space_copy *copy, const struct ranges *ranges);

/* The parent's end of that: forget it. */
void space_copy_close(struct space_copy *copy);

/* The child's: have the copy in place of the parent's space. Ends it on failure. */
void space_adopt(const struct space_copy *copy, const struct ranges *ranges);

/*
 * Is @fd one that the program doesn't know of? Not in a child of vfork(2), which has
 * descriptors of its own and our variables.
 */
bool space_owns(int fd);

/* The first of our descriptors of [@first, @last], @last if there is none. */
unsigned int space_next(unsigned int first, unsigned int last);

/* The program wants the number @fd for itself: use another. */
void space_make_way(int fd);

#endif /* PRELOAD_SPACE_H */
