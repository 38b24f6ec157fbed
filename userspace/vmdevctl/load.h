/* SPDX-License-Identifier: GPL-2.0 */
/* The parts of `load` that unit tests reach without a kernel. */
#ifndef VMDEVCTL_LOAD_H
#define VMDEVCTL_LOAD_H

#include "ctl.h"
#include "kmsg.h"

/* What to do about a failure of which the kernel's log says nothing. */
const char *load_hint(int error);

/* Note the failed load, with the kernel's reason if there is one. */
int load_explain(struct ctl_result *result, int error, const struct kmsg *kmsg);

#endif /* VMDEVCTL_LOAD_H */
