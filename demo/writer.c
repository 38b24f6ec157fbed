// SPDX-License-Identifier: GPL-2.0
/*
 * The word processor's part: a long book is typed into here and there, undone
 * and redone, searched, changed throughout, set in pages, leafed through and
 * saved. Whatever is typed was read elsewhere in the book.
 */
#include <err.h>
#include <string.h>

#include "dice.h"
#include "digest.h"
#include "history.h"
#include "layout.h"
#include "part.h"
#include "text.h"

#define BOOK_SIZE	(40ULL << 20)
#define EDITS		20000
#define EDITS_A_PLACE	8	/* before the author goes elsewhere */
#define TYPED_MAX	80	/* bytes */
#define PARAGRAPH_MAX	2000
#define PAGES_TURNED	1000

struct writer {
	struct part part;
	struct text text;
	struct book book;
	struct history history;
	struct layout layout;
	uint64_t dice;
};

static void load(struct writer *writer)
{
	uint64_t limit = BOOK_SIZE * writer->part.scale;
	struct text *text = &writer->text;
	size_t i;

	text_list(text, writer->part.input);
	for (i = 0; pieces_size(writer->book.pieces) < limit; i++) {
		const struct text_file *file = &text->files[i % text->count];
		char *chapter = arena_alloc(writer->book.arena, file->size);

		text_read(file, chapter);
		book_swap(&writer->book, pieces_size(writer->book.pieces), 0,
			  book_piece(&writer->book, chapter, file->size));
		part_progress(&writer->part, "loading", pieces_size(writer->book.pieces), limit);
	}
}

static uint64_t digest_book(const struct book *book, uint64_t digest)
{
	struct book_walk walk;
	uint64_t word = 0;
	const char *text;
	uint32_t size, i;
	uint64_t at = 0;

	/* Not by pieces: the same text cut another way is the same book. */
	book_walk(&walk, book, 0);
	while (book_step(&walk, &text, &size)) {
		for (i = 0; i < size; i++) {
			word = word << 8 | (unsigned char)text[i];
			if (++at % 8 == 0)
				digest = digest_word(digest, word);
		}
	}
	return digest_word(digest_word(digest, word), at);
}

static uint64_t somewhere(struct writer *writer)
{
	return dice_below(&writer->dice, pieces_size(writer->book.pieces));
}

/* A new piece with text that stands somewhere else in the book. */
static struct piece *quote(struct writer *writer, uint64_t from, uint32_t size)
{
	char *text = arena_alloc(writer->book.arena, size);

	size = book_copy(&writer->book, from, size, text);
	return book_piece(&writer->book, text, size);
}

static uint64_t type(struct writer *writer, uint64_t at, struct piece *piece)
{
	history_edit(&writer->history, at, 0, piece);
	return at + piece->size;
}

static void edit(struct writer *writer)
{
	unsigned int edits = EDITS * writer->part.scale;
	uint64_t at = 0, other = 0;
	unsigned int i;

	for (i = 0; i < edits; i++) {
		uint64_t *dice = &writer->dice;
		uint64_t size = 1 + dice_below(dice, TYPED_MAX);

		if (i % EDITS_A_PLACE == 0) {
			at = somewhere(writer);
			other = somewhere(writer);
		}
		history_group(&writer->history);
		switch (dice_below(dice, 8)) {
		case 0:		/* take a paragraph out and put it in elsewhere */
			size = 1 + dice_below(dice, PARAGRAPH_MAX);
			history_edit(&writer->history, at, size, NULL);
			other = type(writer, other % pieces_size(writer->book.pieces),
				     quote(writer, at, size));
			break;
		case 1:		/* delete some words */
		case 2:
			history_edit(&writer->history, at, size, NULL);
			break;
		default:
			at = type(writer, at, quote(writer, other, size));
			other += size;
		}
		if (i % 10 == 9)	/* regret, and half the time regret that */
			history_undo(&writer->history);
		if (i % 20 == 19)
			history_redo(&writer->history);
		part_progress(&writer->part, "editing", i + 1, edits);
	}
}

