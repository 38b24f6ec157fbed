/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bringing a page in, for a page fault, read(2) and write(2). See vmdev_fault.c.
 */
#ifndef _VMDEV_FAULT_H
#define _VMDEV_FAULT_H

#include <linux/mm.h>
#include <vmdev/space.h>

extern const struct vm_operations_struct vmdev_vm_ops;

struct folio *vmdev_fault_get(struct vmdev_space *space, pgoff_t index, bool write);
bool vmdev_fault_reads_zero(struct vmdev_space *space, pgoff_t index);

#endif /* _VMDEV_FAULT_H */
