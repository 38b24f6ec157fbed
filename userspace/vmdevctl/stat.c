// SPDX-License-Identifier: GPL-2.0
/*
 * vmdevctl stat: a line an interval of what the module did in it, as vmstat has it
 * for the whole system. Lines with everything there is are made elsewhere.
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"
#include "sample.h"
#include "size.h"
#include "stat.h"

#define SECOND		1000000000ULL
#define INTERVAL_MIN	(SECOND / 100)
#define INTERVAL_MAX	(86400 * SECOND)

static const char help[] =
"Usage: vmdevctl stat [OPTION]... [INTERVAL [COUNT]]\n"
"Print a line an INTERVAL (seconds, as 1 or 0.5) of what vmdev did in it, COUNT lines\n"
"or until interrupted. Without INTERVAL one line: counts since the module was loaded.\n"
"\n"
"  -c, --csv                comma-separated values, all statistics there are\n"
"  -j, --json               the same as a JSON object a line\n"
"  -n, --one-header         name the columns once, not again for each screenful\n"
"  -t, --timestamp          begin each line with the time of day\n"
"  -R, --sysroot DIR        read DIR/sys, as of a host seen from a container\n"
CTL_HELP_OPTIONS
"\n"
"Columns; pool and store in pages now, the others a second (CSV and JSON: see\n"
"vmdevctl(8)):\n"
"  pool    free, dirty      frames without a page; with one that the store hasn't\n"
"  store   used             slots in use\n"
"  faults  minor            served without I/O\n"
"          major            waited for the store\n"
"          zero             filled with zeroes or a repeated word\n"
"          re               of pages that had been evicted\n"
"  pages   evict            left the pool\n"
"          read, writ       read from the store, written to it\n"
"  ios     read, writ       in so many requests\n"
"  wait    drct             faults that had to reclaim or wait for a frame\n"
"          err              pages that could not be read, written or verified; no memory\n"
"\n"
"Exit status: 0 shown, 1 failed, not loaded or unloaded meanwhile, 2 a wrong option.\n";

static const struct option long_options[] = {
	{ "csv",	no_argument,	   NULL, 'c' },
	{ "json",	no_argument,	   NULL, 'j' },
	{ "one-header",	no_argument,	   NULL, 'n' },
	{ "timestamp",	no_argument,	   NULL, 't' },
	{ "sysroot",	required_argument, NULL, 'R' },
	CTL_LONG_OPTIONS
};

#define MEMBER(name)	offsetof(struct vmdev_module_stats, name)
#define SUMMANDS	4

/* A column of the table: the sum of some numbers. */
static const struct column {
	const char *group;
	const char *name;
	int width;
	bool counter;
	unsigned int count;
	size_t members[SUMMANDS];
} columns[] = {
	{ "pool", "free", 8, false, 1, { MEMBER(pool_free) } },
	{ "pool", "dirty", 8, false, 1, { MEMBER(pool_dirty) } },
	{ "store", "used", 9, false, 1, { MEMBER(store_used) } },
	{ "faults", "minor", 7, true, 1, { MEMBER(faults_minor) } },
	{ "faults", "major", 6, true, 1, { MEMBER(faults_major) } },
	{ "faults", "zero", 6, true, 1, { MEMBER(faults_zero) } },
	{ "faults", "re", 6, true, 1, { MEMBER(refaults) } },
	{ "pages", "evict", 6, true, 1, { MEMBER(evictions) } },
	{ "pages", "read", 6, true, 1, { MEMBER(store_read_pages) } },
	{ "pages", "writ", 6, true, 1, { MEMBER(store_written_pages) } },
	{ "ios", "read", 5, true, 1, { MEMBER(store_read_ios) } },
	{ "ios", "writ", 5, true, 1, { MEMBER(store_written_ios) } },
	{ "wait", "drct", 5, true, 1, { MEMBER(direct_reclaims) } },
	{ "wait", "err", 4, true, 4, { MEMBER(store_read_errors), MEMBER(store_write_errors),
				       MEMBER(store_checksum_errors), MEMBER(oom) } },
};

