// SPDX-License-Identifier: GPL-2.0
/*
 * Compares the two runs. Only the runs as they were recorded are looked at, not
 * the machine.
 */
#define _GNU_SOURCE
#include "table.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#define LABEL	"%-19s"

/* Fields of struct vmdev_stats that get a row, in MiB where they are amounts. */
static const struct row {
	const char *label;
	size_t field;
	bool amount;
} rows[] = {
	{ "used, MiB",		offsetof(struct vmdev_stats, touched),		true },
	{ "  in memory",	offsetof(struct vmdev_stats, resident),		true },
	{ "  in the store only", offsetof(struct vmdev_stats, swapped),		true },
	{ "  one word repeated", offsetof(struct vmdev_stats, zero),		true },
	{ "faults, minor",	offsetof(struct vmdev_stats, faults_minor),	false },
	{ "faults, major",	offsetof(struct vmdev_stats, faults_major),	false },
	{ "faults, zero",	offsetof(struct vmdev_stats, faults_zero),	false },
	{ "evictions",		offsetof(struct vmdev_stats, evictions),	false },
	{ "pages written",	offsetof(struct vmdev_stats, written_pages),	false },
	{ "pages read",		offsetof(struct vmdev_stats, read_pages),	false },
	{ "  read ahead",	offsetof(struct vmdev_stats, readahead),	false },
	{ "  and that used",	offsetof(struct vmdev_stats, readahead_hits),	false },
};

static uint64_t field(const struct run *run, unsigned int part, size_t offset)
{
	return *(const uint64_t *)((const char *)&run->last.spaces[part] + offset);
}

static uint64_t sum(const struct run *run, size_t offset)
{
	uint64_t all = 0;
	unsigned int i;

	for (i = 0; i < PARTS; i++)
		all += field(run, i, offset);
	return all;
}

static void print_row(const struct run *run, const struct row *row)
{
	unsigned int i;

	printf(LABEL, row->label);
	for (i = 0; i < PARTS; i++) {
		if (row->amount)
			printf(" %16.1f", pages_mib(field(run, i, row->field)));
		else
			printf(" %16lu", field(run, i, row->field));
	}
	if (row->amount)
		printf(" %8.1f\n", pages_mib(sum(run, row->field)));
	else
		printf(" %8lu\n", sum(run, row->field));
}

static void print_most(const struct run *run)
{
	unsigned int i;

	printf(LABEL, "in memory at most");
	for (i = 0; i < PARTS; i++)
		printf(" %16.1f", MIB(run->most[i]));
	printf(" %8.1f\n", pages_mib(run->most_pages));
}

/* Of the module as a whole: a request may be for pages of several spaces. */
static void print_requests(const char *label, uint64_t pages, uint64_t requests)
{
	printf(LABEL " %*s %8lu\n", label, PARTS * 17 - 1, "", requests);
	printf(LABEL " %*s %8.1f\n", "  pages in each", PARTS * 17 - 1, "",
	       requests ? (double)pages / requests : 0);
}

static void print_seconds(const struct run *run, const char *label)
{
	unsigned int i;

	printf(LABEL, label);
	for (i = 0; i < PARTS; i++)
		printf(" %16.1f", run->jobs[i].seconds);
	printf(" %8.1f\n", run->last.seconds);
}

static void print_digests(const struct run *run, const char *label)
{
	unsigned int i;

	printf(LABEL, label);
	for (i = 0; i < PARTS; i++)
		printf(" %016lx", run->jobs[i].digest);
	putchar('\n');
}

static bool same(const struct run *a, const struct run *b, unsigned int part)
{
	return a->jobs[part].finished && b->jobs[part].finished &&
	       a->jobs[part].digest == b->jobs[part].digest;
}

void table_print(const struct run *ordinary, const struct run *vmdev)
{
	const struct gauge *first = &vmdev->first.module;
	const struct gauge *last = &vmdev->last.module;
	unsigned int i;

	printf("\n" LABEL, "");
	for (i = 0; i < PARTS; i++)
		printf(" %16s", vmdev->jobs[i].name);
	printf(" %8s\n", "all");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		print_row(vmdev, &rows[i]);
	print_most(vmdev);
	print_requests("write requests", last->written_pages - first->written_pages,
		       last->written_ios - first->written_ios);
	print_requests("read requests", last->read_pages - first->read_pages,
		       last->read_ios - first->read_ios);
	print_seconds(ordinary, "seconds, ordinary");
	print_seconds(vmdev, "seconds, vmdev");
	print_digests(ordinary, "result, ordinary");
	print_digests(vmdev, "result, vmdev");
	printf(LABEL, "");
	for (i = 0; i < PARTS; i++)
		printf(" %16s", same(ordinary, vmdev, i) ? "the same" : "DIFFERENT");
	puts("\n");
	for (i = 0; i < PARTS; i++)
		printf("%-8s %s\n", vmdev->jobs[i].name, vmdev->jobs[i].summary);
}

static unsigned int wrong(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

static unsigned int wrong(const char *format, ...)
{
	va_list args;

	fputs("WRONG: ", stdout);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	return 1;
}

static unsigned int judge_jobs(const struct run *run)
{
	unsigned int count = 0;
	unsigned int i;

	for (i = 0; i < PARTS; i++)
		if (run->jobs[i].failure[0])
			count += wrong("%s in %s memory: %s", run->jobs[i].name,
				       run->in_vmdev ? "vmdev's" : "ordinary",
				       run->jobs[i].failure);
	return count;
}

static unsigned int judge_module(const struct run *run)
{
	const struct gauge *first = &run->first.module;
	const struct gauge *last = &run->last.module;
	uint64_t errors = last->read_errors - first->read_errors +
			  last->write_errors - first->write_errors +
			  last->checksum_errors - first->checksum_errors;
	uint64_t bad = sum(run, offsetof(struct vmdev_stats, bad));
	uint64_t used = sum(run, offsetof(struct vmdev_stats, touched));
	unsigned int count = 0;

	if (errors)
		count += wrong("%lu errors of the store", errors);
	if (bad)
		count += wrong("%lu pages were lost", bad);
	if (run->over)
		count += wrong("more pages in memory than frames in the pool, %lu times",
			       run->over);
	if (last->faults != last->faults_minor + last->faults_major + last->faults_zero)
		count += wrong("%lu faults are not the sum of their kinds", last->faults);
	if (used > last->frames &&
	    (last->evictions == first->evictions || last->read_pages == first->read_pages))
		count += wrong("more was used than the pool holds, yet no page left and came back");
	return count;
}

unsigned int verdict(const struct run *ordinary, const struct run *vmdev)
{
	unsigned int count = judge_jobs(ordinary);
	double used, pool;
	unsigned int i;

	if (count)
		return count;
	count += judge_jobs(vmdev) + judge_module(vmdev);
	for (i = 0; i < PARTS; i++)
		if (vmdev->jobs[i].finished && !same(ordinary, vmdev, i))
			count += wrong("%s: the result in vmdev is not that in ordinary memory",
				       vmdev->jobs[i].name);
	if (count)
		return count;
	used = pages_mib(sum(vmdev, offsetof(struct vmdev_stats, touched)));
	pool = pages_mib(vmdev->last.module.frames);
	printf("\n%.1f MiB used in a pool of %.1f MiB: %.1f times as much.\n", used, pool,
	       used / pool);
	puts("Every result is the same as in ordinary memory.");
	return 0;
}
