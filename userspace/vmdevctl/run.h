/* SPDX-License-Identifier: GPL-2.0 */
/* The part of `run` that tests reach without the device. */
#ifndef VMDEVCTL_RUN_H
#define VMDEVCTL_RUN_H

#include <stdio.h>

#include "broker.h"

/* Exit statuses of its own, as env(1) has them. */
enum {
	RUN_FAILED	= 125,
	RUN_NOT_RUN	= 126,
	RUN_NOT_FOUND	= 127,
};

/*
 * Start @argv with the environment as it is, serve it, and return its exit status. What
 * was used is written to @output, or said if that is NULL unless @quiet.
 */
int run_command(struct broker *broker, char **argv, FILE *output, bool quiet);

#endif /* VMDEVCTL_RUN_H */
