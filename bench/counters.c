// SPDX-License-Identifier: GPL-2.0
/*
 * The columns, see counters.h. A source is written as "where:what":
 *   vmdev:FILE    a file under /sys/kernel/vmdev
 *   vmstat:NAME   a line of /proc/vmstat
 *   group:NAME    a line of the memory cgroup's memory.events
 *   disk:FIELD    a field of /sys/block/DISK/stat, counted from 0
 *   sectors:FIELD the same in pages
 *   uffd:NAME     this process's userfaultfd handlers
 *   self:NAME     this process, from getrusage
 *   cpu:busy      microseconds that the CPUs were neither idle nor waiting,
 *                 whoever used them
 *   cpu:kernel    microseconds that kernel threads used: they are in no rusage
 */
#include <assert.h>
#include <err.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "array.h"
#include "counters.h"
#include "uffd.h"

enum source { VMDEV, SWAP, FILE_MAP, UFFD, NONE, SOURCES };

static const struct {
	const char *system;
	enum source source;
} sources[] = {
	{ "vmdev", VMDEV }, { "swap", SWAP }, { "zswap", SWAP },
	{ "file", FILE_MAP }, { "uffd", UFFD }, { "ram", NONE },
};

#define SAME(source)	{ source, source, source, source, source }

static const struct column {
	const char *name;
	const char *source[SOURCES];
} columns[] = {
	{ "user_us",		SAME("self:user_us") },
	{ "sys_us",		SAME("self:sys_us") },
	{ "kernel_us",		SAME("cpu:kernel") },
	{ "busy_us",		SAME("cpu:busy") },
	{ "minflt",		SAME("self:minflt") },
	{ "majflt",		SAME("self:majflt") },
	{ "faults_minor",	{ [VMDEV] = "vmdev:stats/faults_minor" } },
	{ "faults_major",	{ [VMDEV] = "vmdev:stats/faults_major" } },
	{ "faults_zero",	{ [VMDEV] = "vmdev:stats/faults_zero" } },
	{ "direct",		{ "vmdev:stats/direct_reclaims", "group:max", "group:max",
				  "uffd:waits" } },
	{ "evictions",		{ "vmdev:stats/evictions", "vmstat:pgsteal_anon",
				  "vmstat:pgsteal_file", "uffd:evictions" } },
	{ "readahead",		{ "vmdev:stats/readahead", "vmstat:swap_ra" } },
	{ "readahead_hits",	{ "vmdev:stats/readahead_hits", "vmstat:swap_ra_hit" } },
	{ "read_pages",		{ "vmdev:store/read_pages", "vmstat:pswpin", "sectors:2",
				  "uffd:read_pages" } },
	{ "read_ios",		{ "vmdev:store/read_ios", "disk:0", "disk:0",
				  "uffd:read_ios" } },
	{ "written_pages",	{ "vmdev:store/written_pages", "vmstat:pswpout", "sectors:6",
				  "uffd:written_pages" } },
	{ "written_ios",	{ "vmdev:store/written_ios", "disk:4", "disk:4",
				  "uffd:written_ios" } },
	{ "disk_reads",		SAME("disk:0") },
	{ "disk_writes",	SAME("disk:4") },
};

static_assert(ARRAY_SIZE(columns) <= COUNTERS_MAX, "raise COUNTERS_MAX");

static struct counters_where where;
static enum source selected;

static const char *source_of(const struct column *column)
{
	const char *source = column->source[selected];

	if (source && !where.disk && (!strncmp(source, "disk:", 5) ||
				      !strncmp(source, "sectors:", 8)))
		return NULL;
	if (source && !where.group && !strncmp(source, "group:", 6))
		return NULL;
	return source;
}

/* The first @size - 1 bytes of a file, as a string. */
static bool slurp(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "r");
	size_t length;

	if (!file)
		return false;
	length = fread(text, 1, size - 1, file);
	text[length] = '\0';
	return !fclose(file);
}

static void slurp_or_exit(const char *path, char *text, size_t size)
{
	if (!slurp(path, text, size))
		err(1, "%s", path);
}

static uint64_t read_vmdev(const char *what)
{
	char path[128], text[64], *end;
	uint64_t value;

	snprintf(path, sizeof(path), "/sys/kernel/vmdev/%s", what);
	slurp_or_exit(path, text, sizeof(text));
	value = strtoull(text, &end, 10);
	if (end == text)
		errx(1, "%s: no number", path);
	return value;
}

/* A file with lines "name value". */
static uint64_t read_named(const char *path, const char *name)
{
	static char text[32768];
	size_t length = strlen(name);
	char *line;

	slurp_or_exit(path, text, sizeof(text));
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (!strncmp(line, name, length) && line[length] == ' ')
			return strtoull(line + length, NULL, 10);
	errx(1, "%s: no %s", path, name);
}

