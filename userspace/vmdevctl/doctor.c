// SPDX-License-Identifier: GPL-2.0
/*
 * vmdevctl doctor: has this machine looked at, whether vmdev can run on it and how
 * well, and shows what was found with the remedies. Decides nothing itself.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "ctl.h"
#include "doctor.h"
#include "kmod.h"
#include "load.h"
#include "reload.h"
#include "size.h"
#include "volume.h"

static const char help[] =
"Usage: vmdevctl doctor [OPTION]...\n"
"Check kernel, module, device and store, and say what to do about what isn't well.\n"
"What isn't given is as the loaded module has it, or else as load has it.\n"
"\n"
"  -p, --pool SIZE          memory that load would take\n"
"  -s, --store PATH         store to look at\n"
"  -S, --store-size SIZE    size it would have\n"
"  -m, --module PATH        look at this vmdev.ko, not the installed one\n"
"  -j, --json               say it in JSON\n"
CTL_HELP_OPTIONS
"\n"
"Exit status: 0 it works, with warnings at most; 1 a check failed: load won't work;\n"
"2 a wrong option.\n";

static const struct option long_options[] = {
	{ "pool",	required_argument, NULL, 'p' },
	{ "store",	required_argument, NULL, 's' },
	{ "store-size",	required_argument, NULL, 'S' },
	{ "module",	required_argument, NULL, 'm' },
	{ "json",	no_argument,	   NULL, 'j' },
	CTL_LONG_OPTIONS
};

struct request {
	const char *pool, *store, *store_size;
	const char *module;
	bool json;
};

static const struct {
	const char *name, *json, *colour;
} verdicts[VERDICTS] = {
	[VERDICT_OK]   = { "ok",   "ok",   "\033[32m" },
	[VERDICT_WARN] = { "warn", "warn", "\033[33m" },
	[VERDICT_FAIL] = { "FAIL", "fail", "\033[31m" },
};

unsigned int doctor_number(const struct doctor *doctor, enum verdict verdict)
{
	unsigned int number = 0;
	size_t i;

	for (i = 0; i < doctor->count; i++)
		number += doctor->findings[i].verdict == verdict;
	return number;
}

void doctor_show(const struct doctor *doctor, bool colour, FILE *out)
{
	size_t i;

	for (i = 0; i < doctor->count; i++) {
		const struct finding *finding = &doctor->findings[i];

		fprintf(out, "%s%-4s%s  %-9s  %s\n",
			colour ? verdicts[finding->verdict].colour : "",
			verdicts[finding->verdict].name, colour ? "\033[0m" : "", finding->name,
			finding->text);
		if (finding->remedy[0])
			fprintf(out, "%17s-> %s\n", "", finding->remedy);
	}
	fprintf(out, "%u good, %u to be aware of, %u failed\n", doctor_number(doctor, VERDICT_OK),
		doctor_number(doctor, VERDICT_WARN), doctor_number(doctor, VERDICT_FAIL));
}

void doctor_json(const struct doctor *doctor, struct json *json)
{
	size_t i;

	json_begin_array(json, "checks");
	for (i = 0; i < doctor->count; i++) {
		const struct finding *finding = &doctor->findings[i];

		json_begin_object(json, NULL);
		json_string(json, "name", finding->name);
		json_string(json, "verdict", verdicts[finding->verdict].json);
		json_string(json, "text", finding->text);
		json_string(json, "remedy", finding->remedy[0] ? finding->remedy : NULL);
		json_end_object(json);
	}
	json_end_array(json);
}

/* What libkmod knows; the path is good as long as *@handle isn't dropped. */
static int read_module(struct module_file *file, struct kmod_ctx *ctx, const char *path,
		       struct kmod_module **handle, struct ctl_result *result)
{
	if (kmod_open_module(ctx, path, handle, result))
		return CTL_FAILED;
	file->path = kmod_module_get_path(*handle);
	if (!file->path)
		return CTL_OK;
	kmod_info(*handle, "vermagic", file->vermagic, sizeof(file->vermagic));
	file->vermagic[strcspn(file->vermagic, " ")] = '\0';
	kmod_info(*handle, "signer", file->signer, sizeof(file->signer));
	return CTL_OK;
}

