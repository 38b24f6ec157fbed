// SPDX-License-Identifier: GPL-2.0
/* What a file holds before it is a store: signatures, data, zeroes, holes. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "../vmdevctl/content.h"
#include "tap.h"

static char path[32] = "/tmp/vmdev-content-XXXXXX";
static int fd;

/* A file of @size bytes with @text at @at, and no more. */
static void make(off_t size, off_t at, const char *text, size_t length)
{
	if (ftruncate(fd, 0) || ftruncate(fd, size) ||
	    pwrite(fd, text, length, at) != (ssize_t)length)
		abort();
}

static void holds(const char *want)
{
	const char *what = content_find(path);

	is(what ? what : "nothing", want, want);
}

#define SIZE	(1 << 20)

static void check_signatures(void)
{
	static const struct {
		off_t at;
		const char *text, *want;
	} kinds[] = {
		{ 1080, "\x53\xef", "an ext2, ext3 or ext4 file system" },
		{ 0, "XFSB", "an XFS file system" },
		{ 65600, "_BHRfS_M", "a btrfs file system" },
		{ 1024, "\x10\x20\xf5\xf2", "an F2FS file system" },
		{ 32769, "CD001", "an ISO 9660 file system" },
		{ 4086, "SWAPSPACE2", "swap space" },
		{ 0, "LUKS\xba\xbe", "a LUKS volume" },
		{ 536, "LVM2 001", "an LVM volume" },
		{ 4096, "\xfc\x4e\x2b\xa9", "a part of a RAID" },
		{ 512, "EFI PART", "a partition table" },
		{ 510, "\x55\xaa", "a partition table or a boot sector" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		make(SIZE, kinds[i].at, kinds[i].text, strlen(kinds[i].text));
		holds(kinds[i].want);
	}
	/* Cut off behind its first byte it is none. */
	make(1081, 1080, "\x53", 1);
	holds("data");
}

static void check_data(void)
{
	static const char zeroes[SIZE];

	make(0, 0, "", 0);
	holds("nothing");
	make(SIZE, 0, "", 0);
	holds("nothing");
	make(SIZE, 0, zeroes, SIZE);
	holds("nothing");
	make(SIZE, 0, "x", 1);
	holds("data");
	make(SIZE, SIZE - 1, "x", 1);
	holds("data");
	make(8 * SIZE, 5 * SIZE + 1, "x", 1);
	holds("data");
}

int main(void)
{
	fd = mkstemp(path);
	if (fd < 0)
		abort();
	check_signatures();
	check_data();
	ok(!content_find("/tmp"), "a directory holds nothing");
	ok(!content_find("/none/such"), "what isn't there holds nothing");
	ok(!content_find("/dev/zero"), "other devices are left to the kernel");
	close(fd);
	unlink(path);
	return tap_end();
}
