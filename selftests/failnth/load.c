// SPDX-License-Identifier: GPL-2.0
/*
 * Loading and unloading while each allocation fails in turn, with every kind of store:
 * a load works or fails with a clean errno and leaves nothing (no file, no device in
 * use, no memory), and the next one works; an unload always works.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <linux/fs.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include "fail.h"

#define DIR_EXT4	"/tmp/vmdev-ext4"
#define DIR_TMPFS	"/tmp/vmdev-tmpfs"
#define DIR_VFAT	"/tmp/vmdev-vfat"

static char parameters[256];
static const char *directory;	/* of the store file, NULL for a device */
static bool named;		/* the file has a name that stays */
static int module_fd = -1;
static char panic_on_warn[16] = "1";

static void open_module(void)
{
	if (module_fd >= 0)
		close(module_fd);
	module_fd = open(vl_env("VMDEV_KO"), O_RDONLY | O_CLOEXEC);
	vt_need(module_fd >= 0, "%s", vl_env("VMDEV_KO"));
}

static int load_module(void)
{
	return syscall(SYS_finit_module, module_fd, parameters, 0) ? -errno : 0;
}

static unsigned int files_in(const char *path)
{
	unsigned int n = 0;
	struct dirent *d;
	DIR *dir = opendir(path);

	vt_need(dir, "%s: %s", path, strerror(errno));
	while ((d = readdir(dir)))
		n += d->d_name[0] != '.' || strlen(d->d_name) > 2;
	closedir(dir);
	return n;
}

static uint64_t free_blocks(void)
{
	struct statvfs st;

	vt_need(!statvfs(directory, &st), "statvfs");
	return st.f_bfree;
}

static unsigned int files_before;
static uint64_t blocks_before;

/* It works, for all that failed on the way. */
static bool works(void)
{
	struct vt_space v = vt_space_new(300 * vt_page_size());

	/* more than the pool has; then, the others' slots given back, what the store holds */
	fill_range(v.mem, 300, 1, 0);
	vt_check(check_range(v.mem, 300, 1, 0), "content lost");
	vt_check(vt_discard(v.fd, 200 * vt_page_size(), 100 * vt_page_size()) >= 0, "DISCARD");
	vt_check(vt_evict_range(v.fd, 0, 200 * vt_page_size()), "pages stayed");
	vt_check(check_range(v.mem, 200, 1, 0), "content lost after EVICT");
	vt_space_free(&v);
	return vt_nothing_left();
}

static bool load_verify(int result)
{
	double end;

	if (!result) {
		vt_check(works(), "it was loaded and doesn't work");
		vt_check(!vl_unload_patiently(10), "unload");
	}
	/* a module that failed to load goes a moment later */
	end = vt_now() + 5;
	while (vl_loaded() && vt_now() < end)
		vt_sleep_ms(1);
	vt_check(!vl_loaded(), "a module that failed to load is there");
	vt_check(access(VT_DEVICE, F_OK) && access(VT_SYSFS, F_OK), "its files are there");
	if (directory) {
		vt_check(files_in(directory) == files_before, "%u files in %s, expected %u",
			 files_in(directory), directory, files_before);
		end = vt_now() + 5;
		while (!named && free_blocks() != blocks_before && vt_now() < end)
			vt_sleep_ms(10);
		vt_check(named || free_blocks() == blocks_before,
			 "%" PRIu64 " blocks are free, %" PRIu64 " were", free_blocks(),
			 blocks_before);
	} else {
		int fd = open(vl_disk(), O_RDWR | O_EXCL | O_CLOEXEC);

		vt_check(fd >= 0, "the device is in use: %s", strerror(errno));
		close(fd);
	}
	return true;
}

static int load_without_store(void)
{
	static const char bad[] = "pool_mb=1 store=/no/such/place store_mb=1";

	return syscall(SYS_finit_module, module_fd, bad, 0) ? -errno : 0;
}

static int load_with_bad_parameter(void)
{
	return syscall(SYS_finit_module, module_fd, "pool_mb=none", 0) ? -errno : 0;
}

/* Allocations of a load that fails in @run, less some for what is freed then. */
static unsigned int allocations_of(int (*run)(void))
{
	unsigned int n = 0;

	/* what is allocated the first time alone is not counted */
	for (int times = 0; times < 2; times++) {
		open_module();
		n = fi_count(run);
		for (int i = 0; i < 1000 && vl_loaded(); i++)
			vt_sleep_ms(5);
	}
	return n > 40 ? n - 40 : 1;
}

/*
 * Where to begin. What the kernel allocates for any module, before it comes to the
 * parameters, is not this one's. And what comes before the store is the same for every
 * kind of store: it fails with the first, a device.
 */
static unsigned int first_to_fail(void)
{
	unsigned int own = allocations_of(load_with_bad_parameter);
	unsigned int store = allocations_of(load_without_store);

	vt_need(own < store, "%u allocations before the parameters, %u before the store", own,
		store);
	vt_msg("from the %u. allocation, the store from the %u.", own, store);
	return directory ? store : own;
}

/* One load without failures first: files are there then as they stay. */
static bool walk_load(const char *store)
{
	const struct fi_step step = {
		.name = store, .prepare = open_module, .run = load_module, .verify = load_verify,
		.also = { -ENOSPC, -EIO, -EAGAIN, -ENFILE },
	};
	unsigned int first = first_to_fail();

	open_module();
	vt_need(!load_module() && !vl_unload_patiently(10), "load with %s", parameters);
	if (directory) {
		files_before = files_in(directory);
		blocks_before = free_blocks();
	}
	return fi_walk_from(&step, first);
}

