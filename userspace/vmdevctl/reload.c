// SPDX-License-Identifier: GPL-2.0
/*
 * vmdevctl reload: unloads the module and loads it again, with what it runs with now
 * but for what is given. Everything that can be known to fail is tried before the
 * unload; if the load fails all the same, it is loaded again as it was.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <vmdev.h>

#include "kmod.h"
#include "load.h"
#include "reload.h"
#include "size.h"
#include "unload.h"

static const char help[] =
"Usage: vmdevctl reload [OPTION]...\n"
"Unload the vmdev module and load it again. What isn't given is as it is now, also\n"
"where pool or policy were changed while in use.\n"
"\n"
LOAD_HELP_OPTIONS(LOAD_NO_DEFAULT)
"Exit status: 0 loaded again; 1 failed: the message says whether the module is loaded\n"
"as before; 2 an option that can't work; nothing was tried.\n";

/* A parameter, the file with what it was changed to in use, the unit of both. */
static const struct {
	const char *parameter, *current, *unit;
} sources[PARAM_COUNT] = {
	[PARAM_POOL]	   = { "pool_mb", NULL, "M" },
	[PARAM_STORE]	   = { "store", NULL, "" },
	[PARAM_STORE_SIZE] = { "store_mb", NULL, "M" },
	[PARAM_POLICY]	   = { "policy", "policy/current", "" },
	[PARAM_OVERCOMMIT] = { "overcommit", NULL, "" },
	[PARAM_READAHEAD]  = { "readahead", NULL, "" },
	[PARAM_CHECKSUM]   = { "checksum", NULL, "" },
};

static bool read_value(const char *sys, const char *directory, const char *name,
		       char value[PARAM_STRING_MAX + 1])
{
	char path[4096];
	FILE *file;
	bool good;

	snprintf(path, sizeof(path), "%s/%s/%s", sys, directory, name);
	file = fopen(path, "re");
	if (!file)
		return false;
	good = fgets(value, PARAM_STRING_MAX + 1, file);
	fclose(file);
	value[good ? strcspn(value, "\n") : 0] = '\0';
	return good;
}

/* The pool can have been changed to any number of frames. */
static void round_pool(struct present *present, const char *frames)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t number;

	if (!number_parse(frames, &number))
		snprintf(present->values[PARAM_POOL], sizeof(present->values[0]), "%" PRIu64,
			 (number * page + (1 << 20) - 1) >> 20);
}

int reload_present(struct present *present, const char *sys, struct ctl_result *result)
{
	char frames[PARAM_STRING_MAX + 1];
	size_t i;

	for (i = 0; i < PARAM_COUNT; i++) {
		char *value = present->values[i];

		if (!read_value(sys, "module/vmdev/parameters", sources[i].parameter, value))
			return ctl_fail(result, ENODEV, "vmdev isn't loaded; run 'vmdevctl load'");
		if (sources[i].current)
			read_value(sys, "kernel/vmdev", sources[i].current, value);
	}
	if (read_value(sys, "kernel/vmdev", "pool/frames", frames))
		round_pool(present, frames);
	for (i = 0; i < PARAM_COUNT; i++)
		strncat(present->values[i], sources[i].unit,
			PARAM_STRING_MAX - strlen(present->values[i]));
	return CTL_OK;
}

void reload_fill(struct params *params, const struct present *present)
{
	size_t i;

	for (i = 0; i < PARAM_COUNT; i++) {
		if (!params->values[i])
			params->values[i] = present->values[i];
	}
}

void reload_explain(struct ctl_result *result, const struct ctl_result *again)
{
	size_t used = strlen(result->message);

	/* the reason may be cut, what it comes to is not */
	if (used > sizeof(result->message) - 64)
		used = sizeof(result->message) - 64;
	snprintf(result->message + used, sizeof(result->message) - used, "; %s",
		 again->message[0] ? "nor does it load as before: vmdev isn't loaded now" :
				     "vmdev is loaded as before");
}

struct reload {
	struct load_request request, before;
	struct present present;
	char options[PARAMS_TEXT], options_before[PARAMS_TEXT];
	struct ctl_result again;	/* why it can't be loaded as before */
	struct holder *holders;
	size_t holders_count;
	struct kmsg kmsg;
	bool loaded;
};

