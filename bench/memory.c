// SPDX-License-Identifier: GPL-2.0
/*
 * The systems, see memory.h; userfaultfd has uffd.c to itself. A vmdev space and
 * a file live as long as their mapping: their descriptor is closed at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "array.h"
#include "memory.h"
#include "uffd.h"

static void *map_anon(const struct memory_wish *wish)
{
	void *base = mmap(NULL, wish->bytes, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return base == MAP_FAILED ? NULL : base;
}

/* Closes @fd. */
static void *map_shared(const struct memory_wish *wish, int fd)
{
	int flags = MAP_SHARED | (wish->sparse ? MAP_NORESERVE : 0);
	void *base = mmap(NULL, wish->bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
	int saved = errno;

	close(fd);
	errno = saved;
	return base == MAP_FAILED ? NULL : base;
}

static void *map_vmdev(const struct memory_wish *wish)
{
	int fd = open("/dev/vmdev", O_RDWR | O_CLOEXEC);

	return fd < 0 ? NULL : map_shared(wish, fd);
}

/* Allocated but never written: its first touch reads nothing, as with the others. */
static void *map_file(const struct memory_wish *wish)
{
	int fd = open(wish->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return NULL;
	errno = posix_fallocate(fd, 0, wish->bytes);
	if (errno) {
		close(fd);
		return NULL;
	}
	return map_shared(wish, fd);
}

static void unmap(void *base, size_t bytes)
{
	munmap(base, bytes);
}

static const struct memory_system systems[] = {
	{ "vmdev",	map_vmdev,	unmap },
	{ "nosum",	map_vmdev,	unmap },
	{ "swap",	map_anon,	unmap },
	{ "zswap",	map_anon,	unmap },
	{ "file",	map_file,	unmap },
	{ "uffd",	uffd_map,	uffd_unmap },
	{ "ram",	map_anon,	unmap },
};

const struct memory_system *memory_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(systems); i++)
		if (!strcmp(systems[i].name, name))
			return &systems[i];
	return NULL;
}
