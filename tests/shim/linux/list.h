/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The few list operations that the pure parts of the module use, for building
 * them in userspace. Names and meanings are the kernel's.
 */
#ifndef _TESTS_SHIM_LIST_H
#define _TESTS_SHIM_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list_head {
	struct list_head *next, *prev;
};

#define list_first_entry(head, type, member) \
	((type *)((char *)(head)->next - offsetof(type, member)))
#define list_last_entry(head, type, member) \
	((type *)((char *)(head)->prev - offsetof(type, member)))

static inline void INIT_LIST_HEAD(struct list_head *head)
{
	head->next = head;
	head->prev = head;
}

static inline bool list_empty(const struct list_head *head)
{
	return head->next == head;
}

static inline void list_add_tail(struct list_head *entry, struct list_head *head)
{
	entry->next = head;
	entry->prev = head->prev;
	head->prev->next = entry;
	head->prev = entry;
}

/* As in the kernel, a deleted entry points nowhere: using it is caught. */
static inline void list_del(struct list_head *entry)
{
	entry->prev->next = entry->next;
	entry->next->prev = entry->prev;
	entry->next = NULL;
	entry->prev = NULL;
}

static inline void list_del_init(struct list_head *entry)
{
	list_del(entry);
	INIT_LIST_HEAD(entry);
}

#endif /* _TESTS_SHIM_LIST_H */
