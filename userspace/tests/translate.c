// SPDX-License-Identifier: GPL-2.0
/*
 * The way of an address: how it is split, what a touch comes to in every state, what
 * is said of it; and the readers of the lists it is found in.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "../vmdevctl/target.h"
#include "../vmdevctl/translate.h"
#include "tap.h"

static struct translation example(void)
{
	return (struct translation){
		.pid = 42,
		.comm = "a guide",
		.address = 0x7f3b5c003abcULL,
		.page_size = 4096,
		.levels = 4,
		.tables = 3,
		.vma = { .start = 0x7f3b5c000000, .end = 0x7f3b5c800000, .offset = 4096,
			 .perms = "rw-s", .name = "/dev/vmdev" },
		.space = { .id = 9, .size = 16 << 20, .faults_minor = 1, .faults_major = 2,
			   .faults_zero = 3 },
		.page = 4,
		.entry = { .state = VMDEV_MAP_SWAPPED, .frame = VMDEV_MAP_NONE, .slot = 70000000 },
		.store = "/dev/sdz",
	};
}

/* What is said, for free(3): in words or in JSON. */
static char *say(const struct translation *t, const struct touch *touch, bool want_json)
{
	struct json json = { 0 };
	char *text = NULL;
	size_t size;

	json.out = open_memstream(&text, &size);
	if (want_json) {
		json_begin_object(&json, NULL);
		translate_json(&json, t);
		if (touch)
			translate_json_touch(&json, touch);
		json_end_object(&json);
	} else if (touch) {
		translate_show_touch(touch, json.out);
	} else {
		translate_show(t, json.out);
	}
	fclose(json.out);
	return text;
}

static void check_index(unsigned int levels, uint64_t address, const unsigned int *want)
{
	struct translation t = { .levels = levels, .address = address };
	unsigned int level, shift, index;

	for (level = 0; level < levels; level++) {
		index = translate_index(&t, level, &shift);
		ok(index == want[level] && shift == 12 + 9 * (levels - 1 - level),
		   "%u levels: index %u at %u", levels, index, level);
	}
}

static void check_indices(void)
{
	check_index(4, 0x7f3b5c003abcULL, (unsigned int[]){ 254, 237, 224, 3 });
	check_index(4, 0, (unsigned int[]){ 0, 0, 0, 0 });
	check_index(4, 0x7fffffffffffULL, (unsigned int[]){ 255, 511, 511, 511 });
	check_index(5, 0xffffffffffffffULL, (unsigned int[]){ 255, 511, 511, 511, 511 });
	check_index(5, 0x7f3b5c003abcULL, (unsigned int[]){ 0, 254, 237, 224, 3 });
}

static void check_fates(void)
{
	static const struct {
		uint32_t state;
		enum fate fate;
	} states[] = {
		{ VMDEV_MAP_ABSENT, FATE_ZERO }, { VMDEV_MAP_ZERO, FATE_ZERO },
		{ VMDEV_MAP_CLEAN, FATE_MINOR }, { VMDEV_MAP_DIRTY, FATE_MINOR },
		{ VMDEV_MAP_READING, FATE_MAJOR }, { VMDEV_MAP_WRITING, FATE_MINOR },
		{ VMDEV_MAP_SWAPPED, FATE_MAJOR }, { VMDEV_MAP_BAD, FATE_BAD },
	};
	struct translation t = example();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(states); i++) {
		t.entry.state = states[i].state;
		ok(translate_fate(&t) == states[i].fate, "a touch of a page that is %s",
		   vmdev_map_state_name(states[i].state));
	}
	t.beyond = true;
	ok(translate_fate(&t) == FATE_END, "a touch past the end");
	t.present = true;
	ok(translate_fate(&t) == FATE_NONE, "a touch of what is mapped");
	strcpy(t.vma.perms, "---s");
	ok(translate_fate(&t) == FATE_DENIED, "a touch that isn't allowed");
}

