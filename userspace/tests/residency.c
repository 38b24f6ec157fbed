// SPDX-License-Identifier: GPL-2.0
/*
 * Pictures of pages: what a cell shows, and the same pages in text, SVG, PNG and
 * JSON. The images are read back with libpng.
 */
#include <errno.h>
#include <fcntl.h>
#include <png.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../vmdevctl/residency.h"
#include "tap.h"

/* As the module would give them: a letter of the legend a page. */
static struct residency make(const char *letters)
{
	static const char known[] = ".0cDRWsz!";
	struct residency r = { .space = 7, .page_size = 4096 };

	for (; *letters; letters++) {
		struct vmdev_map_entry entry = {
			.state = (uint32_t)(strchr(known, *letters) - known) };

		residency_add(&r, &entry, 1);
	}
	return r;
}

static void check_cells(void)
{
	static const struct {
		const char *pages;
		uint64_t block;
		enum kind kind;
	} cells[] = {
		{ ".", 1, KIND_UNTOUCHED }, { "0", 1, KIND_ZERO }, { "c", 1, KIND_CLEAN },
		{ "D", 1, KIND_DIRTY }, { "R", 1, KIND_IO }, { "W", 1, KIND_IO },
		{ "s", 1, KIND_SWAPPED }, { "z", 1, KIND_SWAPPED }, { "!", 1, KIND_BAD },
		{ "ssDD.sss", 8, KIND_SWAPPED }, { "ss..", 4, KIND_UNTOUCHED },
		{ "DDDDDDD!", 8, KIND_BAD }, { "sDD", 4, KIND_DIRTY },
		{ "RWD.", 4, KIND_IO },
	};
	static const struct {
		uint64_t pages, cells, block;
	} blocks[] = {
		{ 0, 1, 1 }, { 1, 1, 1 }, { 2, 1, 2 }, { 3, 1, 4 }, { 64, 64, 1 }, { 65, 64, 2 },
		{ 128, 64, 2 }, { 129, 64, 4 }, { 1ULL << 40, 2048, 1 << 29 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cells); i++) {
		struct residency r = make(cells[i].pages);
		enum kind kind = residency_cell(&r, cells[i].block, 0);

		ok(kind == cells[i].kind, "cell of '%s' is %d", cells[i].pages, kind);
		free(r.kinds);
	}
	for (i = 0; i < ARRAY_SIZE(blocks); i++) {
		struct residency r = { .pages = blocks[i].pages };

		ok(residency_block(&r, blocks[i].cells) == blocks[i].block,
		   "%llu pages in %llu cells", (unsigned long long)r.pages,
		   (unsigned long long)blocks[i].cells);
	}
}

/* What @list looks like in one of the forms, for free(3). */
static char *draw(const struct residency *list, size_t count, char form, size_t *size)
{
	struct json json = { 0 };
	char *text = NULL;
	FILE *out = open_memstream(&text, size);
	int err = 0;
	size_t i;

	json.out = out;
	if (form == 't' || form == 'c') {
		for (i = 0; i < count; i++)
			residency_text(&list[i], 8, 4, form == 'c', out);
		residency_legend(list, count, form == 'c', out);
	} else if (form == 's') {
		err = residency_svg(list, count, out);
	} else if (form == 'p') {
		err = residency_png(list, count, out);
	} else {
		json_begin_array(&json, NULL);
		residency_json(list, count, &json);
		json_end_array(&json);
	}
	fclose(out);
	ok(!err, "form %c", form);
	return text;
}

static void check_text(void)
{
	struct residency list[2] = { make("..00ccDDRWss!...D"), make("ss") };
	size_t size;
	char *text;

	list[1].pid = 33;
	list[1].start = 0x7f0000010000;
	list[1].offset = 8192;
	text = draw(list, 2, 't', &size);
	is(text,
	   "space 7, 68 KiB, a cell is 1 page (4 KiB)\n"
	   "           0 ..00ccDD\n"
	   "        8000 ~~ss!...\n"
	   "       10000 D\n"
	   "0x7f0000010000-0x7f0000012000 of process 33: space 7 from byte 8192 on, 8 KiB, a cell is 1 page (4 KiB)\n"
	   "7f0000010000 ss\n"
	   "  . untouched             5       20 KiB\n"
	   "  0 zero                  2        8 KiB\n"
	   "  c clean                 2        8 KiB\n"
	   "  D dirty                 3       12 KiB\n"
	   "  ~ in I/O                2        8 KiB\n"
	   "  s swapped               4       16 KiB\n"
	   "  ! bad                   1        4 KiB\n", "the picture in text");
	free(text);
	text = draw(list, 1, 'c', &size);
	ok(strstr(text, "\033[97;48;5;166mD\033[0m\n") &&
	   strstr(text, "\033[97;48;5;196m!\033[0m bad"),
	   "the picture in colours");
	free(text);
	free(list[0].kinds);
	/* 33 pages: two a cell */
	list[0] = make("ssssssssssssssss!sssssssssssssssD");
	text = draw(list, 1, 't', &size);
	ok(strstr(text, "a cell is 2 pages (8 KiB)\n           0 ssssssss\n"
			"       10000 !sssssss\n       20000 D\n"), "two pages a cell");
	free(text);
	free(list[0].kinds);
	free(list[1].kinds);
}

