// SPDX-License-Identifier: GPL-2.0
/*
 * A store file on a file system that is remounted read-only, has an error, is forced
 * down, or fills up. With block I/O (ext4, XFS) the file's blocks are the module's and
 * nothing changes; with file I/O reads give SIGBUS or work, writes stay in memory, as
 * the file system has it. It can be unloaded in each case.
 */
#define _GNU_SOURCE
#include <sys/mount.h>
#include <sys/statvfs.h>

#include "vmdev_load.h"
#include "vmdev_machine.h"

#ifndef EXT4_IOC_SHUTDOWN	/* XFS has the same */
#define EXT4_IOC_SHUTDOWN	_IOR('X', 125, __u32)
#endif
#define SHUTDOWN_LOGFLUSH	1U
#define SHUTDOWN_NOLOGFLUSH	2U

#define MNT	"/tmp/vmdev-fs"
#define OVER	"/tmp/vmdev-overlay"
#define PAGES	1200
#define HALF	(PAGES / 2)
#define POOL_MB	4

static void unmount(void)
{
	umount2(OVER, MNT_DETACH);
	umount2(MNT, MNT_DETACH);
}

/* A new file system on the spare disk, mounted; false where there is no such kind. */
static bool make_fs(const char *type, const char *options)
{
	bool made;

	unmount();
	mkdir(MNT, 0755);
	mkdir(OVER, 0755);
	if (!vl_run_command("modprobe %s && command -v mkfs.%s > /dev/null", type, type))
		return false;
	if (!strcmp(type, "ext4"))
		made = vl_run_command("mkfs.ext4 -q -F %s 128M", vl_disk());
	else if (!strcmp(type, "xfs"))
		made = vl_run_command("mkfs.xfs -f -d size=300m %s", vl_disk());
	else
		made = vl_run_command("mkfs.btrfs -f -b 160M %s", vl_disk());
	vt_need(made && !mount(vl_disk(), MNT, type, 0, options), "%s: %s", type, strerror(errno));
	return true;
}

/* An overlay with its files on ext4: the module uses file I/O there. */
static bool make_overlay(const char *options)
{
	if (!make_fs("ext4", options) || !vl_run_command("modprobe overlay"))
		return false;
	vt_need(!mkdir(MNT "/lower", 0755) && !mkdir(MNT "/upper", 0755) &&
		!mkdir(MNT "/work", 0755), "mkdir: %s", strerror(errno));
	vt_need(!mount("overlay", OVER, "overlay", 0, "lowerdir=" MNT "/lower,upperdir=" MNT
		       "/upper,workdir=" MNT "/work"), "overlay: %s", strerror(errno));
	return true;
}

static void load(const char *dir)
{
	vl_must_load("pool_mb=%d store=%s/store store_mb=16 readahead=0", POOL_MB, dir);
}

static bool by_blocks(void)
{
	int fd = vt_open();
	struct vmdev_info info;

	vt_need(!vt_info(fd, &info), "GET_INFO");
	close(fd);
	return info.features & VMDEV_FEATURE_BLOCK_IO;
}

static char *page_of(const struct vt_space *v, unsigned int index)
{
	return v->mem + index * vt_page_size();
}

static struct vt_space two_halves(void)
{
	struct vt_space v = vt_space_new(PAGES * vt_page_size());

	fill_range(v.mem, HALF, 1, 0);
	vt_need(vt_evict_range(v.fd, 0, HALF * vt_page_size()), "pages stayed");
	fill_range(page_of(&v, HALF), HALF, 1, HALF);
	return v;
}

/* Nothing has changed for the module. */
static bool goes_on(struct vt_space *v)
{
	vt_check(check_range(v->mem, PAGES, 1, 0), "content lost");
	vt_check(vt_evict_all(v), "pages stayed");
	fill_range(v->mem, HALF, 2, 0);
	vt_check(vt_evict_all(v), "pages stayed");
	vt_check(check_range(v->mem, HALF, 2, 0) &&
		 check_range(page_of(v, HALF), HALF, 1, HALF), "content lost");
	vt_check(vt_sysfs_u64("store/read_errors") + vt_sysfs_u64("store/write_errors") +
		 vt_sysfs_u64("store/checksum_errors") == 0, "errors were counted");
	return true;
}

