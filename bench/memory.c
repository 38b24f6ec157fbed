// SPDX-License-Identifier: GPL-2.0
/*
 * The kinds of memory, see memory.h. A vmdev space lives as long as its
 * mapping: its descriptor is closed at once, so that munmap gives all back.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "array.h"
#include "memory.h"

static void *map_vmdev(size_t bytes)
{
	int fd = open("/dev/vmdev", O_RDWR | O_CLOEXEC);
	int saved;
	void *base;

	if (fd < 0)
		return NULL;
	base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	saved = errno;
	close(fd);
	errno = saved;
	return base == MAP_FAILED ? NULL : base;
}

static void *map_anon(size_t bytes)
{
	void *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return base == MAP_FAILED ? NULL : base;
}

static const struct memory_kind kinds[] = {
	{ "vmdev",	map_vmdev },
	{ "anon",	map_anon },
};

const struct memory_kind *memory_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	return NULL;
}
