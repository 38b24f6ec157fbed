// SPDX-License-Identifier: GPL-2.0
/*
 * vmdevctl doctor on machines whose state is known: what it says of module, device and
 * store, and that its exit status is what a load then comes to.
 */
#define _GNU_SOURCE
#include <sys/mount.h>
#include <sys/stat.h>

#include "tool.h"
#include "vmdev_volume.h"

#define KO	((char *)vl_env("VMDEV_KO"))

/* Is there a check of this name and verdict with this in its text? */
static bool check_found(const struct output *output, const char *name, const char *verdict,
			const char *text)
{
	char path[32], got[1024], want[32];

	for (unsigned int i = 0;; i++) {
		snprintf(path, sizeof(path), "checks.%u.name", i);
		vt_check(json_find(output->out, path, got, sizeof(got)), "no %s: %s \"%s\" in %s",
			 verdict, name, text, output->out);
		snprintf(want, sizeof(want), "\"%s\"", name);
		if (strcmp(got, want))
			continue;
		snprintf(path, sizeof(path), "checks.%u.verdict", i);
		snprintf(want, sizeof(want), "\"%s\"", verdict);
		if (!json_find(output->out, path, got, sizeof(got)) || strcmp(got, want))
			continue;
		snprintf(path, sizeof(path), "checks.%u.text", i);
		if (json_find(output->out, path, got, sizeof(got)) && strstr(got, text))
			return true;
	}
}

static bool test_good(void)
{
	struct output output;

	tool(&output, "doctor", "-j", "-m", KO, "-s", (char *)vl_mnt(), "-S", "64M", "-p", "16M");
	vt_check(check_good(&output) && check_json(&output, "ok", "true") &&
		 check_found(&output, "kernel", "ok", "x86_64") &&
		 check_found(&output, "module", "ok", KO) &&
		 check_found(&output, "device", "ok", "isn't loaded") &&
		 check_found(&output, "debugfs", "ok", "is mounted") &&
		 check_found(&output, "pool", "ok", "16 MiB of ") &&
		 check_found(&output, "store", "ok", "on ext4: pages go to its blocks") &&
		 check_found(&output, "store", "ok", "takes direct I/O") &&
		 check_found(&output, "store", "ok", "64 MiB are needed"), "before the load");
	tool_load(&output, "-p", "16M");
	vt_check(check_good(&output), "load");
	tool(&output, "doctor", "-j", "-m", KO);
	vt_check(check_good(&output) && check_found(&output, "device", "ok", "mode 0600") &&
		 check_found(&output, "pool", "ok", "16 MiB, taken already") &&
		 check_found(&output, "store", "ok", vl_mnt()), "after the load");
	vv_must_create("one", 1 << 20);
	vv_must_create("two", 3 << 20);
	tool(&output, "doctor", "-j", "-m", KO);
	vt_check(check_good(&output) && check_found(&output, "volumes", "ok", "2, 4 MiB in all"),
		 "with volumes");
	vt_need(!unlink(VV_PREFIX "two"), "unlink: %s", strerror(errno));
	tool(&output, "doctor", "-j", "-m", KO);
	vt_check(check_good(&output) &&
		 check_found(&output, "volumes", "warn",
			     "1 of 2 can't be opened: " VV_PREFIX "two isn't there"),
		 "without a node");
	vt_check(!chmod(VT_DEVICE, 0666), "chmod: %m");
	tool(&output, "doctor", "-j", "-m", KO);
	return check_good(&output) && check_found(&output, "device", "warn", "mode 0666");
}

/* It says no, and load does. */
static bool check_bad(char *store, char *size, const char *text)
{
	struct output output;

	tool(&output, "doctor", "-j", "-m", KO, "-s", store, "-S", size);
	vt_check(check_error(&output, 1, "checks failed", "what to do") &&
		 check_json(&output, "ok", "false") && check_found(&output, "store", "fail", text),
		 "doctor: %s", store);
	tool(&output, "load", "-m", KO, "-p", "4M", "-s", store, "-S", size);
	vt_check(output.status && !vl_loaded(), "load: %s: %s%s", store, output.out, output.err);
	return true;
}

static bool test_bad_store(void)
{
	char source[256] = "", file[256];
	FILE *mounts = fopen("/proc/mounts", "re");
	char from[256], to[256];

	vt_need(mounts, "/proc/mounts: %s", strerror(errno));
	while (fscanf(mounts, "%255s %255s%*[^\n]", from, to) == 2) {
		if (!strcmp(to, vl_mnt()))
			strcpy(source, from);
	}
	fclose(mounts);
	vt_check(check_bad(source, "64M", "Device or resource busy"), "a mounted device");
	vt_check(check_bad((char *)vl_disk(), "1T", "are needed"), "a small device");
	vt_check(check_bad((char *)vl_mnt(), "1T", "more are needed"), "a small disk");
	snprintf(file, sizeof(file), "%s/others-may-write", vl_mnt());
	vt_need(vl_run_command("truncate -s 16M %s && chmod 666 %s", file, file), "%s", file);
	vt_check(check_bad(file, "16M", "others may write"), "a file that others may write");
	unlink(file);
	vt_check(check_bad("/dev/null", "16M", "is no directory"), "a character device");
	vt_check(check_bad("/none/such", "16M", "No such file"), "no directory");
	return true;
}

/* They work, and have their pitfalls. */
static bool test_doubtful_store(void)
{
	struct output output;
	char store[256];

	snprintf(store, sizeof(store), "%s/ram", vl_mnt());
	vt_need(!mkdir(store, 0700) && !mount("none", store, "tmpfs", 0, NULL), "%s: %s", store,
		strerror(errno));
	tool(&output, "doctor", "-j", "-m", KO, "-s", store, "-S", "16M");
	umount(store);
	rmdir(store);
	vt_check(check_good(&output) && check_found(&output, "store", "warn", "on tmpfs"), "tmpfs");
	tool(&output, "doctor", "-j", "-m", KO, "-s", (char *)vl_disk(), "-S", "0");
	return check_good(&output) && check_found(&output, "store", "ok", "is a block device of");
}

static bool test_no_module(void)
{
	struct output output;

	tool(&output, "doctor", "-s", (char *)vl_mnt(), "-S", "64M");
	vt_check(check_error(&output, 1, "1 of ", "checks failed"), "not installed");
	vt_check(strstr(output.out, "FAIL  module     isn't installed for ") &&
		 strstr(output.out, "-> make module && make install") &&
		 strstr(output.out, " failed\n") && !strchr(output.out, '\033'), "said: %s",
		 output.out);
	return true;
}

static const struct vt_test tests[] = {
	{ "all is well", test_good },
	{ "stores that can't work", test_bad_store },
	{ "stores with pitfalls", test_doubtful_store },
	{ "no module", test_no_module },
};

int main(void)
{
	const struct vl_suite suite = { .tests = tests, .count = ARRAY_SIZE(tests) };

	return vl_run(&suite);
}
