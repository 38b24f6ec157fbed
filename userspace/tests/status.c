// SPDX-License-Identifier: GPL-2.0
/*
 * The module's statistics without the module: a directory with the same files is
 * read by the library and shown by `status`.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../libvmdev/internal.h"
#include "../vmdevctl/status.h"
#include "tap.h"

static char root[32] = "/tmp/vmdev-status-XXXXXX";
static struct sample data = { .page_size = 4096, .spaces_count = -1 };

static void write_file(const char *name, const char *value)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	file = fopen(path, "w");
	if (!file || fputs(value, file) < 0 || fclose(file))
		abort();
}

static void remove_file(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	remove(path);
}

/* Every number gets another value, so that a mix-up shows. */
static uint64_t value_of(size_t file)
{
	return 1000 + file * 7;
}

static void fill(void)
{
	static const char *const directories[] = { "pool", "store", "stats", "policy", "spaces" };
	char text[256];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(directories); i++) {
		snprintf(text, sizeof(text), "%s/%s", root, directories[i]);
		mkdir(text, 0700);
	}
	for (i = 0; i < vmdev_number_files_count; i++) {
		snprintf(text, sizeof(text), "%" PRIu64 "\n", value_of(i));
		write_file(vmdev_number_files[i].path, text);
	}
	write_file("policy/current", "clock\n");
	write_file("policy/available", "fifo clock clock-refault\n");
	write_file("store/path", "/var/tmp/a \"b\"\n");
}

static void empty(void)
{
	size_t i;

	for (i = 0; i < vmdev_number_files_count; i++)
		remove_file(vmdev_number_files[i].path);
	remove_file("policy/current");
	remove_file("policy/available");
	remove_file("store/path");
	remove_file("pool");
	remove_file("store");
	remove_file("stats");
	remove_file("policy");
	remove_file("spaces");
	rmdir(root);
}

static void check_library(void)
{
	uint64_t value;
	size_t i;

	ok(!vmdev_read_module_stats(root, &data.stats), "statistics are read");
	for (i = 0; i < vmdev_number_files_count; i++) {
		memcpy(&value, (char *)&data.stats + vmdev_number_files[i].member, sizeof(value));
		ok(value == value_of(i), "%s", vmdev_number_files[i].path);
	}
	is(data.stats.policy_available, "fifo clock clock-refault", "policy/available");
	is(data.stats.store_path, "/var/tmp/a \"b\"", "store/path");
	ok(data.stats.pool_frames == value_of(0), "member pool_frames is pool/frames");
	ok(data.stats.spaces_count == value_of(vmdev_number_files_count - 1),
	   "member spaces_count is spaces/count");
}

static void check_bad_files(void)
{
	static const char *const bad[] = {
		"x\n", "-1\n", "12 3\n", "99999999999999999999999\n", " 1\n",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		write_file("stats/oom", bad[i]);
		errno = 0;
		ok(vmdev_read_module_stats(root, &data.stats) == -1 && errno == EINVAL,
		   "a file that holds no number, %zu", i);
	}
	remove_file("stats/oom");
	ok(!vmdev_read_module_stats(root, &data.stats) && data.stats.oom == VMDEV_UNKNOWN,
	   "a missing number is unknown");
	remove_file("store/path");
	ok(!vmdev_read_module_stats(root, &data.stats) && !data.stats.store_path[0],
	   "a missing text is empty");
	errno = 0;
	ok(vmdev_read_module_stats("/tmp/none/such", &data.stats) == -1 && errno == ENODEV,
	   "no directory: not loaded");
	errno = 0;
	ok(vmdev_get_module_stats(&data.stats, 0) == -1 && errno == EINVAL, "size 0");
	errno = 0;
	ok(vmdev_get_module_stats(&data.stats, sizeof(data.stats) + 1) == -1 && errno == EINVAL,
	   "size too large");
}

