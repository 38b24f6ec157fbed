/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Frames whose memory has failed. See vmdev_poison.c.
 */
#ifndef _VMDEV_POISON_H
#define _VMDEV_POISON_H

#include <linux/types.h>

struct address_space;
struct folio;
struct vmdev_frame;
struct vmdev_space;

void vmdev_poison_init(void);
void vmdev_poison_exit(void);
bool vmdev_poison_due(void);
void vmdev_poison_scan(void);
void vmdev_poison_take(struct vmdev_space *space, unsigned long *e, struct vmdev_frame *frame,
		       u32 slot, bool good);
void vmdev_poison_take_resident(struct vmdev_space *space, unsigned long *e);
bool vmdev_poison_resident(struct vmdev_space *space, unsigned long *e);
int vmdev_poison_remove(struct vmdev_space *space, struct folio *folio);

#endif /* _VMDEV_POISON_H */
