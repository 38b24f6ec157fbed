/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Places for a store: files and mounted file systems, and what is left in them. It
 * knows nothing of the module.
 */
#ifndef VMDEV_FILES_H
#define VMDEV_FILES_H

#include <dirent.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "vmdev_load.h"

#define FS_DIR	"/tmp/vmdev-fs"		/* where other file systems are mounted */

/* A path below the ext4 disk. */
static inline const char *on_mnt(const char *name)
{
	static char path[2][256];
	static unsigned int turn;

	turn ^= 1;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", vl_mnt(), name);
	return path[turn];
}

/* A new file of a size, its blocks allocated if asked for. */
static inline void make_file(const char *path, off_t size, mode_t mode, bool allocate)
{
	int fd;

	unlink(path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	vt_need(fd >= 0, "%s: %s", path, strerror(errno));
	vt_need(!fchmod(fd, mode) && !ftruncate(fd, size), "%s: %s", path, strerror(errno));
	vt_need(!allocate || !posix_fallocate(fd, 0, size), "%s: fallocate", path);
	close(fd);
}

static inline unsigned int count_entries(const char *dir)
{
	DIR *d = opendir(dir);
	unsigned int count = 0;

	vt_need(d, "%s: %s", dir, strerror(errno));
	while (readdir(d))
		count++;
	closedir(d);
	return count;
}

/* Free MiB of a file system, once everything that was deleted is gone. */
static inline uint64_t free_mb(const char *dir)
{
	struct statvfs st;

	sync();
	vt_need(!statvfs(dir, &st), "%s: %s", dir, strerror(errno));
	return (uint64_t)st.f_bfree * st.f_frsize >> 20;
}

/* Make a file system on the spare disk and mount it; false if there is no such kind. */
static inline bool mount_spare(const char *type)
{
	/* mkfs.vfat asks for no confirmation, and has another use for -f */
	const char *force = strcmp(type, "vfat") ? "-f" : "-I";

	if (!vl_run_command("modprobe %s && command -v mkfs.%s > /dev/null", type, type))
		return false;
	mkdir(FS_DIR, 0700);
	vt_need(vl_run_command("mkfs.%s %s %s", type, force, vl_disk()), "mkfs.%s", type);
	vt_need(!mount(vl_disk(), FS_DIR, type, 0, NULL), "mount %s: %s", type, strerror(errno));
	return true;
}

static inline void mount_tmpfs(const char *options)
{
	mkdir(FS_DIR, 0700);
	vt_need(!mount("none", FS_DIR, "tmpfs", 0, options), "mount tmpfs: %s", strerror(errno));
}

/* For the runner, after unload. */
static inline void unmount_all(void)
{
	while (!umount(FS_DIR))
		;
}

#endif /* VMDEV_FILES_H */
