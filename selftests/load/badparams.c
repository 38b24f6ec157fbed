// SPDX-License-Identifier: GPL-2.0
/*
 * Every parameter that can't work fails the load with the fitting errno and one
 * line in the kernel log that names the parameter and its value, and leaves
 * nothing behind.
 */
#define _GNU_SOURCE
#include <sys/ioctl.h>
#include <sys/swap.h>
#include <linux/fs.h>

#include "files.h"

/* Up to three errnos that fit; 0 ends the list. */
struct bad {
	const char *name, *value, *others;
	int want[3];
};

static bool one_of(int ret, const int *want)
{
	for (int i = 0; i < 3 && want[i]; i++)
		if (ret == -want[i])
			return true;
	return false;
}

/* The one line of the module's own that the load left in the kernel log. */
static bool log_names(int mark, const char *name, const char *value)
{
	char line[VL_LOG_LINE], key[600];
	unsigned int lines = 0, naming = 0;

	snprintf(key, sizeof(key), "%s=%s", name, value);
	while (vl_log_next(mark, "vmdev: ", line)) {
		/* The kernel's own lines: on the first load, and on a number's error. */
		if (strstr(line, "taint") || strstr(line, "' invalid for parameter `"))
			continue;
		lines++;
		if (strstr(line, key) || (strstr(line, name) && strstr(line, value)))
			naming++;
		vt_msg("log: %s", line);
	}
	vt_check(naming == 1 && lines == 1, "%u of %u log lines name %s", naming, lines, key);
	return true;
}

static bool refused(const struct bad *b)
{
	int mark = vl_log_mark();
	int ret = vl_load("pool_mb=4 store=%s store_mb=8 %s %s=%s", vl_mnt(), b->others ?: "",
			  b->name, b->value);

	if (!ret)
		vt_need(!vl_unload(), "unload");
	vt_check(one_of(ret, b->want), "%s=%.60s: %s, expected %s", b->name, b->value,
		 ret ? strerror(-ret) : "success", strerror(b->want[0]));
	vt_check(!vl_loaded() && access(VT_DEVICE, F_OK) && access(VT_SYSFS, F_OK),
		 "%s=%s: something is left", b->name, b->value);
	vt_check(log_names(mark, b->name, b->value), "%s=%s", b->name, b->value);
	close(mark);
	return true;
}

static bool all_refused(const struct bad *list, unsigned int count)
{
	unsigned int entries = count_entries(vl_mnt()), wrong = 0;
	uint64_t free = free_mb(vl_mnt());

	for (unsigned int i = 0; i < count; i++)
		wrong += !refused(&list[i]);
	vt_check(!wrong, "%u of %u", wrong, count);
	vt_check(count_entries(vl_mnt()) == entries, "a file is left in %s", vl_mnt());
	vt_check(free_mb(vl_mnt()) + 2 >= free, "%" PRIu64 " MiB of %s are gone",
		 free - free_mb(vl_mnt()), vl_mnt());
	return true;
}

static bool test_numbers(void)
{
	static const struct bad list[] = {
		{ "pool_mb", "0", NULL, { EINVAL } },
		{ "pool_mb", "-1", NULL, { EINVAL } },
		{ "pool_mb", "many", NULL, { EINVAL } },
		{ "pool_mb", "4x", NULL, { EINVAL } },
		{ "pool_mb", "99999999999999999999", NULL, { EINVAL, ERANGE } },
		{ "store_mb", "-1", NULL, { EINVAL } },
		{ "store_mb", "some", NULL, { EINVAL } },
		{ "store_mb", "99999999999999999999", NULL, { EINVAL, ERANGE } },
		{ "overcommit", "2", NULL, { EINVAL } },
		{ "overcommit", "-1", NULL, { EINVAL } },
		{ "overcommit", "maybe", NULL, { EINVAL } },
		{ "readahead", "257", NULL, { EINVAL } },
		{ "readahead", "100000", NULL, { EINVAL } },
		{ "readahead", "-1", NULL, { EINVAL } },
		{ "readahead", "all", NULL, { EINVAL } },
		{ "checksum", "2", NULL, { EINVAL } },
		{ "checksum", "-1", NULL, { EINVAL } },
		{ "checksum", "crc", NULL, { EINVAL } },
		{ "policy", "nonsense", NULL, { EINVAL } },
		{ "policy", "clock2", NULL, { EINVAL } },
		{ "policy", "fif", NULL, { EINVAL } },
	};

	return all_refused(list, ARRAY_SIZE(list));
}

