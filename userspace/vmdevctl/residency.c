// SPDX-License-Identifier: GPL-2.0
/*
 * Pictures of where pages are. A picture is made of cells, one a block of pages; the
 * same rule says for all forms what a cell shows. Knows nothing of how states are read.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "residency.h"
#include "size.h"

/* Of the images: cells by cells at most for each range. */
#define IMAGE_COLUMNS	128
#define IMAGE_ROWS	128
#define SVG_CELL	8	/* user units */
#define SVG_LINE	16
#define PNG_CELL	4	/* pixels */

/* A letter for each kind, so that a picture needs no colours; and the colours. */
static const struct {
	const char *name, *json;
	char letter;
	unsigned char ansi;		/* background, of 256 colours */
	unsigned char rgb[3];
} looks[KINDS + 1] = {
	[KIND_UNTOUCHED] = { "untouched",  "untouched", '.', 236, { 0xd9, 0xd9, 0xd9 } },
	[KIND_ZERO]	 = { "zero",       "zero",      '0',  60, { 0xa6, 0xa8, 0xd8 } },
	[KIND_CLEAN]	 = { "clean",      "clean",     'c',  28, { 0x2c, 0xa0, 0x2c } },
	[KIND_DIRTY]	 = { "dirty",      "dirty",     'D', 166, { 0xff, 0x8c, 0x1a } },
	[KIND_IO]	 = { "in I/O",     "io",        '~', 136, { 0xf2, 0xd0, 0x24 } },
	[KIND_SWAPPED]	 = { "swapped",    "swapped",   's',  25, { 0x1f, 0x77, 0xb4 } },
	[KIND_BAD]	 = { "bad",        "bad",       '!', 196, { 0xd6, 0x27, 0x28 } },
	[KINDS]		 = { NULL,         NULL,        ' ',   0, { 0xff, 0xff, 0xff } },
};

enum kind residency_kind(uint32_t state)
{
	switch (state) {
	case VMDEV_MAP_ABSENT:
		return KIND_UNTOUCHED;
	case VMDEV_MAP_ZERO:
		return KIND_ZERO;
	case VMDEV_MAP_CLEAN:
		return KIND_CLEAN;
	case VMDEV_MAP_DIRTY:
		return KIND_DIRTY;
	case VMDEV_MAP_READING:
	case VMDEV_MAP_WRITING:
		return KIND_IO;
	case VMDEV_MAP_BAD:
		return KIND_BAD;
	default:
		/* elsewhere than in a frame */
		return KIND_SWAPPED;
	}
}

int residency_add(struct residency *r, const struct vmdev_map_entry *entries, size_t count)
{
	uint8_t *larger = realloc(r->kinds, r->pages + count);
	size_t i;

	if (!larger && r->pages + count)
		return -ENOMEM;
	r->kinds = larger;
	for (i = 0; i < count; i++)
		r->kinds[r->pages + i] = (uint8_t)residency_kind(entries[i].state);
	r->pages += count;
	return 0;
}

uint64_t residency_block(const struct residency *r, uint64_t max_cells)
{
	uint64_t block = 1;

	while (r->pages > block && (r->pages - 1) / block >= max_cells)
		block *= 2;
	return block;
}

static void count_kinds(const struct residency *r, uint64_t first, uint64_t end,
			uint64_t count[KINDS])
{
	uint64_t i;

	for (i = first; i < end && i < r->pages; i++)
		count[r->kinds[i]]++;
}

enum kind residency_cell(const struct residency *r, uint64_t block, uint64_t cell)
{
	uint64_t count[KINDS] = { 0 };
	enum kind most = 0;
	unsigned int i;

	count_kinds(r, cell * block, (cell + 1) * block, count);
	if (count[KIND_BAD])
		return KIND_BAD;
	for (i = 1; i < KINDS; i++) {
		if (count[i] > count[most])
			most = i;
	}
	return most;
}

static uint64_t cells_of(const struct residency *r, uint64_t block)
{
	return (r->pages + block - 1) / block;
}

/* ---- text ---- */

static void title(const struct residency *r, uint64_t block, FILE *out)
{
	char size[SIZE_TEXT], cell[SIZE_TEXT];

	if (r->pid)
		fprintf(out, "0x%" PRIx64 "-0x%" PRIx64 " of process %d: space %" PRIu64
			" from byte %" PRIu64 " on", r->start, r->start + r->pages * r->page_size,
			r->pid, r->space, r->offset);
	else if (r->volume[0])
		fprintf(out, "volume %s (space %" PRIu64 ")", r->volume, r->space);
	else
		fprintf(out, "space %" PRIu64, r->space);
	fprintf(out, ", %s, a cell is %" PRIu64 " page%s (%s)",
		size_format(r->pages * r->page_size, size), block, block == 1 ? "" : "s",
		size_format(block * r->page_size, cell));
}

