// SPDX-License-Identifier: GPL-2.0
/*
 * vmdevctl volume: makes, lists and removes volumes through libvmdev. What can't work
 * is said before the kernel is asked.
 */
#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "size.h"
#include "volume.h"

static const char help[] =
"Usage: vmdevctl volume create NAME --size SIZE [OPTION]...\n"
"       vmdevctl volume list [--json]\n"
"       vmdevctl volume remove NAME [--json]\n"
"Spaces with a name: " VOLUME_NODE "NAME is one space for all who open it. It lives\n"
"until it is removed or the module is unloaded. Who has a removed one open keeps it.\n"
"\n"
"  -s, --size SIZE          create: how large it is, whole pages; it is backed by pool\n"
"                           and store from the start and never changes\n"
"  -m, --mode MODE          create: permissions of its node, octal (0600)\n"
"  -g, --group GROUP        create: group of its node, a name or a number (root)\n"
"  -j, --json               say the result in JSON\n"
CTL_HELP_OPTIONS
"\n"
"NAME has at most 31 letters, digits, '.', '_' and '-', the first a letter or digit.\n"
"SIZE is a number of bytes, or of powers of 1024 with K, M, G or T behind it.\n"
"Exit status: 0 done, 1 failed, 2 an option that can't work; nothing was tried.\n";

static const struct option long_options[] = {
	{ "size",	required_argument, NULL, 's' },
	{ "mode",	required_argument, NULL, 'm' },
	{ "group",	required_argument, NULL, 'g' },
	{ "json",	no_argument,	   NULL, 'j' },
	CTL_LONG_OPTIONS
};

static const char *const verbs[VOLUME_VERBS] = {
	[VOLUME_CREATE]	= "create",
	[VOLUME_LIST]	= "list",
	[VOLUME_REMOVE]	= "remove",
};

/* ---- the command line ---- */

bool volume_name_good(const char *name)
{
	size_t i;

	for (i = 0; name[i]; i++) {
		/* the kernel's idea of a letter is ASCII, whatever the locale */
		if (!isascii(name[i]) || (!isalnum(name[i]) && (!i || !strchr("._-", name[i]))))
			return false;
	}
	return i && i < VMDEV_VOLUME_NAME_SIZE;
}

static bool mode_parse(const char *text, uint32_t *mode)
{
	size_t digits = strspn(text, "01234567");

	if (!digits || text[digits] || digits > 5)
		return false;
	*mode = (uint32_t)strtoul(text, NULL, 8);
	/* the kernel takes 0 for its default */
	return *mode && *mode <= 0777;
}

static bool group_parse(const char *text, uint32_t *gid)
{
	const struct group *group = getgrnam(text);
	uint64_t number;

	if (!group && (number_parse(text, &number) || number >= UINT32_MAX))
		return false;
	*gid = group ? group->gr_gid : (uint32_t)number;
	return true;
}

/* Returns -1, as volume_check() does for what it found. */
static int __attribute__((format(printf, 3, 4)))
wrong(char *message, size_t size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(message, size, format, args);
	va_end(args);
	return -1;
}

static int check_options(const struct volume_request *request, uint64_t page_size,
			 struct vmdev_volume *volume, char *message, size_t size)
{
	uint64_t bytes;

	if (!request->size)
		return wrong(message, size, "volume create needs a --size, as 4G");
	if (size_parse(request->size, &bytes))
		return wrong(message, size,
			     "--size %s: not a size; write a number with K, M, G or T, as 4G",
			     request->size);
	if (!bytes || bytes % page_size)
		return wrong(message, size,
			     "--size %s: must be a multiple of %" PRIu64 " bytes, and not 0",
			     request->size, page_size);
	volume->size = bytes;
	if (request->mode && !mode_parse(request->mode, &volume->mode))
		return wrong(message, size, "--mode %s: must be octal, from 0001 to 0777",
			     request->mode);
	if (request->group && !group_parse(request->group, &volume->gid))
		return wrong(message, size, "--group %s: no such group; give a name or a number",
			     request->group);
	return 0;
}