static char *show(bool colour, bool want_json)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct json json = { .out = out };

	if (want_json) {
		json_begin_object(&json, NULL);
		status_json(&json, &data);
		json_end_object(&json);
	} else {
		status_show(&data, out, colour);
	}
	fclose(out);
	return text;
}

static void check_table(void)
{
	char *text;

	if (vmdev_read_module_stats(root, &data.stats))
		abort();
	text = show(false, false);
	ok(strstr(text, "Pool                     FRAMES         SIZE\n"
			"  total                      1000      3.9 MiB\n"), "table: pool");
	ok(strstr(text, "Store  /var/tmp/a \"b\"\n"), "table: store");
	ok(strstr(text, "Policy clock (of: fifo clock clock-refault)\n"), "table: policy");
	ok(strstr(text, " in ") && strstr(text, " I/Os\n"), "table: I/Os");
	ok(strstr(text, "Spaces  1203 open\n"), "table: spaces");
	ok(!strchr(text, '\033'), "table: no colours by default");
	free(text);
	text = show(true, false);
	ok(strstr(text, "\033[1mPool\033[0m") && strstr(text, "\033[31m  read errors"),
	   "table: colours, trouble in red");
	free(text);
	data.stats.pool_locked = VMDEV_UNKNOWN;
	data.stats.oom = VMDEV_UNKNOWN;
	data.stats.spaces_count = VMDEV_UNKNOWN;
	text = show(true, false);
	ok(strstr(text, "  locked by mlock               -\n") &&
	   strstr(text, "Spaces\033[0m  -\n") && !strstr(text, "18446744073709551615"),
	   "table: unknown numbers");
	free(text);
}

static void check_json(void)
{
	char *text = show(false, true);

	ok(strstr(text, "\"page_size\": 4096,\n  \"pool\": {\n    \"frames\": 1000,\n"),
	   "json: pool");
	ok(strstr(text, "\"path\": \"/var/tmp/a \\\"b\\\"\",\n    \"slots\": 1049,\n"),
	   "json: store");
	ok(strstr(text, "\"current\": \"clock\",\n    \"available\": [\n      \"fifo\",\n"
			"      \"clock\",\n      \"clock-refault\"\n    ]\n"),
	   "json: policy");
	ok(strstr(text, "\"oom\": null,\n"), "json: an unknown number is null");
	ok(strstr(text, "\"spaces\": {\n    \"count\": null,\n    \"list\": null\n  }\n}\n"),
	   "json: spaces that can't be seen");
	free(text);
}

/* The list of spaces from @text, as the kernel has it in debugfs. */
static ssize_t read_spaces(char *text)
{
	FILE *file = fmemopen(text, strlen(text), "r");
	ssize_t count = spaces_read(file, &data.spaces);

	fclose(file);
	return count;
}

#define FAULTS	"faults_zero faults_major faults_minor"
#define COLUMNS	"id pid comm size frames swapped dirty faults_minor faults_major faults_zero\n"