#define COLUMNS		(sizeof(columns) / sizeof(columns[0]))

#define STAMP_FORMAT	"%Y-%m-%dT%H:%M:%S"
#define STAMP_WIDTH	19

/* "faults" over its columns, in dashes, @width wide with a blank in front. */
static void group_head(FILE *out, const char *name, int width)
{
	int dashes = width - 1 - (int)strlen(name);
	int i;

	fputc(' ', out);
	for (i = 0; i < width - 1; i++) {
		if (i == dashes / 2)
			i += fprintf(out, "%s", name) - 1;
		else
			fputc('-', out);
	}
}

static void table_head(const struct form *form)
{
	size_t i, end;

	if (form->stamp)
		fprintf(form->out, "%*s", STAMP_WIDTH, "");
	for (i = 0; i < COLUMNS; i = end) {
		int width = 0;

		for (end = i; end < COLUMNS && !strcmp(columns[i].group, columns[end].group); end++)
			width += columns[end].width;
		group_head(form->out, columns[i].group, width);
	}
	fputc('\n', form->out);
	if (form->stamp)
		fprintf(form->out, "%-*s", STAMP_WIDTH, "time");
	for (i = 0; i < COLUMNS; i++)
		fprintf(form->out, " %*s", columns[i].width - 1, columns[i].name);
	fputc('\n', form->out);
}

static void stat_head(const struct form *form)
{
	if (form->csv)
		record_csv_head(form);
	else if (!form->json)
		table_head(form);
}

/* Sum of the column's numbers, as they are or the counters' rise. */
static uint64_t column_sum(const struct column *column, const struct sample *now,
			   const struct sample *before)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < column->count; i++) {
		uint64_t value = sample_number(now, column->members[i]);

		if (column->counter)
			value = counter_rise(value, sample_number(before, column->members[i]));
		if (value == VMDEV_UNKNOWN)
			return value;
		sum += value;
	}
	return sum;
}

static void table_line(const struct form *form, const struct sample *now,
		       const struct sample *before, double wall)
{
	uint64_t ns = now->time_ns - before->time_ns;
	time_t seconds = (time_t)wall;
	char stamp[STAMP_WIDTH + 1];
	struct tm tm;
	size_t i;

	if (form->stamp) {
		localtime_r(&seconds, &tm);
		strftime(stamp, sizeof(stamp), STAMP_FORMAT, &tm);
		fputs(stamp, form->out);
	}
	for (i = 0; i < COLUMNS; i++) {
		uint64_t sum = column_sum(&columns[i], now, before);

		if (sum == VMDEV_UNKNOWN) {
			fprintf(form->out, " %*s", columns[i].width - 1, "-");
			continue;
		}
		if (columns[i].counter && !form->totals)
			sum = (uint64_t)(rate(sum, ns) + 0.5);
		fprintf(form->out, " %*" PRIu64, columns[i].width - 1, sum);
	}
	fputc('\n', form->out);
}

/*
 * One line: @now with what its counters rose by since @before, which is all
 * zeroes for totals. @wall is the time of day, seconds since 1970.
 */
static void stat_line(const struct form *form, const struct sample *now,
		      const struct sample *before, double wall)
{
	if (form->csv)
		record_csv(form, now, before, wall);
	else if (form->json)
		record_json(form, now, before, wall);
	else
		table_line(form, now, before, wall);
}

int stat_interval(const char *text, uint64_t *ns)
{
	double seconds;
	char *end;

	/* strtod() knows more numbers than people write. */
	if (!*text || text[strspn(text, "0123456789.")])
		return -EINVAL;
	seconds = strtod(text, &end);
	if (*end)
		return -EINVAL;
	if (seconds * SECOND < INTERVAL_MIN || seconds * SECOND > INTERVAL_MAX)
		return -ERANGE;
	*ns = (uint64_t)(seconds * SECOND + 0.5);
	return 0;
}

struct request {
	struct form form;
	const char *sysroot;
	uint64_t interval_ns;	/* 0: totals */
	uint64_t lines;		/* 0: for ever */
	bool one_head;
};

