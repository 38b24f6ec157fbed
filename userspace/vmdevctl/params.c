// SPDX-License-Identifier: GPL-2.0
/*
 * Checks the options of `load` before the kernel sees them and turns them into
 * module parameters. What only the kernel can know (which policies exist, whether
 * a device is in use) is left to it.
 */
#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "params.h"
#include "size.h"

#define MIB		((uint64_t)1 << 20)

struct output {
	char *text;
	size_t used;
	char *message;
	size_t message_size;
	uint64_t ram;
};

struct param_info {
	const char *option;
	const char *name;
	int (*write)(struct output *out, const struct param_info *info, const char *value);
	uint64_t min, max;
};

static int __attribute__((format(printf, 2, 3)))
refuse(struct output *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(out->message, out->message_size, format, args);
	va_end(args);
	return -1;
}

/* Values are bounded one by one so that all of them fit PARAMS_TEXT. */
static void __attribute__((format(printf, 2, 3)))
append(struct output *out, const char *format, ...)
{
	va_list args;

	if (out->used)
		out->text[out->used++] = ' ';
	va_start(args, format);
	out->used += (size_t)vsnprintf(out->text + out->used, PARAMS_TEXT - out->used, format,
				       args);
	va_end(args);
}

static int write_size(struct output *out, const struct param_info *info, const char *value)
{
	char text[SIZE_TEXT];
	uint64_t bytes;
	int err;

	err = size_parse_of(value, out->ram, &bytes);
	if (err == -EINVAL)
		return refuse(out,
			      "%s %s: not a size; write a number with K, M, G, T or %%, as 64M",
			      info->option, value);
	if (err || bytes / MIB > info->max)
		return refuse(out, "%s %s: too large; at most %s is possible", info->option, value,
			      size_format(info->max * MIB, text));
	if (bytes % MIB || bytes / MIB < info->min)
		return refuse(out, "%s %s: must be whole mebibytes and at least %" PRIu64
			      "M, as 64M", info->option, value, info->min);
	append(out, "%s=%" PRIu64, info->name, bytes / MIB);
	return 0;
}

static int write_pool(struct output *out, const struct param_info *info, const char *value)
{
	char text[SIZE_TEXT];
	uint64_t bytes;

	if (!size_parse_of(value, out->ram, &bytes) && bytes >= out->ram)
		return refuse(out, "%s %s: larger than this machine's memory of %s; choose less",
			      info->option, value, size_format(out->ram, text));
	return write_size(out, info, value);
}

static int write_number(struct output *out, const struct param_info *info, const char *value)
{
	uint64_t number;

	if (number_parse(value, &number) || number < info->min || number > info->max)
		return refuse(out, "%s %s: must be a number from %" PRIu64 " to %" PRIu64,
			      info->option, value, info->min, info->max);
	append(out, "%s=%" PRIu64, info->name, number);
	return 0;
}

static int write_switch(struct output *out, const struct param_info *info, const char *value)
{
	int on;

	if (!strcmp(value, "1") || !strcmp(value, "on"))
		on = 1;
	else if (!strcmp(value, "0") || !strcmp(value, "off"))
		on = 0;
	else
		return refuse(out, "%s %s: must be on or off", info->option, value);
	append(out, "%s=%d", info->name, on);
	return 0;
}

#define POLICIES	"s3fifo, clock, clock-refault or fifo"

/* The module knows which there are, and a newer one may have others than this tool names. */
static int write_policy(struct output *out, const struct param_info *info, const char *value)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t length = strlen(value);

	if (!length || length > info->max || value[strspn(value, allowed)])
		return refuse(out, "%s '%s': not the name of a policy; try " POLICIES,
			      info->option, value);
	append(out, "%s=%s", info->name, value);
	return 0;
}

/* A store that isn't there yet: its directory must be. */
static int check_parent(struct output *out, const char *option, const char *path)
{
	char *copy = strdup(path);
	struct stat st;
	int err;

	if (!copy)
		return refuse(out, "%s: out of memory; end other programs", option);
	/* else the kernel would make a file there, in RAM */
	if (!strncmp(path, "/dev/", 5)) {
		free(copy);
		return refuse(out, "%s %s: no such device", option, path);
	}
	err = stat(dirname(copy), &st);
	free(copy);
	if (err || !S_ISDIR(st.st_mode))
		return refuse(out, "%s %s: neither it nor the directory it would be in exists",
			      option, path);
	return 0;
}

static int check_store(struct output *out, const char *option, const char *path)
{
	struct stat st;
	const char *pos;

	if (!*path)
		return refuse(out, "%s: empty; give a directory, a file or a block device", option);
	for (pos = path; *pos; pos++) {
		if (*pos == '"' || (unsigned char)*pos < ' ')
			return refuse(out,
				      "%s: the kernel takes no path with \" or control characters; use another",
				      option);
	}
	if (stat(path, &st)) {
		if (errno == ENOENT)
			return check_parent(out, option, path);
		return refuse(out, "%s %s: %s; give a directory, a file or a block device", option,
			      path, strerror(errno));
	}
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return refuse(out, "%s %s: must be a directory, a regular file or a block device",
			      option, path);
	return 0;
}

