/* SPDX-License-Identifier: GPL-2.0 */
/* Who holds a file: descriptors and mappings of all processes. */
#ifndef VMDEVCTL_HOLDERS_H
#define VMDEVCTL_HOLDERS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct holder {
	pid_t pid;
	char comm[64];
	size_t descriptors;
	size_t mappings;
	uint64_t mapped_bytes;
};

/*
 * Find the processes that hold @path, or a file called so with a '-' and more behind
 * it, in order of their ids. *@list is for
 * free(3). Processes that end meanwhile or aren't visible to this user are left
 * out. Returns how many, or a negative errno.
 */
ssize_t holders_find(const char *path, struct holder **list);

#endif /* VMDEVCTL_HOLDERS_H */
