// SPDX-License-Identifier: GPL-2.0
/*
 * vmdevctl load: puts the module into the kernel through libkmod and, when that
 * fails, finds out why.
 */
#include <errno.h>
#include <libkmod.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vmdev.h>

#include "content.h"
#include "ctl.h"
#include "kmod.h"
#include "kmsg.h"
#include "load.h"
#include "params.h"
#include "size.h"

static const char help[] =
"Usage: vmdevctl load [OPTION]...\n"
"Load the vmdev module. What isn't given is as the module has it by default.\n"
"\n"
LOAD_HELP_OPTIONS(LOAD_DEFAULT)
"Exit status: 0 loaded, 1 failed (the kernel's reason is shown), 2 an option that\n"
"can't work; nothing was tried.\n";

static const struct option long_options[] = {
	{ "pool",	required_argument, NULL, 'p' },
	{ "store",	required_argument, NULL, 's' },
	{ "store-size",	required_argument, NULL, 'S' },
	{ "policy",	required_argument, NULL, 'P' },
	{ "overcommit",	required_argument, NULL, 'o' },
	{ "readahead",	required_argument, NULL, 'r' },
	{ "checksum",	required_argument, NULL, 'c' },
	{ "force",	no_argument,	   NULL, 'f' },
	{ "module",	required_argument, NULL, 'm' },
	{ "json",	no_argument,	   NULL, 'j' },
	CTL_LONG_OPTIONS
};

/* The option that sets a parameter, or PARAM_COUNT. */
static enum param param_of(int option)
{
	static const char letters[] = "psSPorc";
	const char *letter = strchr(letters, option);

	return letter ? (enum param)(letter - letters) : PARAM_COUNT;
}

bool load_read_options(const struct ctl_command *command, int argc, char **argv,
		       struct load_request *request, int *status)
{
	int got;

	while ((got = ctl_getopt(command, argc, argv, ":p:s:S:P:o:r:c:fm:jhV", long_options,
				 status)) >= 0) {
		if (got == 'j')
			request->json = true;
		else if (got == 'f')
			request->force = true;
		else if (got == 'm')
			request->path = optarg;
		else
			request->params.values[param_of(got)] = optarg;
	}
	return got == -1;
}

