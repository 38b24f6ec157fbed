/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the slots really are: a file or a block device. See vmdev_backing.c.
 */
#ifndef _VMDEV_BACKING_H
#define _VMDEV_BACKING_H

#include <linux/types.h>

struct vmdev_request;

int vmdev_backing_open(const char *path, u64 pages, u64 *found);
void vmdev_backing_close(void);
const char *vmdev_backing_path(void);
u64 vmdev_backing_features(void);
bool vmdev_backing_stable(void);
bool vmdev_backing_synchronous(void);
void vmdev_backing_submit(struct vmdev_request *req);

#endif /* _VMDEV_BACKING_H */
