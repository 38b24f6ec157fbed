/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Paging in userspace by userfaultfd: what a program can do without a module and
 * without the kernel's swap. Knows nothing of patterns or counters.
 */
#ifndef BENCH_UFFD_H
#define BENCH_UFFD_H

#include <stdint.h>

#include "memory.h"

/*
 * Memory with @wish->ram_pages of it in RAM and the rest in @wish->path. One at a
 * time in a process. NULL with errno set.
 */
void *uffd_map(const struct memory_wish *wish);

/* Nobody may use the memory any more. */
void uffd_unmap(void *base, size_t bytes);

/*
 * What this process's handlers did so far: read_pages, read_ios, written_pages,
 * written_ios, evictions (pages that left) or waits (faults that found no frame).
 */
uint64_t uffd_count(const char *name);

#endif
