/* SPDX-License-Identifier: GPL-2.0 */
/* The parts of `status` that unit tests reach without a kernel. */
#ifndef VMDEVCTL_STATUS_H
#define VMDEVCTL_STATUS_H

#include "json.h"
#include "sample.h"

/* A table for people. */
void status_show(const struct sample *sample, FILE *out, bool colour);

/* The same and everything else as members of the open object. */
void status_json(struct json *json, const struct sample *sample);

#endif /* VMDEVCTL_STATUS_H */
