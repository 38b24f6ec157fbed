// SPDX-License-Identifier: GPL-2.0
/*
 * vmdevctl metrics: the statistics in the text format of Prometheus, on standard
 * output or as a file for node_exporter's textfile collector. Owns the metrics'
 * names, which dashboards and alerts are written against.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl.h"
#include "sample.h"

/* The collector reads files whose names end so, and no others. */
#define TEXTFILE	"vmdev.prom"

/* A histogram's bounds are fixed: powers of two from 256 ns to 68.7 s. */
#define BOUND_FIRST	8
#define BOUND_LAST	36

static const char help[] =
"Usage: vmdevctl metrics [OPTION]...\n"
"Print the module's statistics in the text format of Prometheus, in bytes and seconds.\n"
"\n"
"  -s, --spaces             with each open space and volume (root; time series for each)\n"
"  -t, --textfile DIR       write DIR/" TEXTFILE " instead, in one step, for the textfile\n"
"                           collector of node_exporter\n"
"  -R, --sysroot DIR        read DIR/sys, as of a host seen from a container\n"
CTL_HELP_OPTIONS
"\n"
"Exit status: 0 written (also where vmdev isn't loaded: then vmdev_loaded is 0),\n"
"1 failed, 2 a wrong option.\n";

static const struct option long_options[] = {
	{ "spaces",	no_argument,	   NULL, 's' },
	{ "textfile",	required_argument, NULL, 't' },
	{ "sysroot",	required_argument, NULL, 'R' },
	CTL_LONG_OPTIONS
};

/*
 * One number of the module or of a space. Those of one name stand together and
 * have the first one's help.
 */
struct series {
	const char *name;
	const char *kind;	/* label, or NULL */
	const char *help;
	bool pages;		/* counts pages, shown in bytes */
	bool counter;
	size_t member;
};

#define MODULE(name)	offsetof(struct vmdev_module_stats, name)
#define SPACE(name)	offsetof(struct space, name)

static const struct series module_series[] = {
	{ "vmdev_pool_size_bytes", NULL, "Memory of the frames the pool has.",
	  true, false, MODULE(pool_frames) },
	{ "vmdev_pool_free_bytes", NULL, "Frames that hold no page.",
	  true, false, MODULE(pool_free) },
	{ "vmdev_pool_dirty_bytes", NULL, "Pages in frames known to differ from the store.",
	  true, false, MODULE(pool_dirty) },
	{ "vmdev_pool_pinned_bytes", NULL, "Frames that the kernel holds for I/O.",
	  true, false, MODULE(pool_pinned) },
	{ "vmdev_pool_locked_bytes", NULL, "Frames kept because of mlock.",
	  true, false, MODULE(pool_locked) },
	{ "vmdev_pool_zeroed_bytes_total", NULL, "Frames zeroed because their data was discarded.",
	  true, true, MODULE(pool_zeroed_on_free) },
	{ "vmdev_pool_poisoned_bytes_total", NULL, "Frames given up because their memory failed.",
	  true, true, MODULE(pool_poisoned) },
	{ "vmdev_store_size_bytes", NULL, "Slots the store has.",
	  true, false, MODULE(store_slots) },
	{ "vmdev_store_used_bytes", NULL, "Slots in use.",
	  true, false, MODULE(store_used) },
	{ "vmdev_store_read_bytes_total", NULL, "Pages read from the store.",
	  true, true, MODULE(store_read_pages) },
	{ "vmdev_store_reads_total", NULL, "Requests that read from the store.",
	  false, true, MODULE(store_read_ios) },
	{ "vmdev_store_written_bytes_total", NULL, "Pages written to the store.",
	  true, true, MODULE(store_written_pages) },
	{ "vmdev_store_writes_total", NULL, "Requests that wrote to the store.",
	  false, true, MODULE(store_written_ios) },
	{ "vmdev_store_errors_total", "read",
	  "Pages that could not be read or written or had a wrong checksum.",
	  false, true, MODULE(store_read_errors) },
	{ "vmdev_store_errors_total", "write", NULL,
	  false, true, MODULE(store_write_errors) },
	{ "vmdev_store_errors_total", "checksum", NULL,
	  false, true, MODULE(store_checksum_errors) },
	{ "vmdev_faults_total", "minor",
	  "Page faults: minor without I/O, major waited for the store, zero filled a frame.",
	  false, true, MODULE(faults_minor) },
	{ "vmdev_faults_total", "major", NULL,
	  false, true, MODULE(faults_major) },
	{ "vmdev_faults_total", "zero", NULL,
	  false, true, MODULE(faults_zero) },
	{ "vmdev_refaults_total", NULL, "Pages brought in again after an eviction.",
	  false, true, MODULE(refaults) },
	{ "vmdev_direct_reclaims_total", NULL,
	  "Times a task found no free frame and had to reclaim or wait.",
	  false, true, MODULE(direct_reclaims) },
	{ "vmdev_out_of_memory_total", NULL, "Times a task got no frame or slot at all.",
	  false, true, MODULE(oom) },
	{ "vmdev_evicted_bytes_total", NULL, "Pages that left the pool.",
	  true, true, MODULE(evictions) },
	{ "vmdev_evicted_clean_bytes_total", NULL, "Of these, without a write.",
	  true, true, MODULE(evictions_clean) },
	{ "vmdev_evicted_same_filled_bytes_total", NULL,
	  "Of these, dirty pages that were one repeated word and took no slot.",
	  true, true, MODULE(same_filled) },
	{ "vmdev_evicted_locked_bytes_total", NULL, "Of these, although mlocked.",
	  true, true, MODULE(locked_evictions) },
	{ "vmdev_readahead_bytes_total", NULL, "Pages read before they were asked for.",
	  true, true, MODULE(readahead) },
	{ "vmdev_readahead_used_bytes_total", NULL, "Of these, touched later.",
	  true, true, MODULE(readahead_hits) },
	{ "vmdev_spaces", NULL, "Open spaces and volumes.",
	  false, false, MODULE(spaces_count) },
};

