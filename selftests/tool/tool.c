// SPDX-License-Identifier: GPL-2.0
/*
 * vmdevctl against the kernel: loading with every option, what it says when the
 * kernel refuses or the device is in use, and that status shows what sysfs has.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "tool.h"

/* Whatever is said of JSON below stands on this. */
static bool test_json_reader(void)
{
	static const char *const good[] = {
		"null", " [ ] ", "{}", "-0.5e+3", "\"\\u00e4\\n\"", "[1,{\"a\":[true,false]}]\n",
	};
	static const char *const bad[] = {
		"", "nul", "[1,]", "[1 2]", "{\"a\"}", "{\"a\":1,}", "{a:1}", "01", "+1", "1.", "-",
		"\"a", "\"\\x\"", "\"\\u12g4\"", "\"\n\"", "{} {}", "[}", "'a'", "1e", ",",
	};
	char value[64];

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		vt_check(json_find(good[i], "", value, sizeof(value)), "refused: %s", good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		vt_check(!json_find(bad[i], "", value, sizeof(value)), "accepted: %s", bad[i]);
	vt_check(json_find("{\"a\":{\"bc\":[7,\"x\"]},\"ab\":1}", "a.bc.1", value, sizeof(value)) &&
		 !strcmp(value, "\"x\""), "a path");
	vt_check(!json_find("{\"a\":{\"bc\":[7]}}", "a.b", value, sizeof(value)), "half a name");
	vt_check(!json_find("{\"a\":[7]}", "a.1", value, sizeof(value)), "past the end of a list");
	return true;
}

/* ---- Loading ---- */

static bool test_load_options(void)
{
	struct output output;

	tool_load(&output, "--pool", "16M", "--policy", "fifo", "--overcommit", "on",
		  "--readahead", "4", "--checksum", "off");
	if (!check_good(&output))
		return false;
	vt_check(!strncmp(output.out, "vmdev is loaded: pool 16 MiB, store 64 MiB in ", 46) &&
		 strstr(output.out, ", policy fifo\n"), "said: %s", output.out);
	vt_check(vl_loaded() && !access(VT_DEVICE, R_OK | W_OK), "not loaded");
	vt_check(check_param("pool_mb", "16") && check_param("store_mb", "64") &&
		 check_param("store", vl_mnt()) && check_param("policy", "fifo") &&
		 check_param("readahead", "4"), "parameters");
	vt_check(vt_pool_frames() == 16 * (1 << 20) / vt_page_size(), "%" PRIu64 " frames",
		 vt_pool_frames());
	tool(&output, "status", "--json");
	return check_good(&output) && check_json(&output, "policy.current", "\"fifo\"") &&
	       check_json_number(&output, "pool.frames", vt_pool_frames());
}

static bool test_load_part(void)
{
	uint64_t ram = (uint64_t)sysconf(_SC_PHYS_PAGES) * vt_page_size();
	struct output output;
	char want[32];

	tool_load(&output, "--pool", "1%");
	snprintf(want, sizeof(want), "%" PRIu64, ram / 100 >> 20);
	return check_good(&output) && check_param("pool_mb", want);
}

static bool test_load_short(void)
{
	struct output output;

	tool(&output, "load", "-j", "-m", (char *)vl_env("VMDEV_KO"), "-s", (char *)vl_mnt(),
	     "-S", "67108864", "-p", "8M", "-P", "clock", "-o", "0", "-r", "0", "-c", "1");
	if (!check_good(&output))
		return false;
	vt_check(check_json(&output, "ok", "true") && check_json(&output, "error", "null") &&
		 check_json(&output, "errno", "null") && check_json(&output, "kernel", "[]") &&
		 check_json(&output, "device", "\"" VT_DEVICE "\""), "JSON of a load");
	vt_check(check_param("pool_mb", "8") && check_param("store_mb", "64"), "parameters");
	tool(&output, "unload", "--json");
	vt_check(check_good(&output) && check_json(&output, "ok", "true") &&
		 check_json(&output, "holders", "[]"), "JSON of an unload");
	vt_check(!vl_loaded(), "still loaded");
	return true;
}

/* A store named from where one stands, with a blank; gone after the unload. */
static bool test_load_file(void)
{
	char name[] = "tool store.img", path[256], quoted[300];
	struct output output;

	vt_need(!chdir(vl_mnt()), "chdir: %s", strerror(errno));
	unlink(name);
	tool(&output, "load", "-m", (char *)vl_env("VMDEV_KO"), "-p", "4M", "-s", name,
	     "-S", "16M");
	if (!check_good(&output))
		return false;
	snprintf(path, sizeof(path), "%s/%s", vl_mnt(), name);
	vt_check(!access(path, F_OK), "%s isn't there: %m", path);
	snprintf(quoted, sizeof(quoted), "\"%s\"", path);
	tool(&output, "status", "-j");
	vt_check(check_good(&output) && check_json(&output, "store.path", quoted), "store.path");
	tool(&output, "unload");
	vt_check(check_good(&output) && !strcmp(output.out, "vmdev is unloaded\n"), "said: %s",
		 output.out);
	vt_check(access(path, F_OK), "%s was left behind", path);
	return true;
}

/* Put @size bytes at @at of a file or device. */
static void put(const char *path, const char *bytes, size_t size, off_t at)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	vt_need(fd >= 0 && pwrite(fd, bytes, size, at) == (ssize_t)size && !fsync(fd), "%s: %s",
		path, strerror(errno));
	close(fd);
}

