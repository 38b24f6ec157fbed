// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/vmdev: every file that is promised is there with its mode and one
 * value, and a write of what can't be is refused and changes nothing.
 */
#define _GNU_SOURCE
#include <sys/stat.h>

#include "vmdev_test.h"

enum kind { NUMBER, TEXT };

static const struct attribute {
	const char *name;
	mode_t mode;
	enum kind kind;
} attributes[] = {
	{ "pool/frames", 0644, NUMBER },
	{ "pool/free", 0444, NUMBER },
	{ "pool/dirty", 0444, NUMBER },
	{ "pool/pinned", 0444, NUMBER },
	{ "pool/locked", 0444, NUMBER },
	{ "pool/zeroed_on_free", 0444, NUMBER },
	{ "pool/poisoned", 0444, NUMBER },
	{ "store/path", 0444, TEXT },
	{ "store/slots", 0444, NUMBER },
	{ "store/used", 0444, NUMBER },
	{ "store/read_pages", 0444, NUMBER },
	{ "store/read_ios", 0444, NUMBER },
	{ "store/written_pages", 0444, NUMBER },
	{ "store/written_ios", 0444, NUMBER },
	{ "store/read_errors", 0444, NUMBER },
	{ "store/write_errors", 0444, NUMBER },
	{ "store/checksum_errors", 0444, NUMBER },
	{ "stats/faults", 0444, NUMBER },
	{ "stats/faults_minor", 0444, NUMBER },
	{ "stats/faults_major", 0444, NUMBER },
	{ "stats/faults_zero", 0444, NUMBER },
	{ "stats/evictions", 0444, NUMBER },
	{ "stats/evictions_clean", 0444, NUMBER },
	{ "stats/refaults", 0444, NUMBER },
	{ "stats/readahead", 0444, NUMBER },
	{ "stats/readahead_hits", 0444, NUMBER },
	{ "stats/direct_reclaims", 0444, NUMBER },
	{ "stats/oom", 0444, NUMBER },
	{ "stats/locked_evictions", 0444, NUMBER },
	{ "stats/same_filled", 0444, NUMBER },
	{ "policy/available", 0444, TEXT },
	{ "policy/current", 0644, TEXT },
	{ "spaces/count", 0444, NUMBER },
};

/* The whole file, newline and all. */
static ssize_t read_raw(const char *name, char *buf, size_t size)
{
	char path[256];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), VT_SYSFS "/%s", name);
	fd = open(path, O_RDONLY);
	vt_need(fd >= 0, "%s: %s", path, strerror(errno));
	n = read(fd, buf, size - 1);
	vt_need(n >= 0, "%s: %s", path, strerror(errno));
	buf[n] = '\0';
	close(fd);
	return n;
}

static bool test_files(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(attributes); i++) {
		const struct attribute *a = &attributes[i];
		char path[256], value[4096];
		struct stat st;
		ssize_t n;

		snprintf(path, sizeof(path), VT_SYSFS "/%s", a->name);
		vt_check(!stat(path, &st), "%s: %s", path, strerror(errno));
		vt_check((st.st_mode & 07777) == a->mode, "%s has mode %04o, expected %04o", path,
			 st.st_mode & 07777, a->mode);
		n = read_raw(a->name, value, sizeof(value));
		vt_check(n > 1 && value[n - 1] == '\n' && strchr(value, '\n') == value + n - 1,
			 "%s isn't one line: \"%s\"", path, value);
		value[n - 1] = '\0';
		vt_check(a->kind != NUMBER || strspn(value, "0123456789") == (size_t)n - 1,
			 "%s: \"%s\" is no number", path, value);
	}
	return true;
}

/* A write must fail with one of the errors and leave the value. */
static bool refused(const char *name, const char *value, bool or_nomem)
{
	char before[256], after[256];
	int ret;

	vt_need(!vt_sysfs_read(name, before, sizeof(before)), "%s", name);
	ret = vt_sysfs_write(name, value);
	vt_check(ret == -EINVAL || (or_nomem && (ret == -ENOMEM || ret == -ERANGE)),
		 "\"%.40s\" into %s: %s", value, name, ret ? strerror(-ret) : "success");
	vt_need(!vt_sysfs_read(name, after, sizeof(after)), "%s", name);
	vt_check(!strcmp(before, after), "a refused write changed %s from %s to %s", name, before,
		 after);
	return true;
}

static bool test_bad_frames(void)
{
	static const char *const bad[] = { "0", "15", "1", "-1", "-4096", "", "\n", " ", "many",
		"4096x", "4096 4096", "0x", "1.5", "+-5", "4096\n\n" };
	static const char *const huge[] = { "100000000", "4294967296", "4503599627370496",
		"9223372036854775807", "18446744073709551615", "18446744073709551616",
		"99999999999999999999999999" };
	struct vt_space v = vt_space_new(500 * vt_page_size());

	fill_range(v.mem, 500, 1, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		if (!*bad[i])	/* a write of nothing never reaches the module */
			continue;
		vt_check(refused("pool/frames", bad[i], false), "bad");
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(huge); i++)
		vt_check(refused("pool/frames", huge[i], true), "huge");
	vt_check(check_range(v.mem, 500, 1, 0), "content lost");
	vt_space_free(&v);
	return true;
}

static bool test_bad_policy(void)
{
	char current[64], longer[80], text[4000];
	const char *const bad[] = { "nonsense", "\n", longer, text, "fif", "%s%n", "fifo clock" };

	vt_need(!vt_sysfs_read("policy/current", current, sizeof(current)), "policy/current");
	snprintf(longer, sizeof(longer), "%s2", current);
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		vt_check(refused("policy/current", bad[i], false), "bad policy");
	return true;
}

static bool test_read_only(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(attributes); i++) {
		if (attributes[i].mode != 0444)
			continue;
		vt_check(vt_sysfs_write(attributes[i].name, "0\n") < 0, "%s can be written",
			 attributes[i].name);
	}
	return true;
}

static const struct vt_test tests[] = {
	{ "every file, its mode and one value", test_files },
	{ "bad pool sizes", test_bad_frames },
	{ "bad policies", test_bad_policy },
	{ "what is read-only stays so", test_read_only },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
