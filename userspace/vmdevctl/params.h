/* SPDX-License-Identifier: GPL-2.0 */
/* The module's parameters as options of `load`. */
#ifndef VMDEVCTL_PARAMS_H
#define VMDEVCTL_PARAMS_H

#include <stddef.h>
#include <stdint.h>

enum param {
	PARAM_POOL,
	PARAM_STORE,
	PARAM_STORE_SIZE,
	PARAM_POLICY,
	PARAM_OVERCOMMIT,
	PARAM_READAHEAD,
	PARAM_CHECKSUM,
	PARAM_COUNT,
};

/* Values as typed, NULL where the module's default stands. */
struct params {
	const char *values[PARAM_COUNT];
};

/* Longest value of a string parameter that the kernel takes. */
#define PARAM_STRING_MAX	1023

/* Room for every set of parameters. */
#define PARAMS_TEXT		2048

/*
 * Check all values and write them as the kernel wants them, "pool_mb=64 ...".
 * @ram is the machine's memory in bytes. Returns 0, or -1 with the reason in
 * @message.
 */
int params_build(const struct params *params, uint64_t ram, char text[PARAMS_TEXT],
		 char *message, size_t message_size);

/*
 * Write a line of the kernel's log about a parameter in the words of the command line:
 * with options and their units, and without the @error that is said beside it.
 */
void params_reword(const char *line, int error, char *text, size_t size);

#endif /* VMDEVCTL_PARAMS_H */
