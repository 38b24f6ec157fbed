// SPDX-License-Identifier: GPL-2.0
/*
 * Runs the three parts side by side, first in ordinary memory, then each in a
 * space of /dev/vmdev, and lets the view and the table show it. The spaces are
 * opened here and inherited, so that they can be asked for their numbers.
 */
#define _GNU_SOURCE
#include "watch.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "table.h"
#include "view.h"

#define DEVICE	"/dev/vmdev"

static const char * const names[PARTS] = { "browser", "writer", "player" };

struct watch {
	char directory[4000];	/* where the programs are */
	const char *scale;
	const char *input;
	struct view view;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void take_sample(struct run *run, struct sample *sample, double started)
{
	uint64_t pages = 0;
	unsigned int i;

	sample->seconds = now() - started;
	for (i = 0; i < PARTS; i++) {
		if (run->in_vmdev) {
			gauge_space(&sample->spaces[i], run->spaces[i]);
			sample->resident[i] = sample->spaces[i].resident *
					      sysconf(_SC_PAGESIZE);
			pages += sample->spaces[i].resident;
		} else if (job_runs(&run->jobs[i])) {
			sample->resident[i] = gauge_process(run->jobs[i].pid);
		}
		if (sample->resident[i] > run->most[i])
			run->most[i] = sample->resident[i];
	}
	if (!run->in_vmdev)
		return;
	gauge_module(&sample->module);
	if (pages > run->most_pages)
		run->most_pages = pages;
	if (pages > sample->module.frames)
		run->over++;
}

/* Hears the programs out until it's time to look again; false when all ended. */
static bool hear_until(struct run *run, double when)
{
	bool heard = true;

	while (heard) {
		struct pollfd polls[PARTS];
		double left = when - now();
		unsigned int i;

		heard = false;
		for (i = 0; i < PARTS; i++) {
			polls[i] = (struct pollfd){
				.fd = run->jobs[i].output,
				.events = POLLIN,
			};
			heard |= job_runs(&run->jobs[i]);
		}
		if (!heard || left <= 0)
			break;
		if (poll(polls, PARTS, left * 1000 + 1) < 0 && errno != EINTR)
			err(2, "poll");
		for (i = 0; i < PARTS; i++)
			if (polls[i].fd >= 0 && polls[i].revents)
				job_hear(&run->jobs[i]);
	}
	return heard;
}

static void run_parts(struct watch *watch, struct run *run)
{
	double started;
	unsigned int i;
	bool going;

	for (i = 0; i < PARTS; i++) {
		run->spaces[i] = -1;
		if (!run->in_vmdev)
			continue;
		run->spaces[i] = open(DEVICE, O_RDWR | O_CLOEXEC);
		if (run->spaces[i] < 0)
			err(2, DEVICE);
	}
	started = now();
	for (i = 0; i < PARTS; i++)
		job_start(&run->jobs[i], watch->directory, names[i], run->spaces[i],
			  watch->scale, watch->input);
	take_sample(run, &run->first, started);
	view_begin(&watch->view, run);
	do {
		going = hear_until(run, now() + view_interval(&watch->view));
		take_sample(run, &run->last, started);
		view_show(&watch->view, run);
	} while (going);
}

static void close_spaces(const struct run *run)
{
	unsigned int i;

	for (i = 0; i < PARTS; i++)
		close(run->spaces[i]);
}

static void find_directory(struct watch *watch)
{
	ssize_t size = readlink("/proc/self/exe", watch->directory,
				sizeof(watch->directory) - 1);

	if (size < 0)
		err(2, "/proc/self/exe");
	watch->directory[size] = '\0';
	*strrchr(watch->directory, '/') = '\0';
}

static void parse(struct watch *watch, int argc, char **argv)
{
	static const struct option options[] = {
		{ "scale", required_argument, NULL, 'c' },
		{ "plain", no_argument, NULL, 'p' },
		{ }
	};
	const char *term = getenv("TERM");
	int option;

	*watch = (struct watch){ .scale = "100" };
	watch->view.plain = !isatty(STDOUT_FILENO) || !term || !strcmp(term, "dumb");
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'c')
			watch->scale = optarg;
		else if (option == 'p')
			watch->view.plain = true;
		else
			break;
	}
	if (option != -1 || optind != argc - 1)
		errx(2, "usage: watch [--scale PERCENT] [--plain] INPUT");
	watch->input = argv[optind];
}

int main(int argc, char **argv)
{
	static struct run ordinary, vmdev = { .in_vmdev = true };
	struct watch watch;
	unsigned int wrongs, i;

	parse(&watch, argc, argv);
	find_directory(&watch);
	if (access(DEVICE, R_OK | W_OK))
		err(2, DEVICE);
	run_parts(&watch, &ordinary);
	for (i = 0; i < PARTS; i++)
		if (ordinary.jobs[i].failure[0])
			return verdict(&ordinary, &vmdev) ? 1 : 0;
	run_parts(&watch, &vmdev);
	table_print(&ordinary, &vmdev);
	wrongs = verdict(&ordinary, &vmdev);
	close_spaces(&vmdev);
	return wrongs ? 1 : 0;
}