static bool load_store(struct output *output, const char *path, char *size, char *force)
{
	tool(output, "load", "-m", (char *)vl_env("VMDEV_KO"), "-p", "4M", "-s", (char *)path,
	     "-S", size, force);
	return check_good(output);
}

static bool check_holds(struct output *output, const char *path, const char *what)
{
	tool(output, "load", "-j", "-m", (char *)vl_env("VMDEV_KO"), "-s", (char *)path, "-S", "0");
	return check_error(output, 1, what, "--force") &&
	       check_json(output, "errno", "\"EEXIST\"") &&
	       check_json(output, "kernel", "[]");
}

static bool test_load_over_file(void)
{
	char path[256], byte = 0;
	struct output output;
	int fd;

	snprintf(path, sizeof(path), "%s/not-empty", vl_mnt());
	put(path, "data", 4, 5 << 20);
	vt_check(check_holds(&output, path, "holds data"), "a file with data");
	vt_check(!vl_loaded(), "loaded in spite of that");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	vt_need(fd >= 0 && pread(fd, &byte, 1, 5 << 20) == 1, "%s: %s", path, strerror(errno));
	close(fd);
	vt_check(byte == 'd', "its data is gone");
	vt_check(load_store(&output, path, "16M", "--force"), "with --force");
	tool(&output, "unload");
	put(path, "left of a store", 15, 1 << 20);
	vt_check(check_good(&output) && load_store(&output, path, "0", NULL), "used again");
	tool(&output, "unload");
	put(path, "\x53\xef", 2, 1080);
	vt_check(check_good(&output) && check_holds(&output, path, "ext4"), "a file system in it");
	unlink(path);
	return true;
}

static bool test_load_over_device(void)
{
	char *disk = (char *)vl_disk();
	struct output output;

	put(disk, "SWAPSPACE2", 10, 4086);
	vt_check(check_holds(&output, disk, "holds swap space"), "a device with a signature");
	vt_check(!vl_loaded(), "loaded in spite of that");
	vt_check(load_store(&output, disk, "64M", "-f"), "with -f");
	tool(&output, "unload");
	put(disk, "left of a store", 15, 4086);
	vt_check(check_good(&output) && load_store(&output, disk, "64M", NULL), "used again");
	return true;
}

static bool test_load_device(void)
{
	static const char blank[1 << 17];
	struct output output;
	char *disk = (char *)vl_disk();

	/* others have used it */
	put(disk, blank, sizeof(blank), 0);
	tool(&output, "load", "-m", (char *)vl_env("VMDEV_KO"), "-p", "4M", "-s", disk, "-S", "0");
	if (!check_good(&output))
		return false;
	tool(&output, "status");
	vt_check(check_good(&output) && strstr(output.out, disk), "no %s: %s", disk, output.out);
	return true;
}

