// SPDX-License-Identifier: GPL-2.0
/*
 * Starts a part as a child process that inherits its space, and understands
 * the lines it writes.
 */
#define _GNU_SOURCE
#include "job.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void become(const char *directory, const char *name, int space, const char *scale,
		   const char *input, int output)
{
	char program[4096], number[16];

	/* No part outlives the watcher, however that ends. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(program, sizeof(program), "%s/%s", directory, name);
	snprintf(number, sizeof(number), "%d", space);
	if (dup2(output, STDOUT_FILENO) < 0)
		err(126, "standard output of %s", name);
	if (space < 0) {
		execl(program, name, "--scale", scale, input, NULL);
	} else {
		/* Only this part keeps the descriptor across the exec. */
		fcntl(space, F_SETFD, 0);
		execl(program, name, "--space", number, "--scale", scale, input, NULL);
	}
	err(127, "%s", program);
}

void job_start(struct job *job, const char *directory, const char *name, int space,
	       const char *scale, const char *input)
{
	int ends[2];

	*job = (struct job){ .name = name };
	snprintf(job->phase, sizeof(job->phase), "starting");
	if (pipe2(ends, O_CLOEXEC))
		err(2, "pipe");
	job->pid = fork();
	if (job->pid < 0)
		err(2, "fork");
	if (!job->pid)
		become(directory, name, space, scale, input, ends[1]);
	close(ends[1]);
	job->output = ends[0];
}

static void understand(struct job *job)
{
	char *line = job->line;
	int used = 0;

	if (!strncmp(line, "phase ", 6)) {
		snprintf(job->phase, sizeof(job->phase), "%s", line + 6);
	} else if (sscanf(line, "result %lx %lf %n", &job->digest, &job->seconds, &used) == 2) {
		snprintf(job->summary, sizeof(job->summary), "%s", line + used);
		job->finished = true;
	} else {
		snprintf(job->failure, sizeof(job->failure), "said: %.100s", line);
	}
}

static void end(struct job *job)
{
	int status;

	close(job->output);
	job->output = -1;
	if (waitpid(job->pid, &status, 0) < 0)
		err(2, "waiting for %s", job->name);
	snprintf(job->phase, sizeof(job->phase), "done");
	if (WIFSIGNALED(status))
		snprintf(job->failure, sizeof(job->failure), "killed by signal %d (%s)",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status))
		snprintf(job->failure, sizeof(job->failure), "exit status %d",
			 WEXITSTATUS(status));
	else if (!job->finished && !job->failure[0])
		snprintf(job->failure, sizeof(job->failure), "ended without a result");
	if (job->failure[0])
		snprintf(job->phase, sizeof(job->phase), "FAILED");
}

void job_hear(struct job *job)
{
	char buffer[1024];
	ssize_t size = read(job->output, buffer, sizeof(buffer));
	ssize_t i;

	if (size < 0 && errno == EINTR)
		return;
	if (size <= 0) {
		end(job);
		return;
	}
	for (i = 0; i < size; i++) {
		if (buffer[i] == '\n') {
			job->line[job->filled] = '\0';
			understand(job);
			job->filled = 0;
		} else if (job->filled < sizeof(job->line) - 1) {
			job->line[job->filled++] = buffer[i];
		}
	}
}
