/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the watcher knows of the programs side by side, for those that show it.
 */
#ifndef DEMO_WATCH_H
#define DEMO_WATCH_H

#include <unistd.h>

#include "gauge.h"
#include "job.h"

#define PARTS	3

/* One moment of a run. */
struct sample {
	double seconds;				/* since it started */
	struct gauge module;			/* in vmdev only */
	struct vmdev_stats spaces[PARTS];	/* in vmdev only */
	uint64_t resident[PARTS];		/* bytes */
};

/* All parts side by side, in one kind of memory. */
struct run {
	bool in_vmdev;
	int spaces[PARTS];
	struct job jobs[PARTS];
	struct sample first;
	struct sample last;
	uint64_t most[PARTS];			/* resident bytes at most */
	uint64_t most_pages;			/* resident pages of all at most */
	uint64_t over;				/* samples with more of them than frames */
};

#define MIB(bytes)	((bytes) / 1048576.0)

static inline double pages_mib(uint64_t pages)
{
	return MIB(pages * (double)sysconf(_SC_PAGESIZE));
}

#endif /* DEMO_WATCH_H */
