// SPDX-License-Identifier: GPL-2.0
/*
 * Reads the module's list of spaces. The file is in debugfs and promises nothing,
 * so its first line must name the columns known here. Knows no output format.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "spaces.h"
#include "volume.h"

#define COLUMNS	"id pid comm size frames swapped dirty faults_minor faults_major faults_zero\n"
/* Columns behind the name. */
#define NUMBERS	7

/* A name can have blanks: what is behind it is counted from the line's end. */
static char *find_numbers(char *line)
{
	unsigned int words = 0;
	char *pos;

	for (pos = line + strlen(line); pos > line; pos--) {
		if (pos[-1] == ' ' && ++words == NUMBERS)
			return pos;
	}
	return NULL;
}

static bool parse_line(char *line, struct space *space)
{
	char *numbers = find_numbers(line);
	int name = 0;

	if (!numbers)
		return false;
	numbers[-1] = '\0';
	if (sscanf(numbers, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		   " %" SCNu64, &space->size, &space->resident, &space->swapped, &space->dirty,
		   &space->faults_minor, &space->faults_major, &space->faults_zero) != NUMBERS)
		return false;
	if (sscanf(line, "%" SCNu64 " %d %n", &space->id, &space->pid, &name) != 2 || !name)
		return false;
	snprintf(space->comm, sizeof(space->comm), "%s", line + name);
	return true;
}

const char *space_volume(const struct space *space)
{
	const char *prefix = strrchr(VOLUME_NODE, '/') + 1;

	if (space->pid || strncmp(space->comm, prefix, strlen(prefix)))
		return NULL;
	return space->comm + strlen(prefix);
}

static int add_line(struct space **list, size_t *count, char *line)
{
	struct space *larger = realloc(*list, (*count + 1) * sizeof(*larger));

	if (!larger)
		return -ENOMEM;
	*list = larger;
	if (!parse_line(line, &larger[*count]))
		return -EPROTO;
	(*count)++;
	return 0;
}

ssize_t spaces_read(FILE *file, struct space **list)
{
	char *line = NULL;
	size_t size = 0;
	size_t count = 0;
	int err = 0;

	*list = NULL;
	if (getline(&line, &size, file) < 0 || strcmp(line, COLUMNS))
		err = -EPROTO;
	while (!err && getline(&line, &size, file) > 0)
		err = add_line(list, &count, line);
	free(line);
	if (!err)
		return (ssize_t)count;
	free(*list);
	*list = NULL;
	return err;
}
