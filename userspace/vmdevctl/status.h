/* SPDX-License-Identifier: GPL-2.0 */
/* The parts of `status` that unit tests reach without a kernel. */
#ifndef VMDEVCTL_STATUS_H
#define VMDEVCTL_STATUS_H

#include <vmdev.h>

#include "ctl.h"
#include "json.h"
#include "spaces.h"

/* What is shown. */
struct status_data {
	struct vmdev_module_stats stats;
	struct space *spaces;
	ssize_t spaces_count;	/* negative: can't be seen */
	uint64_t page_size;
};

/* Note that the statistics can't be read. */
int status_explain(struct ctl_result *result, int error);

/* A table for people. */
void status_show(const struct status_data *data, FILE *out, bool colour);

/* The same and everything else as members of the open object. */
void status_json(struct json *json, const struct status_data *data);

#endif /* VMDEVCTL_STATUS_H */
