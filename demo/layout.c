// SPDX-License-Identifier: GPL-2.0
/*
 * Sets a book in lines: breaks at line ends, and at the last blank of a line
 * that is too long.
 */
#include "layout.h"

static void start_line(struct layout *layout, const struct book *book, uint64_t at)
{
	*(uint64_t *)arena_push(book->arena, sizeof(at)) = at;
	layout->count++;
}

void layout_set(struct layout *layout, const struct book *book)
{
	uint64_t at = 0, start = 0, blank = 0;
	struct book_walk walk;
	const char *text;
	uint32_t size, i;

	*layout = (struct layout){ .lines = arena_alloc(book->arena, 0) };
	start_line(layout, book, 0);
	book_walk(&walk, book, 0);
	while (book_step(&walk, &text, &size)) {
		for (i = 0; i < size; i++) {
			at++;
			if (text[i] == ' ' || text[i] == '\t')
				blank = at;
			if (text[i] == '\n')
				start = at;
			else if (at - start > LAYOUT_COLUMNS)
				start = blank > start ? blank : at;
			else
				continue;
			start_line(layout, book, start);
		}
	}
}

uint64_t layout_page(const struct layout *layout, const struct book *book, uint64_t line,
		     char *to, uint64_t room)
{
	uint64_t end = line + LAYOUT_PAGE;
	uint64_t size = end < layout->count ? layout->lines[end] - layout->lines[line] : room;

	return book_copy(book, layout->lines[line], size < room ? size : room, to);
}
