// SPDX-License-Identifier: GPL-2.0
/*
 * The columns, see counters.h. A source is written as "where:what":
 *   vmdev:FILE    a file under /sys/kernel/vmdev
 *   vmstat:NAME   a line of /proc/vmstat
 *   disk:FIELD    a field of /sys/block/DISK/stat, counted from 0
 *   self:NAME     this process, from getrusage
 *   cpu:busy      microseconds that the CPUs were neither idle nor waiting,
 *                 whoever used them: kernel threads are in no rusage
 */
#include <assert.h>
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "array.h"
#include "counters.h"

static const struct column {
	const char *name;
	const char *vmdev;
	const char *anon;
} columns[] = {
	{ "user_us",		"self:user_us",			"self:user_us" },
	{ "sys_us",		"self:sys_us",			"self:sys_us" },
	{ "busy_us",		"cpu:busy",			"cpu:busy" },
	{ "minflt",		"self:minflt",			"self:minflt" },
	{ "majflt",		"self:majflt",			"self:majflt" },
	{ "faults",		"vmdev:stats/faults",		NULL },
	{ "faults_minor",	"vmdev:stats/faults_minor",	NULL },
	{ "faults_major",	"vmdev:stats/faults_major",	NULL },
	{ "faults_zero",	"vmdev:stats/faults_zero",	NULL },
	{ "direct_reclaims",	"vmdev:stats/direct_reclaims",	NULL },
	{ "evictions",		"vmdev:stats/evictions",	NULL },
	{ "evictions_clean",	"vmdev:stats/evictions_clean",	NULL },
	{ "readahead",		"vmdev:stats/readahead",	NULL },
	{ "readahead_hits",	"vmdev:stats/readahead_hits",	NULL },
	{ "read_pages",		"vmdev:store/read_pages",	"vmstat:pswpin" },
	{ "read_ios",		"vmdev:store/read_ios",		NULL },
	{ "written_pages",	"vmdev:store/written_pages",	"vmstat:pswpout" },
	{ "written_ios",	"vmdev:store/written_ios",	NULL },
	{ "disk_reads",		"disk:0",			"disk:0" },
	{ "disk_writes",	"disk:4",			"disk:4" },
};

static_assert(ARRAY_SIZE(columns) <= COUNTERS_MAX, "raise COUNTERS_MAX");

static bool select_vmdev;
static const char *select_disk;

static const char *source_of(const struct column *column)
{
	const char *source = select_vmdev ? column->vmdev : column->anon;

	if (source && !select_disk && !strncmp(source, "disk:", 5))
		return NULL;
	return source;
}

/* The first @size - 1 bytes of a file, as a string. */
static void slurp(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "r");
	size_t length;

	if (!file)
		err(1, "%s", path);
	length = fread(text, 1, size - 1, file);
	if (ferror(file))
		err(1, "%s", path);
	text[length] = '\0';
	fclose(file);
}

static uint64_t read_vmdev(const char *what)
{
	char path[128], text[64], *end;
	uint64_t value;

	snprintf(path, sizeof(path), "/sys/kernel/vmdev/%s", what);
	slurp(path, text, sizeof(text));
	value = strtoull(text, &end, 10);
	if (end == text)
		errx(1, "%s: no number", path);
	return value;
}

static uint64_t read_vmstat(const char *what)
{
	static char text[32768];
	size_t length = strlen(what);
	char *line;

	slurp("/proc/vmstat", text, sizeof(text));
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (!strncmp(line, what, length) && line[length] == ' ')
			return strtoull(line + length, NULL, 10);
	errx(1, "/proc/vmstat: no %s", what);
}

static uint64_t read_disk(const char *what)
{
	char path[128], text[512], *next = text;
	uint64_t value = 0;

	snprintf(path, sizeof(path), "/sys/block/%s/stat", select_disk);
	slurp(path, text, sizeof(text));
	for (int field = atoi(what); field >= 0; field--)
		value = strtoull(next, &next, 10);
	return value;
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

static uint64_t read_busy(const char *what)
{
	unsigned long long user, nice, system, idle, wait, irq, softirq, steal;
	char text[256];

	(void)what;
	slurp("/proc/stat", text, sizeof(text));
	if (sscanf(text, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user,
		   &nice, &system, &idle, &wait, &irq, &softirq, &steal) != 8)
		errx(1, "/proc/stat: no cpu line");
	return (user + nice + system + irq + softirq + steal) * 1000000 /
	       sysconf(_SC_CLK_TCK);
}

static const struct reader {
	const char *where;
	uint64_t (*read)(const char *what);
} readers[] = {
	{ "vmdev:",	read_vmdev },
	{ "vmstat:",	read_vmstat },
	{ "disk:",	read_disk },
	{ "self:",	read_self },
	{ "cpu:",	read_busy },
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

void counters_select(const char *kind, const char *disk)
{
	select_vmdev = !strcmp(kind, "vmdev");
	select_disk = disk;
}

void counters_read(struct counters *counters)
{
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		const char *source = source_of(&columns[i]);

		counters->value[i] = source ? read_source(source) : 0;
	}
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
		if (source_of(&columns[i]))
			printf(",%llu", (unsigned long long)(after->value[i] -
							     before->value[i]));
		else
			putchar(',');
	}
}
