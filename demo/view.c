// SPDX-License-Identifier: GPL-2.0
/*
 * Draws the picture of a run. The cursor goes back up over the old picture, so
 * what stood on the terminal before stays there.
 */
#define _GNU_SOURCE
#include "view.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BAR		30
#define END_OF_LINE	"\033[K\n"

double view_interval(const struct view *view)
{
	return view->plain ? 3 : 0.4;
}

void view_begin(struct view *view, const struct run *run)
{
	view->lines = 0;
	view->last = run->first;
	printf("\n%s\n", run->in_vmdev ? "The same in vmdev:" :
	       "The programs in ordinary memory, side by side:");
}

static void line(struct view *view, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void line(struct view *view, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	fputs(END_OF_LINE, stdout);
	view->lines++;
}

static const char *bar(uint64_t part, uint64_t all)
{
	static char text[BAR + 1];
	unsigned int full = all ? part * BAR / all : 0;

	memset(text, '.', BAR);
	memset(text, '#', full < BAR ? full : BAR);
	return text;
}

static void draw_ordinary(struct view *view, const struct run *run)
{
	unsigned int i;

	line(view, "%-8s %8s  %s", "", "MiB", "now");
	for (i = 0; i < PARTS; i++) {
		const struct job *job = &run->jobs[i];

		/* a process that has ended has no memory, not 0.0 MiB of it */
		if (job_runs(job))
			line(view, "%-8s %8.1f  %.60s", job->name, MIB(run->last.resident[i]),
			     job->phase);
		else
			line(view, "%-8s %8s  %.60s", job->name, "", job->phase);
	}
}

static void draw_module(struct view *view, const struct run *run, double seconds)
{
	const struct gauge *now = &run->last.module;
	const struct gauge *was = &view->last.module;

	line(view, "pool  %7.1f MiB [%s] %6.1f used, %.1f dirty", pages_mib(now->frames),
	     bar(now->frames - now->free, now->frames),
	     pages_mib(now->frames - now->free), pages_mib(now->dirty));
	line(view, "store %7.1f MiB [%s] %6.1f used", pages_mib(now->slots),
	     bar(now->used, now->slots), pages_mib(now->used));
	line(view, "a second %9.0f faults %17.0f evictions",
	     (now->faults - was->faults) / seconds,
	     (now->evictions - was->evictions) / seconds);
	line(view, "     read %9.1f MiB in %5.0f requests, written %9.1f MiB in %5.0f",
	     pages_mib(now->read_pages - was->read_pages) / seconds,
	     (now->read_ios - was->read_ios) / seconds,
	     pages_mib(now->written_pages - was->written_pages) / seconds,
	     (now->written_ios - was->written_ios) / seconds);
}

static uint64_t faults(const struct vmdev_stats *stats)
{
	return stats->faults_minor + stats->faults_major + stats->faults_zero;
}

static void draw_spaces(struct view *view, const struct run *run, double seconds)
{
	unsigned int i;

	line(view, "%-8s %8s %8s %8s %8s %9s  %s", "", "used MiB", "resident",
	     "swapped", "faults/s", "evicted/s", "now");
	for (i = 0; i < PARTS; i++) {
		const struct vmdev_stats *now = &run->last.spaces[i];
		const struct vmdev_stats *was = &view->last.spaces[i];

		line(view, "%-8s %8.1f %8.1f %8.1f %8.0f %9.0f  %.22s", run->jobs[i].name,
		     pages_mib(now->touched), pages_mib(now->resident),
		     pages_mib(now->swapped), (faults(now) - faults(was)) / seconds,
		     (now->evictions - was->evictions) / seconds, run->jobs[i].phase);
	}
}

/* One line for logs: what goes on, and where the memory is. */
static void say(struct view *view, const struct run *run, double seconds)
{
	const struct gauge *now = &run->last.module;
	const struct gauge *was = &view->last.module;
	unsigned int i;

	printf("%5.1f s ", run->last.seconds);
	if (run->in_vmdev) {
		printf(" pool %.1f of %.1f MiB, %.0f faults/s, %.0f evictions/s",
		       pages_mib(now->frames - now->free), pages_mib(now->frames),
		       (now->faults - was->faults) / seconds,
		       (now->evictions - was->evictions) / seconds);
		printf(", read %.1f MiB/s, written %.1f MiB/s;",
		       pages_mib(now->read_pages - was->read_pages) / seconds,
		       pages_mib(now->written_pages - was->written_pages) / seconds);
	}
	for (i = 0; i < PARTS; i++) {
		const struct vmdev_stats *space = &run->last.spaces[i];

		printf("%s %s: %s", i ? ";" : "", run->jobs[i].name, run->jobs[i].phase);
		if (run->in_vmdev || job_runs(&run->jobs[i]))
			printf(", %.1f MiB", MIB(run->last.resident[i]));
		if (run->in_vmdev)
			printf(" + %.1f swapped", pages_mib(space->swapped));
	}
	putchar('\n');
}

void view_show(struct view *view, const struct run *run)
{
	double seconds = run->last.seconds - view->last.seconds;

	if (seconds <= 0)
		seconds = 0.001;
	if (view->plain) {
		say(view, run, seconds);
	} else {
		if (view->lines)
			printf("\033[%uA\r", view->lines);
		view->lines = 0;
		line(view, "%.1f s", run->last.seconds);
		if (run->in_vmdev) {
			draw_module(view, run, seconds);
			draw_spaces(view, run, seconds);
		} else {
			draw_ordinary(view, run);
		}
	}
	fflush(stdout);
	view->last = run->last;
}
