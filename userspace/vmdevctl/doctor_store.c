// SPDX-License-Identifier: GPL-2.0
/*
 * What `doctor` looks at of a store: what it is, whether pages can go there without
 * the page cache, whether there is room, and what is known to go wrong on its file
 * system. A file is made in a directory to try it, without a name; nothing else changes.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "doctor_find.h"
#include "size.h"

#define NAME		"store"
#define LOCAL_DISK	"use a local disk: out of memory, a store on a network can hang for good"

/* Not in <linux/magic.h> of every kernel. */
#define TYPE_BCACHEFS	0xca451a4e
#define TYPE_CIFS	0xff534d42
#define TYPE_SMB2	0xfe534d42
#define TYPE_ZFS	0x2fc12fc1
#define TYPE_XFS	0x58465342

enum sort { SORT_BLOCK, SORT_FILE, SORT_COW, SORT_RAM, SORT_NET, SORT_LAYER };

static const struct {
	uint64_t type;
	const char *name;
	enum sort sort;
} file_systems[] = {
	{ EXT4_SUPER_MAGIC, "ext4", SORT_BLOCK },	{ TYPE_XFS, "XFS", SORT_BLOCK },
	{ BTRFS_SUPER_MAGIC, "btrfs", SORT_COW },	{ TYPE_ZFS, "ZFS", SORT_COW },
	{ TYPE_BCACHEFS, "bcachefs", SORT_COW },	{ F2FS_SUPER_MAGIC, "F2FS", SORT_COW },
	{ NILFS_SUPER_MAGIC, "NILFS", SORT_COW },	{ TMPFS_MAGIC, "tmpfs", SORT_RAM },
	{ RAMFS_MAGIC, "ramfs", SORT_RAM },		{ NFS_SUPER_MAGIC, "NFS", SORT_NET },
	{ TYPE_CIFS, "CIFS", SORT_NET },		{ TYPE_SMB2, "SMB", SORT_NET },
	{ SMB_SUPER_MAGIC, "SMB", SORT_NET },		{ V9FS_MAGIC, "9p", SORT_NET },
	{ CEPH_SUPER_MAGIC, "Ceph", SORT_NET },		{ AFS_SUPER_MAGIC, "AFS", SORT_NET },
	{ FUSE_SUPER_MAGIC, "FUSE", SORT_NET },
	{ OVERLAYFS_SUPER_MAGIC, "overlayfs", SORT_LAYER },
};

void doctor_file_system(struct doctor *doctor, const char *path, uint64_t type, bool no_cow)
{
	const char *name = "a file system that isn't known here";
	enum sort sort = SORT_FILE;
	size_t i;

	for (i = 0; i < sizeof(file_systems) / sizeof(file_systems[0]); i++) {
		if (file_systems[i].type == type) {
			name = file_systems[i].name;
			sort = file_systems[i].sort;
		}
	}
	switch (sort) {
	case SORT_BLOCK:
		find(doctor, NAME, VERDICT_OK, "%s is on %s: pages go to its blocks", path, name);
		break;
	case SORT_FILE:
		find(doctor, NAME, VERDICT_WARN, "%s is on %s: pages go through the file", path,
		     name);
		remedy(doctor, "ext4, XFS or a block device is faster");
		break;
	case SORT_COW:
		if (no_cow) {
			find(doctor, NAME, VERDICT_OK, "%s is on %s, without copy-on-write", path,
			     name);
			break;
		}
		find(doctor, NAME, VERDICT_WARN,
		     "%s is on %s: copy-on-write, so writes fail when the disk fills up", path,
		     name);
		if (type == BTRFS_SUPER_MAGIC)
			remedy(doctor, "make a directory, chattr +C it, and use that");
		else
			remedy(doctor, "use a block device, or a file on ext4 or XFS");
		break;
	case SORT_RAM:
		find(doctor, NAME, VERDICT_WARN, "%s is on %s: that is memory again", path, name);
		remedy(doctor, "use a directory on a disk, as /var/tmp");
		break;
	case SORT_NET:
		find(doctor, NAME, VERDICT_WARN,
		     "%s is on %s: pages are needed to get there that may have gone there", path,
		     name);
		remedy(doctor, LOCAL_DISK);
		break;
	case SORT_LAYER:
		find(doctor, NAME, VERDICT_WARN, "%s is on %s: in a container's layer", path, name);
		remedy(doctor, "use a volume of the container's, or a path of the host");
		break;
	}
}

/* Is copy-on-write off for @path, which files made in a directory inherit? */
static bool has_no_cow(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int flags = 0;

	if (fd < 0)
		return false;
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags))
		flags = 0;
	close(fd);
	return flags & FS_NOCOW_FL;
}

static void check_direct(struct doctor *doctor, const char *path, bool directory)
{
	int flags = directory ? O_TMPFILE | O_RDWR : O_RDONLY;
	int fd = open(path, flags | O_DIRECT | O_CLOEXEC, 0600);

	if (fd >= 0) {
		close(fd);
		find(doctor, NAME, VERDICT_OK, "%s takes direct I/O", path);
	} else if (errno == EINVAL) {
		find(doctor, NAME, VERDICT_WARN,
		     "%s takes no direct I/O: what is paged out stays in the page cache", path);
		remedy(doctor, "use ext4, XFS or a block device");
	} else if (errno == EOPNOTSUPP) {
		find(doctor, NAME, VERDICT_WARN,
		     "%s takes no files without a name: one with a name is made and removed", path);
		remedy(doctor, "if the machine crashes meanwhile, remove .vmdev-* there");
	} else {
		find(doctor, NAME, VERDICT_FAIL, "%s: %s", path, strerror(errno));
		remedy(doctor, "run it as root, or use another --store");
	}
}