static void check_spaces(void)
{
	char *text;

	ok(read_spaces("id pid comm\n") == -EPROTO && !data.spaces, "spaces: other columns");
	ok(read_spaces(COLUMNS "1 2 x 3 4\n") == -EPROTO, "spaces: columns missing");
	ok(read_spaces(COLUMNS "1 x y 3 4 5 6 7 8 9\n") == -EPROTO, "spaces: not a number");
	data.spaces_count = read_spaces(COLUMNS);
	ok(data.spaces_count == 0, "spaces: none");
	text = show(false, true);
	ok(strstr(text, "\"list\": []\n"), "json: no spaces");
	free(text);
	data.spaces_count = read_spaces(COLUMNS
					"1 10 cat 8192 1 2 3 4 5 6\n"
					"2 11 a b \"c\" 1048576 256 0 9 100 10 1\n"
					"3 0 vmdev-x-y 4096 0 0 0 0 0 0\n"
					"4 12 vmdev-x-y 4096 0 0 0 0 0 0\n");
	ok(data.spaces_count == 4, "spaces: four");
	is(space_volume(&data.spaces[2]), "x-y", "spaces: a volume");
	ok(!space_volume(&data.spaces[3]) && !space_volume(&data.spaces[0]),
	   "spaces: a process called as one");
	is(data.spaces[1].comm, "a b \"c\"", "spaces: a name with blanks");
	text = show(false, false);
	ok(strstr(text, "        1       10 cat                   8 KiB      4 KiB"),
	   "table: the first space");
	ok(strstr(text, "         15  "), "table: its faults");
	ok(strstr(text, "      2       11 a b \"c\""), "table: the second space");
	ok(strstr(text, "      3   volume x-y                   4 KiB"), "table: a volume");
	ok(strstr(text, " FAULTS  LIMITS\n") && strstr(text, "         15  -\n"),
	   "table: limits that aren't shown");
	free(text);
	data.spaces[0].limit_max = 512;
	data.spaces[0].limit_min = 0;
	data.spaces[1].limit_max = 512;
	data.spaces[1].limit_min = 16;
	data.spaces[2].limit_max = 0;
	data.spaces[2].limit_min = 16;
	data.spaces[3].limit_max = 0;
	data.spaces[3].limit_min = 0;
	text = show(false, false);
	ok(strstr(text, "         15  2 MiB\n"), "table: a limit");
	ok(strstr(text, "        111  64 KiB to 2 MiB\n"), "table: two limits");
	ok(strstr(text, "          0  from 64 KiB\n"), "table: a minimum");
	ok(strstr(text, "          0  -\n"), "table: no limit");
	free(text);
	text = show(false, true);
	ok(strstr(text, "\"written_pages\": null,\n        \"limit_max\": 512,\n"
			"        \"limit_min\": 16\n"), "json: limits");
	free(text);
	strcpy(data.spaces[2].comm, "vmdev-a.name.of.thirty.one.characters");
	text = show(false, false);
	ok(strstr(text, "      ID      PID COMMAND                               SIZE "),
	   "table: a long name makes room");
	ok(strstr(text, "volume a.name.of.thirty.one.characters      4 KiB"),
	   "table: a volume of a long name");
	strcpy(data.spaces[2].comm, "vmdev-x-y");
	free(text);
	ok(data.spaces[0].faults_zero == 6 && data.spaces[0].refaults == VMDEV_UNKNOWN,
	   "spaces: columns that an older module hasn't");
	text = show(false, true);
	ok(strstr(text, "\"refaults\": null,\n        \"read_pages\": null,\n"),
	   "json: what isn't there is null");
	ok(strstr(text, "\"pid\": 11,\n        \"comm\": \"a b \\\"c\\\"\",\n"
			"        \"volume\": null,\n        \"size\": 1048576,\n"
			"        \"resident\": 256,\n"), "json: the second space");
	ok(strstr(text, "\"pid\": 0,\n        \"comm\": \"vmdev-x-y\",\n"
			"        \"volume\": \"x-y\",\n"), "json: a volume");
	free(text);
	free(data.spaces);
	ok(read_spaces("id pid comm new written_pages " FAULTS " dirty swapped frames size\n"
		       "5 6 x 9 8 7 6 5 4 3 2 1\n") == 1 &&
	   data.spaces[0].written_pages == 8 && data.spaces[0].faults_zero == 7 &&
	   data.spaces[0].resident == 2 && data.spaces[0].size == 1 &&
	   data.spaces[0].read_pages == VMDEV_UNKNOWN, "spaces: columns by name, one unknown");
	free(data.spaces);
	ok(read_spaces("id pid comm a b c d e f g h i j k l m n o p q r s t u v w x y z 1 2 3 4")
	   == -EPROTO && !data.spaces, "spaces: too many columns");
}

int main(void)
{
	if (!mkdtemp(root)) {
		perror("mkdtemp");
		return 1;
	}
	fill();
	check_library();
	check_table();
	check_json();
	check_spaces();
	check_bad_files();
	empty();
	return tap_end();
}
