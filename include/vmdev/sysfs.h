/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /sys/kernel/vmdev. See vmdev_sysfs.c.
 */
#ifndef _VMDEV_SYSFS_H
#define _VMDEV_SYSFS_H

int vmdev_sysfs_init(void);
void vmdev_sysfs_exit(void);

#endif /* _VMDEV_SYSFS_H */
