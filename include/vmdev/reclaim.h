/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Frames for those who need one. See vmdev_reclaim.c.
 */
#ifndef _VMDEV_RECLAIM_H
#define _VMDEV_RECLAIM_H

#include <vmdev/policy.h>
#include <vmdev/pool.h>

int vmdev_reclaim_init(const struct vmdev_policy_ops *ops);
void vmdev_reclaim_exit(void);
struct vmdev_frame *vmdev_reclaim_try_frame(struct vmdev_space *space);
struct vmdev_frame *vmdev_reclaim_get_frame(struct vmdev_space *space);
void vmdev_reclaim_put_frame(struct vmdev_space *space, struct vmdev_frame *frame);
void vmdev_reclaim_shrink(struct vmdev_space *space);
int vmdev_reclaim_resize(unsigned long frames);

#endif /* _VMDEV_RECLAIM_H */
