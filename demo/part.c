// SPDX-License-Identifier: GPL-2.0
/*
 * The frame around a part of the demo: its arguments, its clock and the lines
 * it writes for the watcher. It knows nothing of the work itself.
 */
#define _GNU_SOURCE
#include "part.h"

#include <err.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "digest.h"

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void usage(const char *name)
{
	errx(2, "usage: %s [--space FD] [--scale PERCENT] INPUT\n"
	     "  --space FD       work in this descriptor of /dev/vmdev, not in ordinary memory\n"
	     "  --scale PERCENT  of the full size of the work (100)\n"
	     "  INPUT            directory that demo/input made", name);
}

void part_start(struct part *part, int argc, char **argv)
{
	static const struct option options[] = {
		{ "space", required_argument, NULL, 's' },
		{ "scale", required_argument, NULL, 'c' },
		{ }
	};
	int fd = ARENA_ORDINARY;
	int option;

	*part = (struct part){ .scale = 1, .digest = DIGEST_START };
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			fd = atoi(optarg);
		else if (option == 'c')
			part->scale = atof(optarg) / 100;
		else
			usage(argv[0]);
	}
	if (optind != argc - 1 || !(part->scale > 0))
		usage(argv[0]);
	part->input = argv[optind];
	setvbuf(stdout, NULL, _IOLBF, 0);
	arena_init(&part->arena, fd);
	part->started = now();
}

void part_phase(struct part *part, const char *format, ...)
{
	va_list args;

	(void)part;
	fputs("phase ", stdout);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

/* Speaks only when the percentage changes, or a loop would be all talk. */
void part_progress(struct part *part, const char *what, uint64_t done, uint64_t all)
{
	static const char *last_what;
	static unsigned int last = -1U;
	unsigned int percent = all ? done * 100 / all : 100;

	if (what == last_what && percent == last)
		return;
	last_what = what;
	last = percent;
	part_phase(part, "%s %u%%", what, percent);
}

int part_finish(struct part *part, const char *format, ...)
{
	double seconds = now() - part->started;
	va_list args;

	printf("result %016llx %.3f ", (unsigned long long)part->digest, seconds);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	return ferror(stdout) ? 1 : 0;
}
