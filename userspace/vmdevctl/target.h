/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Another process's space, seen from outside: which one its mapping leads to, where
 * its pages are and what its faults were. Root finds out in debugfs; others, for
 * processes that they may trace, through a descriptor that the process still has.
 */
#ifndef VMDEVCTL_TARGET_H
#define VMDEVCTL_TARGET_H

#include <linux/vmdev.h>

#include "ctl.h"
#include "maps.h"
#include "spaces.h"

/* A process id. Returns false for another text. */
bool pid_parse(const char *text, pid_t *pid);

/* One mapping of a space. */
struct mapping {
	uint64_t space;		/* its id, 0 where it isn't known yet */
	pid_t pid;
	uint64_t start, end;	/* addresses in the process */
	uint64_t offset;	/* of @start in the space, bytes */
};

struct target {
	uint64_t space;
	int fd;
	bool descriptor;	/* @fd is one of the space, not a file in debugfs */
	bool assumed;		/* the only space the process still has a descriptor of */
};

/*
 * Read the list as it is in debugfs. *@list is for free(3). Returns how many,
 * or a negative errno: -EPROTO where the file has other columns than these.
 */
ssize_t mappings_read(FILE *file, struct mapping **list);

/* Where there is no module there is nothing to find. Returns 0, or CTL_FAILED with a message. */
int target_check_loaded(struct ctl_result *result);

/*
 * The mappings of the device that process @pid has, in order of their addresses.
 * *@list is for free(3). Returns how many, -1 with a message on failure.
 */
ssize_t target_mappings(pid_t pid, struct mapping **list, struct ctl_result *result);

/* Open the space with this id, as root. Returns 0, or CTL_FAILED with a message. */
int target_open_space(struct target *target, uint64_t id, struct ctl_result *result);

/*
 * Open the volume of this name, for which its node's permissions are enough. Returns 0,
 * or CTL_FAILED with a message.
 */
int target_open_volume(struct target *target, const char *name, struct ctl_result *result);

/* Open the space that is mapped there. Returns 0, or CTL_FAILED with a message. */
int target_open(struct target *target, const struct mapping *mapping, struct ctl_result *result);

/* There is nothing to close in a target with a negative descriptor. */
void target_close(struct target *target);

/*
 * Where pages @first to @first + @count - 1 are. Returns how many are filled in,
 * fewer where the space ends, or a negative errno.
 */
ssize_t target_pages(const struct target *target, uint64_t first, struct vmdev_map_entry *entries,
		     size_t count);

/* Size and faults of the space, as in the list of spaces. Returns 0 or a negative errno. */
int target_look(const struct target *target, struct space *space);

#endif /* VMDEVCTL_TARGET_H */
