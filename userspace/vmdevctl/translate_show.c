// SPDX-License-Identifier: GPL-2.0
/*
 * The way of one address in words and in JSON. Knows what the states of pages mean
 * and how x86-64 splits an address; looks nothing up.
 */
#include <inttypes.h>
#include <string.h>

#include "size.h"
#include "translate.h"

#define INDEX_BITS	9	/* 512 entries of 8 bytes in a table of 4 KiB */
#define OFFSET_BITS	12

static const char *const level_names[PAGE_LEVELS_MAX] = { "PGD", "P4D", "PUD", "PMD", "PTE" };

/* With four levels there is no P4D. */
static const char *level_name(const struct translation *t, unsigned int level)
{
	return level_names[level && t->levels < PAGE_LEVELS_MAX ? level + 1 : level];
}

unsigned int translate_index(const struct translation *t, unsigned int level, unsigned int *shift)
{
	*shift = OFFSET_BITS + INDEX_BITS * (t->levels - 1 - level);
	return (t->address >> *shift) & ((1 << INDEX_BITS) - 1);
}

enum fate translate_fate(const struct translation *t)
{
	/* on x86-64 what can be written or executed can be read */
	if (!strpbrk(t->vma.perms, "rwx"))
		return FATE_DENIED;
	if (t->present)
		return FATE_NONE;
	if (t->beyond)
		return FATE_END;
	switch (t->entry.state) {
	case VMDEV_MAP_ABSENT:
	case VMDEV_MAP_ZERO:
		return FATE_ZERO;
	case VMDEV_MAP_CLEAN:
	case VMDEV_MAP_DIRTY:
	case VMDEV_MAP_WRITING:
		return FATE_MINOR;
	case VMDEV_MAP_BAD:
		return FATE_BAD;
	default:
		return FATE_MAJOR;
	}
}

static const char *state_means(uint32_t state)
{
	static const char *const means[] = {
		[VMDEV_MAP_ABSENT]	= "never touched; no frame, no slot, reads as zero",
		[VMDEV_MAP_ZERO]	= "paged out as one repeated word; no frame, no slot",
		[VMDEV_MAP_CLEAN]	= "in a frame, which equals what is behind it",
		[VMDEV_MAP_DIRTY]	= "in a frame, and newer than the store",
		[VMDEV_MAP_READING]	= "being read from its slot into a frame",
		[VMDEV_MAP_WRITING]	= "being written from its frame to a slot",
		[VMDEV_MAP_SWAPPED]	= "in a slot of the store only",
		[VMDEV_MAP_COMPRESSED]	= "compressed in memory",
		[VMDEV_MAP_BAD]		= "lost; it could not be read back, or its memory failed",
	};

	return state < sizeof(means) / sizeof(means[0]) ? means[state] : "not known to this tool";
}

static const struct {
	const char *name;	/* in JSON */
	const char *text;
} fates[] = {
	[FATE_NONE] = { "none",
		"No fault: the processor finds the frame in the page tables." },
	[FATE_MINOR] = { "minor",
		"A minor fault: the page is in a frame already and is only put into the page\n"
		"     tables. No I/O." },
	[FATE_ZERO] = { "zero",
		"A zero-fill fault: a frame is taken, filled, and put into the page tables.\n"
		"     No I/O, unless a page must be paged out for the frame." },
	[FATE_MAJOR] = { "major",
		"A major fault: a frame is taken and the task sleeps until the slot has been\n"
		"     read into it; pages likely to follow are read ahead." },
	[FATE_BAD] = { "SIGBUS",
		"A fault that ends in SIGBUS, every time, until the page is discarded." },
	[FATE_END] = { "SIGBUS",
		"A fault that ends in SIGBUS: the mapping goes on here, the space doesn't." },
	[FATE_DENIED] = { "SIGSEGV",
		"A fault that ends in SIGSEGV: the mapping allows no access." },
};

static void show_address(const struct translation *t, FILE *out)
{
	uint64_t offset = t->address % t->page_size;
	unsigned int level, shift, index;

	fprintf(out, "1. The address in parts\n");
	fprintf(out, "     page number 0x%" PRIx64 ", offset %" PRIu64 " in the page\n",
		t->address / t->page_size, offset);
	if (!t->levels) {
		fprintf(out, "     how the page number is split isn't known for this machine\n");
		return;
	}
	for (level = 0; level < t->levels; level++) {
		index = translate_index(t, level, &shift);
		fprintf(out, "     bits %2u-%2u  index %3u into the %s table\n",
			shift + INDEX_BITS - 1, shift, index, level_name(t, level));
	}
	fprintf(out, "     bits 11- 0  offset %" PRIu64 " in the page\n", offset);
}

