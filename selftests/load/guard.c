// SPDX-License-Identifier: GPL-2.0
/*
 * While the module uses a store nobody else can write, cut or remove it; an
 * unnamed store leaves nothing in its directory; afterwards all is as before.
 */
#define _GNU_SOURCE
#include "files.h"

#define STORE_MB	32

static bool fails(int ret, int want, const char *what)
{
	vt_check(ret == -1 && errno == want, "%s: %s, expected %s", what,
		 ret == -1 ? strerror(errno) : "success", strerror(want));
	return true;
}

/* More than the pool, so that the store is in real use. */
static struct vt_space used_space(void)
{
	struct vt_space v = vt_space_new(3000 * vt_page_size());

	fill_range(v.mem, 3000, 1, 0);
	return v;
}

static bool no_writer(const char *path)
{
	vt_check(fails(open(path, O_RDWR), ETXTBSY, "open O_RDWR") &&
		 fails(open(path, O_WRONLY), ETXTBSY, "open O_WRONLY") &&
		 fails(open(path, O_WRONLY | O_TRUNC), ETXTBSY, "open O_TRUNC") &&
		 fails(truncate(path, 0), ETXTBSY, "truncate") &&
		 fails(truncate(path, 1LL << 30), ETXTBSY, "truncate to more"), "%s", path);
	return true;
}

/* A file that is written by block I/O: its blocks may not go away either. */
static bool file_guarded(const char *path)
{
	struct stat before, after;
	struct vt_space v;
	int fd;

	vl_must_load("pool_mb=4 store=%s store_mb=0", path);
	v = used_space();
	vt_need(!stat(path, &before), "%s: %s", path, strerror(errno));
	vt_check(no_writer(path), "while in use");
	vt_check(fails(unlink(path), EPERM, "unlink"), "%s", path);
	vt_check(fails(rename(path, on_mnt("vmdev-renamed")), EPERM, "rename"), "%s", path);
	vt_check(check_range(v.mem, 3000, 1, 0), "content lost");
	vt_need(!stat(path, &after), "%s: %s", path, strerror(errno));
	vt_check(before.st_ino == after.st_ino && before.st_size == after.st_size, "%s changed",
		 path);
	vt_space_free(&v);
	vt_check(!vl_unload(), "unload");
	fd = open(path, O_RDWR | O_CLOEXEC);
	vt_check(fd >= 0 && pwrite(fd, "x", 1, 0) == 1, "writing after unload: %s",
		 strerror(errno));
	close(fd);
	vt_check(!truncate(path, 100) && !unlink(path), "after unload: %s", strerror(errno));
	return true;
}

static bool test_ext4_file(void)
{
	const char *path = on_mnt("vmdev-guarded");

	make_file(path, STORE_MB << 20, 0600, true);
	return file_guarded(path);
}

static bool test_xfs_file(void)
{
	if (!mount_spare("xfs"))
		return vt_skip("no xfs");
	make_file(FS_DIR "/store", STORE_MB << 20, 0600, true);
	vl_must_load("pool_mb=4 store=" FS_DIR "/store store_mb=%d", 0);
	vt_check(no_writer(FS_DIR "/store"), "while in use");
	vt_check(fails(unlink(FS_DIR "/store"), EPERM, "unlink"), "on xfs");
	vt_check(!vl_unload(), "unload");
	vt_check(!unlink(FS_DIR "/store"), "unlink after unload: %s", strerror(errno));
	return true;
}

/* Without block I/O: writers are kept out all the same. */
static bool test_tmpfs_file(void)
{
	struct vt_space v;

	mount_tmpfs("size=64m");
	make_file(FS_DIR "/store", STORE_MB << 20, 0600, false);
	vl_must_load("pool_mb=4 store=" FS_DIR "/store store_mb=%d", 0);
	v = used_space();
	vt_check(no_writer(FS_DIR "/store"), "while in use");
	vt_check(check_range(v.mem, 3000, 1, 0), "content lost");
	vt_space_free(&v);
	vt_check(!vl_unload(), "unload");
	vt_check(!truncate(FS_DIR "/store", 0), "truncate after unload: %s", strerror(errno));
	return true;
}

static bool test_new_file(void)
{
	char path[256];

	snprintf(path, sizeof(path), "%s", on_mnt("vmdev-new"));
	unlink(path);
	vl_must_load("pool_mb=4 store=%s store_mb=%d", path, STORE_MB);
	vt_check(no_writer(path), "while in use");
	vt_check(fails(unlink(path), EPERM, "unlink"), "%s", path);
	vt_check(!vl_unload() && access(path, F_OK), "%s is left", path);
	return true;
}