static uint64_t read_vmstat(const char *what)
{
	return read_named("/proc/vmstat", what);
}

static uint64_t read_group(const char *what)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/memory.events", where.group);
	return read_named(path, what);
}

static uint64_t read_disk(const char *what)
{
	char path[128], text[512], *next = text;
	uint64_t value = 0;

	snprintf(path, sizeof(path), "/sys/block/%s/stat", where.disk);
	slurp_or_exit(path, text, sizeof(text));
	for (int field = atoi(what); field >= 0; field--)
		value = strtoull(next, &next, 10);
	return value;
}

static uint64_t read_sectors(const char *what)
{
	return read_disk(what) / 8;
}

static uint64_t read_uffd(const char *what)
{
	struct uffd_stats stats;

	uffd_stats_read(&stats);
	if (!strcmp(what, "read_pages"))
		return stats.read_pages;
	if (!strcmp(what, "read_ios"))
		return stats.read_ios;
	if (!strcmp(what, "written_pages"))
		return stats.written_pages;
	if (!strcmp(what, "written_ios"))
		return stats.written_ios;
	return !strcmp(what, "evictions") ? stats.evictions : stats.waits;
}

static uint64_t microseconds(struct timeval time)
{
	return time.tv_sec * 1000000ULL + time.tv_usec;
}

static uint64_t read_self(const char *what)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage))
		err(1, "getrusage");
	if (!strcmp(what, "user_us"))
		return microseconds(usage.ru_utime);
	if (!strcmp(what, "sys_us"))
		return microseconds(usage.ru_stime);
	return !strcmp(what, "minflt") ? usage.ru_minflt : usage.ru_majflt;
}

static uint64_t read_busy(void)
{
	unsigned long long user, nice, system, idle, wait, irq, softirq, steal;
	char text[256];

	slurp_or_exit("/proc/stat", text, sizeof(text));
	if (sscanf(text, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user,
		   &nice, &system, &idle, &wait, &irq, &softirq, &steal) != 8)
		errx(1, "/proc/stat: no cpu line");
	return (user + nice + system + irq + softirq + steal) * 1000000 /
	       sysconf(_SC_CLK_TCK);
}

/* The children of kthreadd. One that ends meanwhile takes its time along. */
static uint64_t read_kernel_threads(void)
{
	static char list[32768];
	char path[64], text[128];
	uint64_t sum = 0;

	slurp_or_exit("/proc/2/task/2/children", list, sizeof(list));
	for (char *pid = strtok(list, " "); pid; pid = strtok(NULL, " ")) {
		snprintf(path, sizeof(path), "/proc/%s/schedstat", pid);
		if (slurp(path, text, sizeof(text)))
			sum += strtoull(text, NULL, 10) / 1000;
	}
	return sum;
}

static uint64_t read_cpu(const char *what)
{
	return !strcmp(what, "busy") ? read_busy() : read_kernel_threads();
}

static const struct reader {
	const char *where;
	uint64_t (*read)(const char *what);
} readers[] = {
	{ "vmdev:",	read_vmdev },
	{ "vmstat:",	read_vmstat },
	{ "group:",	read_group },
	{ "disk:",	read_disk },
	{ "sectors:",	read_sectors },
	{ "uffd:",	read_uffd },
	{ "self:",	read_self },
	{ "cpu:",	read_cpu },
};

static uint64_t read_source(const char *source)
{
	for (size_t i = 0; i < ARRAY_SIZE(readers); i++) {
		size_t length = strlen(readers[i].where);

		if (!strncmp(source, readers[i].where, length))
			return readers[i].read(source + length);
	}
	errx(1, "no reader for %s", source);
}

void counters_select(const struct counters_where *wanted)
{
	where = *wanted;
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		if (strcmp(sources[i].system, wanted->system))
			continue;
		selected = sources[i].source;
		return;
	}
	errx(1, "%s: nothing is known to count", wanted->system);
}

void counters_read(struct counters *counters)
{
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		const char *source = source_of(&columns[i]);

		counters->value[i] = source ? read_source(source) : 0;
	}
}

static uint64_t difference(const struct counters *before,
			   const struct counters *after, size_t column)
{
	if (after->value[column] < before->value[column])
		return 0;
	return after->value[column] - before->value[column];
}

uint64_t counters_faults(const struct counters *before, const struct counters *after)
{
	uint64_t faults = 0;

	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		if (!strcmp(columns[i].name, "minflt") || !strcmp(columns[i].name, "majflt"))
			faults += difference(before, after, i);
	return faults;
}

void counters_print_names(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		printf(",%s", columns[i].name);
}

void counters_print(const struct counters *before,
		    const struct counters *after)
{
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		putchar(',');
		if (source_of(&columns[i]))
			printf("%llu", (unsigned long long)difference(before, after, i));
	}
}
