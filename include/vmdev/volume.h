/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Volumes: spaces with a name and a node of their own. See vmdev_volume.c.
 */
#ifndef _VMDEV_VOLUME_H
#define _VMDEV_VOLUME_H

#include <linux/fs.h>

struct vmdev_space;
struct vmdev_volume;

int vmdev_volume_init(const struct file_operations *fops);
void vmdev_volume_exit(void);
int vmdev_volume_create(const struct vmdev_volume *arg);
int vmdev_volume_remove(const char *name);
int vmdev_volume_next(unsigned long *minor, struct vmdev_volume *info);
struct vmdev_space *vmdev_volume_space(struct inode *inode);

#endif /* _VMDEV_VOLUME_H */