int volume_check(const struct volume_request *request, uint64_t page_size,
		 struct vmdev_volume *volume, char *message, size_t size)
{
	memset(volume, 0, sizeof(*volume));
	if (request->verb == VOLUME_LIST && request->name)
		return wrong(message, size, "volume list takes no '%s'", request->name);
	if (request->verb != VOLUME_CREATE && (request->size || request->mode || request->group))
		return wrong(message, size, "volume %s takes no --size, --mode or --group",
			     verbs[request->verb]);
	if (request->verb == VOLUME_LIST)
		return 0;
	if (!request->name)
		return wrong(message, size, "volume %s needs a name", verbs[request->verb]);
	if (!volume_name_good(request->name))
		return wrong(message, size,
			     "'%s' can't be a name; take at most %d letters, digits, '.', '_', '-'",
			     request->name, VMDEV_VOLUME_NAME_SIZE - 1);
	strcpy(volume->name, request->name);
	if (request->verb == VOLUME_CREATE)
		return check_options(request, page_size, volume, message, size);
	return 0;
}

/* ---- what comes of it ---- */

int volume_explain(struct ctl_result *result, int error, const struct volume_request *request)
{
	const char *name = request->name ? request->name : "";

	switch (error) {
	case ENODEV:
	case ENXIO:
		return ctl_fail(result, error, "vmdev isn't loaded; run 'vmdevctl load'");
	case EPERM:
	case EACCES:
		return ctl_fail(result, error, "cannot %s volumes: %s; run it as root",
				verbs[request->verb], strerror(error));
	case ENOTTY:
		return ctl_fail(result, error,
				"the loaded vmdev has no volumes; load one that fits this tool");
	case EEXIST:
		return ctl_fail(result, error,
				"there is a volume %s already; remove it or take another name",
				name);
	case ENOENT:
		return ctl_fail(result, error, "there is no volume %s; see 'vmdevctl volume list'",
				name);
	case ENOSPC:
		return ctl_fail(result, error,
				"pool and store can't back %s; use a smaller --size or a larger store",
				request->size ? request->size : name);
	case EFBIG:
		return ctl_fail(result, error, "--size %s: more than a volume can have; use less",
				request->size ? request->size : "");
	default:
		return ctl_fail(result, error, "cannot %s volume %s: %s; see 'dmesg'",
				verbs[request->verb], name, strerror(error));
	}
}

void volume_show(const struct vmdev_volume *volumes, size_t count, uint64_t page_size, FILE *out)
{
	char size[SIZE_TEXT], resident[SIZE_TEXT], swapped[SIZE_TEXT], number[16];
	size_t i;

	if (count)
		fprintf(out, "%-31s %10s %10s %10s  %-4s %s\n", "NAME", "SIZE", "RESIDENT",
			"SWAPPED", "MODE", "GROUP");
	for (i = 0; i < count; i++) {
		const struct vmdev_volume *volume = &volumes[i];
		const struct group *group = getgrgid(volume->gid);

		snprintf(number, sizeof(number), "%" PRIu32, volume->gid);
		fprintf(out, "%-31s %10s %10s %10s  %04o %s\n", volume->name,
			size_format(volume->size, size),
			size_format(volume->resident * page_size, resident),
			size_format(volume->swapped * page_size, swapped), volume->mode,
			group ? group->gr_name : number);
	}
}

void volume_json(struct json *json, const struct vmdev_volume *volumes, size_t count)
{
	char text[VOLUME_PATH];
	size_t i;

	json_begin_array(json, "volumes");
	for (i = 0; i < count; i++) {
		const struct vmdev_volume *volume = &volumes[i];

		json_begin_object(json, NULL);
		json_string(json, "name", volume->name);
		snprintf(text, sizeof(text), VOLUME_NODE "%s", volume->name);
		json_string(json, "device", text);
		json_number(json, "size", volume->size);
		json_number(json, "resident", volume->resident);
		json_number(json, "swapped", volume->swapped);
		snprintf(text, sizeof(text), "%04o", volume->mode);
		json_string(json, "mode", text);
		json_number(json, "gid", volume->gid);
		json_number(json, "major", volume->major);
		json_number(json, "minor", volume->minor);
		json_number(json, "space", volume->space_id);
		json_end_object(json);
	}
	json_end_array(json);
}

/* ---- doing it ---- */

