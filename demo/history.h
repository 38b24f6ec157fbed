/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What was done to a book, to be undone and redone, a group of edits at a time.
 */
#ifndef DEMO_HISTORY_H
#define DEMO_HISTORY_H

#include "book.h"

struct edit;

struct history {
	struct book *book;
	struct edit *done;
	struct edit *undone;
	uint32_t group;
	uint64_t edits;
};

/* What follows belongs together, until the next group. */
void history_group(struct history *history);
void history_edit(struct history *history, uint64_t at, uint64_t size, struct piece *in);
bool history_undo(struct history *history);
bool history_redo(struct history *history);

#endif /* DEMO_HISTORY_H */
