// SPDX-License-Identifier: GPL-2.0
/*
 * vmdevctl status: shows the module's statistics as a table or as JSON. What there
 * is comes from libvmdev's list of files, so JSON has every file under its own name.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../libvmdev/internal.h"
#include "ctl.h"
#include "size.h"
#include "status.h"

static const char help[] =
"Usage: vmdevctl status [OPTION]...\n"
"Show pool, store, policy, faults and spaces of the loaded vmdev module.\n"
"\n"
"  -j, --json               show everything in JSON; numbers have the names that\n"
"                           their files in /sys/kernel/vmdev have\n"
"  -R, --sysroot DIR        read DIR/sys, as of a host seen from a container\n"
CTL_HELP_OPTIONS
"\n"
"Exit status: 0 shown, 1 failed or not loaded, 2 a wrong option.\n";

static const struct option long_options[] = {
	{ "json",	no_argument,	   NULL, 'j' },
	{ "sysroot",	required_argument, NULL, 'R' },
	CTL_LONG_OPTIONS
};

struct status_view {
	FILE *out;
	uint64_t page_size;
	bool colour;
};

static void heading(const struct status_view *view, const char *name)
{
	fprintf(view->out, "%s%s%s", view->colour ? "\033[1m" : "", name,
		view->colour ? "\033[0m" : "");
}

/* A line with a number of pages, also in bytes. */
static void pages(const struct status_view *view, const char *name, uint64_t count)
{
	char size[SIZE_TEXT];

	if (count == VMDEV_UNKNOWN)
		fprintf(view->out, "  %-18s %12s\n", name, "-");
	else
		fprintf(view->out, "  %-18s %12" PRIu64 " %12s\n", name, count,
			size_format(count * view->page_size, size));
}

static void number(const struct status_view *view, const char *name, uint64_t count)
{
	if (count == VMDEV_UNKNOWN)
		fprintf(view->out, "  %-18s %12s\n", name, "-");
	else
		fprintf(view->out, "  %-18s %12" PRIu64 "\n", name, count);
}

/* A number that should be 0. */
static void trouble(const struct status_view *view, const char *name, uint64_t count)
{
	bool red = view->colour && count && count != VMDEV_UNKNOWN;

	if (red)
		fputs("\033[31m", view->out);
	number(view, name, count);
	if (red)
		fputs("\033[0m", view->out);
}

/* Pages, and in how many I/Os they went. */
static void transfer(const struct status_view *view, const char *name, uint64_t count, uint64_t ios)
{
	if (count == VMDEV_UNKNOWN || ios == VMDEV_UNKNOWN)
		number(view, name, count);
	else
		fprintf(view->out, "  %-18s %12" PRIu64 "              in %" PRIu64 " I/Os\n", name,
			count, ios);
}

static void show_pool(const struct status_view *view, const struct vmdev_module_stats *stats)
{
	heading(view, "Pool");
	fprintf(view->out, "                     FRAMES         SIZE\n");
	pages(view, "total", stats->pool_frames);
	pages(view, "free", stats->pool_free);
	pages(view, "dirty", stats->pool_dirty);
	pages(view, "pinned for I/O", stats->pool_pinned);
	pages(view, "locked by mlock", stats->pool_locked);
}

static void show_store(const struct status_view *view, const struct vmdev_module_stats *stats)
{
	heading(view, "Store");
	fprintf(view->out, "  %s\n", stats->store_path);
	pages(view, "total", stats->store_slots);
	pages(view, "used", stats->store_used);
	transfer(view, "pages read", stats->store_read_pages, stats->store_read_ios);
	transfer(view, "pages written", stats->store_written_pages, stats->store_written_ios);
	trouble(view, "read errors", stats->store_read_errors);
	trouble(view, "write errors", stats->store_write_errors);
	trouble(view, "checksum errors", stats->store_checksum_errors);
}