static bool test_block_device(void)
{
	struct vt_space v;

	vl_must_load("pool_mb=4 store=%s store_mb=%d", vl_disk(), STORE_MB);
	v = used_space();
	vt_check(fails(open(vl_disk(), O_RDWR | O_EXCL), EBUSY, "open O_EXCL"), "%s", vl_disk());
	mkdir(FS_DIR, 0700);
	vt_check(fails(mount(vl_disk(), FS_DIR, "ext4", 0, NULL), EBUSY, "mount"), "%s", vl_disk());
	vt_check(check_range(v.mem, 3000, 1, 0), "content lost");
	vt_space_free(&v);
	vt_check(!vl_unload(), "unload");
	vt_check(open(vl_disk(), O_RDWR | O_EXCL) >= 0, "open O_EXCL after unload: %s",
		 strerror(errno));
	return true;
}

/* An unnamed file: nothing to see, nothing left, its space comes back. */
static bool unnamed(const char *dir)
{
	unsigned int entries = count_entries(dir);
	uint64_t free = free_mb(dir), while_used;
	struct vt_space v;

	vl_must_load("pool_mb=4 store=%s store_mb=%d", dir, STORE_MB);
	v = used_space();
	vt_check(count_entries(dir) == entries, "the store has a name in %s", dir);
	while_used = free_mb(dir);
	vt_check(while_used + STORE_MB <= free + 1, "the store isn't allocated: %" PRIu64
		 " MiB free, before %" PRIu64, while_used, free);
	vt_check(check_range(v.mem, 3000, 1, 0), "content lost");
	vt_space_free(&v);
	vt_check(!vl_unload(), "unload");
	vt_check(count_entries(dir) == entries, "something is left in %s", dir);
	vt_check(free_mb(dir) + 2 >= free, "%" PRIu64 " MiB free, before %" PRIu64, free_mb(dir),
		 free);
	return true;
}

static bool test_unnamed_ext4(void)
{
	return unnamed(vl_mnt());
}

static bool test_unnamed_tmpfs(void)
{
	mount_tmpfs("size=64m");
	return unnamed(FS_DIR);
}

/* The file system can't be unmounted from under the store. */
static bool test_no_unmount(void)
{
	mount_tmpfs("size=64m");
	vl_must_load("pool_mb=4 store=" FS_DIR " store_mb=%d", STORE_MB);
	vt_check(fails(umount(FS_DIR), EBUSY, "umount"), "while in use");
	vt_check(!vl_unload(), "unload");
	vt_check(!umount(FS_DIR), "umount after unload: %s", strerror(errno));
	return true;
}

/* A disk that fills up later takes nothing from the store. */
static bool test_full_disk(void)
{
	char *buf = malloc(1 << 20);
	struct vt_space v;
	int fd;

	mount_tmpfs("size=24m");
	vl_must_load("pool_mb=4 store=" FS_DIR " store_mb=%d", 16);
	fd = open(FS_DIR "/filler", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	vt_need(fd >= 0, "filler: %s", strerror(errno));
	memset(buf, 0x77, 1 << 20);
	while (write(fd, buf, 1 << 20) > 0)
		;
	vt_need(errno == ENOSPC, "filler: %s", strerror(errno));
	close(fd);
	v = vt_space_new(15 * 256 * vt_page_size());
	fill_range(v.mem, 15 * 256, 2, 0);
	vt_check(check_range(v.mem, 15 * 256, 2, 0), "content lost");
	vt_check(vt_sysfs_u64("store/write_errors") == 0, "%" PRIu64 " failed writes",
		 vt_sysfs_u64("store/write_errors"));
	vt_space_free(&v);
	free(buf);
	return true;
}

static const struct vt_test tests[] = {
	{ "file on ext4", test_ext4_file },
	{ "file on xfs", test_xfs_file },
	{ "file on tmpfs", test_tmpfs_file },
	{ "new file", test_new_file },
	{ "block device", test_block_device },
	{ "unnamed on ext4", test_unnamed_ext4 },
	{ "unnamed on tmpfs", test_unnamed_tmpfs },
	{ "no unmount", test_no_unmount },
	{ "a disk that fills up", test_full_disk },
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