/* Without --module the installed module is taken. */
static bool test_load_installed(void)
{
	struct output output;
	struct utsname uts;
	char dir[200];

	uname(&uts);
	snprintf(dir, sizeof(dir), "/lib/modules/%s/extra", uts.release);
	tool(&output, "load");
	if (!check_error(&output, 1, "isn't installed for this kernel", "give --module"))
		return false;
	vt_need(vl_run_command("mkdir -p %s && cp %s %s/ && depmod", dir, vl_env("VMDEV_KO"), dir),
		"can't install the module");
	tool(&output, "load", "-p", "4M", "-s", (char *)vl_mnt(), "-S", "16M");
	vt_need(vl_run_command("rm -r %s && depmod", dir), "can't remove the module");
	return check_good(&output) && check_param("pool_mb", "4");
}

static bool test_load_twice(void)
{
	struct output output;

	tool_load(&output, "-p", "4M");
	if (!check_good(&output))
		return false;
	tool_load(&output, "-p", "8M");
	vt_check(check_error(&output, 1, "already loaded", "vmdevctl unload"), "a second load");
	vt_check(check_param("pool_mb", "4"), "the first load's parameters");
	return true;
}

/* The reason is the kernel's own, so it is the one of its log, in words of options. */
static bool check_refusal(const char *option, char *value, int error, const char *parameter,
			  const char *reason)
{
	struct output output;
	char line[VL_LOG_LINE], text[VL_LOG_LINE];
	int mark = vl_log_mark();

	tool(&output, "load", "-j", "-m", (char *)vl_env("VMDEV_KO"), "-p", "4M", "-s",
	     (char *)vl_mnt(), "-S", "16M", (char *)option, value);
	vt_check(check_error(&output, 1, strerror(error), parameter), "%s %s", option, value);
	vt_check(vl_log_next(mark, parameter, line),
		 "the kernel's log has nothing of %s", parameter);
	snprintf(text, sizeof(text), ": %s %s: %s", option, value, reason);
	vt_check(strstr(output.err, text) && !strstr(output.err, "(error"),
		 "not \"%s\" but %s", text, output.err);
	snprintf(text, sizeof(text), "\"%s\"", line + strlen("vmdev: "));
	vt_check(check_json(&output, "ok", "false") && check_json(&output, "device", "null"),
		 "JSON of a refused load");
	vt_check(!json_find(output.out, "kernel.1", line, sizeof(line)) &&
		 check_json(&output, "kernel.0", text), "the kernel's lines: %s", output.out);
	vt_check(!vl_loaded(), "loaded in spite of that");
	close(mark);
	return true;
}

static bool test_load_refused(void)
{
	char source[256] = "", file[256];
	FILE *mounts = fopen("/proc/mounts", "re");
	char from[256], to[256];
	int fd;

	vt_need(mounts, "/proc/mounts: %s", strerror(errno));
	while (fscanf(mounts, "%255s %255s%*[^\n]", from, to) == 2) {
		if (!strcmp(to, vl_mnt()))
			strcpy(source, from);
	}
	fclose(mounts);
	vt_check(check_refusal("--policy", "none-such", EINVAL, "policy",
			       "accepted are s3fifo, clock, clock-refault and fifo\n"),
		 "an unknown policy");
	vt_check(check_refusal("--store", source, EBUSY, "store",
			       "mounted or in use; unmount it or choose another\n"),
		 "a mounted device");
	snprintf(file, sizeof(file), "%s/others-may-write", vl_mnt());
	fd = open(file, O_CREAT | O_RDWR, 0600);
	vt_need(fd >= 0 && !fchmod(fd, 0666) && !ftruncate(fd, 1 << 24), "%s: %s", file,
		strerror(errno));
	close(fd);
	vt_check(check_refusal("--store", file, EPERM, "store",
			       "others may write to it; it must belong to root with mode 0600\n"),
		 "a file that others may write");
	unlink(file);
	return true;
}

