/* SPDX-License-Identifier: GPL-2.0 */
/* Where the pages of a range are, as a picture: in text, SVG, PNG and JSON. */
#ifndef VMDEVCTL_RESIDENCY_H
#define VMDEVCTL_RESIDENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <linux/vmdev.h>

#include "json.h"

/* What is told apart; in this order in every legend. */
enum kind {
	KIND_UNTOUCHED,
	KIND_ZERO,
	KIND_CLEAN,
	KIND_DIRTY,
	KIND_IO,
	KIND_SWAPPED,
	KIND_BAD,
	KINDS,
};

/* One range. All zero but the first line is an empty one. */
struct residency {
	uint64_t space, start, offset;	/* id; address or 0; byte of the space it begins at */
	pid_t pid;			/* whose address that is; 0: none, the space itself */
	char volume[VMDEV_VOLUME_NAME_SIZE];	/* its name, where it was asked for by that */
	uint64_t page_size;
	uint64_t pages;
	uint8_t *kinds;			/* enum kind of each page, for free(3) */
};

enum kind residency_kind(uint32_t state);

/* Append pages. Returns 0 or -ENOMEM. */
int residency_add(struct residency *r, const struct vmdev_map_entry *entries, size_t count);

/*
 * Pages in a cell, the smallest power of two for which @max_cells are enough.
 * @max_cells isn't 0.
 */
uint64_t residency_block(const struct residency *r, uint64_t max_cells);

/*
 * What cell number @cell shows of its block of pages: what most of them are, the
 * first of the legend where two are as many. But a bad page is always seen.
 */
enum kind residency_cell(const struct residency *r, uint64_t block, uint64_t cell);

/* A picture of at most @width cells by @height rows, with a title, without the legend. */
void residency_text(const struct residency *r, unsigned int width, unsigned int height, bool colour,
		    FILE *out);

/* What the cells mean, and how many pages of all ranges are of each kind. */
void residency_legend(const struct residency *list, size_t count, bool colour, FILE *out);

/* One picture of all ranges below one another. Returns 0 or a negative errno. */
typedef int residency_writer(const struct residency *list, size_t count, FILE *out);
residency_writer residency_svg, residency_png;

/*
 * Write one to a file: whoever reads that sees the old picture or the new one. What is
 * no regular file stays what it is and is written to. Returns 0 or a negative errno.
 */
int residency_save(const char *path, const struct residency *list, size_t count,
		   residency_writer *write_to);

/* The ranges as members of the open array. */
void residency_json(const struct residency *list, size_t count, struct json *json);

#endif /* VMDEVCTL_RESIDENCY_H */
