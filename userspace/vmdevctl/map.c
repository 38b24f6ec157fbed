// SPDX-License-Identifier: GPL-2.0
/*
 * vmdevctl map: reads where the pages of a process's mappings or of a space are and
 * has a picture made of it, once or again and again.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <vmdev.h>

#include "ctl.h"
#include "residency.h"
#include "size.h"
#include "target.h"
#include "volume.h"

static const char help[] =
"Usage: vmdevctl map [OPTION]... PID|SPACE|VOLUME\n"
"Show where the pages of a process's mappings, or of a space, are. A number is that\n"
"of a process that maps the device, or else of a space; space:N is always a space.\n"
"Another word is the name of a volume; " VOLUME_NODE "NAME always is.\n"
"\n"
"  -s, --svg FILE           write the picture to FILE, as SVG\n"
"  -p, --png FILE           write the picture to FILE, as PNG\n"
"  -f, --follow             show it again every second, until it ends\n"
"  -j, --json               say it in JSON: runs of pages that are alike\n"
CTL_HELP_OPTIONS
"\n"
"A cell shows what most pages of its block are; a bad page is always seen. Needs\n"
"root, or a process that one may trace and that still has its descriptor, or a volume\n"
"that one may write.\n"
"Exit status: 0 shown, 1 failed, 2 a wrong option or argument.\n";

static const struct option long_options[] = {
	{ "svg",	required_argument, NULL, 's' },
	{ "png",	required_argument, NULL, 'p' },
	{ "follow",	no_argument,	   NULL, 'f' },
	{ "json",	no_argument,	   NULL, 'j' },
	CTL_LONG_OPTIONS
};

#define SPACE_PREFIX	"space:"

/* Entries read at a time. */
#define CHUNK		4096

/* In front of each row stands its first address. */
#define ROW_NAME	13
#define DEFAULT_COLUMNS	(64 + ROW_NAME)
#define DEFAULT_ROWS	32

struct request {
	const char *svg, *png;
	bool follow, json;
	const char *volume;	/* its name; NULL: a number */
	pid_t pid;		/* 0: a space */
	uint64_t space;
};

struct view {
	struct residency *list;
	size_t count;
};

static void view_free(struct view *view)
{
	size_t i;

	for (i = 0; i < view->count; i++)
		free(view->list[i].kinds);
	free(view->list);
	*view = (struct view){ 0 };
}

/* ---- looking ---- */

/* Pages from byte r->offset on, @max of them or up to the end of the space. */
static int read_pages(struct residency *r, const struct target *target, uint64_t max,
		      struct ctl_result *result)
{
	static struct vmdev_map_entry entries[CHUNK];
	uint64_t first = r->offset / r->page_size;
	ssize_t got;

	do {
		uint64_t left = max - r->pages;

		got = target_pages(target, first + r->pages, entries, left < CHUNK ? left : CHUNK);
		if (got > 0)
			got = residency_add(r, entries, (size_t)got) ?: got;
	} while (got > 0 && r->pages < max);
	if (got < 0)
		return ctl_fail(result, (int)-got, "cannot read the pages of space %" PRIu64
				": %s; it may have ended just now", target->space,
				strerror((int)-got));
	return CTL_OK;
}

static int view_add(struct view *view, const struct residency *r, const struct target *target,
		    uint64_t max, struct ctl_result *result)
{
	struct residency *larger = realloc(view->list, (view->count + 1) * sizeof(*larger));

	if (!larger)
		return ctl_fail(result, ENOMEM, "out of memory; map a smaller space");
	view->list = larger;
	larger[view->count] = *r;
	larger[view->count].space = target->space;
	larger[view->count].page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	return read_pages(&larger[view->count++], target, max, result);
}

static int view_space(struct view *view, uint64_t space, struct ctl_result *result)
{
	struct residency r = { 0 };
	struct target target;
	int status = target_open_space(&target, space, result);

	if (status)
		return status;
	status = view_add(view, &r, &target, UINT64_MAX, result);
	target_close(&target);
	return status;
}

static int view_volume(struct view *view, const char *name, struct ctl_result *result)
{
	struct residency r = { 0 };
	struct target target;
	int status = target_open_volume(&target, name, result);

	if (status)
		return status;
	snprintf(r.volume, sizeof(r.volume), "%s", name);
	status = view_add(view, &r, &target, UINT64_MAX, result);
	target_close(&target);
	return status;
}

static int view_mappings(struct view *view, const struct mapping *list, size_t count,
			 struct ctl_result *result)
{
	struct target target;
	int status = CTL_OK;
	size_t i;

	for (i = 0; i < count && !status; i++) {
		struct residency r = {
			.pid = list[i].pid, .start = list[i].start, .offset = list[i].offset };

		status = target_open(&target, &list[i], result);
		if (status)
			break;
		status = view_add(view, &r, &target, (list[i].end - list[i].start) /
				  (uint64_t)sysconf(_SC_PAGESIZE), result);
		target_close(&target);
	}
	return status;
}

