// SPDX-License-Identifier: GPL-2.0
/*
 * vmdevctl volume and libvmdev's functions for volumes against the kernel: what they
 * make, list and remove, every message, and that status and unload know volumes.
 */
#define _GNU_SOURCE
#include <sys/stat.h>

#include <vmdev.h>

#include "tool.h"
#include "vmdev_volume.h"

#define PAGES		64U
#define GROUP		4711

static void load(void)
{
	struct output output;

	tool_load(&output, "-p", "4M");
	vt_need(!output.status, "load: %s", output.err);
}

static bool check_node(const char *name, mode_t mode, gid_t gid, off_t size)
{
	char path[64];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), VV_PREFIX "%s", name);
	vt_check(!stat(path, &st), "%s: %s", path, strerror(errno));
	vt_check(S_ISCHR(st.st_mode) && (st.st_mode & 07777) == mode && st.st_gid == gid,
		 "%s: mode %o, group %u", path, st.st_mode, st.st_gid);
	fd = vv_open(name);
	vt_check(lseek(fd, 0, SEEK_END) == size, "%s: size %jd", path,
		 (intmax_t)lseek(fd, 0, SEEK_END));
	close(fd);
	return true;
}

static bool test_create(void)
{
	struct output output;

	load();
	tool(&output, "volume", "create", "plain", "--size", "8M");
	vt_check(check_good(&output) &&
		 !strcmp(output.out, "volume plain is " VV_PREFIX "plain\n"), "said: %s",
		 output.out);
	vt_check(check_node("plain", 0600, 0, 8 << 20), "the defaults");
	tool(&output, "volume", "create", "--size=1M", "--mode=0660", "--group=4711", "--json",
	     "long");
	vt_check(check_good(&output) && check_json(&output, "ok", "true") &&
		 check_json(&output, "device", "\"" VV_PREFIX "long\""), "JSON");
	vt_check(check_node("long", 0660, GROUP, 1 << 20), "long options");
	tool(&output, "volume", "create", "short", "-s", "4096", "-m", "644", "-g", "4711");
	vt_check(check_good(&output) && check_node("short", 0644, GROUP, 4096), "short options");
	tool(&output, "volume", "remove", "long");
	vt_check(check_good(&output) && !strcmp(output.out, "volume long is removed\n"), "said: %s",
		 output.out);
	tool(&output, "volume", "remove", "-j", "plain");
	vt_check(check_good(&output) && check_json(&output, "ok", "true"), "JSON");
	vt_check(vv_try_open("long", O_RDWR) == -ENOENT &&
		 vv_try_open("plain", O_RDWR) == -ENOENT && vv_list(NULL, 0) == 1,
		 "not the right ones are gone");
	return true;
}

static bool test_list(void)
{
	struct vt_space v = { .length = PAGES * vt_page_size() };
	struct vmdev_volume volumes[2];
	struct output output;
	char line[128];

	load();
	tool(&output, "volume", "list");
	vt_check(check_good(&output) && !output.out[0], "of nothing: %s", output.out);
	tool(&output, "volume", "list", "-j");
	vt_check(check_good(&output) && check_json(&output, "volumes", "[]"), "of nothing");
	vt_need(!vv_create("first", v.length, 0640, GROUP), "CREATE");
	vv_must_create("second", 3ULL << 20);
	v.fd = vv_open("first");
	v.mem = vt_map(v.fd, v.length, 0);
	fill_range(v.mem, PAGES, 1, 0);
	vt_check(vt_evict_range(v.fd, 0, v.length / 2), "EVICT");
	tool(&output, "volume", "list");
	vt_check(check_good(&output) && !strncmp(output.out, "NAME ", 5), "table: %s", output.out);
	snprintf(line, sizeof(line), "\n%-31s %10s %10s %10s  0640 4711\nsecond ", "first",
		 "256 KiB", "128 KiB", "128 KiB");
	vt_check(strstr(output.out, line), "table: %s", output.out);
	tool(&output, "volume", "list", "--json");
	vt_need(vv_list(volumes, 2) == 2, "LIST");
	vt_check(check_good(&output) && check_json(&output, "volumes.0.name", "\"first\"") &&
		 check_json(&output, "volumes.0.device", "\"" VV_PREFIX "first\"") &&
		 check_json_number(&output, "volumes.0.size", v.length) &&
		 check_json_number(&output, "volumes.0.resident", PAGES / 2) &&
		 check_json_number(&output, "volumes.0.swapped", PAGES / 2) &&
		 check_json(&output, "volumes.0.mode", "\"0640\"") &&
		 check_json_number(&output, "volumes.0.gid", GROUP) &&
		 check_json_number(&output, "volumes.1.major", volumes[1].major) &&
		 check_json_number(&output, "volumes.1.minor", volumes[1].minor) &&
		 check_json_number(&output, "volumes.1.space", volumes[1].space_id), "JSON");
	vt_space_free(&v);
	return true;
}