/* What can't work never reaches the kernel. */
static bool test_bad_parameters(void)
{
	static char *const bad[][2] = {
		{ "--pool", "64" },		{ "--pool", "1023K" },
		{ "--pool", "99999G" },		{ "--pool", "ten" },
		{ "--store-size", "1K" },	{ "--store-size", "2T" },
		{ "--store-size", "0" },	{ "--store", "/dev/null" },
		{ "--store", "/none/such" },	{ "--store", "" },
		{ "--policy", "a=b c=d" },	{ "--overcommit", "2" },
		{ "--readahead", "-1" },	{ "--checksum", "yes" },
	};
	int mark = vl_log_mark();
	struct output output;
	char line[VL_LOG_LINE];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		tool(&output, "load", "-m", (char *)vl_env("VMDEV_KO"), bad[i][0], bad[i][1]);
		vt_check(check_error(&output, 2, bad[i][0], "vmdevctl load --help"), "%s %s",
			 bad[i][0], bad[i][1]);
		vt_check(!vl_loaded(), "%s %s: loaded", bad[i][0], bad[i][1]);
	}
	vt_check(!vl_log_next(mark, "vmdev: ", line),
		 "the kernel saw it: %s", line);
	close(mark);
	return true;
}

static bool as_nobody(void *arg)
{
	struct output output;

	(void)arg;
	vt_need(!setgid(65534) && !setuid(65534), "setuid: %s", strerror(errno));
	tool_load(&output, "-p", "4M");
	vt_check(check_error(&output, 1, "Operation not permitted", "run it as root"), "load");
	return true;
}

static bool unload_as_nobody(void *arg)
{
	struct output output;

	(void)arg;
	vt_need(!setgid(65534) && !setuid(65534), "setuid: %s", strerror(errno));
	tool(&output, "status", "--json");
	vt_check(check_good(&output) && check_json(&output, "loaded", "true") &&
		 check_json(&output, "spaces.list", "null"), "status");
	tool(&output, "unload");
	vt_check(check_error(&output, 1, "Operation not permitted", "run it as root"), "unload");
	return true;
}

static bool test_unprivileged(void)
{
	struct output output;

	vt_check(vt_in_child(as_nobody, NULL), "before the load");
	tool_load(&output, "-p", "4M");
	if (!check_good(&output))
		return false;
	vt_check(vt_in_child(unload_as_nobody, NULL), "after the load");
	vt_check(vl_loaded(), "unloaded by nobody");
	return true;
}

/* In a mount namespace of its own /dev can be something else. */
static bool load_without_dev(void *arg)
{
	struct output output;

	(void)arg;
	vt_need(!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
		!mount("none", "/dev", "tmpfs", 0, NULL), "an own /dev: %s", strerror(errno));
	tool_load(&output, "-p", "4M");
	vt_check(check_error(&output, 1, "is loaded but /dev/vmdev isn't there", "devtmpfs"),
		 "load");
	return true;
}

static bool test_no_device_node(void)
{
	vt_check(vt_in_child(load_without_dev, NULL), "without a node");
	vt_check(vl_loaded(), "not loaded");
	return true;
}

/* ---- Unloading ---- */

struct user {
	pid_t pid;
	int wake;	/* a byte here ends it */
};

/* A process that holds the device; with @fds descriptors and one mapping of a space. */
static struct user start_user(unsigned int fds, size_t length)
{
	int down[2], up[2];
	struct user user;
	char byte = 0;

	vt_need(!pipe2(down, O_CLOEXEC) && !pipe2(up, O_CLOEXEC), "pipe: %s", strerror(errno));
	user.pid = vt_fork();
	if (!user.pid) {
		int fd = vt_open();
		char *mem = length ? vt_map(fd, length, 0) : NULL;

		prctl(PR_SET_NAME, "tool user");
		if (mem)
			fill_range(mem, length / vt_page_size(), 1, 0);
		for (unsigned int i = 1; i < fds; i++)
			vt_need(dup(fd) >= 0, "dup: %s", strerror(errno));
		if (!fds)
			close(fd);
		vt_need(write(up[1], &byte, 1) == 1 && read(down[0], &byte, 1) == 1, "pipe");
		_exit(mem && !check_range(mem, length / vt_page_size(), 1, 0));
	}
	vt_need(read(up[0], &byte, 1) == 1, "the user of the device ended");
	close(up[0]);
	close(up[1]);
	close(down[0]);
	user.wake = down[1];
	return user;
}

