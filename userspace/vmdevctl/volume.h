/* SPDX-License-Identifier: GPL-2.0 */
/* The parts of `volume` that unit tests reach without a kernel. */
#ifndef VMDEVCTL_VOLUME_H
#define VMDEVCTL_VOLUME_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <vmdev.h>

#include "ctl.h"
#include "json.h"

/* In front of a volume's name in /dev. */
#define VOLUME_NODE	VMDEV_PATH "-"
/* Room for the path of any volume's node. */
#define VOLUME_PATH	(sizeof(VOLUME_NODE) + VMDEV_VOLUME_NAME_SIZE)

enum volume_verb {
	VOLUME_CREATE,
	VOLUME_LIST,
	VOLUME_REMOVE,
	VOLUME_VERBS
};

/* What the command line asks for, as text; NULL where it says nothing. */
struct volume_request {
	enum volume_verb verb;
	const char *name;
	const char *size;
	const char *mode;
	const char *group;
};

/*
 * Check a request that goes with its verb, and turn it into what the library takes.
 * Returns 0, or -1 with what is wrong in @message.
 */
int volume_check(const struct volume_request *request, uint64_t page_size,
		 struct vmdev_volume *volume, char *message, size_t size);

/* Can a volume be called so? */
bool volume_name_good(const char *name);

/* All volumes, for free(3); a negative errno on failure. */
ssize_t volume_read_list(struct vmdev_volume **volumes);

/* Note why the library's function failed. */
int volume_explain(struct ctl_result *result, int error, const struct volume_request *request);

/* A table for people. */
void volume_show(const struct vmdev_volume *volumes, size_t count, uint64_t page_size, FILE *out);

/* Print how a request ended; @volumes are what a list found. */
void volume_say_json(const struct volume_request *request, const struct ctl_result *result,
		     const struct vmdev_volume *volumes, size_t count);

/* A list in the open object. */
void volume_json(struct json *json, const struct vmdev_volume *volumes, size_t count);

#endif /* VMDEVCTL_VOLUME_H */
