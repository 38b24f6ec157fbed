// SPDX-License-Identifier: GPL-2.0
/*
 * close(2) and its relatives, for programs that close all descriptors or choose
 * numbers: those of the space are not open as far as they can tell, and make way
 * where a number is wanted.
 */
#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "memory.h"
#include "space.h"
#include "sys.h"

#define EXPORT	__attribute__((visibility("default")))

static int finish(long result)
{
	if (!sys_failed(result))
		return (int)result;
	errno = (int)-result;
	return -1;
}

EXPORT int close(int fd)
{
	return finish(space_owns(fd) ? -EBADF : sys(SYS_close, fd));
}

/* What lies between our own descriptors, in order. */
static long close_around(unsigned int first, unsigned int last, int flags)
{
	unsigned int fd, end;
	long err;

	for (fd = first; fd <= last; fd = end + 1) {
		end = space_next(fd, last);
		if (end > fd || !space_owns((int)fd)) {
			/* up to the one before ours, or to the last */
			err = sys(SYS_close_range, fd, space_owns((int)end) ? end - 1 : end, flags);
			if (err)
				return err;
		}
		if (end == last)
			break;
	}
	return 0;
}

EXPORT int close_range(unsigned int first, unsigned int last, int flags)
{
	if (first > last)
		return finish(-EINVAL);
	return finish(close_around(first, last, flags));
}

EXPORT void closefrom(int first)
{
	close_around(first < 0 ? 0 : (unsigned int)first, UINT_MAX, 0);
}

/* The number is the program's to choose. */
static void make_way(int fd)
{
	if (!space_owns(fd))
		return;
	memory_lock();
	space_make_way(fd);
	memory_unlock();
}

EXPORT int dup2(int from, int to)
{
	make_way(to);
	return finish(sys(SYS_dup2, from, to));
}

EXPORT int dup3(int from, int to, int flags)
{
	make_way(to);
	return finish(sys(SYS_dup3, from, to, flags));
}
