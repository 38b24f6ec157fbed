/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What libvmdev shares with vmdevctl and its own unit tests and with nobody
 * else: none of this is in the symbol map of the shared library.
 */
#ifndef VMDEV_INTERNAL_H
#define VMDEV_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include <vmdev.h>

/* A file below VMDEV_SYSFS that holds one number, and the member it fills. */
struct vmdev_number_file {
	const char *path;
	size_t member;
	bool counter;	/* only goes up while the module is loaded */
};

extern const struct vmdev_number_file vmdev_number_files[];
extern const size_t vmdev_number_files_count;

/* vmdev_get_module_stats() with the statistics below @root. */
int vmdev_read_module_stats(const char *root, struct vmdev_module_stats *stats);

#endif /* VMDEV_INTERNAL_H */
