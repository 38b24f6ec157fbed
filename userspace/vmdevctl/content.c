// SPDX-License-Identifier: GPL-2.0
/*
 * Looks for data that a store would overwrite. A block device or a file with a
 * signature holds some; of a file that was never a store, all that isn't zero is
 * data. Of a device it isn't: that may be what is left of a store.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "content.h"

/* Root's alone, and it goes where the file goes. */
#define MARK	"trusted.vmdev.store"

#define SIGNATURE(at, text, what)	{ at, sizeof(text) - 1, text, what }

static const struct signature {
	size_t at, length;
	const char *text;
	const char *what;
} signatures[] = {
	SIGNATURE(0x438, "\x53\xef", "an ext2, ext3 or ext4 file system"),
	SIGNATURE(0, "XFSB", "an XFS file system"),
	SIGNATURE(0x10040, "_BHRfS_M", "a btrfs file system"),
	SIGNATURE(0x400, "\x10\x20\xf5\xf2", "an F2FS file system"),
	SIGNATURE(0x8000, "JFS1", "a JFS file system"),
	SIGNATURE(0x10034, "ReIsEr", "a ReiserFS file system"),
	SIGNATURE(0, "hsqs", "a squashfs file system"),
	SIGNATURE(0x8001, "CD001", "an ISO 9660 file system"),
	SIGNATURE(0xff6, "SWAPSPACE2", "swap space"),
	SIGNATURE(0, "LUKS\xba\xbe", "a LUKS volume"),
	SIGNATURE(0x218, "LVM2 001", "an LVM volume"),
	SIGNATURE(0, "\xfc\x4e\x2b\xa9", "a part of a RAID"),
	SIGNATURE(0x1000, "\xfc\x4e\x2b\xa9", "a part of a RAID"),
	SIGNATURE(0x1018, "\xc6\x85\x73\xf6", "a bcache or bcachefs volume"),
	SIGNATURE(0x200, "EFI PART", "a partition table"),
	SIGNATURE(0x1000, "EFI PART", "a partition table"),
	/* last: FAT, exFAT and NTFS have it, too */
	SIGNATURE(0x1fe, "\x55\xaa", "a partition table or a boot sector"),
};

static char buffer[1 << 17];

static const char *find_signature(int fd)
{
	ssize_t got = pread(fd, buffer, sizeof(buffer), 0);
	size_t i;

	for (i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
		const struct signature *s = &signatures[i];

		if (got >= (ssize_t)(s->at + s->length) &&
		    !memcmp(buffer + s->at, s->text, s->length))
			return s->what;
	}
	return NULL;
}

/* Holes, and what is allocated and was never written, cost no reading. */
static bool has_data(int fd)
{
	off_t at = 0;
	ssize_t got;

	while ((at = lseek(fd, at, SEEK_DATA)) >= 0) {
		got = pread(fd, buffer, sizeof(buffer), at);
		if (got <= 0)
			break;
		if (buffer[0] || memcmp(buffer, buffer + 1, (size_t)got - 1))
			return true;
		at += got;
	}
	return false;
}

const char *content_find(const char *path)
{
	const char *what;
	struct stat st;
	int fd;

	if (stat(path, &st) || (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)))
		return NULL;
	/* fails for a device that is mounted or otherwise in use */
	fd = open(path, O_RDONLY | O_CLOEXEC | (S_ISBLK(st.st_mode) ? O_EXCL : 0));
	if (fd < 0)
		return NULL;
	what = find_signature(fd);
	if (!what && S_ISREG(st.st_mode) && fgetxattr(fd, MARK, NULL, 0) < 0 && has_data(fd))
		what = "data";
	close(fd);
	return what;
}

void content_mark(const char *path)
{
	struct stat st;

	/* Where a file system takes no marks, the next load is refused again. */
	if (!stat(path, &st) && S_ISREG(st.st_mode))
		setxattr(path, MARK, "", 0, 0);
}
