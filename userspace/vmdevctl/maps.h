/* SPDX-License-Identifier: GPL-2.0 */
/* The mappings of a process as /proc/PID/maps has them. */
#ifndef VMDEVCTL_MAPS_H
#define VMDEVCTL_MAPS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct vma {
	uint64_t start, end;
	uint64_t offset;	/* in what is mapped, bytes */
	char perms[5];		/* as "rw-s" */
	const char *name;	/* empty where it has none; points into the line */
};

/* One line, without its end. Returns false for another text. */
bool maps_parse(const char *line, struct vma *vma);

/*
 * Whether a mapping or descriptor with @name is one of @path, or of a node that is
 * called so with a '-' and more behind it, as volumes are.
 */
bool maps_names(const char *name, const char *path);

/*
 * The mapping with @address in @maps, its name fit for a terminal. *@line is for free(3)
 * when vma->name is no longer needed, in any case. Returns false if there is none.
 */
bool maps_find(FILE *maps, uint64_t address, struct vma *vma, char **line);

#endif /* VMDEVCTL_MAPS_H */
