// SPDX-License-Identifier: GPL-2.0
/*
 * Reads the numbers; what they mean is in the ABI document of the module.
 */
#include "gauge.h"

#include <err.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define SYSFS	"/sys/kernel/vmdev/"

static const struct {
	const char *file;
	size_t offset;
} files[] = {
	{ "pool/frames",		offsetof(struct gauge, frames) },
	{ "pool/free",			offsetof(struct gauge, free) },
	{ "pool/dirty",			offsetof(struct gauge, dirty) },
	{ "store/slots",		offsetof(struct gauge, slots) },
	{ "store/used",			offsetof(struct gauge, used) },
	{ "store/read_pages",		offsetof(struct gauge, read_pages) },
	{ "store/read_ios",		offsetof(struct gauge, read_ios) },
	{ "store/written_pages",	offsetof(struct gauge, written_pages) },
	{ "store/written_ios",		offsetof(struct gauge, written_ios) },
	{ "store/read_errors",		offsetof(struct gauge, read_errors) },
	{ "store/write_errors",		offsetof(struct gauge, write_errors) },
	{ "store/checksum_errors",	offsetof(struct gauge, checksum_errors) },
	{ "stats/faults",		offsetof(struct gauge, faults) },
	{ "stats/faults_minor",		offsetof(struct gauge, faults_minor) },
	{ "stats/faults_major",		offsetof(struct gauge, faults_major) },
	{ "stats/faults_zero",		offsetof(struct gauge, faults_zero) },
	{ "stats/evictions",		offsetof(struct gauge, evictions) },
};

void gauge_module(struct gauge *gauge)
{
	char path[128];
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		uint64_t *value = (uint64_t *)((char *)gauge + files[i].offset);
		FILE *file;

		snprintf(path, sizeof(path), SYSFS "%s", files[i].file);
		file = fopen(path, "re");
		if (!file || fscanf(file, "%lu", value) != 1)
			err(2, "%s", path);
		fclose(file);
	}
}

void gauge_space(struct vmdev_stats *stats, int space)
{
	if (ioctl(space, VMDEV_IOC_GET_STATS, stats))
		err(2, "statistics of a space");
}

uint64_t gauge_process(pid_t pid)
{
	unsigned long all, resident, shared;
	char path[64];
	FILE *file;
	int got;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	got = fscanf(file, "%lu %lu %lu", &all, &resident, &shared);
	fclose(file);
	return got == 3 ? (resident - shared) * sysconf(_SC_PAGESIZE) : 0;
}