/* More than there is room for at first. */
static bool test_many(void)
{
	char name[16], path[32], quoted[32];
	struct output output;

	load();
	for (unsigned int i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "many-%u", i);
		vv_must_create(name, vt_page_size());
	}
	tool(&output, "volume", "list", "--json");
	for (unsigned int i = 0; i < 40; i++) {
		snprintf(path, sizeof(path), "volumes.%u.name", i);
		snprintf(quoted, sizeof(quoted), "\"many-%u\"", i);
		vt_check(check_good(&output) && check_json(&output, path, quoted), "volume %u", i);
	}
	return true;
}

static bool test_status(void)
{
	struct output output;
	int fd;

	load();
	vv_must_create("shown", 3ULL << 20);
	tool(&output, "metrics", "--spaces");
	vt_check(check_good(&output) && strstr(output.out, "\nvmdev_spaces 1\n") &&
		 strstr(output.out, ",comm=\"vmdev-shown\",volume=\"shown\"} 3145728\n"),
		 "metrics: %s", output.out);
	tool(&output, "stat", "--json");
	vt_check(check_good(&output) && check_json_number(&output, "spaces_count", 1), "stat");
	fd = vt_open();
	tool(&output, "status");
	vt_check(check_good(&output) && strstr(output.out, " volume shown "), "table: %s",
		 output.out);
	tool(&output, "status", "--json");
	vt_check(check_good(&output) && check_json_number(&output, "spaces.count", 2) &&
		 check_json(&output, "spaces.list.0.volume", "\"shown\"") &&
		 check_json_number(&output, "spaces.list.0.size", 3 << 20) &&
		 check_json(&output, "spaces.list.1.volume", "null"), "JSON: %s", output.out);
	close(fd);
	return true;
}

/* ---- errors ---- */

static bool as_nobody(void *arg)
{
	struct output output;

	(void)arg;
	vt_need(!chmod(VT_DEVICE, 0666) && !setgid(65534) && !setuid(65534), "setuid: %s",
		strerror(errno));
	tool(&output, "volume", "create", "v", "-s", "1M");
	vt_check(check_error(&output, 1, "Operation not permitted", "run it as root"), "create");
	tool(&output, "volume", "remove", "there");
	vt_check(check_error(&output, 1, "Operation not permitted", "run it as root"), "remove");
	tool(&output, "volume", "list");
	vt_check(check_good(&output) && strstr(output.out, "there"), "list: %s", output.out);
	return true;
}

static bool test_errors(void)
{
	struct output output;

	tool(&output, "volume", "list", "--json");
	vt_check(check_error(&output, 1, "vmdev isn't loaded", "vmdevctl load") &&
		 check_json(&output, "errno", "\"ENODEV\""), "not loaded");
	load();
	tool(&output, "volume", "create", "there", "-s", "1M");
	vt_check(check_good(&output), "create");
	tool(&output, "volume", "create", "there", "-s", "1M", "-j");
	vt_check(check_error(&output, 1, "a volume there already", "another name") &&
		 check_json(&output, "errno", "\"EEXIST\"") &&
		 check_json(&output, "device", "null"), "the same name");
	tool(&output, "volume", "create", "large", "-s", "1T");
	vt_check(check_error(&output, 1, "can't back 1T", "smaller --size"), "too large");
	tool(&output, "volume", "create", "huge", "-s", "5000T");
	vt_check(check_error(&output, 1, "--size 5000T", "use less"), "larger than all");
	tool(&output, "volume", "remove", "none");
	vt_check(check_error(&output, 1, "no volume none", "vmdevctl volume list"), "none");
	tool(&output, "volume", "create", "a/b", "-s", "1M");
	vt_check(check_error(&output, 2, "'a/b' can't be a name", "volume --help"), "name");
	vt_check(vv_list(NULL, 0) == 1, "a refused volume is there");
	return vt_in_child(as_nobody, NULL);
}

