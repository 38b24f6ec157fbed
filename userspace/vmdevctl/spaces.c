// SPDX-License-Identifier: GPL-2.0
/*
 * Reads the module's list of spaces. The file is in debugfs and promises nothing,
 * so columns are found by the names in its first line. Knows no output format.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <vmdev.h>

#include "json.h"
#include "spaces.h"
#include "volume.h"

/* Behind the name there are only numbers. */
#define FIRST_COLUMNS	"id pid comm "
#define COLUMNS_MAX	32
/* Of those below, these are always there; the others came later. */
#define COLUMNS_NEEDED	7

#define COLUMN(name, member) { name, offsetof(struct space, member) }

static const struct column {
	const char *name;
	size_t member;
} columns[] = {
	COLUMN("size", size),
	COLUMN("frames", resident),
	COLUMN("swapped", swapped),
	COLUMN("dirty", dirty),
	COLUMN("faults_minor", faults_minor),
	COLUMN("faults_major", faults_major),
	COLUMN("faults_zero", faults_zero),
	COLUMN("refaults", refaults),
	COLUMN("read_pages", read_pages),
	COLUMN("written_pages", written_pages),
	COLUMN("limit_max", limit_max),
	COLUMN("limit_min", limit_min),
};

#define COLUMNS	(sizeof(columns) / sizeof(columns[0]))

/* What stands where in a line, behind the name; NULL: not known here. */
struct layout {
	unsigned int count;
	const struct column *columns[COLUMNS_MAX];
};

static const struct column *find_column(const char *name)
{
	size_t i;

	for (i = 0; i < COLUMNS; i++) {
		if (!strcmp(columns[i].name, name))
			return &columns[i];
	}
	return NULL;
}

static bool parse_head(char *line, struct layout *layout)
{
	char *rest = line + strlen(FIRST_COLUMNS);
	unsigned int needed = 0;
	char *name;

	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, FIRST_COLUMNS, strlen(FIRST_COLUMNS)))
		return false;
	layout->count = 0;
	while ((name = strsep(&rest, " "))) {
		if (!*name)
			continue;
		if (layout->count == COLUMNS_MAX)
			return false;
		layout->columns[layout->count] = find_column(name);
		needed += layout->columns[layout->count] &&
			  layout->columns[layout->count] < columns + COLUMNS_NEEDED;
		layout->count++;
	}
	return needed == COLUMNS_NEEDED;
}

/* A name can have blanks: what is behind it is counted from the line's end. */
static char *find_numbers(char *line, unsigned int count)
{
	unsigned int words = 0;
	char *pos;

	for (pos = line + strlen(line); pos > line; pos--) {
		if (pos[-1] == ' ' && ++words == count)
			return pos;
	}
	return NULL;
}

static void set_unknown(struct space *space)
{
	size_t i;

	memset(space, 0, sizeof(*space));
	for (i = 0; i < COLUMNS; i++)
		memset((char *)space + columns[i].member, 0xff, sizeof(uint64_t));
}

/* The kernel writes some characters as three octal digits. */
static void copy_name(char *name, size_t size, const char *text)
{
	size_t length = 0;

	while (*text && length + 1 < size) {
		char c = *text;
		unsigned int code;
		int used = 1;

		if (c == '\\' && sscanf(text, "\\%3o%n", &code, &used) == 1)
			c = (char)code;
		name[length++] = c ?: '?';
		text += used;
	}
	name[length] = '\0';
	make_printable(name);
}

static bool parse_line(char *line, const struct layout *layout, struct space *space)
{
	char *pos = find_numbers(line, layout->count);
	unsigned int i;
	int name = 0;

	set_unknown(space);
	if (!pos)
		return false;
	pos[-1] = '\0';
	for (i = 0; i < layout->count; i++) {
		uint64_t value;
		int used = 0;

		if (sscanf(pos, "%" SCNu64 "%n", &value, &used) != 1)
			return false;
		pos += used;
		if (layout->columns[i])
			memcpy((char *)space + layout->columns[i]->member, &value, sizeof(value));
	}
	if (sscanf(line, "%" SCNu64 " %d %n", &space->id, &space->pid, &name) != 2 || !name)
		return false;
	copy_name(space->comm, sizeof(space->comm), line + name);
	return true;
}

const char *space_volume(const struct space *space)
{
	const char *prefix = strrchr(VOLUME_NODE, '/') + 1;

	if (space->pid || strncmp(space->comm, prefix, strlen(prefix)))
		return NULL;
	return space->comm + strlen(prefix);
}

static int add_line(struct space **list, size_t *count, char *line, const struct layout *layout)
{
	struct space *larger = realloc(*list, (*count + 1) * sizeof(*larger));

	if (!larger)
		return -ENOMEM;
	*list = larger;
	if (!parse_line(line, layout, &larger[*count]))
		return -EPROTO;
	(*count)++;
	return 0;
}

ssize_t spaces_read(FILE *file, struct space **list)
{
	struct layout layout = { 0 };
	char *line = NULL;
	size_t size = 0;
	size_t count = 0;
	int err = 0;

	*list = NULL;
	if (getline(&line, &size, file) < 0 || !parse_head(line, &layout))
		err = -EPROTO;
	while (!err && getline(&line, &size, file) > 0)
		err = add_line(list, &count, line, &layout);
	free(line);
	if (!err)
		return (ssize_t)count;
	free(*list);
	*list = NULL;
	return err;
}

uint64_t space_faults(const struct space *space)
{
	return space->faults_minor + space->faults_major + space->faults_zero;
}
