// SPDX-License-Identifier: GPL-2.0
/*
 * Undo and redo. An edit keeps the pieces that are not in the book; to undo or
 * to redo it is the same: swap them with the pieces that are.
 */
#include "history.h"

struct edit {
	struct edit *below;
	uint64_t at;
	uint64_t size;		/* bytes that are in the book */
	struct piece *out;	/* pieces that are not */
	uint32_t group;
};

void history_group(struct history *history)
{
	history->group++;
}

static void swap(struct history *history, struct edit *edit)
{
	uint64_t size = pieces_size(edit->out);

	edit->out = book_swap(history->book, edit->at, edit->size, edit->out);
	edit->size = size;
}

static void push(struct edit **stack, struct edit *edit)
{
	edit->below = *stack;
	*stack = edit;
}

void history_edit(struct history *history, uint64_t at, uint64_t size, struct piece *in)
{
	struct edit *edit = arena_alloc(history->book->arena, sizeof(*edit));

	*edit = (struct edit){ .at = at, .size = size, .out = in, .group = history->group };
	swap(history, edit);
	push(&history->done, edit);
	history->undone = NULL;
	history->edits++;
}

static bool move_group(struct history *history, struct edit **from, struct edit **to)
{
	uint32_t group;

	if (!*from)
		return false;
	group = (*from)->group;
	while (*from && (*from)->group == group) {
		struct edit *edit = *from;

		*from = edit->below;
		swap(history, edit);
		push(to, edit);
	}
	return true;
}

bool history_undo(struct history *history)
{
	return move_group(history, &history->done, &history->undone);
}

bool history_redo(struct history *history)
{
	return move_group(history, &history->undone, &history->done);
}