static void show_cell(enum kind kind, bool colour, FILE *out)
{
	if (colour)
		fprintf(out, "\033[97;48;5;%um%c", looks[kind].ansi, looks[kind].letter);
	else
		fputc(looks[kind].letter, out);
}

void residency_text(const struct residency *r, unsigned int width, unsigned int height, bool colour,
		    FILE *out)
{
	uint64_t block = residency_block(r, (uint64_t)width * height);
	uint64_t cells = cells_of(r, block);
	uint64_t cell;

	title(r, block, out);
	fputc('\n', out);
	for (cell = 0; cell < cells; cell++) {
		if (cell % width == 0)
			fprintf(out, "%12" PRIx64 " ", r->start + cell * block * r->page_size);
		show_cell(residency_cell(r, block, cell), colour, out);
		if (cell % width == width - 1 || cell == cells - 1)
			fprintf(out, "%s\n", colour ? "\033[0m" : "");
	}
}

void residency_legend(const struct residency *list, size_t count, bool colour, FILE *out)
{
	uint64_t pages[KINDS] = { 0 };
	char size[SIZE_TEXT];
	unsigned int kind;
	size_t i;

	for (i = 0; i < count; i++)
		count_kinds(&list[i], 0, list[i].pages, pages);
	for (kind = 0; kind < KINDS; kind++) {
		fputs("  ", out);
		show_cell(kind, colour, out);
		fprintf(out, "%s %-10s %12" PRIu64 " %12s\n", colour ? "\033[0m" : "",
			looks[kind].name, pages[kind],
			size_format(pages[kind] * list[0].page_size, size));
	}
}

/* ---- images ---- */

static uint64_t image_rows(const struct residency *r, uint64_t *block)
{
	*block = residency_block(r, IMAGE_COLUMNS * IMAGE_ROWS);
	return (cells_of(r, *block) + IMAGE_COLUMNS - 1) / IMAGE_COLUMNS;
}

static void svg_rect(FILE *out, uint64_t x, uint64_t y, uint64_t width, enum kind kind)
{
	fprintf(out, "<rect x=\"%" PRIu64 "\" y=\"%" PRIu64 "\" width=\"%" PRIu64
		"\" height=\"%d\" fill=\"#%02x%02x%02x\"/>\n", x, y, width, SVG_CELL,
		looks[kind].rgb[0], looks[kind].rgb[1], looks[kind].rgb[2]);
}

/* Neighbouring cells of one kind in one rectangle. */
static uint64_t svg_range(const struct residency *r, uint64_t y, FILE *out)
{
	uint64_t block, rows, cells, cell, end;

	rows = image_rows(r, &block);
	cells = cells_of(r, block);
	fprintf(out, "<text x=\"0\" y=\"%" PRIu64 "\">", y + SVG_LINE - 4);
	title(r, block, out);
	fputs("</text>\n", out);
	y += SVG_LINE;
	for (cell = 0; cell < cells; cell = end) {
		enum kind kind = residency_cell(r, block, cell);

		end = cell + 1;
		while (end < cells && end % IMAGE_COLUMNS && residency_cell(r, block, end) == kind)
			end++;
		svg_rect(out, cell % IMAGE_COLUMNS * SVG_CELL, y + cell / IMAGE_COLUMNS * SVG_CELL,
			 (end - cell) * SVG_CELL, kind);
	}
	return y + rows * SVG_CELL;
}

int residency_svg(const struct residency *list, size_t count, FILE *out)
{
	uint64_t height = 2 * SVG_LINE, y = 0, block;
	unsigned int kind;
	size_t i;

	for (i = 0; i < count; i++)
		height += SVG_LINE + image_rows(&list[i], &block) * SVG_CELL;
	fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%" PRIu64
		"\" font-family=\"sans-serif\" font-size=\"11\">\n", IMAGE_COLUMNS * SVG_CELL,
		height);
	fprintf(out, "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n");
	for (i = 0; i < count; i++)
		y = svg_range(&list[i], y, out);
	y += SVG_LINE / 2;
	for (kind = 0; kind < KINDS; kind++) {
		svg_rect(out, kind * 110, y, SVG_CELL, kind);
		fprintf(out, "<text x=\"%u\" y=\"%" PRIu64 "\">%s</text>\n",
			kind * 110 + 2 * SVG_CELL, y + SVG_CELL, looks[kind].name);
	}
	fputs("</svg>\n", out);
	return ferror(out) ? -EIO : 0;
}