static void check_words(void)
{
	struct translation t = example();
	char *text = say(&t, NULL, false);

	is(text,
	   "Process 42 (a guide), address 0x7f3b5c003abc\n"
	   "1. The address in parts\n"
	   "     page number 0x7f3b5c003, offset 2748 in the page\n"
	   "     bits 47-39  index 254 into the PGD table\n"
	   "     bits 38-30  index 237 into the PUD table\n"
	   "     bits 29-21  index 224 into the PMD table\n"
	   "     bits 20-12  index   3 into the PTE table\n"
	   "     bits 11- 0  offset 2748 in the page\n"
	   "2. The mapping (VMA)\n"
	   "     0x7f3b5c000000-0x7f3b5c800000 rw-s, 8 MiB of /dev/vmdev from its byte 4096 on\n"
	   "     so it is page 4 of space 9, whose size is 16 MiB\n"
	   "3. The page tables of the process\n"
	   "     PGD entry 254: points to a table\n"
	   "     PUD entry 237: points to a table\n"
	   "     PMD entry 224: points to a table\n"
	   "     PTE entry   3: not present\n"
	   "4. The page\n"
	   "     state swapped: in a slot of the store only\n"
	   "     slot 70000000, at byte 286720000000 of the store in /dev/sdz\n"
	   "5. A touch now\n"
	   "     A major fault: a frame is taken and the task sleeps until the slot has been\n"
	   "     read into it; pages likely to follow are read ahead.\n", "the steps");
	free(text);
	t.entry = (struct vmdev_map_entry){ .state = VMDEV_MAP_DIRTY, .frame = 17,
					    .slot = VMDEV_MAP_NONE };
	t.present = true;
	t.assumed = true;
	t.levels = 5;
	t.tables = 2;
	text = say(&t, NULL, false);
	ok(strstr(text, "bits 56-48  index   0 into the PGD table\n") &&
	   strstr(text, "bits 47-39  index 254 into the P4D table\n"),
	   "five levels");
	ok(strstr(text, "P4D entry 254: points to a table\n     PUD entry 237: can't be known"),
	   "tables that can't be seen");
	ok(strstr(text, "(assumed: the process has descriptors of this space alone)\n"), "assumed");
	ok(strstr(text, "PTE entry   3: present, it holds a frame\n4. The page\n") &&
	   strstr(text, "     state dirty: in a frame, and newer than the store\n"
			"     frame 17 of the pool, byte 2748 of the frame\n5. A touch now\n"
			"     No fault: "), "a page in a frame");
	free(text);
	t.beyond = true;
	t.present = false;
	t.levels = 0;
	text = say(&t, NULL, false);
	ok(strstr(text, "isn't known for this machine") &&
	   strstr(text, "last entry: not present\n") &&
	   strstr(text, "there is none: it would be past the end") && strstr(text, "SIGBUS"),
	   "past the end, on another machine");
	free(text);
}

static void check_touch(void)
{
	struct touch touch = { .ns = 12345, .before = example(), .after = example() };
	char *text;

	touch.after.present = true;
	touch.after.entry = (struct vmdev_map_entry){ .state = VMDEV_MAP_CLEAN, .frame = 5,
						      .slot = 70000000 };
	touch.after.space.faults_major++;
	touch.stats_after.store_read_pages = 8;
	touch.stats_before.evictions = VMDEV_UNKNOWN;
	text = say(&touch.before, &touch, false);
	is(text,
	   "6. Touched\n"
	   "     one byte was read in 12.345 us\n"
	   "                                    BEFORE        AFTER\n"
	   "     in the page tables                 no          yes\n"
	   "     state                         swapped        clean\n"
	   "     frame                               -            5\n"
	   "     slot                         70000000     70000000\n"
	   "     its minor faults                    1            1\n"
	   "     its zero-fill faults                3            3\n"
	   "     its major faults                    2            3  +1\n"
	   "     all refaults                        0            0\n"
	   "     all pages read                      0            8  +8\n"
	   "     all pages read ahead                0            0\n", "a touch");
	free(text);
	touch.error = EFAULT;
	text = say(&touch.before, &touch, false);
	ok(strstr(text, "the read failed (EFAULT): the process itself would get SIGBUS\n"),
	   "a touch that fails");
	free(text);
	text = say(&touch.before, &touch, true);
	ok(strstr(text, "\"touched\": {\n    \"errno\": \"EFAULT\",\n    \"ns\": 12345,\n") &&
	   strstr(text, "\"store_read_pages\": 8\n"), "JSON: a touch");
	ok(strstr(text, "\"store_offset\": 286720000000,"), "JSON: offsets past 32 bits");
	ok(strstr(text, "\"name\": \"PMD\",\n      \"shift\": 21,\n      \"index\": 224,\n"
			"      \"present\": true\n"), "JSON: levels");
	ok(strstr(text, "\"touch\": \"major\","), "JSON: what a touch would do");
	free(text);
}

