// SPDX-License-Identifier: GPL-2.0
/*
 * Every kind of store: a directory, a regular file and a block device, on file
 * systems that are written by block I/O and on those that aren't. On each of them
 * 60 MiB go through a pool of 16 and come back right.
 */
#define _GNU_SOURCE
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "files.h"

#define OVER		"/tmp/vmdev-overlay"
#define POOL_MB		16
#define STORE_MB	96
#define WORK_PAGES	(60 * 256)

/* Load, swap through, and see that what the module says of its store is right. */
static bool swap_through(const char *store, int store_mb, uint64_t min_slots, bool block_io)
{
	const int last = 6000;		/* of a second, strided pass */
	struct vmdev_info info;
	struct vt_space v;
	char path[256];
	double start;

	vl_must_load("pool_mb=%d store=%s store_mb=%d", POOL_MB, store, store_mb);
	v = vt_space_new(WORK_PAGES * vt_page_size());
	vt_need(!vt_info(v.fd, &info), "GET_INFO");
	vt_check(info.store_slots >= min_slots, "%llu slots, expected %" PRIu64, info.store_slots,
		 min_slots);
	vt_check(!!(info.features & VMDEV_FEATURE_BLOCK_IO) == block_io, "features %#llx",
		 info.features);
	vt_need(!vt_sysfs_read("store/path", path, sizeof(path)), "store/path");
	vt_check(!strcmp(path, store), "store/path is %s, expected %s", path, store);
	start = vt_now();
	fill_range(v.mem, WORK_PAGES, 1, 0);
	vt_msg("%s: %d pages written in %.1f s", store, WORK_PAGES, vt_now() - start);
	start = vt_now();
	vt_check(check_range(v.mem, WORK_PAGES, 1, 0), "content lost");
	vt_msg("%s: read in %.1f s", store, vt_now() - start);
	/* Backwards, every fifth page written anew. */
	for (int i = last; i >= 0; i -= 5)
		fill_page(v.mem + i * vt_page_size(), 2, i);
	for (int i = 0; i <= last; i += 3)
		vt_check(check_page(v.mem + i * vt_page_size(), i % 5 == last % 5 ? 2 : 1, i),
			 "content lost");
	vt_check(vt_sysfs_u64("store/read_errors") + vt_sysfs_u64("store/write_errors") +
		 vt_sysfs_u64("store/checksum_errors") == 0, "errors were counted");
	vt_space_free(&v);
	vt_check(vt_nothing_left(), "after close");
	return true;
}

#define SLOTS(mb)	((uint64_t)(mb) * 256 - 16)

static bool test_ext4_directory(void)
{
	return swap_through(vl_mnt(), STORE_MB, SLOTS(STORE_MB), true);
}

static bool test_tmpfs_directory(void)
{
	mount_tmpfs("size=128m");
	return swap_through(FS_DIR, STORE_MB, SLOTS(STORE_MB), false);
}

static bool test_xfs_directory(void)
{
	if (!mount_spare("xfs"))
		return vt_skip("no xfs");
	return swap_through(FS_DIR, STORE_MB, SLOTS(STORE_MB), true);
}

static bool test_xfs_file(void)
{
	if (!mount_spare("xfs"))
		return vt_skip("no xfs");
	make_file(FS_DIR "/store", STORE_MB << 20, 0600, false);
	return swap_through(FS_DIR "/store", 0, SLOTS(STORE_MB), true);
}

/* Leave no room on a file system but 16 MiB and, all over it, holes of eight pages. */
static void leave_holes(const char *path)
{
	int fd;

	make_file(path, (off_t)(free_mb(FS_DIR) - 16) << 20, 0600, true);
	fd = open(path, O_RDWR | O_CLOEXEC);
	vt_need(fd >= 0, "%s: %s", path, strerror(errno));
	for (off_t at = 0; at < 512 << 20; at += 64 << 10)
		vt_need(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, 32 << 10),
			"punch: %s", strerror(errno));
	close(fd);
}