static void show_mapping(const struct translation *t, FILE *out)
{
	char size[SIZE_TEXT];

	fprintf(out, "2. The mapping (VMA)\n");
	fprintf(out, "     0x%" PRIx64 "-0x%" PRIx64 " %s, %s of %s from its byte %" PRIu64 " on\n",
		t->vma.start, t->vma.end, t->vma.perms,
		size_format(t->vma.end - t->vma.start, size), t->vma.name, t->vma.offset);
	fprintf(out, "     so it is page %" PRIu64 " of space %" PRIu64 ", whose size is %s\n",
		t->page, t->space.id, size_format(t->space.size, size));
	if (t->assumed)
		fprintf(out, "     (assumed: the process has descriptors of this space alone)\n");
}

static void show_tables(const struct translation *t, FILE *out)
{
	unsigned int level, shift, index;

	fprintf(out, "3. The page tables of the process\n");
	for (level = 0; level + 1 < t->levels; level++) {
		index = translate_index(t, level, &shift);
		fprintf(out, "     %s entry %3u: %s\n", level_name(t, level), index,
			level < t->tables ? "points to a table" :
					    "can't be known from outside: nothing near is present");
	}
	if (t->levels)
		fprintf(out, "     PTE entry %3u: ", translate_index(t, level, &shift));
	else
		fprintf(out, "     last entry: ");
	fprintf(out, "%s\n", t->present ? "present, it holds a frame" : "not present");
}

static void show_page(const struct translation *t, FILE *out)
{
	fprintf(out, "4. The page\n");
	if (t->beyond) {
		fprintf(out, "     there is none: it would be past the end of the space\n");
		return;
	}
	fprintf(out, "     state %s: %s\n", vmdev_map_state_name(t->entry.state),
		state_means(t->entry.state));
	if (t->entry.frame != VMDEV_MAP_NONE)
		fprintf(out, "     frame %u of the pool, byte %" PRIu64 " of the frame\n",
			t->entry.frame, t->address % t->page_size);
	if (t->entry.slot != VMDEV_MAP_NONE)
		fprintf(out, "     slot %u, at byte %" PRIu64 " of the store%s%s\n", t->entry.slot,
			t->entry.slot * t->page_size, t->store[0] ? " in " : "", t->store);
}

void translate_show(const struct translation *t, FILE *out)
{
	fprintf(out, "Process %d (%s), address 0x%" PRIx64 "\n", t->pid, t->comm, t->address);
	show_address(t, out);
	show_mapping(t, out);
	show_tables(t, out);
	show_page(t, out);
	fprintf(out, "5. A touch now\n     %s\n", fates[translate_fate(t)].text);
}

/* ---- a touch ---- */

static void show_change(FILE *out, const char *name, uint64_t before, uint64_t after)
{
	if (before == VMDEV_UNKNOWN || after == VMDEV_UNKNOWN)
		return;
	fprintf(out, "     %-24s %12" PRIu64 " %12" PRIu64, name, before, after);
	if (after > before)
		fprintf(out, "  +%" PRIu64, after - before);
	fputc('\n', out);
}

static void show_place(FILE *out, const char *name, uint32_t before, uint32_t after)
{
	char text[2][16];
	const uint32_t value[2] = { before, after };
	int i;

	for (i = 0; i < 2; i++) {
		if (value[i] == VMDEV_MAP_NONE)
			strcpy(text[i], "-");
		else
			snprintf(text[i], sizeof(text[i]), "%u", value[i]);
	}
	fprintf(out, "     %-24s %12s %12s\n", name, text[0], text[1]);
}

