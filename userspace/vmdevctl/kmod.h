/* SPDX-License-Identifier: GPL-2.0 */
/* Access to the module through libkmod. */
#ifndef VMDEVCTL_KMOD_H
#define VMDEVCTL_KMOD_H

#include <libkmod.h>

#include "ctl.h"

/* A quiet context, for kmod_unref(); NULL with a message. */
struct kmod_ctx *kmod_open(struct ctl_result *result);

/*
 * The module of a file, or the installed or loaded one where @path is NULL.
 * Returns 0 and @module for kmod_module_unref(), or CTL_FAILED with a message.
 */
int kmod_open_module(struct kmod_ctx *ctx, const char *path, struct kmod_module **module,
		     struct ctl_result *result);

/*
 * May who runs this load and unload modules? Returns 0, or CTL_FAILED with a message
 * that @verb can't be done.
 */
int kmod_check_root(struct ctl_result *result, const char *verb);

/* What modinfo(8) shows of the module as @key, empty if it has no such thing. */
void kmod_info(const struct kmod_module *module, const char *key, char *value, size_t size);

#endif /* VMDEVCTL_KMOD_H */