static void check_room(struct doctor *doctor, const char *path, uint64_t size, uint64_t have)
{
	char want[SIZE_TEXT], left[SIZE_TEXT];
	struct statvfs vfs;

	if (statvfs(path, &vfs)) {
		find(doctor, NAME, VERDICT_FAIL, "%s: %s", path, strerror(errno));
		remedy(doctor, "use another --store");
		return;
	}
	size_format(size > have ? size - have : 0, want);
	size_format(vfs.f_bavail * vfs.f_frsize, left);
	if (vfs.f_flag & ST_RDONLY) {
		find(doctor, NAME, VERDICT_FAIL, "%s is mounted read-only", path);
		remedy(doctor, "mount -o remount,rw, or use another --store");
	} else if (size > have && size - have > vfs.f_bavail * vfs.f_frsize) {
		find(doctor, NAME, VERDICT_FAIL, "%s has %s free, and %s more are needed", path,
		     left, want);
		remedy(doctor, "use a smaller --store-size or another --store, or make room");
	} else {
		find(doctor, NAME, VERDICT_OK, "%s has %s free; %s are needed", path, left, want);
	}
}

/* ---- block devices ---- */

/* Where its driver sits, as sysfs shows it. */
static void check_driver(struct doctor *doctor, const char *path, dev_t device)
{
	static const char *const remote[] = {
		"/nbd", "/rbd", "/drbd", "/session", "/nvme-fabrics/",
	};
	char name[64], target[4096];
	ssize_t length;
	size_t i;

	snprintf(name, sizeof(name), "/sys/dev/block/%u:%u", major(device), minor(device));
	length = readlink(name, target, sizeof(target) - 1);
	target[length < 0 ? 0 : length] = '\0';
	if (strstr(target, "/zram")) {
		find(doctor, NAME, VERDICT_WARN, "%s is zram: that is memory again", path);
		remedy(doctor, "use a disk");
	}
	for (i = 0; i < sizeof(remote) / sizeof(remote[0]); i++) {
		if (!strstr(target, remote[i]))
			continue;
		find(doctor, NAME, VERDICT_WARN,
		     "%s is behind a network: pages are needed to get there that may have gone there",
		     path);
		remedy(doctor, LOCAL_DISK);
		return;
	}
}

static void check_device(struct doctor *doctor, const char *path, dev_t device, uint64_t size)
{
	char want[SIZE_TEXT], have[SIZE_TEXT];
	uint64_t bytes = 0;
	int fd, err;

	fd = open(path, O_RDWR | O_CLOEXEC | (doctor->loaded ? 0 : O_EXCL));
	if (fd < 0) {
		err = errno;
		find(doctor, NAME, VERDICT_FAIL, "%s: %s", path, strerror(err));
		if (err == EBUSY)
			remedy(doctor, "unmount it, or swapoff, or use another --store");
		else
			remedy(doctor, "run it as root, or use another --store");
		return;
	}
	if (ioctl(fd, BLKGETSIZE64, &bytes))
		bytes = 0;
	close(fd);
	size_format(size, want);
	size_format(bytes, have);
	if (size > bytes) {
		find(doctor, NAME, VERDICT_FAIL, "%s has %s, and %s are needed", path, have, want);
		remedy(doctor, "use a smaller --store-size; 0 takes all of it");
	} else {
		find(doctor, NAME, VERDICT_OK, "%s is a block device of %s", path, have);
	}
	check_driver(doctor, path, device);
}

/* ---- */

static void check_mode(struct doctor *doctor, const char *path, mode_t mode)
{
	if (!(mode & 0022))
		return;
	find(doctor, NAME, VERDICT_FAIL, "others may write to %s, so it is refused", path);
	remedy(doctor, "chmod 600 %s", path);
}

static void check_file(struct doctor *doctor, const char *path, const struct stat *st,
		       uint64_t size)
{
	char *copy = strdup(path);
	const char *place = st ? path : copy ? dirname(copy) : "/";
	bool directory = !st || S_ISDIR(st->st_mode);
	struct statfs fs;

	if (statfs(place, &fs)) {
		find(doctor, NAME, VERDICT_FAIL, "%s: %s", place, strerror(errno));
		remedy(doctor, "make the directory, or use another --store");
	} else {
		doctor_file_system(doctor, place, (uint64_t)fs.f_type & 0xffffffff,
				   has_no_cow(place));
		if (!directory)
			check_mode(doctor, path, st->st_mode);
		if (!doctor->loaded) {
			check_direct(doctor, place, directory);
			check_room(doctor, place, size,
				   directory ? 0 : (uint64_t)st->st_blocks * 512);
		}
	}
	free(copy);
}

void doctor_store(struct doctor *doctor, const char *path, uint64_t size)
{
	struct stat st;

	if (stat(path, &st)) {
		check_file(doctor, path, NULL, size);
	} else if (S_ISBLK(st.st_mode)) {
		check_device(doctor, path, st.st_rdev, size);
	} else if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) {
		check_file(doctor, path, &st, size);
	} else {
		find(doctor, NAME, VERDICT_FAIL, "%s is no directory, regular file or block device",
		     path);
		remedy(doctor, "use another --store");
	}
}
