/* SPDX-License-Identifier: GPL-2.0 */
/* The part of `unload` that unit tests reach without a kernel. */
#ifndef VMDEVCTL_UNLOAD_H
#define VMDEVCTL_UNLOAD_H

#include "ctl.h"
#include "holders.h"

/* Note the failed unload; with EBUSY, that the device is in use by @holders. */
int unload_explain(struct ctl_result *result, int error, const struct holder *holders,
		   size_t count);

#endif /* VMDEVCTL_UNLOAD_H */