static bool unloads(struct vt_space *v)
{
	int ret;

	vt_space_free(v);
	vt_check(vt_nothing_left(), "after close");
	ret = vl_unload_patiently(20);
	vt_check(!ret, "unload: %s", strerror(-ret));
	/* the overlay, if there is one, keeps the other busy */
	umount(OVER);
	vt_check(!umount(MNT), "the file system can't be unmounted: %s", strerror(errno));
	return true;
}

static int shut_down(const char *dir, uint32_t how)
{
	int fd = open(dir, O_RDONLY | O_CLOEXEC), ret;

	vt_need(fd >= 0, "%s: %s", dir, strerror(errno));
	ret = ioctl(fd, EXT4_IOC_SHUTDOWN, &how) ? -errno : 0;
	close(fd);
	return ret;
}

/* Forced down under a store with block I/O: the device is there still. */
static bool shut_down_by_blocks(const char *type, uint32_t how)
{
	struct vt_space v;
	int ret;

	if (!make_fs(type, NULL))
		return vt_skip("no %s", type);
	load(MNT);
	vt_check(by_blocks(), "no block I/O on %s", type);
	v = two_halves();
	ret = shut_down(MNT, how);
	vt_check(!ret, "shutdown: %s", strerror(-ret));
	ret = open(MNT "/x", O_CREAT | O_WRONLY, 0600);
	vt_check(ret < 0, "the file system works on");
	return goes_on(&v) && unloads(&v);
}

static bool test_ext4_down(void)
{
	return shut_down_by_blocks("ext4", SHUTDOWN_NOLOGFLUSH);
}

static bool test_ext4_down_flushed(void)
{
	return shut_down_by_blocks("ext4", SHUTDOWN_LOGFLUSH);
}

static bool test_xfs_down(void)
{
	return shut_down_by_blocks("xfs", SHUTDOWN_NOLOGFLUSH);
}

/* Forced down under a store with file I/O: reads and writes of the file fail. */
static bool test_overlay_down(void)
{
	struct vt_space v;
	int ret;

	if (!make_overlay(NULL))
		return vt_skip("no overlay");
	load(OVER);
	vt_check(!by_blocks(), "block I/O on overlay");
	v = two_halves();
	ret = shut_down(MNT, SHUTDOWN_NOLOGFLUSH);
	vt_check(!ret, "shutdown: %s", strerror(-ret));
	for (unsigned int i = 0; i < HALF; i += 7)
		vt_check(vt_touch_sigbus(page_of(&v, i), i % 2, NULL),
			 "page %u of a file that is gone can be touched", i);
	vt_check(vt_sysfs_u64("store/read_errors") >= 1, "no read error was counted");
	vt_check(check_range(page_of(&v, HALF), HALF, 1, HALF), "pages in memory");
	vt_evict(v.fd, HALF * vt_page_size(), HALF * vt_page_size());
	vt_check(check_range(page_of(&v, HALF), HALF, 1, HALF), "pages that can't be written");
	vt_check(vt_sysfs_u64("store/write_errors") >= 1, "no write error was counted");
	return unloads(&v);
}

/* Somebody asks for read-only: refused while the store is open for writing. */
static bool refuses_remount(const char *dir)
{
	struct vt_space v;
	int ret;

	load(dir);
	v = two_halves();
	ret = mount(NULL, dir, NULL, MS_REMOUNT | MS_RDONLY, NULL) ? -errno : 0;
	vt_check(ret == -EBUSY, "remount read-only: %s", strerror(-ret));
	vt_check(goes_on(&v), "after that");
	return unloads(&v);
}

static bool remount(const char *type)
{
	return make_fs(type, NULL) ? refuses_remount(MNT) : vt_skip("no %s", type);
}

