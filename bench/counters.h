/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the system counts while a workload runs: named columns, read before and
 * after, printed as differences. Knows nothing of patterns or mappings.
 */
#ifndef BENCH_COUNTERS_H
#define BENCH_COUNTERS_H

#include <stdint.h>

#define COUNTERS_MAX	32

struct counters {
	uint64_t value[COUNTERS_MAX];
};

/**
 * struct counters_where - where to look
 * @system: a memory system's name
 * @disk: the name under /sys/block of the disk that is paged to, or NULL
 * @group: directory of the memory cgroup the program is in, or NULL
 */
struct counters_where {
	const char *system;
	const char *disk;
	const char *group;
};

/* Choose the sources. Exits with a message where a system has none. */
void counters_select(const struct counters_where *where);

/* Read all columns; exits with a message where one can't be read. */
void counters_read(struct counters *counters);

/* Page faults that this process took in between. */
uint64_t counters_faults(const struct counters *before, const struct counters *after);

/* ",name" for every column. */
void counters_print_names(void);

/* ",difference" for every column; nothing after the comma where not counted. */
void counters_print(const struct counters *before,
		    const struct counters *after);

#endif