/* ---- unload ---- */

static bool test_unload(void)
{
	struct output output;
	char text[64];
	int fd;

	load();
	vv_must_create("used", 1 << 20);
	vv_must_create("unused", 1 << 20);
	fd = vv_open("used");
	vt_need(pwrite(fd, "content", 7, 0) == 7, "write: %s", strerror(errno));
	snprintf(text, sizeof(text), "process %d (%s): 1 descriptor", getpid(),
		 program_invocation_short_name);
	tool(&output, "unload");
	vt_check(check_error(&output, 1, "vmdev is in use", text), "with a volume open");
	vt_check(vv_gone("used"), "REMOVE");
	tool(&output, "unload");
	vt_check(check_error(&output, 1, "vmdev is in use", text), "with a removed volume open");
	close(fd);
	tool(&output, "unload");
	vt_check(check_good(&output) && !vl_loaded(), "with a volume that nobody has open");
	vt_check(access(VV_PREFIX "unused", F_OK), "a node is left");
	return true;
}

/* ---- the library ---- */

static bool test_library(void)
{
	struct vmdev_volume volumes[2];
	struct vmdev *space, *same;
	uint64_t length, size;
	char *mem, *other;

	errno = 0;
	vt_check(vmdev_volume_list(NULL, 0) == -1 && errno == ENODEV, "list: %s", strerror(errno));
	load();
	length = 2 * vt_pool_frames() * vt_page_size();
	vt_check(!vmdev_volume_create("lib", length, 0640, GROUP), "create: %s", strerror(errno));
	vt_check(check_node("lib", 0640, GROUP, length), "the node");
	vt_check(vmdev_volume_create("lib", length, 0, 0) == -1 && errno == EEXIST, "again: %s",
		 strerror(errno));
	space = vmdev_open(VV_PREFIX "lib");
	same = vmdev_open(VV_PREFIX "lib");
	vt_check(space && same, "vmdev_open: %s", strerror(errno));
	mem = vmdev_mmap(space, 0, length, PROT_READ | PROT_WRITE, 0);
	other = vmdev_mmap(same, 0, length, PROT_READ, 0);
	vt_check(mem && other, "vmdev_mmap: %s", strerror(errno));
	fill_range(mem, length / vt_page_size(), 2, 0);
	vt_check(check_range(other, length / vt_page_size(), 2, 0), "content");
	vt_check(vmdev_set_size(space, 0) == -1 && errno == EPERM, "size: %s", strerror(errno));
	vt_check(!vmdev_mmap(space, 0, length + 1, PROT_READ, 0) && errno == ENXIO,
		 "past the end: %s", strerror(errno));
	vt_check(!vmdev_get_size(space, &size) && size == length, "size %" PRIu64, size);
	vt_check(vmdev_volume_list(volumes, 2) == 1 && !strcmp(volumes[0].name, "lib"), "list");
	vt_check(!vmdev_volume_remove("lib") && vmdev_volume_list(volumes, 2) == 0, "remove");
	vt_check(vmdev_volume_remove("lib") == -1 && errno == ENOENT, "again: %s", strerror(errno));
	vt_check(check_range(mem, length / vt_page_size(), 2, 0), "content after the removal");
	vt_check(!vmdev_munmap(mem, length) && !vmdev_munmap(other, length), "munmap");
	vmdev_close(space);
	vmdev_close(same);
	return vt_nothing_left();
}

static const struct vt_test tests[] = {
	{ "create and remove", test_create },
	{ "list", test_list },
	{ "a long list", test_many },
	{ "what shows spaces shows volumes", test_status },
	{ "errors", test_errors },
	{ "unload", test_unload },
	{ "the library", test_library },
};

int main(void)
{
	const struct vl_suite suite = { .tests = tests, .count = ARRAY_SIZE(tests) };

	return vl_run(&suite);
}