/* More than there is: ENOMEM, and nobody is killed for it. */
static bool test_huge_pool(void)
{
	uint64_t kills = vl_oom_kills(), free = vl_meminfo_kb("MemAvailable");
	char total[32], available[32];
	const struct bad list[] = {
		{ "pool_mb", total, NULL, { ENOMEM } },
		{ "pool_mb", available, NULL, { ENOMEM } },
		{ "pool_mb", "100000", NULL, { ENOMEM } },
		{ "pool_mb", "1000000", NULL, { ENOMEM } },
		{ "pool_mb", "16777215", NULL, { ENOMEM, EINVAL } },
		{ "pool_mb", "4294967295", NULL, { ENOMEM, EINVAL } },
	};
	char line[VL_LOG_LINE];
	int mark = vl_log_mark();

	snprintf(total, sizeof(total), "%" PRIu64, vl_meminfo_kb("MemTotal") >> 10);
	snprintf(available, sizeof(available), "%" PRIu64, (free >> 10) + 16);
	vt_check(all_refused(list, ARRAY_SIZE(list)), "huge pools");
	vt_check(vl_oom_kills() == kills, "the OOM killer ran");
	vt_check(!vl_log_next(mark, "oom", line), "log: %s", line);
	close(mark);
	vt_check(vl_meminfo_kb("MemAvailable") + (32 << 10) > free,
		 "%" PRIu64 " KiB available before, %" PRIu64 " after", free,
		 vl_meminfo_kb("MemAvailable"));
	return true;
}

/* The path itself is at fault. */
static bool test_paths(void)
{
	char fifo[256], empty[256], small[256];
	const struct bad list[] = {
		{ "store", "/nowhere/at/all", NULL, { ENOENT } },
		{ "store", "", NULL, { EINVAL, ENOENT } },
		{ "store", "/dev/null", NULL, { EINVAL } },
		{ "store", "/dev/kmsg", NULL, { EINVAL } },
		{ "store", "/proc", NULL, { EOPNOTSUPP, EINVAL, ENOENT } },
		{ "store", "/proc/version", NULL, { EINVAL, EACCES, EPERM } },
		{ "store", "/etc/passwd/x", NULL, { ENOTDIR } },
		{ "store", fifo, NULL, { EINVAL, ENXIO } },
		{ "store", empty, "store_mb=0", { EINVAL, ENOSPC } },
		{ "store", small, "store_mb=0", { EINVAL, ENOSPC } },
	};

	snprintf(fifo, sizeof(fifo), "%s", on_mnt("vmdev-fifo"));
	snprintf(empty, sizeof(empty), "%s", on_mnt("vmdev-empty"));
	snprintf(small, sizeof(small), "%s", on_mnt("vmdev-small"));
	unlink(fifo);
	vt_need(!mkfifo(fifo, 0600), "mkfifo: %s", strerror(errno));
	make_file(empty, 0, 0600, false);
	make_file(small, 100, 0600, false);
	vt_check(all_refused(list, ARRAY_SIZE(list)), "paths");
	unlink(fifo);
	unlink(empty);
	unlink(small);
	return true;
}

/* store_mb and the place don't fit. */
static bool test_sizes(void)
{
	char huge[64];
	const struct bad list[] = {
		{ "store_mb", "0", NULL, { EINVAL } },
		{ "store_mb", "8000", NULL, { ENOSPC } },
		{ "store_mb", huge, NULL, { ENOSPC } },
		{ "store_mb", "100000000", NULL, { ENOSPC, EFBIG, EINVAL } },
	};
	const struct bad device[] = {
		{ "store_mb", "1025", NULL, { ENOSPC, EINVAL } },
		{ "store_mb", "100000", NULL, { ENOSPC, EINVAL } },
	};

	snprintf(huge, sizeof(huge), "%" PRIu64, free_mb(vl_mnt()) + 64);
	vt_check(all_refused(list, ARRAY_SIZE(list)), "in a directory");
	for (unsigned int i = 0; i < ARRAY_SIZE(device); i++) {
		struct bad b = device[i];
		char others[300];

		snprintf(others, sizeof(others), "store=%s", vl_disk());
		b.others = others;
		vt_check(refused(&b), "on a block device");
	}
	return true;
}

/* Refused for whose file it is, or who uses it. */
static bool file_refused(const char *path, int want, int or)
{
	struct bad b = { "store", path, "store_mb=0", { want, or } };

	return refused(&b);
}

static bool test_writable_by_others(void)
{
	const char *path = on_mnt("vmdev-others");

	make_file(path, 8 << 20, 0666, true);
	vt_check(file_refused(path, EPERM, 0), "mode 0666");
	vt_need(!chmod(path, 0620), "chmod");
	vt_check(file_refused(path, EPERM, 0), "mode 0620");
	vt_need(!chmod(path, 0602), "chmod");
	vt_check(file_refused(path, EPERM, 0), "mode 0602");
	vt_need(!chmod(path, 0600) && !chown(path, 65534, 0), "chown");
	vt_check(file_refused(path, EPERM, 0), "of another user");
	vt_need(!chown(path, 0, 0), "chown");
	vl_must_load("pool_mb=4 store=%s store_mb=0", path);
	vt_check(!vl_unload(), "unload");
	unlink(path);
	return true;
}

/* It is taken, and nobody can read any more what programs will hold in memory. */
static bool test_readable_by_others(void)
{
	const char *path = on_mnt("vmdev-readers");
	struct stat st;

	make_file(path, 8 << 20, 0644, true);
	vl_must_load("pool_mb=4 store=%s store_mb=0", path);
	vt_check(!stat(path, &st) && (st.st_mode & 07777) == 0600, "mode %o while in use",
		 st.st_mode & 07777);
	vt_check(!vl_unload(), "unload");
	unlink(path);
	return true;
}