static void show_paging(const struct status_view *view, const struct vmdev_module_stats *stats)
{
	heading(view, "Policy");
	fprintf(view->out, " %s (of: %s)\n", stats->policy_current, stats->policy_available);
	heading(view, "Faults");
	fputc('\n', view->out);
	number(view, "all", stats->faults);
	number(view, "minor (no I/O)", stats->faults_minor);
	number(view, "major (I/O)", stats->faults_major);
	number(view, "zero fill", stats->faults_zero);
	number(view, "refaults", stats->refaults);
	number(view, "direct reclaims", stats->direct_reclaims);
	trouble(view, "out of memory", stats->oom);
	heading(view, "Pages");
	fputc('\n', view->out);
	number(view, "evicted", stats->evictions);
	number(view, "evicted clean", stats->evictions_clean);
	number(view, "evicted as a word", stats->same_filled);
	number(view, "evicted locked", stats->locked_evictions);
	number(view, "zeroed on free", stats->pool_zeroed_on_free);
	number(view, "memory failed", stats->pool_poisoned);
	number(view, "read ahead", stats->readahead);
	number(view, "read ahead, used", stats->readahead_hits);
}

/* What is shown of a space: a volume has no process, but a name. */
static const char *space_name(const struct space *space)
{
	return space_volume(space) ?: space->comm;
}

/* "64 MiB", "1 MiB to 64 MiB", "from 1 MiB"; "-" without or where it isn't shown. */
static void show_limits(const struct status_view *view, const struct space *space)
{
	bool known = space->limit_max != VMDEV_UNKNOWN && space->limit_min != VMDEV_UNKNOWN;
	char min[SIZE_TEXT], max[SIZE_TEXT];

	if (!known || (!space->limit_max && !space->limit_min)) {
		fputs("  -\n", view->out);
		return;
	}
	size_format(space->limit_min * view->page_size, min);
	size_format(space->limit_max * view->page_size, max);
	if (!space->limit_max)
		fprintf(view->out, "  from %s\n", min);
	else if (!space->limit_min)
		fprintf(view->out, "  %s\n", max);
	else
		fprintf(view->out, "  %s to %s\n", min, max);
}

static void show_spaces(const struct status_view *view, const struct sample *sample)
{
	char size[SIZE_TEXT], resident[SIZE_TEXT], swapped[SIZE_TEXT], pid[16];
	int width = 16;
	ssize_t i;

	heading(view, "Spaces");
	if (sample->stats.spaces_count == VMDEV_UNKNOWN)
		fprintf(view->out, "  -\n");
	else
		fprintf(view->out, "  %" PRIu64 " open\n", sample->stats.spaces_count);
	if (sample->spaces_count <= 0)
		return;
	for (i = 0; i < sample->spaces_count; i++) {
		int length = (int)strlen(space_name(&sample->spaces[i]));

		width = length > width ? length : width;
	}
	fprintf(view->out, "  %8s %8s %-*s %10s %10s %10s %10s  %s\n", "ID", "PID", width,
		"COMMAND", "SIZE", "RESIDENT", "SWAPPED", "FAULTS", "LIMITS");
	for (i = 0; i < sample->spaces_count; i++) {
		const struct space *space = &sample->spaces[i];

		if (space_volume(space))
			strcpy(pid, "volume");
		else
			snprintf(pid, sizeof(pid), "%d", space->pid);
		fprintf(view->out, "  %8" PRIu64 " %8s %-*s %10s %10s %10s %10" PRIu64,
			space->id, pid, width, space_name(space),
			size_format(space->size, size),
			size_format(space->resident * view->page_size, resident),
			size_format(space->swapped * view->page_size, swapped),
			space_faults(space));
		show_limits(view, space);
	}
}

void status_show(const struct sample *sample, FILE *out, bool colour)
{
	const struct status_view view = {
		.out = out,
		.page_size = sample->page_size,
		.colour = colour,
	};

	show_pool(&view, &sample->stats);
	show_store(&view, &sample->stats);
	show_paging(&view, &sample->stats);
	show_spaces(&view, sample);
}

static void json_value(struct json *json, const char *key, uint64_t value)
{
	if (value == VMDEV_UNKNOWN)
		json_string(json, key, NULL);
	else
		json_number(json, key, value);
}