static void check_maps(void)
{
	char text[] =
		"7f0000000000-7f0000001000 rw-p 00000000 00:00 0\n"
		"7f0000001000-7f0000003000 r--s 1000 00:05 77                 /dev/a b\n"
		"7f0000003000-7f0000004000 r--s 1000 00:05 78                 /\033[2J\xc2\x9bm\n";
	FILE *maps = fmemopen(text, strlen(text), "r");
	struct vma vma;
	char *line;

	ok(maps_parse("00400000-00452000 r-xp 00000000 08:02 1  ", &vma) && !*vma.name &&
	   vma.start == 0x400000 && !strcmp(vma.perms, "r-xp"), "maps: without a name");
	ok(!maps_parse("nonsense", &vma) && !maps_parse("", &vma), "maps: another text");
	ok(maps_find(maps, 0x7f0000002fffULL, &vma, &line) && vma.end == 0x7f0000003000ULL &&
	   vma.offset == 0x1000 && !strcmp(vma.name, "/dev/a b"), "maps: found");
	free(line);
	rewind(maps);
	ok(maps_find(maps, 0x7f0000003000ULL, &vma, &line) && !strcmp(vma.name, "/?[2J??m"),
	   "maps: a name can't command a terminal");
	free(line);
	rewind(maps);
	ok(!maps_find(maps, 0x7f0000004000ULL, &vma, &line), "maps: not found");
	free(line);
	fclose(maps);
}

static ssize_t read_mappings(const char *text, struct mapping **list)
{
	FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	ssize_t count = mappings_read(file, list);

	fclose(file);
	return count;
}

#define COLUMNS	"space pid start end offset\n"

static void check_mappings(void)
{
	struct mapping *list;

	ok(read_mappings("space pid\n", &list) == -EPROTO && !list, "mappings: other columns");
	ok(read_mappings(COLUMNS "1 2 x\n", &list) == -EPROTO && !list,
	   "mappings: columns missing");
	ok(read_mappings(COLUMNS, &list) == 0, "mappings: none");
	free(list);
	ok(read_mappings(COLUMNS "3 42 7f0000000000 7f0000001000 0\n"
			 "18446744073709551615 43 1000 2000 8192\n", &list) == 2 &&
	   list[0].space == 3 && list[0].pid == 42 && list[0].end == 0x7f0000001000ULL &&
	   list[1].space == UINT64_MAX && list[1].start == 0x1000 && list[1].offset == 8192,
	   "mappings: two");
	free(list);
}

/* No process has this number. */
static void check_no_process(void)
{
	struct mapping *list, mapping = { .pid = INT_MAX };
	struct ctl_result result = { 0 };
	struct target target;

	ok(target_mappings(INT_MAX, &list, &result) < 0 && !list && result.error == ESRCH,
	   "no process: its mappings");
	is(result.message, "there is no process 2147483647; see 'vmdevctl status'",
	   "no process: what is said");
	ok(target_open(&target, &mapping, &result) == CTL_FAILED && result.error == ESRCH,
	   "no process any more: its descriptors");
	is(result.message,
	   "cannot look at the descriptors of process 2147483647: No such process; run it as root",
	   "no process any more: what is said");
}

int main(void)
{
	check_indices();
	check_fates();
	check_words();
	check_touch();
	check_maps();
	check_mappings();
	check_no_process();
	return tap_end();
}
