/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stores by every way pages go, each with a place for other files on the same
 * file system, so that the store's locks and those files' are of one class.
 */
#ifndef VMDEV_NESTING_H
#define VMDEV_NESTING_H

#include <linux/fs.h>

#include "files.h"

#define STORE_MB	32

/* Each makes the store and returns its path, or NULL; *other: where other files go. */
static inline const char *nest_ext4(const char **other)
{
	*other = vl_mnt();
	return vl_mnt();
}

/* The upper layer is on the ext4 disk, but nobody looks for blocks below an overlay. */
static inline const char *nest_ext4_overlaid(const char **other)
{
	char options[512];

	if (!vl_run_command("modprobe overlay"))
		return NULL;
	vt_need(vl_run_command("cd %s && mkdir -p lower upper work", vl_mnt()), "mkdir");
	snprintf(options, sizeof(options), "lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work",
		 vl_mnt(), vl_mnt(), vl_mnt());
	mkdir(FS_DIR, 0700);
	vt_need(!mount("none", FS_DIR, "overlay", 0, options), "mount overlay: %s",
		strerror(errno));
	*other = vl_mnt();
	return FS_DIR;
}

static inline const char *nest_xfs(const char **other)
{
	*other = FS_DIR;
	return mount_spare("xfs") ? FS_DIR : NULL;
}

/* A file that ever shared blocks with another is copied on write. */
static inline const char *nest_xfs_reflinked(const char **other)
{
	int fd, clone;

	*other = FS_DIR;
	if (!mount_spare("xfs"))
		return NULL;
	make_file(FS_DIR "/store", STORE_MB << 20, 0600, true);
	make_file(FS_DIR "/clone", 0, 0600, false);
	fd = open(FS_DIR "/store", O_RDWR | O_CLOEXEC);
	clone = open(FS_DIR "/clone", O_RDWR | O_CLOEXEC);
	vt_need(fd >= 0 && clone >= 0 && pwrite(fd, "", 1, 0) == 1 && !fsync(fd) &&
		!ioctl(clone, FICLONE, fd), "clone: %s", strerror(errno));
	close(fd);
	close(clone);
	unlink(FS_DIR "/clone");
	return FS_DIR "/store";
}

static inline const char *nest_btrfs(const char **other)
{
	*other = FS_DIR;
	return mount_spare("btrfs") ? FS_DIR : NULL;
}

static inline const char *nest_tmpfs(const char **other)
{
	mount_tmpfs("size=128m");
	*other = FS_DIR;
	return FS_DIR;
}

static inline const char *nest_device(const char **other)
{
	*other = vl_mnt();
	return vl_disk();
}

/* Load with a store; false where its file system can't be had. */
static inline bool nest_load(const char *(*make)(const char **other), bool block_io,
			     unsigned int pool_mb, const char **other)
{
	const char *path = make(other);
	struct vmdev_info info;
	int fd;

	if (!path)
		return false;
	vl_must_load("pool_mb=%u store=%s store_mb=%d", pool_mb, path, STORE_MB);
	fd = vt_open();
	vt_need(!vt_info(fd, &info), "GET_INFO");
	vt_need(!!(info.features & VMDEV_FEATURE_BLOCK_IO) == block_io, "%s: features %#llx",
		path, info.features);
	close(fd);
	return true;
}

/* All of them, and whether pages go by block I/O there. */
#define NEST_STORES(X)							\
	X(ext4, true)							\
	X(ext4_overlaid, false)					\
	X(xfs, true)							\
	X(xfs_reflinked, false)						\
	X(btrfs, false)							\
	X(tmpfs, false)							\
	X(device, true)

/* For X: a subtest a store, by a function on_store() of the program. */
#define NEST_TEST(id, block_io)						\
static bool test_on_##id(void)						\
{									\
	return on_store(nest_##id, block_io);				\
}

#define NEST_ENTRY(id, block_io)	{ #id, test_on_##id },

static inline int nest_run(const struct vt_test *tests, unsigned int count)
{
	const struct vl_suite suite = {
		.tests = tests,
		.count = count,
		.seconds = 280,
		.after_unload = unmount_all,
	};

	return vl_run(&suite);
}

#endif /* VMDEV_NESTING_H */
