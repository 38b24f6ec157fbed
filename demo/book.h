/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A long document as a piece table: runs of text that never change, held
 * together in order by a treap, so that a change anywhere costs the same.
 */
#ifndef DEMO_BOOK_H
#define DEMO_BOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"

struct piece {
	struct piece *left;
	struct piece *right;
	const char *text;
	uint64_t all;		/* bytes here and below */
	uint32_t size;		/* bytes here */
	uint32_t priority;	/* none below has a higher one */
};

struct book {
	struct arena *arena;
	struct piece *pieces;
	uint64_t dice;
};

static inline uint64_t pieces_size(const struct piece *pieces)
{
	return pieces ? pieces->all : 0;
}

/* A new piece, in no book yet; @text must stay as it is. */
struct piece *book_piece(struct book *book, const char *text, uint32_t size);

/* Puts @in where the @size bytes from @at on were, and returns those. */
struct piece *book_swap(struct book *book, uint64_t at, uint64_t size, struct piece *in);

/* Walking through a book from some place on, one run of text a step. */
struct book_walk {
	const struct piece *path[128];
	unsigned int depth;
	uint32_t skip;		/* of the first piece */
};

void book_walk(struct book_walk *walk, const struct book *book, uint64_t at);
bool book_step(struct book_walk *walk, const char **text, uint32_t *size);

/* Copies out up to @size bytes, fewer at the end; returns how many. */
uint64_t book_copy(const struct book *book, uint64_t at, uint64_t size, char *to);

#endif /* DEMO_BOOK_H */