static int look(struct view *view, const struct request *request, struct ctl_result *result)
{
	struct mapping *list = NULL;
	ssize_t count = 0;
	int status;

	if (request->volume)
		return view_volume(view, request->volume, result);
	if (target_check_loaded(result))
		return CTL_FAILED;
	if (request->pid) {
		count = target_mappings(request->pid, &list, result);
		/* what is no process that maps the device can be a space */
		if (count <= 0 && request->space) {
			struct ctl_result other = { 0 };

			if (!view_space(view, request->space, &other)) {
				*result = other;
				return CTL_OK;
			}
		}
		if (!count)
			ctl_fail(result, ENOENT,
				 "process %d maps nothing of vmdev; see 'vmdevctl status'",
				 request->pid);
	}
	if (result->message[0])
		return CTL_FAILED;
	status = request->pid ? view_mappings(view, list, (size_t)count, result) :
				view_space(view, request->space, result);
	free(list);
	return status;
}

/* ---- showing ---- */

static void terminal_size(unsigned int *columns, unsigned int *rows)
{
	struct winsize size;

	*columns = DEFAULT_COLUMNS;
	*rows = DEFAULT_ROWS;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col > ROW_NAME + 8 && size.ws_row) {
		*columns = size.ws_col - 1;
		*rows = size.ws_row;
	}
}

static void show_text(const struct view *view)
{
	bool colour = ctl_want_colour();
	unsigned int columns, rows, high, wide;
	size_t i;

	terminal_size(&columns, &rows);
	/* a title each, the legend, the prompt */
	high = rows > KINDS + 2 + 2 * view->count ?
	       (rows - KINDS - 2) / (unsigned int)view->count - 1 : 1;
	/* round numbers are easier to count with */
	for (wide = 8; wide * 2 + ROW_NAME <= columns; wide *= 2)
		;
	for (i = 0; i < view->count; i++)
		residency_text(&view->list[i], wide, high, colour, stdout);
	residency_legend(view->list, view->count, colour, stdout);
}

static int write_image(const char *path, const struct view *view, residency_writer *write_to,
		       struct ctl_result *result)
{
	int err = residency_save(path, view->list, view->count, write_to);

	if (err)
		return ctl_fail(result, -err, "cannot write %s: %s; give another file", path,
				strerror(-err));
	return CTL_OK;
}

static void show_json(const struct view *view, const struct ctl_result *result)
{
	struct json json;

	ctl_json_begin(&json, result);
	json_begin_array(&json, "ranges");
	residency_json(view->list, view->count, &json);
	json_end_array(&json);
	json_end_object(&json);
}

/* One picture. */
static int show(const struct request *request, struct ctl_result *result)
{
	bool image = request->svg || request->png;
	struct view view = { 0 };
	int status = look(&view, request, result);

	if (!status && request->svg)
		status = write_image(request->svg, &view, residency_svg, result);
	if (!status && request->png)
		status = write_image(request->png, &view, residency_png, result);
	if (request->json) {
		show_json(&view, result);
	} else if (!status && !image) {
		if (request->follow)
			fputs(isatty(STDOUT_FILENO) ? "\033[H\033[2J" : "\n", stdout);
		show_text(&view);
	}
	view_free(&view);
	return status;
}

/* Until the process, the space or the module has gone, which is no failure then. */
static void follow(const struct request *request, struct ctl_result *result)
{
	bool shown = false;

	while (!show(request, result) && !fflush(stdout)) {
		shown = true;
		sleep(1);
	}
	if (shown && (result->error == ESRCH || result->error == ENOENT ||
		      result->error == ENODEV))
		*result = (struct ctl_result){ 0 };
}

/* ---- the command line ---- */

/* What follows @prefix in @text, NULL where it doesn't begin so. */
static const char *strip(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(text, prefix, length) ? NULL : text + length;
}

static bool read_target(const struct ctl_command *command, const char *text,
			struct request *request, int *status)
{
	const char *node = strip(text, VOLUME_NODE);
	const char *space = strip(text, SPACE_PREFIX);

	if (!node && !number_parse(space ?: text, &request->space) && request->space) {
		if (!space)
			pid_parse(text, &request->pid);
		return true;
	}
	request->volume = node ?: text;
	/* a number never is a name here */
	if (volume_name_good(request->volume) &&
	    (node || request->volume[strspn(request->volume, "0123456789")]))
		return true;
	*status = ctl_usage(command,
			    "%s: must be the number of a process or of a space, or the name of a volume",
			    text);
	return false;
}

static bool read_arguments(const struct ctl_command *command, int argc, char **argv,
			   struct request *request, int *status)
{
	int got;

	while ((got = ctl_getopt(command, argc, argv, ":s:p:fjhV", long_options, status)) >= 0) {
		if (got == 's')
			request->svg = optarg;
		else if (got == 'p')
			request->png = optarg;
		else if (got == 'f')
			request->follow = true;
		else
			request->json = true;
	}
	if (got != -1)
		return false;
	if (request->follow && request->json) {
		*status = ctl_usage(command, "--follow and --json don't go together");
		return false;
	}
	if (optind == argc) {
		*status = ctl_usage(command, "PID, SPACE or VOLUME is needed");
		return false;
	}
	return read_target(command, argv[optind], request, status);
}

static int run(const struct ctl_command *command, int argc, char **argv)
{
	struct request request = { 0 };
	struct ctl_result result = { 0 };
	int status;

	if (!read_arguments(command, argc, argv, &request, &status))
		return status;
	if (request.follow)
		follow(&request, &result);
	else
		show(&request, &result);
	return ctl_finish(&result);
}

const struct ctl_command ctl_map = {
	.name = "map",
	.summary = "show where pages are, as a picture",
	.help = help,
	.operands = 1,
	.run = run,
};