static bool read_options(const struct ctl_command *command, int argc, char **argv,
			 struct request *request, int *status)
{
	int got;

	while ((got = ctl_getopt(command, argc, argv, ":cjntR:hV", long_options, status)) >= 0) {
		if (got == 'c')
			request->form.csv = true;
		else if (got == 'j')
			request->form.json = true;
		else if (got == 'n')
			request->one_head = true;
		else if (got == 't')
			request->form.stamp = true;
		else
			request->sysroot = optarg;
	}
	if (got != -1)
		return false;
	if (request->form.csv && request->form.json) {
		*status = ctl_usage(command, "--csv and --json don't go together");
		return false;
	}
	return true;
}

static int read_operands(const struct ctl_command *command, int argc, char **argv,
			 struct request *request)
{
	if (optind < argc && stat_interval(argv[optind], &request->interval_ns))
		return ctl_usage(command, "interval %s: must be seconds, 0.01 to 86400",
				 argv[optind]);
	if (optind + 1 < argc &&
	    (number_parse(argv[optind + 1], &request->lines) || !request->lines))
		return ctl_usage(command, "count %s: must be a number, at least 1",
				 argv[optind + 1]);
	return CTL_OK;
}

static double time_of_day(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Lines between two heads: what fits the terminal, 0 where there is none. */
static uint64_t lines_a_head(const struct request *request)
{
	struct winsize size;

	if (request->one_head || request->form.csv || request->form.json ||
	    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || size.ws_row < 4)
		return 0;
	return size.ws_row - 3;
}

/* Wait until @ns of CLOCK_MONOTONIC, so that lines don't drift. */
static void wait_until(uint64_t ns)
{
	const struct timespec until = {
		.tv_sec = (time_t)(ns / SECOND),
		.tv_nsec = (long)(ns % SECOND),
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

/* The next sample in place of the one before; one line about both, @head above it. */
static int next_line(const struct request *request, struct sample *before, bool head,
		     struct ctl_result *result)
{
	struct sample now;

	if (sample_read(&now, request->sysroot, result))
		return CTL_FAILED;
	if (head)
		stat_head(&request->form);
	stat_line(&request->form, &now, before, time_of_day());
	sample_free(before);
	*before = now;
	/* Who reads it through a pipe wants the line now; nobody may be left. */
	if (fflush(stdout))
		return ctl_fail(result, errno,
				"cannot write the output: %s; send it where there is room",
				strerror(errno));
	return CTL_OK;
}

static int print_lines(const struct request *request, struct ctl_result *result)
{
	struct sample before;
	uint64_t start, line;
	int status;

	status = sample_read(&before, request->sysroot, result);
	start = before.time_ns;
	for (line = 1; !status && (!request->lines || line <= request->lines); line++) {
		uint64_t heads = lines_a_head(request);

		wait_until(start + line * request->interval_ns);
		status = next_line(request, &before, line == 1 || (heads && line % heads == 1),
				   result);
	}
	sample_free(&before);
	return status;
}

static int print_totals(const struct request *request, struct ctl_result *result)
{
	struct sample none = { 0 };
	int status = next_line(request, &none, true, result);

	sample_free(&none);
	return status;
}

static int run(const struct ctl_command *command, int argc, char **argv)
{
	struct request request = { .form.out = stdout };
	struct ctl_result result = { 0 };
	int status;

	if (!read_options(command, argc, argv, &request, &status))
		return status;
	status = read_operands(command, argc, argv, &request);
	if (status)
		return status;
	request.form.totals = !request.interval_ns;
	if (request.form.totals)
		print_totals(&request, &result);
	else
		print_lines(&request, &result);
	if (request.form.json && result.message[0])
		record_json_failure(&result);
	return ctl_finish(&result);
}

const struct ctl_command ctl_stat = {
	.name = "stat",
	.summary = "a line an interval of what it does, also as CSV or JSON",
	.help = help,
	.operands = 2,
	.run = run,
};