/* All files of one directory of /sys/kernel/vmdev as members of the open object. */
static void json_files(struct json *json, const struct sample *sample, const char *directory)
{
	size_t length = strlen(directory);
	size_t i;

	for (i = 0; i < vmdev_number_files_count; i++) {
		const struct vmdev_number_file *file = &vmdev_number_files[i];

		if (strncmp(file->path, directory, length) || file->path[length] != '/')
			continue;
		json_value(json, file->path + length + 1, sample_number(sample, file->member));
	}
}

static void json_words(struct json *json, const char *key, const char *text)
{
	char *copy = strdup(text);
	char *rest = copy;
	char *word;

	json_begin_array(json, key);
	while (rest && (word = strsep(&rest, " "))) {
		if (*word)
			json_string(json, NULL, word);
	}
	json_end_array(json);
	free(copy);
}

static void json_spaces(struct json *json, const struct sample *sample)
{
	const struct space *space = sample->spaces;
	const struct space *end = space + (sample->spaces_count > 0 ? sample->spaces_count : 0);

	json_files(json, sample, "spaces");
	if (sample->spaces_count < 0) {
		json_string(json, "list", NULL);
		return;
	}
	json_begin_array(json, "list");
	for (; space < end; space++) {
		json_begin_object(json, NULL);
		json_number(json, "id", space->id);
		json_number(json, "pid", (uint64_t)space->pid);
		json_string(json, "comm", space->comm);
		json_string(json, "volume", space_volume(space));
		json_number(json, "size", space->size);
		json_number(json, "resident", space->resident);
		json_number(json, "swapped", space->swapped);
		json_number(json, "dirty", space->dirty);
		json_number(json, "faults_minor", space->faults_minor);
		json_number(json, "faults_major", space->faults_major);
		json_number(json, "faults_zero", space->faults_zero);
		json_value(json, "refaults", space->refaults);
		json_value(json, "read_pages", space->read_pages);
		json_value(json, "written_pages", space->written_pages);
		json_value(json, "limit_max", space->limit_max);
		json_value(json, "limit_min", space->limit_min);
		json_end_object(json);
	}
	json_end_array(json);
}

void status_json(struct json *json, const struct sample *sample)
{
	const struct vmdev_module_stats *stats = &sample->stats;

	json_number(json, "page_size", sample->page_size);
	json_begin_object(json, "pool");
	json_files(json, sample, "pool");
	json_end_object(json);
	json_begin_object(json, "store");
	json_string(json, "path", stats->store_path);
	json_files(json, sample, "store");
	json_end_object(json);
	json_begin_object(json, "policy");
	json_string(json, "current", stats->policy_current);
	json_words(json, "available", stats->policy_available);
	json_end_object(json);
	json_begin_object(json, "stats");
	json_files(json, sample, "stats");
	json_end_object(json);
	json_begin_object(json, "spaces");
	json_spaces(json, sample);
	json_end_object(json);
}

static int run(const struct ctl_command *command, int argc, char **argv)
{
	struct ctl_result result = { 0 };
	struct sample sample = { 0 };
	const char *sysroot = NULL;
	bool want_json = false;
	struct json json;
	int got, status;

	while ((got = ctl_getopt(command, argc, argv, ":jR:hV", long_options, &status)) >= 0) {
		if (got == 'R')
			sysroot = optarg;
		else
			want_json = true;
	}
	if (got != -1)
		return status;
	status = sample_read(&sample, sysroot, &result);
	if (want_json) {
		ctl_json_begin(&json, &result);
		json_bool(&json, "loaded", result.error != ENODEV);
		if (status == CTL_OK)
			status_json(&json, &sample);
		json_end_object(&json);
	} else if (status == CTL_OK) {
		status_show(&sample, stdout, ctl_want_colour());
	}
	sample_free(&sample);
	return ctl_finish(&result);
}

const struct ctl_command ctl_status = {
	.name = "status",
	.summary = "show pool, store, policy, faults and spaces",
	.help = help,
	.run = run,
};