static bool test_ext4_remount(void)
{
	return remount("ext4");
}

static bool test_xfs_remount(void)
{
	return remount("xfs");
}

static bool test_btrfs_remount(void)
{
	return remount("btrfs");
}

/* The file system makes itself read-only, for an error it found. */
static bool make_read_only(void)
{
	const char *disk = strrchr(vl_disk(), '/') + 1;
	struct vm_quiet q;
	char path[128];
	int ret;

	snprintf(path, sizeof(path), "/sys/fs/ext4/%s/trigger_fs_error", disk);
	q = vm_quiet_begin();
	ret = vm_write(path, "test");
	vt_check(vm_quiet_end(&q), "the kernel reported a bug");
	vt_check(!ret, "%s: %s", path, strerror(-ret));
	vt_check(mkdir(MNT "/x", 0755) && (errno == EROFS || errno == EIO), "it isn't read-only");
	return true;
}

static bool test_ext4_error(void)
{
	struct vt_space v;

	if (!make_fs("ext4", "errors=remount-ro"))
		return vt_skip("no ext4");
	load(MNT);
	v = two_halves();
	return make_read_only() && goes_on(&v) && unloads(&v);
}

/*
 * The same below file I/O: what can't be written stays in memory, nobody gets SIGBUS,
 * and what was written is read.
 */
static bool test_overlay_error(void)
{
	struct vt_space v;

	if (!make_overlay("errors=remount-ro"))
		return vt_skip("no overlay");
	load(OVER);
	vt_check(!by_blocks(), "block I/O on overlay");
	v = two_halves();
	vt_check(make_read_only(), "errors=remount-ro");
	vt_check(check_range(v.mem, PAGES, 1, 0), "content lost");
	fill_range(page_of(&v, HALF), HALF, 2, HALF);
	vt_evict(v.fd, 0, v.length);
	vt_msg("%" PRIu64 " write errors", vt_sysfs_u64("store/write_errors"));
	vt_check(check_range(v.mem, HALF, 1, 0) && check_range(page_of(&v, HALF), HALF, 2, HALF),
		 "content lost");
	vt_check(vt_sysfs_u64("store/read_errors") + vt_sysfs_u64("store/checksum_errors") == 0 &&
		 vt_stats_now(v.fd).bad == 0, "pages are bad");
	return unloads(&v);
}

/* ---- a disk that fills up ---- */

static void fill_disk(const char *dir)
{
	static char buf[1 << 16];
	struct statvfs st;
	char path[128];
	uint64_t state = 1;
	int fd;

	snprintf(path, sizeof(path), "%s/filler", dir);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	vt_need(fd >= 0, "%s: %s", path, strerror(errno));
	/* most of it without writing, where the file system can do that */
	for (off_t at = 0, size = 64 << 20; size >= 1 << 20;) {
		if (fallocate(fd, 0, at, size))
			size /= 2;
		else
			at = lseek(fd, at + size, SEEK_SET);
	}
	for (size_t size = sizeof(buf); size >= 512;) {
		for (size_t i = 0; i < size; i += 8)
			*(uint64_t *)(buf + i) = vt_random(&state);
		if (write(fd, buf, size) < (ssize_t)size)
			size /= 2;
	}
	fsync(fd);
	close(fd);
	vt_need(!statvfs(dir, &st), "statvfs");
	vt_need((st.f_bavail * st.f_frsize) >> 20 < 4, "%lu MiB are free on a full disk",
		(unsigned long)(st.f_bavail * st.f_frsize) >> 20);
}

static bool full_disk(const char *type, const char *options)
{
	struct vt_space v;

	if (!make_fs(type, options))
		return vt_skip("no %s", type);
	load(MNT);
	fill_disk(MNT);
	v = two_halves();
	return goes_on(&v) && unloads(&v);
}

static bool test_ext4_full(void)
{
	return full_disk("ext4", NULL);
}

