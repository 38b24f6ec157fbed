// SPDX-License-Identifier: GPL-2.0
/*
 * The heap is jemalloc, linked into this library with its mmap(2) going to memory.c
 * whatever the length (the linker's --wrap). Here is what it is told, what it lacks,
 * and the start of it all.
 */
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

#include "memory.h"
#include "space.h"

#define EXPORT		__attribute__((visibility("default")))

/*
 * No sbrk(2), whose memory isn't ours; and pages that have been free for a while are
 * given back at once. MALLOC_CONF in the environment adds to it.
 */
const char *malloc_conf = "dss:disabled,muzzy_decay_ms:0";

void *pvalloc(size_t size);

EXPORT void *pvalloc(size_t size)
{
	size_t page = (size_t)getpagesize();

	return memalign(page, (size + page - 1) & -page);
}

/* For programs that bring an allocator and map nothing before they fork. */
static void __attribute__((constructor)) begin(void)
{
	memory_lock();
	space_ready();
	memory_unlock();
}