static bool stop_user(struct user *user)
{
	vt_need(write(user->wake, "", 1) == 1, "pipe: %s", strerror(errno));
	close(user->wake);
	vt_check(vt_wait_ok(user->pid), "the content of the space in use");
	return true;
}

static bool check_busy(const struct user *user, unsigned int fds, size_t length, const char *want)
{
	struct output output;
	char text[128];

	snprintf(text, sizeof(text), "process %d (tool user): %s", user->pid, want);
	tool(&output, "unload");
	vt_check(check_error(&output, 1, "vmdev is in use; end its user first", text), "unload");
	tool(&output, "unload", "--json");
	vt_check(check_status(&output, 1) && check_json(&output, "ok", "false") &&
		 check_json(&output, "errno", "\"EBUSY\"") &&
		 check_json_number(&output, "holders.0.pid", user->pid) &&
		 check_json(&output, "holders.0.comm", "\"tool user\"") &&
		 check_json_number(&output, "holders.0.descriptors", fds) &&
		 check_json_number(&output, "holders.0.mappings", !!length) &&
		 check_json_number(&output, "holders.0.mapped_bytes", length), "JSON");
	vt_check(!json_find(output.out, "holders.1", text, sizeof(text)), "a second holder: %s",
		 output.out);
	vt_check(vl_loaded(), "unloaded in spite of that");
	return true;
}

static bool test_unload_busy(void)
{
	struct output output;
	struct user user;

	tool_load(&output, "-p", "4M");
	if (!check_good(&output))
		return false;
	user = start_user(1, 0);
	vt_check(check_busy(&user, 1, 0, "1 descriptor\n"), "a descriptor");
	vt_check(stop_user(&user), "a descriptor");
	user = start_user(3, 8 << 20);
	vt_check(check_busy(&user, 3, 8 << 20, "3 descriptors, 1 mapping of 8 MiB\n"), "both");
	vt_check(stop_user(&user), "both");
	user = start_user(0, 64 << 10);
	vt_check(check_busy(&user, 0, 64 << 10, "1 mapping of 64 KiB\n"), "a mapping");
	vt_check(stop_user(&user), "a mapping");
	/* A descriptor that only the tool itself has, from its caller, is no obstacle. */
	vt_check(vl_run_command("exec vmdevctl unload 7<>" VT_DEVICE), "with a descriptor");
	vt_check(!vl_loaded(), "still loaded when nobody is left");
	return true;
}

static bool test_not_loaded(void)
{
	struct output output;

	tool(&output, "unload");
	vt_check(check_error(&output, 1, "isn't loaded", "nothing to unload"), "unload");
	tool(&output, "status");
	vt_check(check_error(&output, 1, "isn't loaded", "vmdevctl load"), "status");
	vt_check(!output.out[0], "shown: %s", output.out);
	tool(&output, "status", "--json");
	vt_check(check_status(&output, 1) && check_json(&output, "loaded", "false") &&
		 check_json(&output, "errno", "\"ENODEV\""), "JSON");
	return true;
}

/* ---- Status ---- */

/* Every file of a directory of /sys/kernel/vmdev is in JSON, with its value. */
static bool check_directory(const struct output *output, const char *directory)
{
	char path[300], value[4096], quoted[4100];
	struct dirent *entry;
	unsigned int files = 0;
	DIR *dir;

	snprintf(path, sizeof(path), VT_SYSFS "/%s", directory);
	dir = opendir(path);
	vt_check(dir, "%s: %m", path);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		vt_check(!vt_sysfs_read(path, value, sizeof(value)), "%s: %m", path);
		snprintf(quoted, sizeof(quoted), isdigit((unsigned char)value[0]) ? "%s" : "\"%s\"",
			 value);
		*strrchr(path, '/') = '.';
		files++;
		/* The one value that is a list, and so is written otherwise. */
		if (!strcmp(path, "policy.available"))
			continue;
		vt_check(check_json(output, path, quoted), "%s", path);
	}
	closedir(dir);
	vt_check(files, "no files in %s", directory);
	return true;
}

