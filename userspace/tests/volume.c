// SPDX-License-Identifier: GPL-2.0
/* Volumes without a module: what is checked before, and what is said after. */
#include <errno.h>
#include <stdlib.h>

#include "../vmdevctl/volume.h"
#include "tap.h"

#define LONGEST	"a23456789.123456789_123456789-1"

/* What a good request becomes. */
static void takes(const struct volume_request *request, uint64_t size, unsigned int mode,
		  unsigned int gid, const char *name)
{
	char message[CTL_MESSAGE] = "";
	struct vmdev_volume volume;
	bool good = !volume_check(request, 4096, &volume, message, sizeof(message));

	ok(good && volume.size == size && volume.mode == mode && volume.gid == gid, "%s", name);
	if (request->name)
		is(volume.name, request->name, name);
	if (!good)
		printf("# %s\n", message);
}

static void refuses(const struct volume_request *request, const char *want)
{
	char message[CTL_MESSAGE] = "";
	struct vmdev_volume volume;

	if (ok(volume_check(request, 4096, &volume, message, sizeof(message)) == -1, "%s", want))
		is(message, want, want);
}

static void check_good(void)
{
	struct volume_request r = { .verb = VOLUME_CREATE, .name = "v", .size = "4G" };

	takes(&r, 4ULL << 30, 0, 0, "create with a size alone");
	r.mode = "0660";
	r.group = "4711";
	r.size = "8192";
	takes(&r, 8192, 0660, 4711, "create with a mode and a group");
	r.mode = "7";
	r.group = "root";
	r.name = LONGEST;
	takes(&r, 8192, 7, 0, "a group by name, a short mode, the longest name");
	r = (struct volume_request){ .verb = VOLUME_REMOVE, .name = "0" };
	takes(&r, 0, 0, 0, "remove");
	r = (struct volume_request){ .verb = VOLUME_LIST };
	takes(&r, 0, 0, 0, "list");
}

static void check_names(void)
{
	static const char *const bad[] = { "", ".a", "-a", "_a", "a/b", "a b", "a!", "\xc3\xa4",
		LONGEST "2", "../a" };
	struct volume_request r = { .verb = VOLUME_REMOVE };
	char want[256];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		r.name = bad[i];
		snprintf(want, sizeof(want), "'%s' can't be a name; take at most 31 %s", bad[i],
			 "letters, digits, '.', '_', '-'");
		refuses(&r, want);
	}
	r.name = NULL;
	refuses(&r, "volume remove needs a name");
	r.verb = VOLUME_CREATE;
	refuses(&r, "volume create needs a name");
}

static void check_bad_options(void)
{
	static const char *const modes[] = { "0", "000", "1000", "8", "0x1", "rw", "", "-1",
		"777777" };
	static const char *const groups[] = { "no such group", "4294967295", "-1", "" };
	struct volume_request r = { .verb = VOLUME_CREATE, .name = "v" };
	char want[256];
	size_t i;

	refuses(&r, "volume create needs a --size, as 4G");
	r.size = "ten";
	refuses(&r, "--size ten: not a size; write a number with K, M, G or T, as 4G");
	r.size = "0";
	refuses(&r, "--size 0: must be a multiple of 4096 bytes, and not 0");
	r.size = "4097";
	refuses(&r, "--size 4097: must be a multiple of 4096 bytes, and not 0");
	r.size = "1M";
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		r.mode = modes[i];
		snprintf(want, sizeof(want), "--mode %s: must be octal, from 0001 to 0777",
			 modes[i]);
		refuses(&r, want);
	}
	r.mode = NULL;
	for (i = 0; i < ARRAY_SIZE(groups); i++) {
		r.group = groups[i];
		snprintf(want, sizeof(want), "--group %s: no such group; give a name or a number",
			 groups[i]);
		refuses(&r, want);
	}
	r.group = NULL;
	r.verb = VOLUME_REMOVE;
	refuses(&r, "volume remove takes no --size, --mode or --group");
	r = (struct volume_request){ .verb = VOLUME_LIST, .name = "v" };
	refuses(&r, "volume list takes no 'v'");
	r = (struct volume_request){ .verb = VOLUME_LIST, .mode = "0600" };
	refuses(&r, "volume list takes no --size, --mode or --group");
}