ssize_t volume_read_list(struct vmdev_volume **volumes)
{
	struct vmdev_volume *larger;
	ssize_t room = 0, count;

	*volumes = NULL;
	/* others may make some meanwhile */
	while ((count = vmdev_volume_list(*volumes, (size_t)room)) > room) {
		room = count + 8;
		larger = realloc(*volumes, (size_t)room * sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		*volumes = larger;
	}
	return count < 0 ? -errno : count;
}

static int create(const struct volume_request *request, const struct vmdev_volume *volume,
		  struct ctl_result *result)
{
	char path[VOLUME_PATH];

	if (vmdev_volume_create(volume->name, volume->size, volume->mode, volume->gid))
		return volume_explain(result, errno, request);
	snprintf(path, sizeof(path), VOLUME_NODE "%s", volume->name);
	if (access(path, F_OK))
		return ctl_fail(result, errno,
				"the volume is there but %s isn't; mount devtmpfs on /dev", path);
	return CTL_OK;
}

static void say_done(const struct volume_request *request)
{
	if (request->verb == VOLUME_CREATE)
		printf("volume %s is " VOLUME_NODE "%s\n", request->name, request->name);
	else
		printf("volume %s is removed\n", request->name);
}

void volume_say_json(const struct volume_request *request, const struct ctl_result *result,
		     const struct vmdev_volume *volumes, size_t count)
{
	char path[VOLUME_PATH];
	struct json json;

	ctl_json_begin(&json, result);
	if (request->verb == VOLUME_LIST) {
		volume_json(&json, volumes, count);
	} else if (request->verb == VOLUME_CREATE) {
		snprintf(path, sizeof(path), VOLUME_NODE "%s", request->name);
		json_string(&json, "device", result->message[0] ? NULL : path);
	}
	json_end_object(&json);
}

static int do_request(const struct volume_request *request, const struct vmdev_volume *volume,
		      bool json)
{
	struct vmdev_volume *volumes = NULL;
	struct ctl_result result = { 0 };
	ssize_t count = 0;

	if (request->verb == VOLUME_CREATE) {
		create(request, volume, &result);
	} else if (request->verb == VOLUME_REMOVE) {
		if (vmdev_volume_remove(volume->name))
			volume_explain(&result, errno, request);
	} else {
		count = volume_read_list(&volumes);
		if (count < 0)
			volume_explain(&result, (int)-count, request);
	}
	if (json)
		volume_say_json(request, &result, volumes, count > 0 ? (size_t)count : 0);
	else if (!result.message[0] && request->verb == VOLUME_LIST)
		volume_show(volumes, (size_t)count, (uint64_t)sysconf(_SC_PAGESIZE), stdout);
	else if (!result.message[0])
		say_done(request);
	free(volumes);
	return ctl_finish(&result);
}

/* Returns false with the exit status where the command ends here. */
static bool read_options(const struct ctl_command *command, int argc, char **argv,
			 struct volume_request *request, bool *json, int *status)
{
	int got;

	/* the '-' gives a name as option 1, wherever it stands */
	while ((got = ctl_getopt(command, argc, argv, "-:s:m:g:jhV", long_options, status)) >= 0) {
		if (got == 1 && request->name) {
			*status = ctl_usage(command, "unexpected argument '%s'", optarg);
			return false;
		}
		if (got == 1)
			request->name = optarg;
		else if (got == 's')
			request->size = optarg;
		else if (got == 'm')
			request->mode = optarg;
		else if (got == 'g')
			request->group = optarg;
		else
			*json = true;
	}
	return got == -1;
}

static int run(const struct ctl_command *command, int argc, char **argv)
{
	struct volume_request request = { .verb = VOLUME_VERBS };
	struct vmdev_volume volume;
	char message[CTL_MESSAGE];
	bool json = false;
	int status, verb;

	for (verb = 0; argc > 1 && verb < VOLUME_VERBS; verb++) {
		if (!strcmp(argv[1], verbs[verb]))
			request.verb = (enum volume_verb)verb;
	}
	if (request.verb == VOLUME_VERBS) {
		/* it may be a call for help */
		if (argc > 1 && argv[1][0] != '-')
			return ctl_usage(command, "volume can't '%s'", argv[1]);
		if (read_options(command, argc, argv, &request, &json, &status))
			return ctl_usage(command, "say create, list or remove");
		return status;
	}
	if (!read_options(command, argc - 1, argv + 1, &request, &json, &status))
		return status;
	if (volume_check(&request, (uint64_t)sysconf(_SC_PAGESIZE), &volume, message,
			 sizeof(message)))
		return ctl_usage(command, "%s", message);
	return do_request(&request, &volume, json);
}

const struct ctl_command ctl_volume = {
	.name = "volume",
	.summary = "create, list and remove spaces with a name",
	.help = help,
	.run = run,
};