static bool check_policies(const struct output *output)
{
	char available[256], path[64], quoted[300];
	unsigned int count = 0;
	char *rest = available, *word;

	vt_check(!vt_sysfs_read("policy/available", available, sizeof(available)), "available");
	while ((word = strsep(&rest, " "))) {
		if (!*word)
			continue;
		snprintf(path, sizeof(path), "policy.available.%u", count++);
		snprintf(quoted, sizeof(quoted), "\"%s\"", word);
		vt_check(check_json(output, path, quoted), "policy %s", word);
	}
	vt_check(count >= 2, "%u policies", count);
	return true;
}

static bool test_status_json(void)
{
	static const char *const directories[] = { "pool", "store", "policy", "stats", "spaces" };
	uint64_t pages, length;
	struct output output;
	struct vt_space space;
	char text[256];

	tool_load(&output, "-p", "4M");
	if (!check_good(&output))
		return false;
	pages = 2 * vt_pool_frames();
	length = pages * vt_page_size();
	space = vt_space_new(length);
	/* a fault a page */
	vt_need(!posix_fadvise(space.fd, 0, 0, POSIX_FADV_RANDOM), "posix_fadvise");
	fill_range(space.mem, pages, 1, 0);
	vt_check(check_range(space.mem, pages, 1, 0), "content");
	vt_check(vt_evict_all(&space), "pages stayed");
	vt_check(!vt_set_limit(space.fd, 512, 16), "SET_LIMIT");
	/* Now nothing moves, and every number can be compared. */
	vt_sleep_ms(200);
	tool(&output, "status");
	vt_check(check_good(&output) && strstr(output.out, "  64 KiB to 2 MiB\n"), "limits: %s",
		 output.out);
	tool(&output, "status", "--json");
	vt_check(check_good(&output) && check_json(&output, "ok", "true") &&
		 check_json(&output, "loaded", "true") &&
		 check_json_number(&output, "page_size", vt_page_size()) &&
		 check_json_number(&output, "spaces.count", 1), "JSON");
	vt_check(check_json_number(&output, "spaces.list.0.pid", getpid()) &&
		 check_json(&output, "spaces.list.0.comm", "\"tool\"") &&
		 check_json_number(&output, "spaces.list.0.size", length) &&
		 check_json_number(&output, "spaces.list.0.swapped", pages) &&
		 check_json_number(&output, "spaces.list.0.resident", 0) &&
		 check_json_number(&output, "spaces.list.0.faults_zero", pages) &&
		 check_json_number(&output, "spaces.list.0.limit_max", 512) &&
		 check_json_number(&output, "spaces.list.0.limit_min", 16) &&
		 !json_find(output.out, "spaces.list.1", text, sizeof(text)), "the space: %s",
		 output.out);
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		vt_check(check_directory(&output, directories[i]), "%s", directories[i]);
	vt_check(check_policies(&output), "policies");
	vt_check(vt_sysfs_u64("stats/faults_zero") >= pages, "there was nothing to show");
	vt_check(check_range(space.mem, pages, 1, 0), "content");
	vt_space_free(&space);
	return true;
}

/* The second word of the line that begins with @name, after the heading @part. */
static bool check_table(const struct output *output, const char *part, const char *name,
			uint64_t want)
{
	char *at = strstr(output->out, part);
	uint64_t value;

	vt_check(at, "no %s: %s", part, output->out);
	at = strstr(at, name);
	vt_check(at && sscanf(at + strlen(name), "%" SCNu64, &value) == 1, "no %s in %s: %s", name,
		 part, output->out);
	vt_check(value == want, "%s of %s is %" PRIu64 ", not %" PRIu64, name, part, value, want);
	return true;
}

