/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the demo have in common: how they are called and how they
 * tell the watcher, on standard output, what they do and what came out.
 *
 *	phase TEXT			what goes on now
 *	result DIGEST SECONDS TEXT	once, at the end
 */
#ifndef DEMO_PART_H
#define DEMO_PART_H

#include <stdint.h>

#include "arena.h"

struct part {
	const char *input;	/* directory of the input */
	double scale;		/* 1 is the full size of the work */
	struct arena arena;
	uint64_t digest;	/* of everything that came out so far */
	double started;
};

void part_start(struct part *part, int argc, char **argv);
void part_phase(struct part *part, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void part_progress(struct part *part, const char *what, uint64_t done, uint64_t all);
int part_finish(struct part *part, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* DEMO_PART_H */
