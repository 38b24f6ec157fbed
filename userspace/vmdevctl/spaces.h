/* SPDX-License-Identifier: GPL-2.0 */
/* The open spaces and their owners, which only root can see. */
#ifndef VMDEVCTL_SPACES_H
#define VMDEVCTL_SPACES_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/*
 * Members are pages where <linux/vmdev.h> has them so, size is bytes. The last
 * five are VMDEV_UNKNOWN where the module doesn't show them.
 */
struct space {
	uint64_t id;
	pid_t pid;		/* who opened it, 0 for a volume */
	char comm[64];		/* a volume has the name of its node */
	uint64_t size;
	uint64_t resident;
	uint64_t swapped;
	uint64_t dirty;
	uint64_t faults_minor;
	uint64_t faults_major;
	uint64_t faults_zero;
	uint64_t refaults;
	uint64_t read_pages;
	uint64_t written_pages;
	uint64_t limit_max;	/* 0: none */
	uint64_t limit_min;
};

/* The name of a volume, NULL where @space is none. */
const char *space_volume(const struct space *space);

/*
 * Read the list as it is in debugfs, where the first line names the columns. Those
 * not known here are passed over. *@list is for free(3). Returns how many, or a
 * negative errno: -EPROTO where it isn't such a list.
 */
ssize_t spaces_read(FILE *file, struct space **list);

/* Faults of all kinds. */
uint64_t space_faults(const struct space *space);

#endif /* VMDEVCTL_SPACES_H */
