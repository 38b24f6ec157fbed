/* SPDX-License-Identifier: GPL-2.0 */
/*
 * debugfs vmdev. See vmdev_debugfs.c.
 */
#ifndef _VMDEV_DEBUGFS_H
#define _VMDEV_DEBUGFS_H

struct vmdev_space;

void vmdev_debugfs_init(void);
void vmdev_debugfs_exit(void);
void vmdev_debugfs_add(struct vmdev_space *space);
void vmdev_debugfs_remove(struct vmdev_space *space);

#endif /* _VMDEV_DEBUGFS_H */