/* The places of @what, in order, pushed to the arena (Knuth, Morris, Pratt). */
static uint64_t find_all(struct writer *writer, const char *what, uint64_t **places)
{
	size_t length = strlen(what), matched = 0, i;
	uint64_t at = 0, count = 0;
	size_t back[64] = { 0 };
	struct book_walk walk;
	const char *text;
	uint32_t size, j;

	if (length >= sizeof(back) / sizeof(back[0]))
		errx(2, "too long to be searched for: %s", what);
	for (i = 1; i < length; i++) {
		while (matched && what[i] != what[matched])
			matched = back[matched];
		back[i + 1] = matched += what[i] == what[matched];
	}
	*places = arena_alloc(writer->book.arena, 0);
	matched = 0;
	book_walk(&walk, &writer->book, 0);
	while (book_step(&walk, &text, &size)) {
		for (j = 0; j < size; j++) {
			at++;
			while (matched && text[j] != what[matched])
				matched = back[matched];
			matched += text[j] == what[matched];
			if (matched < length)
				continue;
			*(uint64_t *)arena_push(writer->book.arena, sizeof(at)) = at - length;
			count++;
			matched = 0;
		}
	}
	return count;
}

static uint64_t replace_all(struct writer *writer, const char *what, const char *with)
{
	uint64_t *places;
	uint64_t count, i;
	size_t size = strlen(with);
	char *text;

	part_phase(&writer->part, "%s to %s", what, with);
	count = find_all(writer, what, &places);
	text = arena_alloc(writer->book.arena, size);
	memcpy(text, with, size);
	history_group(&writer->history);
	/* From the end, so that the places still to be changed stay true. */
	for (i = count; i > 0; i--)
		history_edit(&writer->history, places[i - 1], strlen(what),
			     book_piece(&writer->book, text, size));
	return count;
}

static void leaf_through(struct writer *writer)
{
	unsigned int pages = PAGES_TURNED * writer->part.scale;
	char page[(LAYOUT_COLUMNS + 1) * LAYOUT_PAGE];
	uint64_t line = 0;
	unsigned int i;

	for (i = 0; i < pages; i++) {
		uint64_t size = layout_page(&writer->layout, &writer->book, line, page,
					    sizeof(page));

		writer->part.digest = digest_bytes(writer->part.digest, page, size);
		/* Some pages in a row, then elsewhere. */
		line += LAYOUT_PAGE;
		if (i % 5 == 4 || line >= writer->layout.count)
			line = dice_below(&writer->dice, writer->layout.count);
		part_progress(&writer->part, "leafing", i + 1, pages);
	}
}

static void save(struct writer *writer)
{
	uint64_t size = pieces_size(writer->book.pieces);
	char *saved = arena_alloc(writer->book.arena, size);

	part_phase(&writer->part, "saving");
	if (book_copy(&writer->book, 0, size, saved) != size)
		errx(1, "the book has changed while it was saved");
	part_phase(&writer->part, "checking all");
	writer->part.digest = digest_bytes(writer->part.digest, saved, size);
	writer->part.digest = digest_bytes(writer->part.digest, writer->layout.lines,
					   writer->layout.count * sizeof(uint64_t));
}

/* Undoes everything down to the book as it was loaded, then redoes it. */
static void undo_all(struct writer *writer, uint64_t loaded)
{
	uint64_t edited = digest_book(&writer->book, DIGEST_START);

	part_phase(&writer->part, "undoing all");
	while (history_undo(&writer->history))
		;
	if (digest_book(&writer->book, DIGEST_START) != loaded)
		errx(1, "with all undone the book is not what was loaded");
	part_phase(&writer->part, "redoing all");
	while (history_redo(&writer->history))
		;
	if (digest_book(&writer->book, DIGEST_START) != edited)
		errx(1, "with all redone the book is not what was edited");
	writer->part.digest = digest_word(writer->part.digest, edited);
}

int main(int argc, char **argv)
{
	static struct writer writer = { .dice = 2 };
	uint64_t loaded, replaced;

	part_start(&writer.part, argc, argv);
	writer.book = (struct book){ .arena = &writer.part.arena, .dice = 3 };
	writer.history.book = &writer.book;

	load(&writer);
	loaded = digest_book(&writer.book, DIGEST_START);
	edit(&writer);
	undo_all(&writer, loaded);
	replaced = replace_all(&writer, "kernel", "nucleus");
	replaced += replace_all(&writer, "interrupt", "call");
	history_undo(&writer.history);
	replaced += replace_all(&writer, "memory", "store");
	part_phase(&writer.part, "setting pages");
	layout_set(&writer.layout, &writer.book);
	leaf_through(&writer);
	save(&writer);
	return part_finish(&writer.part, "%llu pages, %llu edits, %llu of them replacements",
			   (unsigned long long)writer.layout.count / LAYOUT_PAGE,
			   (unsigned long long)writer.history.edits,
			   (unsigned long long)replaced);
}