void translate_show_touch(const struct touch *touch, FILE *out)
{
	const struct translation *a = &touch->before, *b = &touch->after;
	const struct vmdev_module_stats *sa = &touch->stats_before, *sb = &touch->stats_after;

	fprintf(out, "6. Touched\n");
	if (touch->error)
		fprintf(out, "     the read failed (%s): the process itself would get SIGBUS\n",
			strerrorname_np(touch->error));
	else
		fprintf(out, "     one byte was read in %" PRIu64 ".%03u us\n", touch->ns / 1000,
			(unsigned int)(touch->ns % 1000));
	fprintf(out, "     %-24s %12s %12s\n", "", "BEFORE", "AFTER");
	fprintf(out, "     %-24s %12s %12s\n", "in the page tables", a->present ? "yes" : "no",
		b->present ? "yes" : "no");
	fprintf(out, "     %-24s %12s %12s\n", "state", vmdev_map_state_name(a->entry.state),
		vmdev_map_state_name(b->entry.state));
	show_place(out, "frame", a->entry.frame, b->entry.frame);
	show_place(out, "slot", a->entry.slot, b->entry.slot);
	show_change(out, "its minor faults", a->space.faults_minor, b->space.faults_minor);
	show_change(out, "its zero-fill faults", a->space.faults_zero, b->space.faults_zero);
	show_change(out, "its major faults", a->space.faults_major, b->space.faults_major);
	show_change(out, "all refaults", sa->refaults, sb->refaults);
	show_change(out, "all pages read", sa->store_read_pages, sb->store_read_pages);
	show_change(out, "all pages read ahead", sa->readahead, sb->readahead);
	show_change(out, "all evictions", sa->evictions, sb->evictions);
}

/* ---- JSON ---- */

/* As a string: numbers of 64 bits are no numbers to many readers. */
static void json_address(struct json *json, const char *key, uint64_t address)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, address);
	json_string(json, key, text);
}

static void json_place(struct json *json, const char *key, uint32_t place)
{
	if (place == VMDEV_MAP_NONE)
		json_string(json, key, NULL);
	else
		json_number(json, key, place);
}

static void json_levels(struct json *json, const struct translation *t)
{
	unsigned int level, shift, index;

	json_begin_array(json, "levels");
	for (level = 0; level < t->levels; level++) {
		index = translate_index(t, level, &shift);
		json_begin_object(json, NULL);
		json_string(json, "name", level_name(t, level));
		json_number(json, "shift", shift);
		json_number(json, "index", index);
		if (level + 1 == t->levels)
			json_bool(json, "present", t->present);
		else if (level < t->tables)
			json_bool(json, "present", true);
		else
			json_string(json, "present", NULL);
		json_end_object(json);
	}
	json_end_array(json);
}

static void json_page(struct json *json, const struct translation *t)
{
	json_begin_object(json, "page");
	json_bool(json, "present", t->present);
	json_string(json, "state", t->beyond ? NULL : vmdev_map_state_name(t->entry.state));
	json_place(json, "frame", t->entry.frame);
	json_place(json, "slot", t->entry.slot);
	if (t->entry.slot == VMDEV_MAP_NONE)
		json_string(json, "store_offset", NULL);
	else
		json_number(json, "store_offset", t->entry.slot * t->page_size);
	json_number(json, "faults_minor", t->space.faults_minor);
	json_number(json, "faults_major", t->space.faults_major);
	json_number(json, "faults_zero", t->space.faults_zero);
	json_end_object(json);
}

void translate_json(struct json *json, const struct translation *t)
{
	json_number(json, "pid", (uint64_t)t->pid);
	json_string(json, "comm", t->comm);
	json_address(json, "address", t->address);
	json_number(json, "page_size", t->page_size);
	json_number(json, "offset", t->address % t->page_size);
	json_levels(json, t);
	json_begin_object(json, "mapping");
	json_address(json, "start", t->vma.start);
	json_address(json, "end", t->vma.end);
	json_string(json, "perms", t->vma.perms);
	json_number(json, "offset", t->vma.offset);
	json_string(json, "name", t->vma.name);
	json_end_object(json);
	json_begin_object(json, "space");
	json_number(json, "id", t->space.id);
	json_bool(json, "assumed", t->assumed);
	json_number(json, "size", t->space.size);
	json_number(json, "page", t->page);
	json_end_object(json);
	json_string(json, "store", t->store[0] ? t->store : NULL);
	json_page(json, t);
	json_string(json, "touch", fates[translate_fate(t)].name);
}

void translate_json_touch(struct json *json, const struct touch *touch)
{
	json_begin_object(json, "touched");
	json_string(json, "errno", touch->error ? strerrorname_np(touch->error) : NULL);
	json_number(json, "ns", touch->ns);
	json_page(json, &touch->after);
	json_number(json, "store_read_pages",
		    touch->stats_after.store_read_pages - touch->stats_before.store_read_pages);
	json_end_object(json);
}