static const struct series space_series[] = {
	{ "vmdev_space_size_bytes", NULL, "Size of the space.",
	  false, false, SPACE(size) },
	{ "vmdev_space_resident_bytes", NULL, "Its pages in frames.",
	  true, false, SPACE(resident) },
	{ "vmdev_space_swapped_bytes", NULL, "Its pages that are only in the store.",
	  true, false, SPACE(swapped) },
	{ "vmdev_space_dirty_bytes", NULL, "Its pages in frames known to differ from the store.",
	  true, false, SPACE(dirty) },
	{ "vmdev_space_faults_total", "minor", "Its page faults.",
	  false, true, SPACE(faults_minor) },
	{ "vmdev_space_faults_total", "major", NULL,
	  false, true, SPACE(faults_major) },
	{ "vmdev_space_faults_total", "zero", NULL,
	  false, true, SPACE(faults_zero) },
	{ "vmdev_space_refaults_total", NULL, "Its pages brought in again after an eviction.",
	  false, true, SPACE(refaults) },
	{ "vmdev_space_read_bytes_total", NULL, "Its pages read from the store.",
	  true, true, SPACE(read_pages) },
	{ "vmdev_space_written_bytes_total", NULL, "Its pages written to the store.",
	  true, true, SPACE(written_pages) },
};

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

static void write_head(FILE *out, const char *name, const char *text, const char *type)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, text, name, type);
}

static void write_series_head(FILE *out, const struct series *series)
{
	if (series->help)
		write_head(out, series->name, series->help,
			   series->counter ? "counter" : "gauge");
}

/* A value of a label, which must be UTF-8. */
static void write_label(FILE *out, const char *name, const char *value)
{
	size_t length;

	fprintf(out, "%s=\"", name);
	for (; *value; value += length) {
		length = utf8_length(value);
		if (!length) {
			fputs("\xef\xbf\xbd", out);
			length = 1;
		} else if (*value == '\n') {
			fputs("\\n", out);
		} else if (*value == '"' || *value == '\\') {
			fprintf(out, "\\%c", *value);
		} else {
			fwrite(value, 1, length, out);
		}
	}
	fputc('"', out);
}

static uint64_t scaled(const struct series *series, const struct sample *sample, uint64_t value)
{
	return series->pages ? value * sample->page_size : value;
}

static void write_module(FILE *out, const struct sample *sample)
{
	const struct series *series = module_series;

	for (; series < module_series + COUNT(module_series); series++) {
		uint64_t value = sample_number(sample, series->member);

		write_series_head(out, series);
		if (value == VMDEV_UNKNOWN)
			continue;
		fputs(series->name, out);
		if (series->kind)
			fprintf(out, "{kind=\"%s\"}", series->kind);
		fprintf(out, " %" PRIu64 "\n", scaled(series, sample, value));
	}
}

static void write_space(FILE *out, const struct series *series, const struct sample *sample,
			const struct space *space)
{
	uint64_t value;

	memcpy(&value, (const char *)space + series->member, sizeof(value));
	if (value == VMDEV_UNKNOWN)
		return;
	fprintf(out, "%s{space=\"%" PRIu64 "\",pid=\"%d\",", series->name, space->id, space->pid);
	write_label(out, "comm", space->comm);
	if (space_volume(space)) {
		fputc(',', out);
		write_label(out, "volume", space_volume(space));
	}
	if (series->kind)
		fprintf(out, ",kind=\"%s\"", series->kind);
	fprintf(out, "} %" PRIu64 "\n", scaled(series, sample, value));
}