static int check_module(struct doctor *doctor, const char *path, struct ctl_result *result)
{
	struct kmod_ctx *ctx = kmod_open(result);
	struct module_file file = { 0 };
	struct kmod_module *handle;

	if (!ctx)
		return CTL_FAILED;
	if (!read_module(&file, ctx, path, &handle, result)) {
		doctor_module(doctor, &file);
		doctor_signature(doctor, &file);
		kmod_module_unref(handle);
	}
	kmod_unref(ctx);
	return result->message[0] ? CTL_FAILED : CTL_OK;
}

static void check_volumes(struct doctor *doctor)
{
	struct vmdev_volume *volumes;
	ssize_t count = volume_read_list(&volumes);

	/* why there is no list stands with the device */
	if (count > 0)
		doctor_volumes(doctor, volumes, (size_t)count);
	free(volumes);
}

static int check_all(struct doctor *doctor, const struct request *request, uint64_t pool,
		     uint64_t store_size, struct ctl_result *result)
{
	doctor_kernel(doctor);
	doctor_config(doctor);
	doctor_headers(doctor);
	if (check_module(doctor, request->module, result))
		return CTL_FAILED;
	doctor_device(doctor);
	check_volumes(doctor);
	doctor_debugfs(doctor);
	doctor_pool(doctor, pool);
	doctor_store(doctor, request->store, store_size);
	if (doctor_number(doctor, VERDICT_FAIL))
		return ctl_fail(result, 0, "%u of %zu checks failed; each says what to do about it",
				doctor_number(doctor, VERDICT_FAIL), doctor->count);
	return CTL_OK;
}

/* What isn't given: as it is loaded, or as it would be. */
static void fill(struct request *request, struct doctor *doctor, struct present *present)
{
	struct ctl_result none = { 0 };
	bool loaded = !reload_present(present, "/sys", &none);

	doctor->loaded = loaded && !request->pool && !request->store_size &&
			 (!request->store || !strcmp(request->store, present->values[PARAM_STORE]));
	if (!request->pool)
		request->pool = loaded ? present->values[PARAM_POOL] : "64M";
	if (!request->store)
		request->store = loaded ? present->values[PARAM_STORE] : LOAD_STORE;
	if (!request->store_size)
		request->store_size = loaded ? present->values[PARAM_STORE_SIZE] : LOAD_STORE_SIZE;
}

static bool read_options(const struct ctl_command *command, int argc, char **argv,
			 struct request *request, int *status)
{
	int got;

	while ((got = ctl_getopt(command, argc, argv, ":p:s:S:m:jhV", long_options, status)) >= 0) {
		if (got == 'p')
			request->pool = optarg;
		else if (got == 's')
			request->store = optarg;
		else if (got == 'S')
			request->store_size = optarg;
		else if (got == 'm')
			request->module = optarg;
		else
			request->json = true;
	}
	return got == -1;
}

static int run(const struct ctl_command *command, int argc, char **argv)
{
	static struct present present;
	static struct doctor doctor;
	struct request request = { 0 };
	struct ctl_result result = { 0 };
	uint64_t pool, store_size;
	struct utsname uts;
	struct json json;
	int status;

	if (!read_options(command, argc, argv, &request, &status))
		return status;
	fill(&request, &doctor, &present);
	if (size_parse_of(request.pool, load_ram(), &pool))
		return ctl_usage(command, "--pool %s: not a size, as 64M", request.pool);
	if (size_parse_of(request.store_size, load_ram(), &store_size))
		return ctl_usage(command, "--store-size %s: not a size, as 1G", request.store_size);
	uname(&uts);
	doctor.root = "";
	doctor.release = uts.release;
	doctor.machine = uts.machine;
	check_all(&doctor, &request, pool, store_size, &result);
	if (request.json) {
		ctl_json_begin(&json, &result);
		doctor_json(&doctor, &json);
		json_end_object(&json);
	} else if (doctor.count) {
		doctor_show(&doctor, ctl_want_colour(), stdout);
	}
	return ctl_finish(&result);
}

const struct ctl_command ctl_doctor = {
	.name = "doctor",
	.summary = "check whether and how well vmdev runs here",
	.help = help,
	.run = run,
};
