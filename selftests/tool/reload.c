// SPDX-License-Identifier: GPL-2.0
/*
 * vmdevctl reload: what it takes over, what it changes, and that after each kind of
 * failure the module is in the state that is said.
 */
#define _GNU_SOURCE
#include <sys/stat.h>

#include "tool.h"

#define KO	((char *)vl_env("VMDEV_KO"))

static bool load_all(void)
{
	struct output output;

	tool_load(&output, "-p", "8M", "-P", "fifo", "-o", "on", "-r", "4", "-c", "off");
	return check_good(&output);
}

/* As load_all() made it, but for the pool. */
static bool check_all(const char *pool, const char *policy)
{
	return check_param("pool_mb", pool) && check_param("policy", policy) &&
	       check_param("store", vl_mnt()) && check_param("store_mb", "64") &&
	       check_param("overcommit", "1") && check_param("readahead", "4") &&
	       check_param("checksum", "0");
}

static bool test_as_it_is(void)
{
	struct output output;
	struct vt_space v;

	vt_check(load_all(), "load");
	v = vt_space_new(64 * vt_page_size());
	fill_range(v.mem, 64, 1, 0);
	vt_space_free(&v);
	tool(&output, "reload", "-m", KO);
	vt_check(check_good(&output) &&
		 !strncmp(output.out, "vmdev is loaded: pool 8 MiB, store 64 MiB in ", 45) &&
		 check_all("8", "fifo"), "reload: %s", output.out);
	vt_check(vt_sysfs_u64("stats/faults") == 0, "the same module");
	vt_set_pool_frames((5 << 20) / vt_page_size() + 1);
	vt_check(!vt_sysfs_write("policy/current", "clock"), "policy");
	tool(&output, "reload", "--module", KO, "--json");
	vt_check(check_good(&output) && check_json(&output, "ok", "true") &&
		 check_json(&output, "loaded", "true") && check_json(&output, "kernel", "[]") &&
		 check_json(&output, "holders", "[]") && check_all("6", "clock"), "changed in use");
	return true;
}

static bool test_given(void)
{
	struct output output;

	vt_check(load_all(), "load");
	tool(&output, "reload", "-m", KO, "-p", "16M", "-f", "-s", (char *)vl_disk(), "-S", "32M");
	vt_check(check_good(&output) && check_param("pool_mb", "16") &&
		 check_param("store", vl_disk()) && check_param("store_mb", "32") &&
		 check_param("policy", "fifo") && check_param("readahead", "4"), "reload");
	/* the disk's content is the module's own now */
	tool(&output, "reload", "-m", KO, "-r", "8");
	return check_good(&output) && check_param("store", vl_disk()) &&
	       check_param("readahead", "8");
}

/* Nothing was done: the same module runs on. */
static bool check_untouched(const struct output *output, int status, const char *a, const char *b)
{
	vt_check(check_error(output, status, a, b), "what is said");
	vt_check(vl_loaded() && vt_sysfs_u64("stats/faults_zero") == 64, "reloaded");
	return check_all("8", "fifo");
}

/* The module file, for another kernel. */
static void make_old(const char *path)
{
	static char image[8 << 20];
	int from = open(KO, O_RDONLY | O_CLOEXEC), to;
	ssize_t size = from < 0 ? -1 : read(from, image, sizeof(image));
	char *magic = size < 0 ? NULL : memmem(image, size, "vermagic=", 9);

	vt_need(magic, "%s: no vermagic", KO);
	magic[9] = '1';
	to = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	vt_need(to >= 0 && write(to, image, size) == size, "%s: %s", path, strerror(errno));
	close(from);
	close(to);
}