static bool test_xfs_full(void)
{
	return full_disk("xfs", NULL);
}

/* No block device below, and the file's pages were paid for when it was made. */
static bool test_tmpfs_full(void)
{
	struct vt_space v;

	unmount();
	mkdir(MNT, 0755);
	vt_need(!mount("tmpfs", MNT, "tmpfs", 0, "size=20m"), "mount: %s", strerror(errno));
	load(MNT);
	vt_check(!by_blocks(), "block I/O on tmpfs");
	fill_disk(MNT);
	v = two_halves();
	return goes_on(&v) && unloads(&v);
}

/* Too small from the start: refused, and the directory is as it was. */
static bool test_too_small(void)
{
	struct statvfs before, after;
	int ret;

	unmount();
	mkdir(MNT, 0755);
	vt_need(!mount("tmpfs", MNT, "tmpfs", 0, "size=10m"), "mount: %s", strerror(errno));
	vt_need(!statvfs(MNT, &before), "statvfs");
	ret = vl_load("pool_mb=%d store=%s store_mb=16", POOL_MB, MNT);
	vt_check(ret == -ENOSPC, "16 MiB on a disk of 10: %s", strerror(-ret));
	vt_need(!statvfs(MNT, &after), "statvfs");
	vt_check(before.f_bfree == after.f_bfree, "%lu blocks were free, %lu are",
		 (unsigned long)before.f_bfree, (unsigned long)after.f_bfree);
	vt_check(!umount(MNT), "umount: %s", strerror(errno));
	return true;
}

/*
 * btrfs writes each time to another place: on a full disk that may fail. Nothing is
 * lost for it, and with room again all goes on.
 */
static bool test_btrfs_full(void)
{
	struct vt_space v;

	if (!make_fs("btrfs", "max_inline=0"))
		return vt_skip("no btrfs");
	load(MNT);
	vt_check(!by_blocks(), "block I/O on btrfs");
	v = two_halves();
	fill_disk(MNT);
	for (int i = 0; i < 3; i++) {
		vt_evict(v.fd, 0, v.length);
		vt_check(check_range(page_of(&v, HALF), HALF, 1, HALF), "pages in memory");
		fill_range(page_of(&v, HALF), HALF, 1, HALF);
	}
	vt_msg("%" PRIu64 " write errors", vt_sysfs_u64("store/write_errors"));
	vt_check(check_range(v.mem, PAGES, 1, 0), "content lost");
	vt_check(vt_sysfs_u64("store/read_errors") == 0 && vt_stats_now(v.fd).bad == 0,
		 "bad pages");
	vt_need(!unlink(MNT "/filler"), "unlink: %s", strerror(errno));
	sync();
	vt_check(vt_evict_all(&v), "pages stayed with room again");
	vt_check(check_range(v.mem, PAGES, 1, 0), "content lost");
	return unloads(&v);
}

static const struct vt_test tests[] = {
	{ "ext4 forced down", test_ext4_down },
	{ "ext4 forced down, log flushed", test_ext4_down_flushed },
	{ "XFS forced down", test_xfs_down },
	{ "ext4 below an overlay forced down", test_overlay_down },
	{ "ext4 to be remounted read-only", test_ext4_remount },
	{ "XFS to be remounted read-only", test_xfs_remount },
	{ "btrfs to be remounted read-only", test_btrfs_remount },
	{ "ext4 makes itself read-only", test_ext4_error },
	{ "ext4 below an overlay makes itself read-only", test_overlay_error },
	{ "ext4 fills up", test_ext4_full },
	{ "XFS fills up", test_xfs_full },
	{ "tmpfs fills up", test_tmpfs_full },
	{ "a disk too small for the store", test_too_small },
	{ "btrfs fills up", test_btrfs_full },
};

int main(void)
{
	const struct vl_suite suite = {
		.tests = tests,
		.count = ARRAY_SIZE(tests),
		.seconds = 100,
		.after_unload = unmount,
	};

	return vl_run(&suite);
}