static bool test_device(void)
{
	directory = NULL;
	snprintf(parameters, sizeof(parameters), "pool_mb=1 store=%s store_mb=4", vl_disk());
	return walk_load("load with a block device");
}

/* Small file systems: nothing else is in them, and filling is fast. */
static bool make_ext4(void)
{
	mkdir(DIR_EXT4, 0755);
	umount2(DIR_EXT4, MNT_DETACH);
	vt_need(vl_run_command("modprobe ext4; mke2fs -q -F -t ext4 %s 32M", vl_disk()) &&
		!mount(vl_disk(), DIR_EXT4, "ext4", 0, NULL), "ext4: %s", strerror(errno));
	directory = DIR_EXT4;
	return true;
}

static void make_tmpfs(void)
{
	mkdir(DIR_TMPFS, 0755);
	umount2(DIR_TMPFS, MNT_DETACH);
	vt_need(!mount("tmpfs", DIR_TMPFS, "tmpfs", 0, "size=16m"), "tmpfs: %s", strerror(errno));
	directory = DIR_TMPFS;
}

static bool test_directory(void)
{
	make_ext4();
	named = false;
	snprintf(parameters, sizeof(parameters), "pool_mb=1 store=%s store_mb=1", directory);
	return walk_load("load with a directory");
}

static bool test_existing_file(void)
{
	char path[128];
	int fd;

	make_ext4();
	named = true;
	snprintf(path, sizeof(path), "%s/store", directory);
	fd = open(path, O_CREAT | O_RDWR, 0600);
	vt_need(fd >= 0, "%s: %s", path, strerror(errno));
	close(fd);
	snprintf(parameters, sizeof(parameters), "pool_mb=1 store=%s store_mb=1", path);
	return walk_load("load with an existing file");
}

static bool test_new_file(void)
{
	make_ext4();
	named = false;
	snprintf(parameters, sizeof(parameters), "pool_mb=1 store=%s/new store_mb=1", directory);
	return walk_load("load with a new file");
}

/* No files without a name there: one is created and its name removed again. */
static bool test_vfat(void)
{
	mkdir(DIR_VFAT, 0755);
	umount2(DIR_VFAT, MNT_DETACH);
	if (!vl_run_command("modprobe vfat"))
		return vt_skip("no vfat");
	vt_need(vl_run_command("mkfs.vfat -I -F 16 %s 32768", vl_disk()) &&
		!mount(vl_disk(), DIR_VFAT, "vfat", 0, NULL), "vfat: %s", strerror(errno));
	directory = DIR_VFAT;
	named = false;
	snprintf(parameters, sizeof(parameters), "pool_mb=1 store=%s store_mb=1", directory);
	return walk_load("load with a directory on vfat");
}

static bool test_tmpfs(void)
{
	make_tmpfs();
	named = false;
	snprintf(parameters, sizeof(parameters), "pool_mb=1 store=%s store_mb=1 checksum=0",
		 directory);
	return walk_load("load with a file on tmpfs");
}

/* ---- unload ---- */

static void load_for_unload(void)
{
	if (vl_loaded())
		return;
	vl_must_load("%s", parameters);
	vt_need(works(), "it doesn't work");
}

static int unload(void)
{
	return vl_unload();
}

/* The copy of the module's name may fail; then nothing has happened. */
static bool unload_verify(int result)
{
	vt_check(vl_loaded() == !!result, "it is %s", result ? "gone" : "there");
	vt_check(!result || works(), "it doesn't work");
	return true;
}

static bool test_unload(void)
{
	const struct fi_step step = {
		.name = "unload", .prepare = load_for_unload, .run = unload,
		.verify = unload_verify,
	};

	make_ext4();
	snprintf(parameters, sizeof(parameters), "pool_mb=1 store=%s/new store_mb=1", directory);
	return fi_walk(&step);
}

static const struct vt_test tests[] = {
	{ "load with a block device", test_device },
	{ "load with a directory", test_directory },
	{ "load with an existing file", test_existing_file },
	{ "load with a new file", test_new_file },
	{ "load with a file on tmpfs", test_tmpfs },
	{ "load with a directory on vfat", test_vfat },
	{ "unload", test_unload },
	/* last: everything above is forgotten by now, or leaked */
	{ "no memory is lost (where there is kmemleak)", vm_no_leaks },
};

static void restore(void)
{
	vm_write("/proc/sys/kernel/panic_on_warn", "%s", panic_on_warn);
}

static void unmount(void)
{
	umount2(DIR_EXT4, MNT_DETACH);
	umount2(DIR_TMPFS, MNT_DETACH);
	umount2(DIR_VFAT, MNT_DETACH);
}

int main(void)
{
	const struct vl_suite suite = {
		.tests = tests,
		.count = ARRAY_SIZE(tests),
		.seconds = 1500,
		.after_unload = unmount,
	};

	if (fi_missing())
		ksft_exit_skip("%s\n", fi_missing());
	fi_set_up();
	fi_begin_quiet();
	/* loading a module may warn; what does is looked at by fi_walk() */
	vm_read("/proc/sys/kernel/panic_on_warn", panic_on_warn, sizeof(panic_on_warn));
	vm_write("/proc/sys/kernel/panic_on_warn", "0");
	atexit(restore);
	vm_leaks_clear();
	return vl_run(&suite);
}