/* Is there a module to load, for this kernel? */
static int check_module(const char *path, struct ctl_result *result)
{
	struct kmod_ctx *ctx = kmod_open(result);
	struct kmod_module *module;
	const char *found;
	char magic[256];
	struct utsname uts;

	if (!ctx)
		return CTL_FAILED;
	if (!kmod_open_module(ctx, path, &module, result)) {
		found = kmod_module_get_path(module);
		kmod_info(module, "vermagic", magic, sizeof(magic));
		magic[strcspn(magic, " ")] = '\0';
		uname(&uts);
		if (!found)
			load_explain(result, ENOENT, &(struct kmsg){ 0 });
		else if (strcmp(magic, uts.release))
			ctl_fail(result, ENOEXEC,
				 "%s is built for kernel %s, not %s; build it again", found, magic,
				 uts.release);
		kmod_module_unref(module);
	}
	kmod_unref(ctx);
	return result->message[0] ? CTL_FAILED : CTL_OK;
}

/* What would fail is found out before anything is done. */
static int check(struct reload *reload, struct ctl_result *result)
{
	const char *store = reload->request.params.values[PARAM_STORE];

	if (kmod_check_root(result, "reload") || check_module(reload->request.path, result))
		return CTL_FAILED;
	/* what is in the present store is the module's own */
	if (strcmp(store, reload->present.values[PARAM_STORE]) &&
	    load_check_content(&reload->request, result))
		return CTL_FAILED;
	return CTL_OK;
}

static int do_reload(struct reload *reload, struct ctl_result *result)
{
	struct kmsg kmsg = { 0 };

	reload->loaded = true;
	if (check(reload, result) ||
	    unload_module(result, &reload->holders, &reload->holders_count)) {
		reload->loaded = !access(VMDEV_SYSFS, F_OK);
		if (reload->loaded)
			reload_explain(result, &(struct ctl_result){ 0 });
		return CTL_FAILED;
	}
	if (!load_module(&reload->request, reload->options, &reload->kmsg, result))
		return CTL_OK;
	/* it may be in the kernel, and only its device be missing */
	if (!access(VMDEV_SYSFS, F_OK))
		return CTL_FAILED;
	if (!reload->again.message[0])
		load_module(&reload->before, reload->options_before, &kmsg, &reload->again);
	reload->loaded = !reload->again.message[0];
	reload_explain(result, &reload->again);
	return CTL_FAILED;
}

/* Both sets of parameters. Returns false with the exit status where it ends here. */
static bool prepare(struct reload *reload, const struct ctl_command *command, int *status)
{
	const char *store = reload->present.values[PARAM_STORE];
	char message[CTL_MESSAGE];

	/* from where it was meant is not known any more */
	if (store[0] != '/' && !reload->request.params.values[PARAM_STORE]) {
		*status = ctl_usage(command, "--store: needed, since %s isn't a full path", store);
		return false;
	}
	reload->before.path = reload->request.path;
	reload_fill(&reload->before.params, &reload->present);
	reload_fill(&reload->request.params, &reload->present);
	if (params_build(&reload->request.params, load_ram(), reload->options, message,
			 sizeof(message))) {
		*status = ctl_usage(command, "%s", message);
		return false;
	}
	params_build(&reload->before.params, load_ram(), reload->options_before,
		     reload->again.message, sizeof(reload->again.message));
	return true;
}

void reload_say_json(const struct ctl_result *result, bool loaded, const struct kmsg *kmsg,
		     const struct holder *holders, size_t count)
{
	struct json json;

	ctl_json_begin(&json, result);
	json_bool(&json, "loaded", loaded);
	load_json_kernel(&json, kmsg);
	unload_json_holders(&json, holders, count);
	json_end_object(&json);
}

static int run(const struct ctl_command *command, int argc, char **argv)
{
	static struct reload reload;
	struct ctl_result result = { 0 };
	int status;

	if (!load_read_options(command, argc, argv, &reload.request, &status))
		return status;
	if (!reload_present(&reload.present, "/sys", &result)) {
		if (!prepare(&reload, command, &status))
			return status;
		do_reload(&reload, &result);
	}
	if (reload.request.json)
		reload_say_json(&result, reload.loaded, &reload.kmsg, reload.holders,
				reload.holders_count);
	else if (!result.message[0])
		load_say();
	free(reload.holders);
	return ctl_finish(&result);
}

const struct ctl_command ctl_reload = {
	.name = "reload",
	.summary = "unload and load, as it is now but for what is given",
	.help = help,
	.run = run,
};
