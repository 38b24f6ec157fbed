/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests of pages to the store and what happens when they are done. See
 * vmdev_io.c.
 */
#ifndef _VMDEV_IO_H
#define _VMDEV_IO_H

#include <linux/llist.h>
#include <linux/workqueue.h>
#include <vmdev/page.h>
#include <vmdev/swap.h>

#define VMDEV_RA_MAX		256	/* pages, of the parameter readahead */
#define VMDEV_RA_CREDIT		64

/**
 * struct vmdev_io - one request with its pages
 * @req: the store's part: direction, slots, memory
 * @work: completion in process context
 * @done: on the list of finished writes
 * @space: of a read: whose pages they are; writes mix spaces
 * @frame: the frame of each page
 */
struct vmdev_io {
	struct vmdev_request req;
	struct work_struct work;
	struct llist_node done;
	struct vmdev_space *space;
	struct vmdev_frame *frame[VMDEV_REQUEST_PAGES];
};

extern unsigned int vmdev_readahead;

int vmdev_io_init(void);
void vmdev_io_exit(void);
struct vmdev_io *vmdev_io_alloc(enum req_op op, u32 slot);
struct vmdev_io *vmdev_io_try_alloc(enum req_op op, u32 slot);
void vmdev_io_free(struct vmdev_io *io);
void vmdev_io_add(struct vmdev_io *io, struct vmdev_frame *frame);
void vmdev_io_submit(struct vmdev_io *io);
int vmdev_io_read(struct vmdev_space *space, pgoff_t index, unsigned long *e,
		  struct vmdev_frame *frame);
pgoff_t vmdev_io_touched(struct vmdev_space *space, pgoff_t index, pgoff_t last);
unsigned int vmdev_io_fill_ahead(struct vmdev_space *space, pgoff_t index, unsigned int max);
bool vmdev_io_follows(struct vmdev_space *space, pgoff_t index);
void vmdev_io_judge(struct vmdev_space *space, pgoff_t index, bool unused);
void vmdev_io_correct(struct vmdev_space *space, pgoff_t index, pgoff_t ahead);
bool vmdev_io_wasted(struct vmdev_space *space, unsigned long *e);
void vmdev_io_prefetch(struct vmdev_space *space, pgoff_t first, pgoff_t end);

#endif /* _VMDEV_IO_H */