uint64_t load_ram(void)
{
	return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* What to do about a failure of which the kernel's log says nothing. */
static const char *hint_of(int error)
{
	switch (error) {
	case EPERM:
	case EACCES:
		return "run it as root; with Secure Boot the module must be signed";
	case ENOKEY:
	case EKEYREJECTED:
		return "Secure Boot refuses its signature; sign it with an enrolled key";
	case ENOEXEC:
		return "it isn't built for this kernel; build it again";
	case ENOENT:
		return "it isn't installed for this kernel; install it or give --module";
	case ENOMEM:
		return "not enough free memory; use a smaller --pool";
	case ENOSPC:
		return "no room for the store; use a smaller --store-size or another --store";
	case EBUSY:
		return "the store is in use; use another --store";
	case ENOSYS:
		return "this kernel can't load modules";
	default:
		return "see 'dmesg'";
	}
}

int load_explain(struct ctl_result *result, int error, const struct kmsg *kmsg)
{
	char reason[CTL_MESSAGE] = "", line[KMSG_TEXT + 32];
	const char *remedy = "";
	size_t used = 0;
	size_t i;

	if (!kmsg->count)
		return ctl_fail(result, error, "cannot load vmdev: %s; %s", strerror(error),
				hint_of(error));
	for (i = 0; i < kmsg->count && used < sizeof(reason); i++) {
		params_reword(kmsg->lines[i], error, line, sizeof(line));
		used += (size_t)snprintf(reason + used, sizeof(reason) - used, "%s%s",
					 i ? "; " : "", line);
	}
	/* of a device the kernel says no more than that it's in use */
	if (error == EBUSY && !strchr(reason, ';'))
		remedy = "; unmount it or choose another";
	return ctl_fail(result, error, "cannot load vmdev: %s: %s%s", strerror(error), reason,
			remedy);
}

static int insert(struct kmod_module *module, const struct load_request *request,
		  const char *options)
{
	if (request->path)
		return kmod_module_insert_module(module, 0, options);
	return kmod_module_probe_insert_module(module, KMOD_PROBE_FAIL_ON_LOADED, options,
					       NULL, NULL, NULL);
}

static int check_loaded(struct ctl_result *result, int error, const struct kmsg *kmsg)
{
	if (error == EEXIST)
		return ctl_fail(result, error,
				"vmdev is already loaded; run 'vmdevctl unload' first");
	if (error)
		return load_explain(result, error, kmsg);
	if (access(VMDEV_PATH, F_OK))
		return ctl_fail(result, errno, "vmdev is loaded but " VMDEV_PATH
				" isn't there; mount devtmpfs on /dev");
	return CTL_OK;
}

int load_check_content(const struct load_request *request, struct ctl_result *result)
{
	const char *store = request->params.values[PARAM_STORE];
	const char *what = store && !request->force ? content_find(store) : NULL;

	if (!what)
		return CTL_OK;
	return ctl_fail(result, EEXIST,
			"--store %s: holds %s; give --force to have it overwritten, or another store",
			store, what);
}

bool load_writes(const struct params *params, uint64_t ram, char *text, size_t size)
{
	const char *store = params->values[PARAM_STORE] ?: LOAD_STORE;
	const char *wanted = params->values[PARAM_STORE_SIZE] ?: LOAD_STORE_SIZE;
	char number[SIZE_TEXT];
	uint64_t bytes;
	struct stat st;

	if (size_parse_of(wanted, ram, &bytes))
		return false;
	if (!stat(store, &st)) {
		if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
			return false;
		/* what has all its blocks was written before, as by an earlier load */
		if (S_ISREG(st.st_mode) &&
		    (uint64_t)st.st_blocks * 512 >= (bytes ?: (uint64_t)st.st_size))
			return false;
		bytes = bytes ?: (uint64_t)st.st_size;
	}
	snprintf(text, size, "writing %s to %s, once", size_format(bytes, number), store);
	return true;
}

/* Who waits at a terminal is told what for. */
static void say_writing(struct kmod_module *module, const struct load_request *request)
{
	const struct params *params = &request->params;
	char text[CTL_MESSAGE];

	if (!isatty(STDERR_FILENO) || !access(VMDEV_SYSFS, F_OK) || !kmod_module_get_path(module))
		return;
	/* modprobe.d(5) can have other defaults */
	if (!request->path && kmod_module_get_options(module) &&
	    (!params->values[PARAM_STORE] || !params->values[PARAM_STORE_SIZE]))
		return;
	if (load_writes(params, load_ram(), text, sizeof(text)))
		fprintf(stderr, "vmdevctl: %s\n", text);
}

int load_module(const struct load_request *request, const char *options, struct kmsg *kmsg,
		struct ctl_result *result)
{
	const char *store = request->params.values[PARAM_STORE];
	struct kmod_module *module;
	struct kmod_ctx *ctx;
	int log, status;

	ctx = kmod_open(result);
	if (!ctx)
		return CTL_FAILED;
	status = kmod_open_module(ctx, request->path, &module, result);
	if (!status) {
		say_writing(module, request);
		log = kmsg_open();
		status = insert(module, request, options);
		kmsg_read(log, kmsg);
		if (log >= 0)
			close(log);
		kmod_module_unref(module);
		status = check_loaded(result, -status, kmsg);
		if (!status && store)
			content_mark(store);
	}
	kmod_unref(ctx);
	return status;
}

void load_say(void)
{
	struct vmdev_module_stats stats;
	char pool[SIZE_TEXT], store[SIZE_TEXT];
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (vmdev_get_module_stats(&stats, sizeof(stats)))
		return;
	printf("vmdev is loaded: pool %s, store %s in %s, policy %s\n",
	       size_format(stats.pool_frames * page, pool),
	       size_format(stats.store_slots * page, store), stats.store_path,
	       stats.policy_current);
}

void load_json_kernel(struct json *json, const struct kmsg *kmsg)
{
	size_t i;

	json_begin_array(json, "kernel");
	for (i = 0; i < kmsg->count; i++)
		json_string(json, NULL, kmsg->lines[i]);
	json_end_array(json);
}

void load_say_json(const struct ctl_result *result, const struct kmsg *kmsg)
{
	struct json json;

	ctl_json_begin(&json, result);
	json_string(&json, "device", result->message[0] ? NULL : VMDEV_PATH);
	load_json_kernel(&json, kmsg);
	json_end_object(&json);
}

static int run(const struct ctl_command *command, int argc, char **argv)
{
	struct load_request request = { 0 };
	struct ctl_result result = { 0 };
	struct kmsg kmsg = { 0 };
	char options[PARAMS_TEXT];
	char message[CTL_MESSAGE];
	int status;

	if (!load_read_options(command, argc, argv, &request, &status))
		return status;
	if (params_build(&request.params, load_ram(), options, message, sizeof(message)))
		return ctl_usage(command, "%s", message);
	if (!kmod_check_root(&result, "load") && !load_check_content(&request, &result))
		load_module(&request, options, &kmsg, &result);
	if (request.json)
		load_say_json(&result, &kmsg);
	else if (!result.message[0])
		load_say();
	return ctl_finish(&result);
}

const struct ctl_command ctl_load = {
	.name = "load",
	.summary = "load the module with a pool and a store",
	.help = help,
	.run = run,
};
