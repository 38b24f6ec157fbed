/* SPDX-License-Identifier: GPL-2.0 */
/* The parts of `unload` that `reload` has, too, and that unit tests reach without a kernel. */
#ifndef VMDEVCTL_UNLOAD_H
#define VMDEVCTL_UNLOAD_H

#include "ctl.h"
#include "holders.h"

/* Note the failed unload; with EBUSY, that the device is in use by @holders. */
int unload_explain(struct ctl_result *result, int error, const struct holder *holders,
		   size_t count);

/*
 * Unload it. Where it is in use, *@holders, for free(3), are the @count processes that
 * use it. Returns 0, or CTL_FAILED with a message.
 */
int unload_module(struct ctl_result *result, struct holder **holders, size_t *count);

/* Who uses it, as a member of the open object. */
void unload_json_holders(struct json *json, const struct holder *holders, size_t count);

/* Print how an unload ended. */
void unload_say_json(const struct ctl_result *result, const struct holder *holders, size_t count);

#endif /* VMDEVCTL_UNLOAD_H */