static void write_spaces(FILE *out, const struct sample *sample)
{
	const struct series *series = space_series;
	ssize_t i;

	for (; series < space_series + COUNT(space_series); series++) {
		write_series_head(out, series);
		for (i = 0; i < sample->spaces_count; i++)
			write_space(out, series, sample, &sample->spaces[i]);
	}
}

/*
 * The kernel's buckets begin at a power of two and end before the next; those here
 * end with one. Which of two a fault of exactly that time is in makes no difference.
 */
static void write_latency(FILE *out, const struct latency *latency)
{
	static const char name[] = "vmdev_fault_duration_seconds";
	uint64_t faults = 0;
	unsigned int i;

	if (!latency->buckets || latency->sum_ns == VMDEV_UNKNOWN)
		return;
	write_head(out, name, "Time that page faults took.", "histogram");
	for (i = 0; i < latency->buckets; i++) {
		if (i >= BOUND_FIRST && i <= BOUND_LAST)
			fprintf(out, "%s_bucket{le=\"%.12g\"} %" PRIu64 "\n", name,
				(double)(1ULL << i) / 1e9, faults);
		faults += latency->faults[i];
	}
	fprintf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, faults);
	fprintf(out, "%s_sum %" PRIu64 ".%09" PRIu64 "\n", name, latency->sum_ns / 1000000000,
		latency->sum_ns % 1000000000);
	fprintf(out, "%s_count %" PRIu64 "\n", name, faults);
}

/* @sample is NULL where the module isn't loaded. */
static void write_all(FILE *out, const struct sample *sample, bool each_space)
{
	write_head(out, "vmdev_loaded", "Whether the module is loaded.", "gauge");
	fprintf(out, "vmdev_loaded %d\n", !!sample);
	if (!sample)
		return;
	write_head(out, "vmdev_info", "The replacement policy and where pages go.", "gauge");
	fputs("vmdev_info{", out);
	write_label(out, "policy", sample->stats.policy_current);
	fputc(',', out);
	write_label(out, "store", sample->stats.store_path);
	fputs("} 1\n", out);
	write_module(out, sample);
	write_latency(out, &sample->latency);
	if (each_space)
		write_spaces(out, sample);
}

struct request {
	const char *sysroot;
	const char *directory;	/* NULL: standard output */
	bool each_space;
};

/* Fill the new file @fd, which this closes. Returns 0 or -1 with errno. */
static int fill_file(int fd, const struct sample *sample, const struct request *request)
{
	FILE *file = fdopen(fd, "w");
	bool bad;

	if (!file) {
		close(fd);
		return -1;
	}
	write_all(file, sample, request->each_space);
	bad = ferror(file) || fchmod(fd, 0644);
	return fclose(file) || bad ? -1 : 0;
}

/* Readers see the old file or the new one, never a part of one. */
static int replace_file(const struct sample *sample, const struct request *request,
			struct ctl_result *result)
{
	char path[PATH_MAX], temporary[PATH_MAX + 16];
	int fd, err;

	if ((size_t)snprintf(path, sizeof(path), "%s/" TEXTFILE, request->directory) >=
	    sizeof(path))
		return ctl_fail(result, ENAMETOOLONG, "--textfile: %s", strerror(ENAMETOOLONG));
	snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
	fd = mkstemp(temporary);
	if (fd >= 0 && !fill_file(fd, sample, request) && !rename(temporary, path))
		return CTL_OK;
	err = errno;
	if (fd >= 0)
		unlink(temporary);
	return ctl_fail(result, err, "cannot write %s: %s; give a directory with room in it", path,
			strerror(err));
}

static int write_metrics(const struct request *request, struct ctl_result *result)
{
	struct sample sample;
	bool loaded = !sample_read(&sample, request->sysroot, result);
	int status = CTL_OK;

	if (!loaded && result->error != ENODEV)
		return CTL_FAILED;
	*result = (struct ctl_result){ 0 };
	if (request->directory)
		status = replace_file(loaded ? &sample : NULL, request, result);
	else
		write_all(stdout, loaded ? &sample : NULL, request->each_space);
	sample_free(&sample);
	return status;
}

static int run(const struct ctl_command *command, int argc, char **argv)
{
	struct request request = { 0 };
	struct ctl_result result = { 0 };
	int got, status;

	while ((got = ctl_getopt(command, argc, argv, ":st:R:hV", long_options, &status)) >= 0) {
		if (got == 's')
			request.each_space = true;
		else if (got == 't')
			request.directory = optarg;
		else
			request.sysroot = optarg;
	}
	if (got != -1)
		return status;
	write_metrics(&request, &result);
	return ctl_finish(&result);
}

const struct ctl_command ctl_metrics = {
	.name = "metrics",
	.summary = "statistics for Prometheus",
	.help = help,
	.run = run,
};