static bool test_swap_file(void)
{
	const char *path = on_mnt("vmdev-swap");
	bool ok;

	make_file(path, 8 << 20, 0600, true);
	vt_need(vl_run_command("mkswap %s > /dev/null", path), "mkswap");
	vt_need(!swapon(path, 0), "swapon: %s", strerror(errno));
	ok = file_refused(path, EBUSY, ETXTBSY);
	vt_check(!swapoff(path), "swapoff: %s", strerror(errno));
	unlink(path);
	return ok;
}

static bool test_open_for_write(void)
{
	const char *path = on_mnt("vmdev-writer");
	void *map;
	int fd;

	make_file(path, 8 << 20, 0600, true);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	vt_need(fd >= 0, "%s: %s", path, strerror(errno));
	vt_check(file_refused(path, ETXTBSY, EBUSY), "open for writing elsewhere");
	close(fd);
	fd = open(path, O_RDWR | O_CLOEXEC);
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	vt_need(map != MAP_FAILED, "mmap: %s", strerror(errno));
	close(fd);
	vt_check(file_refused(path, ETXTBSY, EBUSY), "mapped for writing elsewhere");
	munmap(map, 4096);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	vl_must_load("pool_mb=4 store=%s store_mb=0", path);
	vt_check(!vl_unload(), "unload");
	close(fd);
	unlink(path);
	return true;
}

/* The device that a directory is on; its path, from /proc/mounts. */
static bool device_of(const char *dir, char *device, size_t size)
{
	FILE *f = fopen("/proc/mounts", "re");
	char line[512], from[200], to[200];
	bool found = false;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%199s %199s", from, to) == 2 && !strcmp(to, dir)) {
			snprintf(device, size, "%s", from);
			found = true;
		}
	if (f)
		fclose(f);
	return found;
}

static bool test_device_in_use(void)
{
	struct bad read_only = { "store", vl_disk(), NULL, { EACCES, EROFS, EPERM } };
	char mounted[256];
	int fd, on = 1, off = 0;
	bool ok;

	vt_need(device_of(vl_mnt(), mounted, sizeof(mounted)), "%s isn't mounted", vl_mnt());
	vt_check(file_refused(mounted, EBUSY, 0), "a mounted device");
	fd = open(vl_disk(), O_RDWR | O_EXCL | O_CLOEXEC);
	vt_need(fd >= 0, "%s: %s", vl_disk(), strerror(errno));
	vt_check(file_refused(vl_disk(), EBUSY, 0), "a device in exclusive use");
	close(fd);
	fd = open(vl_disk(), O_RDONLY | O_CLOEXEC);
	vt_need(!ioctl(fd, BLKROSET, &on), "BLKROSET: %s", strerror(errno));
	ok = refused(&read_only);
	vt_need(!ioctl(fd, BLKROSET, &off), "BLKROSET: %s", strerror(errno));
	close(fd);
	vt_check(ok, "a read-only device");
	vl_must_load("pool_mb=4 store=%s store_mb=8", vl_disk());
	return true;
}

static bool test_read_only_mount(void)
{
	struct bad b = { "store", FS_DIR, NULL, { EROFS } };

	mount_tmpfs("size=16m,ro");
	return refused(&b);
}

/* tmpfs may promise more than it has: too small a file system is refused at load. */
static bool test_small_tmpfs(void)
{
	struct bad b = { "store_mb", "64", "store=" FS_DIR, { ENOSPC } };

	mount_tmpfs("size=16m");
	vt_check(refused(&b), "64 MiB on a tmpfs of 16");
	vt_check(count_entries(FS_DIR) == 2, "a file is left");
	vt_check(free_mb(FS_DIR) >= 15, "%" PRIu64 " MiB free of 16", free_mb(FS_DIR));
	return true;
}

/* A name that was created is removed when a later parameter is bad. */
static bool test_new_file_removed(void)
{
	char path[256], others[300];
	struct bad b = { "policy", "nonsense", others, { EINVAL } };
	struct bad big = { "store_mb", "8000", others, { ENOSPC } };

	snprintf(path, sizeof(path), "%s", on_mnt("vmdev-created"));
	snprintf(others, sizeof(others), "store=%s", path);
	unlink(path);
	vt_check(refused(&b) && access(path, F_OK), "a bad policy leaves %s", path);
	vt_check(refused(&big) && access(path, F_OK), "a full disk leaves %s", path);
	return true;
}

static const struct vt_test tests[] = {
	{ "numbers and names", test_numbers },
	{ "pools bigger than memory", test_huge_pool },
	{ "paths that are no store", test_paths },
	{ "sizes that don't fit", test_sizes },
	{ "files that others may write", test_writable_by_others },
	{ "files that others may read", test_readable_by_others },
	{ "files in use as swap", test_swap_file },
	{ "files that others are writing", test_open_for_write },
	{ "devices in use or read-only", test_device_in_use },
	{ "read-only file system", test_read_only_mount },
	{ "tmpfs too small", test_small_tmpfs },
	{ "a created file goes when the load fails", test_new_file_removed },
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