/* Set the pixels of one cell. */
static void png_cell(unsigned char *pixels, uint64_t row, uint64_t column, enum kind kind)
{
	const size_t stride = IMAGE_COLUMNS * PNG_CELL;
	unsigned int i;

	for (i = 0; i < PNG_CELL; i++)
		memset(pixels + (row * PNG_CELL + i) * stride + column * PNG_CELL, kind, PNG_CELL);
}

int residency_png(const struct residency *list, size_t count, FILE *out)
{
	png_image image = { .version = PNG_IMAGE_VERSION, .format = PNG_FORMAT_RGB_COLORMAP,
			    .width = IMAGE_COLUMNS * PNG_CELL, .colormap_entries = KINDS + 1 };
	unsigned char colours[KINDS + 1][3], *pixels;
	uint64_t rows = 0, block, cell;
	size_t i;
	int good;

	/* a row of background between ranges */
	for (i = 0; i < count; i++)
		rows += !!i + image_rows(&list[i], &block);
	rows = rows ? rows : 1;
	image.height = (png_uint_32)(rows * PNG_CELL);
	pixels = malloc(rows * PNG_CELL * image.width);
	if (!pixels)
		return -ENOMEM;
	memset(pixels, KINDS, rows * PNG_CELL * image.width);
	for (i = 0; i <= KINDS; i++)
		memcpy(colours[i], looks[i].rgb, sizeof(colours[i]));
	for (i = 0, rows = 0; i < count; i++) {
		uint64_t high = image_rows(&list[i], &block);

		for (cell = 0; cell < cells_of(&list[i], block); cell++)
			png_cell(pixels, rows + cell / IMAGE_COLUMNS, cell % IMAGE_COLUMNS,
				 residency_cell(&list[i], block, cell));
		rows += high + 1;
	}
	good = png_image_write_to_stdio(&image, out, 0, pixels, 0, colours);
	png_image_free(&image);
	free(pixels);
	return good ? 0 : -EIO;
}

/* Beside @path under a name that nobody has; that name is for free(3). */
static FILE *open_beside(const char *path, char **name)
{
	mode_t mask = umask(0);
	FILE *file = NULL;
	int fd;

	umask(mask);
	if (asprintf(name, "%s.XXXXXX", path) < 0) {
		*name = NULL;
		return NULL;
	}
	fd = mkostemp(*name, O_CLOEXEC);
	if (fd >= 0 && !fchmod(fd, 0666 & ~mask))
		file = fdopen(fd, "w");
	if (fd >= 0 && !file) {
		unlink(*name);
		close(fd);
	}
	return file;
}

int residency_save(const char *path, const struct residency *list, size_t count,
		   residency_writer *write_to)
{
	char *name = NULL;
	struct stat st;
	FILE *file;
	int err;

	/* a link, a pipe or a device is not replaced */
	if (lstat(path, &st) || S_ISREG(st.st_mode))
		file = open_beside(path, &name);
	else
		file = fopen(path, "we");
	err = file ? write_to(list, count, file) : -errno;
	if (file && fclose(file) && !err)
		err = -errno;
	if (file && name && !err && rename(name, path))
		err = -errno;
	if (file && name && err)
		unlink(name);
	free(name);
	return err;
}

/* ---- JSON ---- */

static void json_range(const struct residency *r, struct json *json)
{
	uint64_t count[KINDS] = { 0 };
	uint64_t page, end;
	unsigned int kind;

	json_number(json, "space", r->space);
	if (r->volume[0])
		json_string(json, "volume", r->volume);
	if (r->pid) {
		char text[24];

		/* as a string: numbers of 64 bits are no numbers to many readers */
		snprintf(text, sizeof(text), "0x%" PRIx64, r->start);
		json_number(json, "pid", (uint64_t)r->pid);
		json_string(json, "start", text);
	}
	json_number(json, "offset", r->offset);
	json_number(json, "page_size", r->page_size);
	json_number(json, "pages", r->pages);
	count_kinds(r, 0, r->pages, count);
	json_begin_object(json, "kinds");
	for (kind = 0; kind < KINDS; kind++)
		json_number(json, looks[kind].json, count[kind]);
	json_end_object(json);
	json_begin_array(json, "runs");
	for (page = 0; page < r->pages; page = end) {
		for (end = page + 1; end < r->pages && r->kinds[end] == r->kinds[page]; end++)
			;
		json_begin_object(json, NULL);
		json_number(json, "page", page);
		json_number(json, "pages", end - page);
		json_string(json, "kind", looks[r->kinds[page]].json);
		json_end_object(json);
	}
	json_end_array(json);
}

void residency_json(const struct residency *list, size_t count, struct json *json)
{
	size_t i;

	for (i = 0; i < count; i++) {
		json_begin_object(json, NULL);
		json_range(&list[i], json);
		json_end_object(json);
	}
}
