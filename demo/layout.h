/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the lines of a book begin when it is set in columns of a fixed width.
 */
#ifndef DEMO_LAYOUT_H
#define DEMO_LAYOUT_H

#include "book.h"

#define LAYOUT_COLUMNS	72
#define LAYOUT_PAGE	50	/* lines */

struct layout {
	uint64_t *lines;	/* places in the book */
	uint64_t count;
};

void layout_set(struct layout *layout, const struct book *book);

/* Copies out a page that starts with line @line; returns its bytes. */
uint64_t layout_page(const struct layout *layout, const struct book *book, uint64_t line,
		     char *to, uint64_t room);

#endif /* DEMO_LAYOUT_H */
