// SPDX-License-Identifier: GPL-2.0
/*
 * The columns, see counters.h. A source is a file and, after a #, the number of a
 * field, from 0, or the name of a line; G/ stands for the memory cgroup's directory
 * and D/ for the disk's; or it is self: (getrusage), uffd: (this process's handlers),
 * or kthreads: microseconds that kernel threads used, who are in no rusage.
 */
#include <assert.h>
#include <ctype.h>
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

#define VMDEV_FILE(name)	"/sys/kernel/vmdev/" name
#define VMSTAT(name)		"/proc/vmstat#" name
#define SECTORS_PER_PAGE	8

enum source { VMDEV, SWAP, FILE_MAP, UFFD, NONE, SOURCES };

static const struct {
	const char *system;
	enum source source;
} sources[] = {
	{ "vmdev", VMDEV }, { "nosum", VMDEV }, { "swap", SWAP }, { "zswap", SWAP },
	{ "file", FILE_MAP }, { "uffd", UFFD }, { "ram", NONE },
};

#define SAME(source)	{ source, source, source, source, source }

static const struct column {
	const char *name;
	const char *source[SOURCES];
} columns[] = {
	{ "user_us",		SAME("self:user_us") },
	{ "sys_us",		SAME("self:sys_us") },
	{ "kernel_us",		SAME("kthreads") },
	{ "minflt",		SAME("self:minflt") },
	{ "majflt",		SAME("self:majflt") },
	{ "faults_minor",	{ [VMDEV] = VMDEV_FILE("stats/faults_minor") } },
	{ "faults_major",	{ [VMDEV] = VMDEV_FILE("stats/faults_major") } },
	{ "faults_zero",	{ [VMDEV] = VMDEV_FILE("stats/faults_zero") } },
	{ "direct",		{ VMDEV_FILE("stats/direct_reclaims"), "G/memory.events#max",
				  "G/memory.events#max", "uffd:waits" } },
	{ "evictions",		{ VMDEV_FILE("stats/evictions"), VMSTAT("pgsteal_anon"),
				  VMSTAT("pgsteal_file"), "uffd:evictions" } },
	{ "readahead",		{ VMDEV_FILE("stats/readahead"), VMSTAT("swap_ra") } },
	{ "readahead_hits",	{ VMDEV_FILE("stats/readahead_hits"), VMSTAT("swap_ra_hit") } },
	{ "read_pages",		{ VMDEV_FILE("store/read_pages"), VMSTAT("pswpin"),
				  "D/stat#2", "uffd:read_pages" } },
	{ "read_ios",		{ VMDEV_FILE("store/read_ios"), "D/stat#0", "D/stat#0",
				  "uffd:read_ios" } },
	{ "written_pages",	{ VMDEV_FILE("store/written_pages"), VMSTAT("pswpout"),
				  "D/stat#6", "uffd:written_pages" } },
	{ "written_ios",	{ VMDEV_FILE("store/written_ios"), "D/stat#4", "D/stat#4",
				  "uffd:written_ios" } },
	{ "disk_reads",		SAME("D/stat#0") },
	{ "disk_writes",	SAME("D/stat#4") },
};

static_assert(ARRAY_SIZE(columns) <= COUNTERS_MAX, "raise COUNTERS_MAX");

static struct counters_where where;
static enum source selected;

static const char *source_of(const struct column *column)
{
	const char *source = column->source[selected];

	if (source && ((!where.disk && source[0] == 'D') || (!where.group && source[0] == 'G')))
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

/* Where in @text the value is that @key names. */
static const char *locate(const char *text, const char *key)
{
	size_t length = strlen(key);

	if (isdigit(*key)) {
		for (int field = atoi(key); field > 0 && text; field--) {
			text += strspn(text, " ");
			text = strchr(text, ' ');
		}
		return text;
	}
	while (text && (strncmp(text, key, length) || text[length] != ' ')) {
		text = strchr(text, '\n');
		if (text)
			text++;
	}
	return text ? text + length : NULL;
}

static uint64_t read_file(const char *source)
{
	static char text[32768];
	char path[256], *key, *end;
	const char *value = text;
	uint64_t number;

	if (source[0] == 'D')
		snprintf(path, sizeof(path), "/sys/block/%s%s", where.disk, source + 1);
	else
		snprintf(path, sizeof(path), "%s%s", source[0] == 'G' ? where.group : "",
			 source + (source[0] == 'G'));
	key = strchr(path, '#');
	if (key)
		*key++ = '\0';
	if (!slurp(path, text, sizeof(text)))
		err(1, "%s", path);
	value = key ? locate(text, key) : text;
	number = value ? strtoull(value, &end, 10) : 0;
	if (!value || end == value)
		errx(1, "%s: no %s", path, key ?: "number");
	/* A disk counts sectors. */
	return key && (*key == '2' || *key == '6') ? number / SECTORS_PER_PAGE : number;
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

/* The children of kthreadd. One that ends meanwhile takes its time along. */
static uint64_t read_kernel_threads(void)
{
	static char list[32768];
	char path[64], text[128];
	uint64_t sum = 0;

	if (!slurp("/proc/2/task/2/children", list, sizeof(list)))
		err(1, "kernel threads");
	for (char *pid = strtok(list, " "); pid; pid = strtok(NULL, " ")) {
		snprintf(path, sizeof(path), "/proc/%s/schedstat", pid);
		if (slurp(path, text, sizeof(text)))
			sum += strtoull(text, NULL, 10) / 1000;
	}
	return sum;
}

static uint64_t read_source(const char *source)
{
	if (!strncmp(source, "self:", 5))
		return read_self(source + 5);
	if (!strncmp(source, "uffd:", 5))
		return uffd_count(source + 5);
	if (!strcmp(source, "kthreads"))
		return read_kernel_threads();
	return read_file(source);
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
