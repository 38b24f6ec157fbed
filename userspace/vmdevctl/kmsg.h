/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel's log says about the module. */
#ifndef VMDEVCTL_KMSG_H
#define VMDEVCTL_KMSG_H

#include <stddef.h>

#define KMSG_LINES	8
#define KMSG_TEXT	512

/* The last lines, oldest first. */
struct kmsg {
	size_t count;
	char lines[KMSG_LINES][KMSG_TEXT];
};

/* A descriptor that reads records logged from now on, or -1 without access. */
int kmsg_open(void);

/*
 * Read the records that are there and keep the module's errors and warnings. A
 * negative @fd gives none. Doesn't close @fd.
 */
void kmsg_read(int fd, struct kmsg *kmsg);

#endif /* VMDEVCTL_KMSG_H */