static void check_messages(void)
{
	static const struct { int error; const char *want; } cases[] = {
		{ ENODEV, "vmdev isn't loaded; run 'vmdevctl load'" },
		{ EPERM, "cannot create volumes: Operation not permitted; run it as root" },
		{ EACCES, "cannot create volumes: Permission denied; run it as root" },
		{ ENOTTY, "the loaded vmdev has no volumes; load one that fits this tool" },
		{ EEXIST, "there is a volume v already; remove it or take another name" },
		{ ENOENT, "there is no volume v; see 'vmdevctl volume list'" },
		{ ENOSPC, "pool and store can't back 9T; use a smaller --size or a larger store" },
		{ EFBIG, "--size 9T: more than a volume can have; use less" },
		{ EIO, "cannot create volume v: Input/output error; see 'dmesg'" },
	};
	struct volume_request r = { .verb = VOLUME_CREATE, .name = "v", .size = "9T" };
	struct ctl_result result = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		ok(volume_explain(&result, cases[i].error, &r) == CTL_FAILED &&
		   result.error == cases[i].error, "error %d", cases[i].error);
		is(result.message, cases[i].want, strerror(cases[i].error));
	}
}

static void check_output(void)
{
	static const struct vmdev_volume volumes[] = {
		{ .name = "a", .size = 4096, .mode = 0600, .major = 240, .minor = 3,
		  .space_id = 7 },
		{ .name = LONGEST, .size = 3ULL << 30, .mode = 0664, .gid = 4000000000U,
		  .resident = 256, .swapped = 1024 },
	};
	char *text = NULL, line[128];
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct json json = { .out = out };

	volume_show(volumes, 0, 4096, out);
	fflush(out);
	ok(!size, "a table of nothing");
	volume_show(volumes, 2, 4096, out);
	json_begin_object(&json, NULL);
	volume_json(&json, volumes, 2);
	json_end_object(&json);
	fclose(out);
	snprintf(line, sizeof(line), "%-31s %10s %10s %10s  MODE GROUP\n", "NAME", "SIZE",
		 "RESIDENT", "SWAPPED");
	ok(!strncmp(text, line, strlen(line)), "table: the heading");
	snprintf(line, sizeof(line), "\n%-31s %10s %10s %10s  0600 root\n", "a", "4 KiB", "0 B",
		 "0 B");
	ok(strstr(text, line), "table: the first");
	ok(strstr(text, "\n" LONGEST "      3 GiB      1 MiB      4 MiB  0664 4000000000\n"),
	   "table: the second");
	ok(strstr(text, "\"name\": \"a\",\n      \"device\": \"/dev/vmdev-a\",\n"
			"      \"size\": 4096,\n") &&
	   strstr(text, "\"mode\": \"0600\",\n      \"gid\": 0,\n      \"major\": 240,\n"
			"      \"minor\": 3,\n      \"space\": 7\n"), "json: the first");
	ok(strstr(text, "\"resident\": 256,\n      \"swapped\": 1024,\n"), "json: the second");
	free(text);
}

/* The library, as far as it gets without a device. */
static void check_library(void)
{
	errno = 0;
	ok(vmdev_volume_create(LONGEST "2", 4096, 0, 0) == -1 && errno == EINVAL,
	   "a name that is too long");
	errno = 0;
	ok(vmdev_volume_remove(LONGEST "2") == -1 && errno == EINVAL, "and one to remove");
}

int main(void)
{
	check_good();
	check_names();
	check_bad_options();
	check_messages();
	check_output();
	check_library();
	return tap_end();
}
