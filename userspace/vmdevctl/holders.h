/* SPDX-License-Identifier: GPL-2.0 */
/* Who holds a file: descriptors and mappings of all processes. */
#ifndef VMDEVCTL_HOLDERS_H
#define VMDEVCTL_HOLDERS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Room for the name of a process. */
#define PROCESS_NAME	64

struct holder {
	pid_t pid;
	char comm[PROCESS_NAME];
	size_t descriptors;
	size_t mappings;
	uint64_t mapped_bytes;
};

/*
 * Find the processes that hold @path, or a file called so with a '-' and more behind
 * it, in order of their ids. *@list is for free(3). Processes that end meanwhile or
 * aren't visible to this user are left out. Returns how many, or a negative errno.
 */
ssize_t holders_find(const char *path, struct holder **list);

/* The name of a process, fit for a terminal; "?" where it has none any more. */
void process_name(pid_t pid, char name[PROCESS_NAME]);

#endif /* VMDEVCTL_HOLDERS_H */
