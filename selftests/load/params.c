// SPDX-License-Identifier: GPL-2.0
/*
 * Parameters: all are described in the module file, can be read while it is
 * loaded, say what was asked for, and are what the module works with.
 */
#define _GNU_SOURCE
#include <sys/stat.h>

#include "vmdev_load.h"

static const char *const names[] = {
	"pool_mb", "store", "store_mb", "policy", "overcommit", "readahead", "checksum",
};

/* modinfo: strings "parm=NAME:description" in the module file. */
static bool test_described(void)
{
	int fd = open(vl_env("VMDEV_KO"), O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *file;

	vt_need(fd >= 0 && !fstat(fd, &st), "%s: %s", vl_env("VMDEV_KO"), strerror(errno));
	file = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	vt_need(file != MAP_FAILED, "mmap: %s", strerror(errno));
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		char key[64];
		const char *at;

		snprintf(key, sizeof(key), "parm=%s:", names[i]);
		at = memmem(file, st.st_size, key, strlen(key));
		vt_check(at, "%s isn't in modinfo", names[i]);
		vt_check(strlen(at) > strlen(key) + 10, "modinfo describes %s as \"%s\"", names[i],
			 at + strlen(key));
	}
	vt_check(memmem(file, st.st_size, "license=GPL", 11), "no GPL license in modinfo");
	munmap(file, st.st_size);
	close(fd);
	return true;
}

/* bool parameters read back as Y and N, numbers as numbers. */
static bool is_value(const char *name, const char *want)
{
	char value[300];
	int ret = vl_param(name, value, sizeof(value));
	bool same;

	vt_check(!ret, "parameter %s: %s", name, strerror(-ret));
	same = !strcmp(value, want) || (!strcmp(want, "1") && !strcmp(value, "Y")) ||
	       (!strcmp(want, "0") && !strcmp(value, "N"));
	vt_check(same, "parameter %s reads \"%s\", expected \"%s\"", name, value, want);
	return true;
}

static bool is_policy(const char *want)
{
	char current[64];

	vt_need(!vt_sysfs_read("policy/current", current, sizeof(current)), "policy/current");
	vt_check(!strcmp(current, want), "policy/current is %s, expected %s", current, want);
	return true;
}

static bool test_given(void)
{
	struct vmdev_info info;
	uint64_t slots;
	int fd;

	vl_must_load("pool_mb=7 store=%s store_mb=9 policy=%s overcommit=1 readahead=5 checksum=0",
		     vl_disk(), "fifo");
	vt_check(is_value("pool_mb", "7") && is_value("store", vl_disk()) &&
		 is_value("store_mb", "9") && is_value("policy", "fifo") &&
		 is_value("overcommit", "1") && is_value("readahead", "5") &&
		 is_value("checksum", "0"), "what was given");
	vt_check(is_policy("fifo"), "policy=fifo");
	vt_check(vt_pool_frames() == 7 * 256, "%" PRIu64 " frames", vt_pool_frames());
	slots = vt_sysfs_u64("store/slots");
	vt_check(slots <= 9 * 256 && slots >= 9 * 256 - 16, "%" PRIu64 " slots", slots);
	fd = vt_open();
	vt_need(!vt_info(fd, &info), "GET_INFO");
	vt_check(!(info.features & VMDEV_FEATURE_CHECKSUM), "a checksum with checksum=0");
	close(fd);
	return true;
}

static bool test_default(void)
{
	vl_must_load("pool_mb=4 store=%s store_mb=8", vl_disk());
	vt_check(is_value("overcommit", "0") && is_value("checksum", "1"), "defaults");
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		char value[300];

		vt_check(!vl_param(names[i], value, sizeof(value)) && *value, "%s can't be read",
			 names[i]);
	}
	return true;
}

/* What can't change while loaded can't be written either. */
static bool test_mode(void)
{
	vl_must_load("pool_mb=4 store=%s store_mb=8", vl_disk());
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		char path[128];
		struct stat st;

		snprintf(path, sizeof(path), "/sys/module/vmdev/parameters/%s", names[i]);
		vt_check(!stat(path, &st), "%s: %s", path, strerror(errno));
		vt_check((st.st_mode & 07777) == 0444, "%s has mode %04o", path,
			 st.st_mode & 07777);
	}
	return true;
}

static bool test_policies(void)
{
	static const char *const policies[] = { "fifo", "s3fifo", "clock", "clock-refault" };

	for (unsigned int i = 0; i < ARRAY_SIZE(policies); i++) {
		struct vt_space v;

		vl_must_load("pool_mb=2 store=%s store_mb=8 policy=%s", vl_disk(), policies[i]);
		vt_check(is_policy(policies[i]), "%s", policies[i]);
		v = vt_space_new(1200 * vt_page_size());
		fill_range(v.mem, 1200, 1 + i, 0);
		vt_check(check_range(v.mem, 1200, 1 + i, 0), "content lost under %s", policies[i]);
		vt_space_free(&v);
		vt_check(!vl_unload(), "unload");
	}
	return true;
}

static bool test_readahead_off(void)
{
	struct vt_space v;

	vl_must_load("pool_mb=4 store=%s store_mb=8 readahead=0", vl_disk());
	v = vt_space_new(500 * vt_page_size());
	fill_range(v.mem, 500, 1, 0);
	vt_check(vt_evict_all(&v), "pages stayed");
	vt_check(check_range(v.mem, 500, 1, 0), "content lost");
	vt_check(vt_stats_now(v.fd).readahead == 0 && vt_stats_now(v.fd).faults_major == 500,
		 "%llu read ahead, %llu major faults", vt_stats_now(v.fd).readahead,
		 vt_stats_now(v.fd).faults_major);
	vt_space_free(&v);
	return true;
}

static const struct vt_test tests[] = {
	{ "described in the module file", test_described },
	{ "given values", test_given },
	{ "default values", test_default },
	{ "read-only in sysfs", test_mode },
	{ "every policy", test_policies },
	{ "readahead=0", test_readahead_off },
};

int main(void)
{
	const struct vl_suite suite = { .tests = tests, .count = ARRAY_SIZE(tests) };

	return vl_run(&suite);
}
