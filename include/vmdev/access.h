/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Accessed bits of the page tables. See vmdev_access.c.
 */
#ifndef _VMDEV_ACCESS_H
#define _VMDEV_ACCESS_H

#include <linux/fs.h>
#include <vmdev/policy.h>

void vmdev_access_look(struct address_space *mapping, pgoff_t first, unsigned int nr,
		       unsigned int bit, unsigned long *locked, unsigned long *young);
void vmdev_access_forget(struct vm_area_struct *vma, unsigned long addr, unsigned long end);
bool vmdev_access_unused(struct vm_area_struct *vma, unsigned long addr);
bool vmdev_access_dirty(struct address_space *mapping, pgoff_t index);
enum vmdev_access vmdev_access_best(enum vmdev_access wanted);

#endif /* _VMDEV_ACCESS_H */
