// SPDX-License-Identifier: GPL-2.0
/* What the library does with things that are no vmdev device. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <vmdev.h>

#include "tap.h"

/* open() fails with @error and leaves no descriptor behind. */
static void open_fails(const char *path, int error, const char *name)
{
	int before = dup(0);
	int after;

	close(before);
	errno = 0;
	ok(!vmdev_open(path) && errno == error, "%s", name);
	after = dup(0);
	close(after);
	ok(before == after, "%s: no descriptor left", name);
}

int main(void)
{
	uint32_t state;
	int fd;

	open_fails("/dev/none-such", ENOENT, "no node");
	open_fails("/dev/null", ENOTTY, "another device");
	open_fails("/dev/null/x", ENOTDIR, "no directory");
	errno = 0;
	ok(!vmdev_from_fd(-1) && errno == EBADF, "no descriptor");
	fd = open("/dev/null", O_RDWR);
	errno = 0;
	ok(!vmdev_from_fd(fd) && errno == ENOTTY, "descriptor of another device");
	ok(!close(fd), "it stays the caller's");
	errno = 4711;
	vmdev_close(NULL);
	ok(errno == 4711, "closing nothing");
	errno = 0;
	ok(vmdev_munmap((void *)1, 4096) == -1 && errno == EINVAL, "unaligned munmap");
	is(vmdev_version(), VMDEV_VERSION, "version");
	for (state = VMDEV_MAP_ABSENT; state <= VMDEV_MAP_BAD; state++)
		ok(strcmp(vmdev_map_state_name(state), "unknown"), "state %u: %s", state,
		   vmdev_map_state_name(state));
	is(vmdev_map_state_name(VMDEV_MAP_BAD + 1), "unknown", "a later state");
	is(vmdev_map_state_name(UINT32_MAX), "unknown", "no state");
	return tap_end();
}
