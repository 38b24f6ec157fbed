// SPDX-License-Identifier: GPL-2.0
/*
 * vmdevctl unload: takes the module out of the kernel through libkmod and, when it
 * is in use, says by whom.
 */
#include <errno.h>
#include <libkmod.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vmdev.h>

#include "ctl.h"
#include "holders.h"
#include "kmod.h"
#include "size.h"
#include "unload.h"

/* More processes than this are only counted in the message; JSON has them all. */
#define NAMED_HOLDERS	6

static const char help[] =
"Usage: vmdevctl unload [OPTION]...\n"
"Unload the vmdev module. Where it is in use, say which processes hold the device.\n"
"\n"
"  -j, --json               say the result in JSON, with the holders\n"
CTL_HELP_OPTIONS
"\n"
"Exit status: 0 unloaded, 1 failed, 2 a wrong option; nothing was tried.\n";

static const struct option long_options[] = {
	{ "json",	no_argument,	   NULL, 'j' },
	CTL_LONG_OPTIONS
};

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static size_t write_holder(char *text, size_t size, const struct holder *holder)
{
	char mapped[SIZE_TEXT];
	size_t used;

	used = (size_t)snprintf(text, size, "process %d (%s): ", holder->pid, holder->comm);
	if (holder->descriptors && used < size)
		used += (size_t)snprintf(text + used, size - used, "%zu descriptor%s%s",
					 holder->descriptors, plural(holder->descriptors),
					 holder->mappings ? ", " : "");
	if (holder->mappings && used < size)
		used += (size_t)snprintf(text + used, size - used, "%zu mapping%s of %s",
					 holder->mappings, plural(holder->mappings),
					 size_format(holder->mapped_bytes, mapped));
	return used;
}

static int explain_busy(struct ctl_result *result, const struct holder *holders, size_t count)
{
	char text[CTL_MESSAGE] = "";
	size_t used = 0;
	size_t i;

	if (!count)
		return ctl_fail(result, EBUSY,
				"vmdev is in use, but by no process that can be seen; try again");
	for (i = 0; i < count && i < NAMED_HOLDERS && used < sizeof(text); i++) {
		if (i)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "; ");
		if (used < sizeof(text))
			used += write_holder(text + used, sizeof(text) - used, &holders[i]);
	}
	if (count > NAMED_HOLDERS && used < sizeof(text))
		snprintf(text + used, sizeof(text) - used, "; and %zu more", count - NAMED_HOLDERS);
	return ctl_fail(result, EBUSY, "vmdev is in use; end its user%s first: %s",
			plural(count), text);
}

int unload_explain(struct ctl_result *result, int error, const struct holder *holders, size_t count)
{
	switch (error) {
	case EBUSY:
		return explain_busy(result, holders, count);
	case ENOENT:
		return ctl_fail(result, ENOENT, "vmdev isn't loaded; nothing to unload");
	case EPERM:
	case EACCES:
		return ctl_fail(result, error, "cannot unload vmdev: %s; run it as root",
				strerror(error));
	default:
		return ctl_fail(result, error, "cannot unload vmdev: %s; see 'dmesg'",
				strerror(error));
	}
}

/* 0 or a negative errno; a module in use is always EBUSY. */
static int remove_module(struct kmod_module *module)
{
	int err;

	if (kmod_module_get_initstate(module) < 0)
		return -ENOENT;
	err = kmod_module_remove_module(module, 0);
	return err == -EAGAIN ? -EBUSY : err;
}

int unload_module(struct ctl_result *result, struct holder **holders, size_t *count)
{
	struct kmod_module *module;
	struct kmod_ctx *ctx;
	ssize_t found = 0;
	int status, err;

	/* A descriptor of the device that came from the caller would be in the way. */
	close_range(STDERR_FILENO + 1, ~0U, 0);
	ctx = kmod_open(result);
	if (!ctx)
		return CTL_FAILED;
	status = kmod_open_module(ctx, NULL, &module, result);
	if (!status) {
		err = remove_module(module);
		kmod_module_unref(module);
		if (err == -EBUSY)
			found = holders_find(VMDEV_PATH, holders);
		*count = found > 0 ? (size_t)found : 0;
		if (err)
			status = unload_explain(result, -err, *holders, *count);
	}
	kmod_unref(ctx);
	return status;
}

void unload_json_holders(struct json *json, const struct holder *holders, size_t count)
{
	size_t i;

	json_begin_array(json, "holders");
	for (i = 0; i < count; i++) {
		json_begin_object(json, NULL);
		json_number(json, "pid", (uint64_t)holders[i].pid);
		json_string(json, "comm", holders[i].comm);
		json_number(json, "descriptors", holders[i].descriptors);
		json_number(json, "mappings", holders[i].mappings);
		json_number(json, "mapped_bytes", holders[i].mapped_bytes);
		json_end_object(json);
	}
	json_end_array(json);
}

void unload_say_json(const struct ctl_result *result, const struct holder *holders, size_t count)
{
	struct json json;

	ctl_json_begin(&json, result);
	unload_json_holders(&json, holders, count);
	json_end_object(&json);
}

static int run(const struct ctl_command *command, int argc, char **argv)
{
	struct ctl_result result = { 0 };
	struct holder *holders = NULL;
	size_t count = 0;
	bool json = false;
	int got, status;

	while ((got = ctl_getopt(command, argc, argv, ":jhV", long_options, &status)) >= 0)
		json = true;
	if (got != -1)
		return status;
	unload_module(&result, &holders, &count);
	if (json)
		unload_say_json(&result, holders, count);
	else if (!result.message[0])
		puts("vmdev is unloaded");
	free(holders);
	return ctl_finish(&result);
}

const struct ctl_command ctl_unload = {
	.name = "unload",
	.summary = "unload the module, or say who is using it",
	.help = help,
	.run = run,
};
