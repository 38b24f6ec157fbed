/* SPDX-License-Identifier: GPL-2.0 */
/* Can a program be run with a preload library? */
#ifndef VMDEVCTL_PROGRAM_H
#define VMDEVCTL_PROGRAM_H

#include <linux/limits.h>

#include "ctl.h"

/*
 * Find @name as execvp(3) would. Returns 0 with its path in @path, -ENOENT, or
 * -EACCES if there is one that can't be executed.
 */
int program_find(const char *name, char path[PATH_MAX]);

/*
 * Look at @path, or for a script at its interpreter: it has to be linked dynamically,
 * for this machine, and keep its user's privileges. Returns CTL_OK, or CTL_FAILED with
 * the reason in @result. What can't be read is taken for good.
 */
int program_check(const char *path, struct ctl_result *result);

#endif /* VMDEVCTL_PROGRAM_H */