static bool test_status_table(void)
{
	struct output output;
	struct vt_space space;
	char text[32];

	tool_load(&output, "-p", "4M");
	if (!check_good(&output))
		return false;
	space = vt_space_new(64 * vt_page_size());
	fill_range(space.mem, 64, 1, 0);
	vt_check(vt_evict_all(&space), "pages stayed");
	vt_sleep_ms(200);
	tool(&output, "status");
	vt_check(check_good(&output) &&
		 check_table(&output, "Pool", "\n  total", vt_pool_frames()) &&
		 check_table(&output, "Pool", "\n  free", vt_sysfs_u64("pool/free")) &&
		 check_table(&output, "Store", "\n  total", vt_sysfs_u64("store/slots")) &&
		 check_table(&output, "Store", "\n  used", vt_sysfs_u64("store/used")) &&
		 check_table(&output, "Store", "\n  pages written",
			     vt_sysfs_u64("store/written_pages")) &&
		 check_table(&output, "Faults", "\n  all", vt_sysfs_u64("stats/faults")) &&
		 check_table(&output, "Faults", "\n  zero fill",
			     vt_sysfs_u64("stats/faults_zero")) &&
		 check_table(&output, "Pages", "\n  evicted", vt_sysfs_u64("stats/evictions")) &&
		 check_table(&output, "Spaces", "Spaces", 1), "table");
	snprintf(text, sizeof(text), " %d tool ", getpid());
	vt_check(strstr(strstr(output.out, "COMMAND"), text), "no%s: %s", text, output.out);
	vt_check(!strchr(output.out, '\033'), "colours without a terminal");
	vt_check(check_range(space.mem, 64, 1, 0), "content");
	vt_space_free(&space);
	return true;
}

static bool status_on_terminal(char *text, size_t size)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	struct output output;
	int terminal;

	vt_need(master >= 0 && !grantpt(master) && !unlockpt(master), "pty: %s", strerror(errno));
	terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
	vt_need(terminal >= 0, "pty: %s", strerror(errno));
	run_tool(&output, terminal, (char *[]){ "vmdevctl", "status", NULL });
	close(terminal);
	vt_check(read_pipe(master, text, size), "pty: %m");
	return check_good(&output);
}

static bool test_colours(void)
{
	struct output output;
	char text[16384];

	tool_load(&output, "-p", "4M");
	if (!check_good(&output))
		return false;
	setenv("TERM", "linux", 1);
	unsetenv("NO_COLOR");
	vt_check(status_on_terminal(text, sizeof(text)) && strstr(text, "\033[1mPool\033[0m"),
		 "no colours on a terminal: %s", text);
	setenv("NO_COLOR", "1", 1);
	vt_check(status_on_terminal(text, sizeof(text)) && strstr(text, "Pool") &&
		 !strchr(text, '\033'), "colours with NO_COLOR: %s", text);
	unsetenv("NO_COLOR");
	setenv("TERM", "dumb", 1);
	vt_check(status_on_terminal(text, sizeof(text)) && !strchr(text, '\033'),
		 "colours on a dumb terminal: %s", text);
	return true;
}

static const struct vt_test tests[] = {
	{ "the reader of JSON is strict", test_json_reader },
	{ "load with every long option", test_load_options },
	{ "load with every short option", test_load_short },
	{ "a pool that is a part of memory", test_load_part },
	{ "load with a new file", test_load_file },
	{ "load with a block device", test_load_device },
	{ "load over a file with data", test_load_over_file },
	{ "load over a device with a signature", test_load_over_device },
	{ "load the installed module", test_load_installed },
	{ "load twice", test_load_twice },
	{ "load that the kernel refuses", test_load_refused },
	{ "bad parameters stay here", test_bad_parameters },
	{ "without privilege", test_unprivileged },
	{ "without a device node", test_no_device_node },
	{ "unload names the holder", test_unload_busy },
	{ "nothing loaded", test_not_loaded },
	{ "status in JSON", test_status_json },
	{ "status as a table", test_status_table },
	{ "colours", test_colours },
};

int main(void)
{
	const struct vl_suite suite = { .tests = tests, .count = ARRAY_SIZE(tests) };

	return vl_run(&suite);
}
