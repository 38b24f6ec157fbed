/* SPDX-License-Identifier: GPL-2.0 */
/* The parts of `reload` that unit tests reach without a kernel. */
#ifndef VMDEVCTL_RELOAD_H
#define VMDEVCTL_RELOAD_H

#include "ctl.h"
#include "holders.h"
#include "kmsg.h"
#include "params.h"

/* What the loaded module runs with, written as options are; empty: not known. */
struct present {
	char values[PARAM_COUNT][PARAM_STRING_MAX + 1];
};

/*
 * Read it below @sys, which is /sys but in tests. What can be changed while in use is
 * as it is now: pool, in whole mebibytes rounded up, and policy. Returns 0, or
 * CTL_FAILED with a message.
 */
int reload_present(struct present *present, const char *sys, struct ctl_result *result);

/* What isn't given in @params is as in @present. */
void reload_fill(struct params *params, const struct present *present);

/* What to say of a load that failed, @again of the load as before after it. */
void reload_explain(struct ctl_result *result, const struct ctl_result *again);

/* Print how a reload ended: whether it is loaded now, and who uses it. */
void reload_say_json(const struct ctl_result *result, bool loaded, const struct kmsg *kmsg,
		     const struct holder *holders, size_t count);

#endif /* VMDEVCTL_RELOAD_H */
