/* SPDX-License-Identifier: GPL-2.0 */
/* What `stat` shares with `top`. */
#ifndef VMDEVCTL_STAT_H
#define VMDEVCTL_STAT_H

#include <stdint.h>

/* Seconds as "0.5", 0.01 to a day. Returns 0, or -EINVAL or -ERANGE. */
int stat_interval(const char *text, uint64_t *ns);

#endif /* VMDEVCTL_STAT_H */