/* @path from the root on, for free(3); NULL with errno. */
static char *absolute_path(const char *path)
{
	char *directory, *whole;

	if (*path == '/' || !*path)
		return strdup(path);
	directory = get_current_dir_name();
	if (!directory)
		return NULL;
	if (asprintf(&whole, "%s/%s", directory, path) < 0)
		whole = NULL;
	free(directory);
	return whole;
}

static int write_store(struct output *out, const struct param_info *info, const char *value)
{
	char *path = absolute_path(value);
	int err = -1;

	if (!path)
		return refuse(out, "%s %s: %s; give the path from the root on", info->option, value,
			      strerror(errno));
	if (strlen(path) > info->max) {
		refuse(out, "%s: longer than the kernel's %" PRIu64 " bytes; use a shorter path",
		       info->option, info->max);
	} else if (!check_store(out, info->option, path)) {
		/* Quotes keep blanks together. */
		append(out, "%s=\"%s\"", info->name, path);
		err = 0;
	}
	free(path);
	return err;
}

/* The module's bounds: frames and slots have numbers of 28 bits. */
#define MIB_MAX		(((1 << 28) - 1) / 256)
#define READAHEAD_MAX	256

static const struct param_info infos[PARAM_COUNT] = {
	[PARAM_POOL]	   = { "--pool", "pool_mb", write_pool, 1, MIB_MAX },
	[PARAM_STORE]	   = { "--store", "store", write_store, 0, PARAM_STRING_MAX },
	[PARAM_STORE_SIZE] = { "--store-size", "store_mb", write_size, 0, MIB_MAX },
	[PARAM_POLICY]	   = { "--policy", "policy", write_policy, 1, 31 },
	[PARAM_OVERCOMMIT] = { "--overcommit", "overcommit", write_switch, 0, 1 },
	[PARAM_READAHEAD]  = { "--readahead", "readahead", write_number, 0, READAHEAD_MAX },
	[PARAM_CHECKSUM]   = { "--checksum", "checksum", write_switch, 0, 1 },
};

/* A store size of 0 means all of what is there, so something must be. */
static int check_whole_store(struct output *out, const struct params *params)
{
	const char *size = params->values[PARAM_STORE_SIZE];
	const char *store = params->values[PARAM_STORE];
	struct stat st;
	uint64_t bytes;

	if (!size || size_parse(size, &bytes) || bytes)
		return 0;
	if (!store || stat(store, &st) || S_ISDIR(st.st_mode))
		return refuse(out,
			      "--store-size 0: takes all of --store, which must exist and be no directory");
	return 0;
}

int params_build(const struct params *params, uint64_t ram, char text[PARAMS_TEXT],
		 char *message, size_t message_size)
{
	struct output out = {
		.text = text,
		.message = message,
		.message_size = message_size,
		.ram = ram,
	};
	size_t i;

	text[0] = '\0';
	for (i = 0; i < PARAM_COUNT; i++) {
		if (params->values[i] && infos[i].write(&out, &infos[i], params->values[i]))
			return -1;
	}
	if (check_whole_store(&out, params))
		return -1;
	return 0;
}

/* ---- and back ---- */

struct room {
	char *text;
	size_t left;	/* without the final NUL */
};

static void put(struct room *room, const char *text, size_t length)
{
	if (length > room->left)
		length = room->left;
	memcpy(room->text, text, length);
	room->text += length;
	room->left -= length;
	*room->text = '\0';
}

static const struct param_info *find_name(const char *text, size_t length)
{
	size_t i;

	for (i = 0; i < PARAM_COUNT; i++) {
		if (length == strlen(infos[i].name) && !strncmp(text, infos[i].name, length))
			return &infos[i];
	}
	return NULL;
}

/* "store_mb=1024: ..." is "--store-size 1024M: ...". Returns what follows the value's digits. */
static const char *put_parameter(struct room *room, const char *line)
{
	size_t length = strcspn(line, "=");
	const struct param_info *info = find_name(line, length);

	if (!info || !line[length])
		return line;
	put(room, info->option, strlen(info->option));
	put(room, " ", 1);
	line += length + 1;
	if (info->write != write_size && info->write != write_pool)
		return line;
	length = strspn(line, "0123456789");
	put(room, line, length);
	if (*line != '0')
		put(room, "M", 1);
	return line + length;
}

void params_reword(const char *line, int error, char *text, size_t size)
{
	struct room room = { .text = text, .left = size - 1 };
	const struct param_info *info;
	const char *remedy;
	char twice[32];
	size_t length;

	*text = '\0';
	snprintf(twice, sizeof(twice), " (error -%d)", error);
	line = put_parameter(&room, line);
	remedy = strrchr(line, ';');
	while (*line) {
		length = strspn(line, "abcdefghijklmnopqrstuvwxyz_");
		/* before the remedy it can be a part of a path, and "store" is a word, too */
		info = remedy && line > remedy && memchr(line, '_', length) ?
		       find_name(line, length) : NULL;
		if (!strncmp(line, twice, strlen(twice)))
			length = strlen(twice);
		else if (info)
			put(&room, info->option, strlen(info->option));
		else
			put(&room, line, length ?: 1);
		line += length ?: 1;
	}
}
