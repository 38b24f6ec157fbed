// SPDX-License-Identifier: GPL-2.0
/*
 * Builds the inverted index. A segment's text is read and cut into words, each
 * word is noted as a token of its term, and a counting sort turns the tokens,
 * which are in the order of the text, into postings in the order of the terms.
 */
#include "index.h"

#include <err.h>

#include "digest.h"

#define SEGMENT_TEXT	(4U << 20)
#define SEGMENT_SLOTS	(1U << 18)	/* at least twice the terms */

struct token {
	uint32_t term;
	struct posting posting;
};

/* The slot of @word, or the free one where it belongs. */
static uint32_t *slot_of(const struct segment *segment, const struct word *word)
{
	uint32_t i = word->hash ^ word->hash >> 15;

	for (;; i++) {
		uint32_t *slot = &segment->slots[i & (SEGMENT_SLOTS - 1)];
		const struct term *term;

		if (!*slot)
			return slot;
		term = &segment->terms[*slot - 1];
		if (term->hash == word->hash && term->size == word->size &&
		    word_same(word, segment->text + term->spelling))
			return slot;
	}
}

const struct term *index_find(const struct segment *segment, const struct word *word)
{
	uint32_t number = *slot_of(segment, word);

	return number ? &segment->terms[number - 1] : NULL;
}

/* Terms are pushed: nothing else may be taken from the arena meanwhile. */
static uint32_t term_number(struct segment *segment, struct arena *arena,
			    const struct word *word)
{
	uint32_t *slot = slot_of(segment, word);

	if (!*slot) {
		struct term *term = arena_push(arena, sizeof(*term));

		*term = (struct term){
			.spelling = word->text - segment->text,
			.size = word->size,
			.hash = word->hash,
		};
		*slot = ++segment->term_count;
		if (segment->term_count > SEGMENT_SLOTS / 2)
			errx(2, "too many different words in one segment");
	}
	return *slot - 1;
}

static void cut_document(struct segment *segment, uint32_t number, struct arena *arena,
			 struct token *tokens)
{
	struct document *document = &segment->documents[number];
	const char *at = segment->text + document->start;
	const char *end = at + document->size;
	struct word word;

	while (word_next(&at, end, &word)) {
		uint32_t term = term_number(segment, arena, &word);

		segment->terms[term].count++;
		tokens[segment->posting_count++] = (struct token){
			.term = term,
			.posting = { .document = number, .position = document->words++ },
		};
	}
}

static void sort_tokens(struct segment *segment, struct arena *arena,
			const struct token *tokens)
{
	uint32_t first = 0;
	uint32_t i;

	for (i = 0; i < segment->term_count; i++) {
		struct term *term = &segment->terms[i];

		term->first = first;
		first += term->count;
		term->count = 0;
	}
	segment->postings = arena_alloc(arena, first * sizeof(*segment->postings));
	for (i = 0; i < segment->posting_count; i++) {
		struct term *term = &segment->terms[tokens[i].term];
		struct posting *posting = &segment->postings[term->first + term->count];

		*posting = tokens[i].posting;
		if (!term->count || posting[-1].document != posting->document)
			term->documents++;
		term->count++;
	}
}

/* Reads files from number @file on, up to a segment's worth or @limit bytes. */
static void read_documents(struct segment *segment, const struct text *text,
			   uint64_t file, uint64_t limit, struct arena *arena)
{
	uint64_t size = text->files[file % text->count].size;
	uint32_t i;

	if (limit > SEGMENT_TEXT)
		limit = SEGMENT_TEXT;
	do {
		segment->text_size += size;
		segment->document_count++;
		size = text->files[(file + segment->document_count) % text->count].size;
	} while (segment->text_size + size <= limit);

	segment->documents = arena_alloc(arena, segment->document_count *
					 sizeof(*segment->documents));
	segment->text = arena_alloc(arena, segment->text_size);
	for (size = 0, i = 0; i < segment->document_count; i++) {
		const struct text_file *from = &text->files[(file + i) % text->count];

		segment->documents[i] = (struct document){
			.start = size,
			.size = from->size,
			.file = (file + i) % text->count,
		};
		text_read(from, segment->text + size);
		size += from->size;
	}
}

static void build_segment(struct segment *segment, struct arena *arena, struct token *tokens)
{
	uint32_t i;

	segment->slots = arena_alloc(arena, SEGMENT_SLOTS * sizeof(*segment->slots));
	segment->terms = arena_alloc(arena, 0);
	for (i = 0; i < segment->document_count; i++)
		cut_document(segment, i, arena, tokens);
	sort_tokens(segment, arena, tokens);
}

/* Room for the tokens of any segment; only what is used of it costs memory. */
static struct token *alloc_tokens(const struct text *text, struct arena *arena)
{
	uint64_t largest = SEGMENT_TEXT;
	size_t i;

	for (i = 0; i < text->count; i++)
		if (text->files[i].size > largest)
			largest = text->files[i].size;
	/* A word takes WORD_MIN bytes and one that ends it. */
	return arena_alloc(arena, (largest / (WORD_MIN + 1) + 1) * sizeof(struct token));
}

void index_build(struct index *index, struct part *part, uint64_t size)
{
	struct arena *arena = &part->arena;
	uint64_t done = 0;
	struct token *tokens;

	text_list(&index->text, part->input);
	tokens = alloc_tokens(&index->text, arena);
	part_progress(part, "indexing", done, size);
	while (done < size) {
		struct segment *segment = &index->segments[index->segment_count];

		if (index->segment_count++ == INDEX_SEGMENTS)
			errx(2, "more text than the index can hold");
		read_documents(segment, &index->text, index->document_count, size - done, arena);
		build_segment(segment, arena, tokens);
		done += segment->text_size;
		index->document_count += segment->document_count;
		index->word_count += segment->posting_count;
		part_progress(part, "indexing", done, size);
	}
}

uint64_t index_digest(const struct index *index, uint64_t digest)
{
	uint32_t i;

	for (i = 0; i < index->segment_count; i++) {
		const struct segment *s = &index->segments[i];

		digest = digest_bytes(digest, s->documents,
				      s->document_count * sizeof(*s->documents));
		digest = digest_bytes(digest, s->text, s->text_size);
		digest = digest_bytes(digest, s->slots, SEGMENT_SLOTS * sizeof(*s->slots));
		digest = digest_bytes(digest, s->terms, s->term_count * sizeof(*s->terms));
		digest = digest_bytes(digest, s->postings,
				      s->posting_count * sizeof(*s->postings));
	}
	return digest;
}