/* Most requests have to go to several places of the disk. */
static bool test_file_in_pieces(void)
{
	struct fiemap map = { .fm_length = FIEMAP_MAX_OFFSET, .fm_flags = FIEMAP_FLAG_SYNC };
	int fd;

	if (!mount_spare("xfs"))
		return vt_skip("no xfs");
	leave_holes(FS_DIR "/filler");
	make_file(FS_DIR "/store", STORE_MB << 20, 0600, true);
	fd = open(FS_DIR "/store", O_RDONLY | O_CLOEXEC);
	vt_need(fd >= 0 && !ioctl(fd, FS_IOC_FIEMAP, &map), "fiemap: %s", strerror(errno));
	close(fd);
	vt_need(map.fm_mapped_extents > 1000, "the store is in %u pieces", map.fm_mapped_extents);
	return swap_through(FS_DIR "/store", 0, SLOTS(STORE_MB), true);
}

static bool test_btrfs_directory(void)
{
	if (!mount_spare("btrfs"))
		return vt_skip("no btrfs");
	return swap_through(FS_DIR, STORE_MB, SLOTS(STORE_MB), false);
}

/*
 * No files without a name there: one is created and its name removed again, which must
 * leave nothing in the directory. And no owners or modes a file.
 */
static bool test_vfat_directory(void)
{
	unsigned int before;

	if (!mount_spare("vfat"))
		return vt_skip("no vfat");
	before = count_entries(FS_DIR);
	vt_check(swap_through(FS_DIR, STORE_MB, SLOTS(STORE_MB), false), "on vfat");
	vt_check(count_entries(FS_DIR) == before, "%u entries, %u before", count_entries(FS_DIR),
		 before);
	return true;
}

/* It promises direct I/O whatever is below it; tmpfs, until 6.5, can't do it. */
static bool test_overlay_directory(void)
{
	bool ok;

	if (!vl_run_command("modprobe overlay"))
		return vt_skip("no overlay");
	mount_tmpfs("size=128m");
	mkdir(OVER, 0700);
	vt_need(!mkdir(FS_DIR "/lower", 0700) && !mkdir(FS_DIR "/upper", 0700) &&
		!mkdir(FS_DIR "/work", 0700), "mkdir: %s", strerror(errno));
	vt_need(!mount("overlay", OVER, "overlay", 0, "lowerdir=" FS_DIR "/lower,upperdir=" FS_DIR
		       "/upper,workdir=" FS_DIR "/work"), "overlay: %s", strerror(errno));
	ok = swap_through(OVER, STORE_MB, SLOTS(STORE_MB), false);
	vt_check(!vl_unload() && !umount(OVER), "unload or umount: %s", strerror(errno));
	return ok;
}

/* A file whose name goes while it is the store: nothing is lost, and the log says so. */
static bool test_removed_file(void)
{
	const char *path = FS_DIR "/store";
	char line[VL_LOG_LINE];
	struct vt_space v;
	int mark;

	mount_tmpfs("size=128m");
	make_file(path, STORE_MB << 20, 0600, true);
	mark = vl_log_mark();
	vl_must_load("pool_mb=%d store=%s store_mb=0", POOL_MB, path);
	v = vt_space_new(WORK_PAGES * vt_page_size());
	fill_range(v.mem, WORK_PAGES / 2, 1, 0);
	vt_check(!unlink(path), "unlink: %s", strerror(errno));
	fill_range(v.mem + WORK_PAGES / 2 * vt_page_size(), WORK_PAGES / 2, 1, WORK_PAGES / 2);
	vt_check(check_range(v.mem, WORK_PAGES, 1, 0), "content lost");
	vt_space_free(&v);
	vt_check(!vl_unload(), "unload");
	vt_check(vl_log_next(mark, "has been removed while in use", line),
		 "the log doesn't say so");
	close(mark);
	return true;
}

static bool test_block_device(void)
{
	vt_check(swap_through(vl_disk(), STORE_MB, SLOTS(STORE_MB), true), "with store_mb");
	vt_check(vt_sysfs_u64("store/slots") <= STORE_MB * 256, "more slots than asked for");
	return true;
}

static bool test_whole_block_device(void)
{
	return swap_through(vl_disk(), 0, SLOTS(1024), true);
}

