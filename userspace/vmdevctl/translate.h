/* SPDX-License-Identifier: GPL-2.0 */
/* The parts of `translate` that unit tests reach without a kernel. */
#ifndef VMDEVCTL_TRANSLATE_H
#define VMDEVCTL_TRANSLATE_H

#include <vmdev.h>

#include "ctl.h"
#include "holders.h"
#include "json.h"
#include "maps.h"
#include "spaces.h"

#define PAGE_LEVELS_MAX	5

/* What a touch of an address comes to. */
enum fate {
	FATE_NONE,	/* the processor finds the frame by itself */
	FATE_MINOR,	/* a fault that finds the page in a frame */
	FATE_ZERO,	/* a fault that fills a frame */
	FATE_MAJOR,	/* a fault that waits for the store */
	FATE_BAD,	/* SIGBUS: the page is lost */
	FATE_END,	/* SIGBUS: there is no such page */
	FATE_DENIED,	/* SIGSEGV: the mapping allows no access */
};

/* Everything about one address at one moment. */
struct translation {
	pid_t pid;
	char comm[PROCESS_NAME];
	uint64_t address;
	uint64_t page_size;
	unsigned int levels;		/* of page tables, 0 where not known */
	unsigned int tables;		/* of these, from the top, that point to a table for sure */
	struct vma vma;
	bool assumed;			/* the space is the only one it can be, not seen to be it */
	struct space space;
	uint64_t page;			/* in the space */
	bool present;			/* in the process's page tables */
	bool beyond;			/* past the end of the space */
	struct vmdev_map_entry entry;
	char store[4096];		/* path, empty where it can't be read */
};

/* One touch and what it changed. */
struct touch {
	int error;			/* errno of the read, 0 */
	uint64_t ns;
	struct translation before, after;
	struct vmdev_module_stats stats_before, stats_after;
};

/* Index into the table of @level, from 0 at the top, and its lowest bit. */
unsigned int translate_index(const struct translation *t, unsigned int level, unsigned int *shift);

enum fate translate_fate(const struct translation *t);

/* The steps for people; the last is numbered 5. */
void translate_show(const struct translation *t, FILE *out);
void translate_show_touch(const struct touch *touch, FILE *out);

/* The same as members of the open object. */
void translate_json(struct json *json, const struct translation *t);
void translate_json_touch(struct json *json, const struct touch *touch);

#endif /* VMDEVCTL_TRANSLATE_H */