static void check_svg(void)
{
	struct residency list[2] = { make("ccccD"), make("!") };
	size_t size;
	char *text = draw(list, 2, 's', &size);

	ok(!strncmp(text, "<svg xmlns=", 11) && !strcmp(text + size - 7, "</svg>\n"), "SVG: whole");
	ok(strstr(text, "<rect x=\"0\" y=\"16\" width=\"32\" height=\"8\" fill=\"#2ca02c\"/>\n"
			"<rect x=\"32\" y=\"16\" width=\"8\" height=\"8\" fill=\"#ff8c1a\"/>\n"),
	   "SVG: neighbours that are alike are one");
	ok(strstr(text, "<rect x=\"0\" y=\"40\" width=\"8\" height=\"8\" fill=\"#d62728\"/>\n"),
	   "SVG: the second range is below the first");
	ok(strstr(text, ">untouched</text>") && strstr(text, ">in I/O</text>"), "SVG: legend");
	free(text);
	free(list[0].kinds);
	free(list[1].kinds);
}

static bool pixel_is(const unsigned char *pixels, unsigned int x, unsigned int y, const char *rgb)
{
	return !memcmp(pixels + (y * 512 + x) * 3, rgb, 3);
}

static void check_png(void)
{
	struct residency list[2] = { make("cD"), make("!") };
	png_image image = { .version = PNG_IMAGE_VERSION };
	unsigned char *pixels;
	size_t size;
	char *file = draw(list, 2, 'p', &size);

	ok(png_image_begin_read_from_memory(&image, file, size) && image.width == 512 &&
	   image.height == 12, "PNG: %ux%u", image.width, image.height);
	image.format = PNG_FORMAT_RGB;
	pixels = malloc(PNG_IMAGE_SIZE(image));
	ok(pixels && png_image_finish_read(&image, NULL, pixels, 0, NULL), "PNG: read back");
	ok(pixel_is(pixels, 0, 0, "\x2c\xa0\x2c") && pixel_is(pixels, 3, 3, "\x2c\xa0\x2c") &&
	   pixel_is(pixels, 4, 0, "\xff\x8c\x1a") && pixel_is(pixels, 8, 0, "\xff\xff\xff"),
	   "PNG: the first range");
	ok(pixel_is(pixels, 0, 4, "\xff\xff\xff") && pixel_is(pixels, 3, 8, "\xd6\x27\x28") &&
	   pixel_is(pixels, 4, 8, "\xff\xff\xff"), "PNG: the second range");
	free(pixels);
	free(file);
	/* nothing at all is a picture, too */
	file = draw(list, 0, 'p', &size);
	free(file);
	free(list[0].kinds);
	free(list[1].kinds);
}

static bool begins(const char *path, const char *want)
{
	char text[8] = "";
	FILE *file = fopen(path, "r");

	if (!file)
		return false;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	return !strncmp(text, want, strlen(want));
}

/* What stands where the picture goes. Runs in a directory of its own. */
static void check_save(void)
{
	char directory[] = "/tmp/vmdev-save-XXXXXX";
	struct residency list[1] = { make("ssD") };
	struct stat st;
	int fd;

	if (!mkdtemp(directory) || chdir(directory)) {
		ok(false, "a directory");
		return;
	}
	umask(027);
	ok(!residency_save("new", list, 1, residency_svg) && begins("new", "<svg") &&
	   !stat("new", &st) && (st.st_mode & 0777) == 0640, "save: a new file");
	ok(!symlink("new", "new.new") && !residency_save("new", list, 1, residency_png) &&
	   begins("new", "\x89PNG") && !lstat("new.new", &st) && S_ISLNK(st.st_mode),
	   "save: another picture, and no other file of the user's");
	ok(!residency_save("new.new", list, 1, residency_svg) && begins("new", "<svg") &&
	   !lstat("new.new", &st) && S_ISLNK(st.st_mode), "save: through a link");
	fd = mkfifo("pipe", 0600) ? -1 : open("pipe", O_RDWR | O_NONBLOCK);
	ok(fd >= 0 && !residency_save("pipe", list, 1, residency_svg) && begins("pipe", "<svg") &&
	   !lstat("pipe", &st) && S_ISFIFO(st.st_mode), "save: into a pipe");
	close(fd);
	ok(residency_save("none/x", list, 1, residency_svg) == -ENOENT, "save: no directory");
	ok(!mkdir("full", 0700) && residency_save("full", list, 1, residency_svg) == -EISDIR,
	   "save: a directory");
	ok(!unlink("pipe") && !unlink("new.new") && !unlink("new") && !rmdir("full") &&
	   !chdir("/") && !rmdir(directory), "save: nothing else is left");
	free(list[0].kinds);
}

static void check_json(void)
{
	struct residency list[1] = { make("ssD") };
	size_t size;
	char *text;

	list[0].pid = 33;
	list[0].start = 0x7f0000010000;
	text = draw(list, 1, 'j', &size);
	ok(strstr(text, "\"space\": 7,\n    \"pid\": 33,\n    \"start\": \"0x7f0000010000\",\n"
			"    \"offset\": 0,\n    \"page_size\": 4096,\n    \"pages\": 3,\n"),
	   "JSON: the range");
	ok(strstr(text, "\"dirty\": 1,\n      \"io\": 0,\n      \"swapped\": 2,\n"),
	   "JSON: kinds");
	ok(strstr(text, "\"page\": 0,\n        \"pages\": 2,\n        \"kind\": \"swapped\"\n") &&
	   strstr(text, "\"page\": 2,\n        \"pages\": 1,\n        \"kind\": \"dirty\"\n"),
	   "JSON: runs");
	free(text);
	free(list[0].kinds);
}

int main(void)
{
	check_cells();
	check_text();
	check_svg();
	check_png();
	check_json();
	check_save();
	return tap_end();
}
