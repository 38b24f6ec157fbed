// SPDX-License-Identifier: GPL-2.0
/*
 * The way to libkmod that load and unload share. Nothing of libkmod's own output
 * reaches the user: what went wrong is said once, by the command.
 */
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kmod.h"

static void ignore_log(void *data, int priority, const char *file, int line, const char *function,
		       const char *format, va_list args)
{
	(void)data;
	(void)priority;
	(void)file;
	(void)line;
	(void)function;
	(void)format;
	(void)args;
}

struct kmod_ctx *kmod_open(struct ctl_result *result)
{
	struct kmod_ctx *ctx = kmod_new(NULL, NULL);

	if (!ctx) {
		ctl_fail(result, ENOMEM, "cannot start libkmod; is there free memory?");
		return NULL;
	}
	kmod_set_log_fn(ctx, ignore_log, NULL);
	return ctx;
}

static int open_file(struct kmod_ctx *ctx, const char *path, struct kmod_module **module,
		     struct ctl_result *result)
{
	int err = kmod_module_new_from_path(ctx, path, module);

	if (err)
		return ctl_fail(result, -err,
				"cannot use module %s: %s; build it or give another path",
				path, strerror(-err));
	if (strcmp(kmod_module_get_name(*module), CTL_MODULE)) {
		kmod_module_unref(*module);
		return ctl_fail(result, EINVAL,
				"%s isn't vmdev's module; give the path of vmdev.ko", path);
	}
	return 0;
}

int kmod_open_module(struct kmod_ctx *ctx, const char *path, struct kmod_module **module,
		     struct ctl_result *result)
{
	int err;

	if (path)
		return open_file(ctx, path, module, result);
	err = kmod_module_new_from_name(ctx, CTL_MODULE, module);
	if (err)
		return ctl_fail(result, -err, "cannot look for module vmdev: %s; is /sys mounted?",
				strerror(-err));
	return 0;
}

int kmod_check_root(struct ctl_result *result, const char *verb)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	/* where that can't be known the kernel will say */
	if (syscall(SYS_capget, &header, data) ||
	    (data[CAP_TO_INDEX(CAP_SYS_MODULE)].effective & CAP_TO_MASK(CAP_SYS_MODULE)))
		return CTL_OK;
	return ctl_fail(result, EPERM, "cannot %s vmdev: %s; run it as root", verb,
			strerror(EPERM));
}

void kmod_info(const struct kmod_module *module, const char *key, char *value, size_t size)
{
	struct kmod_list *list = NULL, *item;

	value[0] = '\0';
	if (kmod_module_get_info(module, &list) < 0)
		return;
	kmod_list_foreach(item, list) {
		if (!strcmp(kmod_module_info_get_key(item), key))
			snprintf(value, size, "%s", kmod_module_info_get_value(item));
	}
	kmod_module_info_free_list(list);
}
