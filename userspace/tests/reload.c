// SPDX-License-Identifier: GPL-2.0
/* What `reload` takes over from the loaded module, and what it says of a failure. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../vmdevctl/reload.h"
#include "tap.h"

static char root[32] = "/tmp/vmdev-reload-XXXXXX";

static void write_file(const char *name, const char *value)
{
	char path[128];
	FILE *file;
	char *at;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	for (at = path + sizeof("/tmp/"); (at = strchr(at, '/')); at++) {
		*at = '\0';
		mkdir(path, 0700);
		*at = '/';
	}
	file = fopen(path, "w");
	if (file) {
		fputs(value, file);
		fclose(file);
	}
}

static void check_present(void)
{
	static const char *const names[PARAM_COUNT] = {
		"pool_mb", "store", "store_mb", "policy", "overcommit", "readahead", "checksum",
	};
	static const char *const values[PARAM_COUNT] = {
		"64\n", "/a b\n", "0\n", "fifo\n", "1\n", "7\n", "0\n",
	};
	static const char *const want[PARAM_COUNT] = {
		"64M", "/a b", "0M", "fifo", "1", "7", "0",
	};
	struct params params = { .values = { [PARAM_STORE] = "/given" } };
	struct ctl_result result = { 0 };
	struct present present = { 0 };
	char name[64];
	size_t i;

	ok(reload_present(&present, root, &result) && result.error == ENODEV, "nothing is loaded");
	is(result.message, "vmdev isn't loaded; run 'vmdevctl load'", "what is said then");
	for (i = 0; i < PARAM_COUNT; i++) {
		snprintf(name, sizeof(name), "module/vmdev/parameters/%s", names[i]);
		write_file(name, values[i]);
	}
	ok(!reload_present(&present, root, &result), "parameters");
	for (i = 0; i < PARAM_COUNT; i++)
		is(present.values[i], want[i], names[i]);
	write_file("kernel/vmdev/policy/current", "clock\n");
	write_file("kernel/vmdev/pool/frames", "1025\n");
	ok(!reload_present(&present, root, &result), "changed in use");
	is(present.values[PARAM_POLICY], "clock", "the policy it was changed to");
	is(present.values[PARAM_POOL], sysconf(_SC_PAGESIZE) == 4096 ? "5M" : "64M",
	   "the pool, rounded up");
	write_file("kernel/vmdev/pool/frames", "1024\n");
	ok(!reload_present(&present, root, &result), "changed again");
	is(present.values[PARAM_POOL], sysconf(_SC_PAGESIZE) == 4096 ? "4M" : "64M",
	   "whole mebibytes");
	reload_fill(&params, &present);
	is(params.values[PARAM_STORE], "/given", "what is given stays");
	is(params.values[PARAM_READAHEAD], "7", "what isn't is as it was");
}

static void check_messages(void)
{
	struct ctl_result result = { 0 }, again = { 0 };

	ctl_fail(&result, EINVAL, "cannot load vmdev: no");
	reload_explain(&result, &again);
	is(result.message, "cannot load vmdev: no; vmdev is loaded as before", "loaded as before");
	ctl_fail(&result, EINVAL, "cannot load vmdev: no");
	ctl_fail(&again, ENOMEM, "cannot load vmdev: nor now");
	reload_explain(&result, &again);
	is(result.message,
	   "cannot load vmdev: no; nor does it load as before: vmdev isn't loaded now",
	   "not loaded any more");
	memset(result.message, 'x', sizeof(result.message) - 1);
	reload_explain(&result, &again);
	ok(strlen(result.message) < sizeof(result.message) &&
	   strstr(result.message, "xx; nor does it load as before: vmdev isn't loaded now"),
	   "a long reason");
}

int main(void)
{
	char command[64];

	if (!mkdtemp(root)) {
		perror("mkdtemp");
		return 1;
	}
	check_present();
	check_messages();
	snprintf(command, sizeof(command), "rm -r %s", root);
	ok(!system(command), "clean up");
	return tap_end();
}