static bool test_refused_before(void)
{
	char old[] = "/tmp/vmdev.ko", full[256], number[32];
	struct output output;
	struct vt_space v;
	int fd;

	vt_check(load_all(), "load");
	v = vt_space_new(64 * vt_page_size());
	fill_range(v.mem, 64, 1, 0);
	tool(&output, "reload", "-m", KO);
	snprintf(number, sizeof(number), "process %d (", getpid());
	vt_check(check_untouched(&output, 1, "vmdev is in use; end its user first: ", number),
		 "busy");
	vt_check(check_range(v.mem, 64, 1, 0), "content");
	tool(&output, "reload", "-m", KO, "--json");
	vt_check(check_status(&output, 1) && check_json(&output, "loaded", "true") &&
		 check_json(&output, "errno", "\"EBUSY\"") &&
		 check_json_number(&output, "holders.0.pid", getpid()), "busy in JSON");
	vt_space_free(&v);
	tool(&output, "reload", "-m", KO, "-p", "9999G");
	vt_check(check_untouched(&output, 2, "--pool 9999G", "vmdevctl reload --help"), "option");
	tool(&output, "reload", "-m", "/none/vmdev.ko");
	vt_check(check_untouched(&output, 1, "/none/vmdev.ko", "build it or"), "no such module");
	tool(&output, "reload");
	vt_check(check_untouched(&output, 1, "isn't installed for this kernel",
				 "--module; vmdev is loaded as before\n"), "not installed");
	make_old(old);
	tool(&output, "reload", "-m", old);
	vt_check(check_untouched(&output, 1, "/tmp/vmdev.ko is built for kernel 1.1.", "build it"),
		 "another kernel's");
	unlink(old);
	snprintf(full, sizeof(full), "%s/full", vl_mnt());
	fd = open(full, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	vt_need(fd >= 0 && write(fd, "data", 4) == 4 && !close(fd), "%s: %s", full,
		strerror(errno));
	tool(&output, "reload", "-m", KO, "-s", full);
	vt_check(check_untouched(&output, 1, "holds data", "--force"), "a store with data");
	unlink(full);
	return true;
}

/* The kernel alone knows that it can't work: it is loaded as before. */
static bool test_refused_by_kernel(void)
{
	struct output output;

	vt_check(load_all(), "load");
	tool(&output, "reload", "-m", KO, "-p", "16M", "-P", "none-such");
	vt_check(check_error(&output, 1, "cannot load vmdev: Invalid argument: --policy none-such",
			     "; vmdev is loaded as before\n") && check_all("8", "fifo"), "reload");
	tool(&output, "reload", "-j", "-m", KO, "-P", "none-such");
	vt_check(check_status(&output, 1) && check_json(&output, "ok", "false") &&
		 check_json(&output, "loaded", "true") && check_all("8", "fifo"), "JSON");
	return true;
}

/* Nor can it be loaded as before: its directory is gone. */
static bool test_no_way_back(void)
{
	struct output output;
	char parent[256], store[300];

	snprintf(parent, sizeof(parent), "%s/parent", vl_mnt());
	snprintf(store, sizeof(store), "%s/gone", parent);
	vt_need(!mkdir(parent, 0700) && !mkdir(store, 0700), "%s: %s", store, strerror(errno));
	tool(&output, "load", "-m", KO, "-p", "4M", "-s", store, "-S", "16M");
	vt_check(check_good(&output), "load");
	vt_need(!rmdir(store) && !rmdir(parent), "%s: %s", store, strerror(errno));
	tool(&output, "reload", "-m", KO);
	vt_check(check_error(&output, 2, store, "vmdevctl reload --help") && vl_loaded(),
		 "with the same store");
	tool(&output, "reload", "-m", KO, "-s", (char *)vl_mnt(), "-P", "none-such", "-j");
	vt_check(check_error(&output, 1, "--policy none-such",
			     "nor does it load as before: vmdev isn't loaded now\n") &&
		 check_json(&output, "loaded", "false") && !vl_loaded(), "with another store");
	tool(&output, "reload", "-m", KO);
	return check_error(&output, 1, "vmdev isn't loaded", "run 'vmdevctl load'");
}

static bool nobody(void *arg)
{
	struct output output;

	(void)arg;
	vt_need(!setgid(65534) && !setuid(65534), "setuid: %s", strerror(errno));
	tool(&output, "reload", "-m", KO);
	return check_error(&output, 1, "Operation not permitted", "run it as root");
}

static bool test_unprivileged(void)
{
	vt_check(load_all(), "load");
	vt_check(vt_in_child(nobody, NULL) && check_all("8", "fifo"), "as nobody");
	return true;
}

static const struct vt_test tests[] = {
	{ "with what it runs with", test_as_it_is },
	{ "with what is given", test_given },
	{ "refused before the unload", test_refused_before },
	{ "refused by the kernel", test_refused_by_kernel },
	{ "no way back", test_no_way_back },
	{ "without privilege", test_unprivileged },
};

int main(void)
{
	const struct vl_suite suite = { .tests = tests, .count = ARRAY_SIZE(tests) };

	return vl_run(&suite);
}
