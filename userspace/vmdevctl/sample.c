// SPDX-License-Identifier: GPL-2.0
/*
 * Reads what status, stat, metrics and top show: the library's statistics and the
 * two files in debugfs. Knows no way of showing it.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../libvmdev/internal.h"
#include "sample.h"

#define DEBUGFS		"/sys/kernel/debug/vmdev"
#define LATENCY_HEAD	"# ns_at_least faults\n"

int sample_explain(struct ctl_result *result, int error)
{
	if (error == ENODEV)
		return ctl_fail(result, error, "vmdev isn't loaded; run 'vmdevctl load'");
	return ctl_fail(result, error,
			"cannot read " VMDEV_SYSFS ": %s; does the module fit this tool?",
			strerror(error));
}

static FILE *open_file(const char *sysroot, const char *path)
{
	char name[PATH_MAX];

	snprintf(name, sizeof(name), "%s%s", sysroot, path);
	return fopen(name, "re");
}

int latency_read(FILE *file, struct latency *latency)
{
	char line[128];

	latency->buckets = 0;
	if (!fgets(line, sizeof(line), file) || strcmp(line, LATENCY_HEAD))
		return -EPROTO;
	while (latency->buckets < LATENCY_BUCKETS && fgets(line, sizeof(line), file)) {
		uint64_t *faults = &latency->faults[latency->buckets];
		uint64_t bound;

		if (sscanf(line, "%" SCNu64 " %" SCNu64, &bound, faults) != 2 ||
		    bound != 1ULL << latency->buckets) {
			latency->buckets = 0;
			return -EPROTO;
		}
		latency->buckets++;
	}
	return 0;
}

/* What only root can see. That it isn't there is no error. */
static void read_debugfs(struct sample *sample, const char *sysroot)
{
	FILE *file;

	sample->spaces_count = -1;
	sample->latency.sum_ns = VMDEV_UNKNOWN;
	file = open_file(sysroot, DEBUGFS "/spaces");
	if (file) {
		sample->spaces_count = spaces_read(file, &sample->spaces);
		fclose(file);
	}
	file = open_file(sysroot, DEBUGFS "/latency");
	if (file) {
		latency_read(file, &sample->latency);
		fclose(file);
	}
	file = open_file(sysroot, DEBUGFS "/latency_sum");
	if (file) {
		if (fscanf(file, "%" SCNu64, &sample->latency.sum_ns) != 1)
			sample->latency.sum_ns = VMDEV_UNKNOWN;
		fclose(file);
	}
}

int sample_read(struct sample *sample, const char *sysroot, struct ctl_result *result)
{
	char root[PATH_MAX];
	struct timespec now;

	if (!sysroot)
		sysroot = "";
	memset(sample, 0, sizeof(*sample));
	if ((size_t)snprintf(root, sizeof(root), "%s" VMDEV_SYSFS, sysroot) >= sizeof(root))
		return sample_explain(result, ENAMETOOLONG);
	if (vmdev_read_module_stats(root, &sample->stats))
		return sample_explain(result, errno);
	/* Unloaded while it was read: files that are gone are unknown numbers. */
	if (sample->stats.spaces_count == VMDEV_UNKNOWN && access(root, F_OK))
		return sample_explain(result, ENODEV);
	read_debugfs(sample, sysroot);
	clock_gettime(CLOCK_MONOTONIC, &now);
	sample->time_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	sample->page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	return CTL_OK;
}

void sample_free(struct sample *sample)
{
	free(sample->spaces);
	memset(sample, 0, sizeof(*sample));
}

const struct space *sample_space(const struct sample *sample, uint64_t id)
{
	ssize_t i;

	for (i = 0; i < sample->spaces_count; i++) {
		if (sample->spaces[i].id == id)
			return &sample->spaces[i];
	}
	return NULL;
}

uint64_t sample_number(const struct sample *sample, size_t member)
{
	uint64_t value;

	memcpy(&value, (const char *)&sample->stats + member, sizeof(value));
	return value;
}

uint64_t counter_rise(uint64_t now, uint64_t before)
{
	if (now == VMDEV_UNKNOWN || before == VMDEV_UNKNOWN)
		return VMDEV_UNKNOWN;
	return now < before ? now : now - before;
}

double rate(uint64_t count, uint64_t ns)
{
	if (!ns || count == VMDEV_UNKNOWN)
		return 0;
	return (double)count * 1e9 / (double)ns;
}
