// SPDX-License-Identifier: GPL-2.0
/*
 * Reads /proc/PID/maps. Knows its format and not what is mapped.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "maps.h"

/* A line is "start-end perms offset major:minor inode      path". */
bool maps_parse(const char *line, struct vma *vma)
{
	int name = -1;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %*s %n", &vma->start,
		   &vma->end, vma->perms, &vma->offset, &name) != 4 || name < 0)
		return false;
	vma->name = line + name;
	return true;
}

bool maps_names(const char *name, const char *path)
{
	size_t length = strlen(path);

	return !strncmp(name, path, length) && (!name[length] || name[length] == '-');
}

bool maps_find(FILE *maps, uint64_t address, struct vma *vma, char **line)
{
	size_t size = 0;

	*line = NULL;
	while (getline(line, &size, maps) > 0) {
		(*line)[strcspn(*line, "\n")] = '\0';
		make_printable(*line);
		if (maps_parse(*line, vma) && address >= vma->start && address < vma->end)
			return true;
	}
	return false;
}
