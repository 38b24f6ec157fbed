/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One run of a part: a child process and what it says on its standard output
 * (see part.h).
 */
#ifndef DEMO_JOB_H
#define DEMO_JOB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct job {
	const char *name;
	pid_t pid;
	int output;		/* our end of its standard output, -1 after the end */
	char line[256];		/* what came of a line so far */
	unsigned int filled;
	char phase[32];
	bool finished;		/* it gave a result */
	uint64_t digest;
	double seconds;
	char summary[160];
	char failure[160];	/* why it counts as failed, or empty */
};

/* Starts @directory/@name; @space is the descriptor it works in, or -1. */
void job_start(struct job *job, const char *directory, const char *name, int space,
	       const char *scale, const char *input);

/* There is something to read from job->output, or its end. */
void job_hear(struct job *job);

static inline bool job_runs(const struct job *job)
{
	return job->output >= 0;
}

#endif /* DEMO_JOB_H */
