// SPDX-License-Identifier: GPL-2.0
/*
 * Documents of commands that need a module to succeed, or to fail as they do, made up from
 * numbers and written by the functions that the commands write theirs with.
 * Usage: documents KIND
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../vmdevctl/load.h"
#include "../../vmdevctl/reload.h"
#include "../../vmdevctl/residency.h"
#include "../../vmdevctl/translate.h"
#include "../../vmdevctl/unload.h"
#include "../../vmdevctl/volume.h"

static const struct ctl_result good;
static const struct kmsg warning = { .count = 1, .lines = { "store=/x: on a network" } };

static void map(struct json *json)
{
	static const struct vmdev_map_entry entries[] = {
		{ .state = VMDEV_MAP_ABSENT }, { .state = VMDEV_MAP_DIRTY },
		{ .state = VMDEV_MAP_DIRTY }, { .state = VMDEV_MAP_WRITING },
		{ .state = VMDEV_MAP_SWAPPED }, { .state = VMDEV_MAP_BAD },
	};
	struct residency list[] = {
		{ .space = 7, .page_size = 4096, .volume = "scratch" },
		{ .space = 9, .page_size = 4096, .pid = 42, .start = 0x7f3b5c000000,
		  .offset = 8192 },
	};

	residency_add(&list[0], entries, 6);
	residency_add(&list[1], entries, 2);
	json_begin_array(json, "ranges");
	residency_json(list, 2, json);
	json_end_array(json);
	free(list[0].kinds);
	free(list[1].kinds);
}

static void translate(struct json *json)
{
	struct translation t = {
		.pid = 42, .comm = "a guide", .address = 0x7f3b5c003abcULL, .page_size = 4096,
		.levels = 4, .tables = 2,
		.vma = { .start = 0x7f3b5c000000, .end = 0x7f3b5c800000, .perms = "rw-s",
			 .name = "/dev/vmdev-scratch" },
		.space = { .id = 9, .size = 16 << 20, .faults_minor = 1 },
		.page = 3,
		.entry = { .state = VMDEV_MAP_SWAPPED, .frame = VMDEV_MAP_NONE, .slot = 70000 },
		.store = "/dev/sdz",
	};
	struct touch touch = { .before = t, .after = t, .ns = 81234, .error = EFAULT };

	touch.after.entry.state = VMDEV_MAP_BAD;
	translate_json(json, &t);
	translate_json_touch(json, &touch);
}

/* Past the end of its space, on a machine of which little is known. */
static void translate_bare(struct json *json)
{
	struct translation t = {
		.pid = 1, .page_size = 4096, .beyond = true, .assumed = true,
		.vma = { .perms = "---s", .name = "/dev/vmdev" },
		.entry = { .frame = VMDEV_MAP_NONE, .slot = VMDEV_MAP_NONE },
	};

	translate_json(json, &t);
}

static void volume_list(void)
{
	static const struct volume_request request = { .verb = VOLUME_LIST };
	static const struct vmdev_volume volumes[] = {
		{ .name = "a", .size = 4096, .mode = 0600 },
		{ .name = "b-2_c.d", .size = 1ULL << 40, .mode = 0666, .gid = 4711, .major = 511,
		  .minor = 3, .space_id = 8, .resident = 5, .swapped = 6 },
	};

	volume_say_json(&request, &good, volumes, 2);
}

static void volume_create(void)
{
	static const struct volume_request request = { .verb = VOLUME_CREATE, .name = "a" };

	volume_say_json(&request, &good, NULL, 0);
}

static void load(void)
{
	load_say_json(&good, &warning);
}

static void unload(void)
{
	unload_say_json(&good, NULL, 0);
}

/* By this process, which is one that can be found. */
static void unload_busy(void)
{
	char path[] = "/tmp/vmdev-documents-XXXXXX";
	struct ctl_result result = { 0 };
	struct holder *holders;
	int fd = mkstemp(path);
	ssize_t count;

	if (fd < 0 || ftruncate(fd, 8192) ||
	    mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED)
		abort();
	count = holders_find(path, &holders);
	unlink(path);
	if (count != 1)
		abort();
	unload_explain(&result, EBUSY, holders, 1);
	unload_say_json(&result, holders, 1);
	free(holders);
	close(fd);
}

static void reload(void)
{
	reload_say_json(&good, true, &warning, NULL, 0);
}

int main(int argc, char **argv)
{
	/* members of an object that is begun here, or all of it */
	static const struct {
		const char *name;
		void (*write)(struct json *json);
		void (*say)(void);
	} kinds[] = {
		{ "load", .say = load },
		{ "unload", .say = unload },
		{ "unload_busy", .say = unload_busy },
		{ "reload", .say = reload },
		{ "map", .write = map },
		{ "translate", .write = translate },
		{ "translate_bare", .write = translate_bare },
		{ "volume_create", .say = volume_create },
		{ "volume_list", .say = volume_list },
	};
	struct json json;
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && argc == 2; i++) {
		if (strcmp(argv[1], kinds[i].name))
			continue;
		if (kinds[i].say) {
			kinds[i].say();
			return 0;
		}
		ctl_json_begin(&json, &good);
		kinds[i].write(&json);
		json_end_object(&json);
		return 0;
	}
	return 2;
}