/* A file that is there: used whole, kept at unload. */
static bool existing_file(bool allocate)
{
	const char *path = on_mnt("vmdev-existing");
	struct stat st;

	make_file(path, STORE_MB << 20, 0600, allocate);
	vt_check(swap_through(path, 0, SLOTS(STORE_MB), true), "with store_mb=0");
	vt_check(!vl_unload(), "unload");
	vt_check(!stat(path, &st) && st.st_size == STORE_MB << 20, "the file is gone or resized");
	vt_check((st.st_blocks >> 11) >= STORE_MB, "%jd MiB of %d allocated",
		 (intmax_t)st.st_blocks >> 11, STORE_MB);
	vt_check(!unlink(path), "unlink after unload: %s", strerror(errno));
	return true;
}

static bool test_existing_file(void)
{
	return existing_file(true);
}

/* With holes: filled at load, for later it might be too late. */
static bool test_sparse_file(void)
{
	return existing_file(false);
}

/* The first part of a file. */
static bool test_part_of_file(void)
{
	const char *path = on_mnt("vmdev-existing");
	struct stat st;

	make_file(path, 2 * STORE_MB << 20, 0600, true);
	vt_check(swap_through(path, STORE_MB, SLOTS(STORE_MB), true), "with store_mb");
	vt_check(vt_sysfs_u64("store/slots") <= STORE_MB * 256, "more slots than asked for");
	vt_check(!vl_unload(), "unload");
	vt_check(!stat(path, &st) && st.st_size == 2 * STORE_MB << 20, "the file was resized");
	unlink(path);
	return true;
}

/* A name that isn't there: created for root alone, gone at unload. */
static bool test_new_file(void)
{
	const char *path = on_mnt("vmdev-new");
	struct stat st;

	unlink(path);
	umask(0);
	vt_check(swap_through(path, STORE_MB, SLOTS(STORE_MB), true), "a new file");
	vt_check(!stat(path, &st) && S_ISREG(st.st_mode), "%s: %s", path, strerror(errno));
	vt_check((st.st_mode & 07777) == 0600 && st.st_uid == 0, "mode %04o uid %u",
		 st.st_mode & 07777, st.st_uid);
	vt_check((st.st_blocks >> 11) >= STORE_MB, "%jd MiB of %d allocated",
		 (intmax_t)st.st_blocks >> 11, STORE_MB);
	vt_check(!vl_unload(), "unload");
	vt_check(stat(path, &st) && errno == ENOENT, "%s is still there after unload", path);
	return true;
}

/* No parameter at all: 64 MiB and an unnamed GiB in /var/tmp. */
static bool test_defaults(void)
{
	struct vt_space v;
	char path[256];

	vl_must_load("%s", "");
	vt_check(vt_pool_frames() == 64 * 256, "%" PRIu64 " frames", vt_pool_frames());
	vt_check(vt_sysfs_u64("store/slots") >= SLOTS(1024), "%" PRIu64 " slots",
		 vt_sysfs_u64("store/slots"));
	vt_need(!vt_sysfs_read("store/path", path, sizeof(path)), "store/path");
	vt_check(!strcmp(path, "/var/tmp"), "store/path is %s", path);
	v = vt_space_new(20000 * vt_page_size());
	fill_range(v.mem, 20000, 3, 0);
	vt_check(check_range(v.mem, 20000, 3, 0), "content lost");
	vt_space_free(&v);
	return true;
}

static const struct vt_test tests[] = {
	{ "directory on ext4", test_ext4_directory },
	{ "directory on tmpfs", test_tmpfs_directory },
	{ "directory on xfs", test_xfs_directory },
	{ "directory on btrfs", test_btrfs_directory },
	{ "directory on vfat", test_vfat_directory },
	{ "directory on an overlay over tmpfs", test_overlay_directory },
	{ "file on xfs", test_xfs_file },
	{ "file in pieces", test_file_in_pieces },
	{ "existing file", test_existing_file },
	{ "existing file with holes", test_sparse_file },
	{ "part of an existing file", test_part_of_file },
	{ "new file", test_new_file },
	{ "a file that is removed while in use", test_removed_file },
	{ "block device", test_block_device },
	{ "whole block device", test_whole_block_device },
	{ "no parameters", test_defaults },
};

int main(void)
{
	const struct vl_suite suite = {
		.tests = tests,
		.count = ARRAY_SIZE(tests),
		.after_unload = unmount_all,
	};

	return vl_run(&suite);
}
