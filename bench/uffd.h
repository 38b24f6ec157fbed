/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Paging in userspace by userfaultfd: what a program can do without a module and
 * without the kernel's swap. Knows nothing of patterns or counters.
 */
#ifndef BENCH_UFFD_H
#define BENCH_UFFD_H

#include <stdint.h>

#include "memory.h"

/**
 * struct uffd_stats - what this process's handlers did, for ever rising
 * @read_pages: pages read from the file
 * @read_ios: in so many reads
 * @written_pages: pages written to it
 * @written_ios: in so many writes
 * @evictions: pages that left RAM
 * @waits: faults that found no frame free
 */
struct uffd_stats {
	uint64_t read_pages;
	uint64_t read_ios;
	uint64_t written_pages;
	uint64_t written_ios;
	uint64_t evictions;
	uint64_t waits;
};

/*
 * Memory with @wish->ram_pages of it in RAM and the rest in @wish->path. One at a
 * time in a process. NULL with errno set.
 */
void *uffd_map(const struct memory_wish *wish);

/* Nobody may use the memory any more. */
void uffd_unmap(void *base, size_t bytes);

void uffd_stats_read(struct uffd_stats *stats);

#endif
