// SPDX-License-Identifier: GPL-2.0
/*
 * The piece table. It knows nothing of undo: what book_swap() takes out stays
 * whole, and the caller can put it back the same way.
 */
#include "book.h"

#include <err.h>
#include <string.h>

#include "dice.h"

static void count(struct piece *piece)
{
	piece->all = pieces_size(piece->left) + piece->size + pieces_size(piece->right);
}

struct piece *book_piece(struct book *book, const char *text, uint32_t size)
{
	struct piece *piece = arena_alloc(book->arena, sizeof(*piece));

	*piece = (struct piece){
		.text = text,
		.size = size,
		.all = size,
		.priority = dice_throw(&book->dice),
	};
	return piece;
}

static struct piece *join(struct piece *a, struct piece *b)
{
	if (!a || !b)
		return a ? a : b;
	if (a->priority >= b->priority) {
		a->right = join(a->right, b);
		count(a);
		return a;
	}
	b->left = join(a, b->left);
	count(b);
	return b;
}

/* Cuts a piece in two; the second half gets a place of its own in the treap. */
static struct piece *cut_piece(struct book *book, struct piece *piece, uint32_t at)
{
	struct piece *behind = piece->right;
	struct piece *half = book_piece(book, piece->text + at, piece->size - at);

	piece->right = NULL;
	piece->size = at;
	count(piece);
	return join(half, behind);
}

static void cut(struct book *book, struct piece *pieces, uint64_t at,
		struct piece **before, struct piece **behind)
{
	uint64_t left;

	if (!pieces) {
		*before = NULL;
		*behind = NULL;
		return;
	}
	left = pieces_size(pieces->left);
	if (at <= left) {
		cut(book, pieces->left, at, before, &pieces->left);
		*behind = pieces;
	} else if (at >= left + pieces->size) {
		cut(book, pieces->right, at - left - pieces->size, &pieces->right, behind);
		*before = pieces;
	} else {
		*behind = cut_piece(book, pieces, at - left);
		*before = pieces;
	}
	count(pieces);
}

struct piece *book_swap(struct book *book, uint64_t at, uint64_t size, struct piece *in)
{
	struct piece *before, *out, *behind;

	cut(book, book->pieces, at, &before, &behind);
	cut(book, behind, size, &out, &behind);
	book->pieces = join(join(before, in), behind);
	return out;
}

/* Puts @pieces and what is left of it on the path; none to the left of @at. */
static void descend(struct book_walk *walk, const struct piece *pieces, uint64_t at)
{
	while (pieces) {
		uint64_t left = pieces_size(pieces->left);

		if (at >= left + pieces->size) {
			at -= left + pieces->size;
			pieces = pieces->right;
			continue;
		}
		if (walk->depth == sizeof(walk->path) / sizeof(walk->path[0]))
			errx(2, "the book's treap is out of balance");
		walk->path[walk->depth++] = pieces;
		if (at >= left) {
			walk->skip = at - left;
			return;
		}
		pieces = pieces->left;
	}
}

void book_walk(struct book_walk *walk, const struct book *book, uint64_t at)
{
	walk->depth = 0;
	walk->skip = 0;
	descend(walk, book->pieces, at);
}

bool book_step(struct book_walk *walk, const char **text, uint32_t *size)
{
	const struct piece *piece;

	if (!walk->depth)
		return false;
	piece = walk->path[--walk->depth];
	*text = piece->text + walk->skip;
	*size = piece->size - walk->skip;
	walk->skip = 0;
	descend(walk, piece->right, 0);
	return true;
}

uint64_t book_copy(const struct book *book, uint64_t at, uint64_t size, char *to)
{
	struct book_walk walk;
	uint64_t done = 0;
	const char *text;
	uint32_t run;

	book_walk(&walk, book, at);
	while (done < size && book_step(&walk, &text, &run)) {
		if (run > size - done)
			run = size - done;
		memcpy(to + done, text, run);
		done += run;
	}
	return done;
}
