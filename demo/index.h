/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An inverted index over a body of text: for every word, where it stands. It
 * is built and kept in segments of a few MiB of text each, so that building
 * needs few pages at a time; a search visits all segments. Text, terms and
 * postings all live in the arena.
 */
#ifndef DEMO_INDEX_H
#define DEMO_INDEX_H

#include <stdint.h>

#include "part.h"
#include "text.h"
#include "word.h"

struct posting {
	uint32_t document;	/* number in its segment */
	uint32_t position;	/* which word of the document */
};

/* A term is spelled by its first occurrence in the segment's text. */
struct term {
	uint32_t spelling;
	uint32_t size;
	uint32_t hash;
	uint32_t first;		/* its first posting */
	uint32_t count;		/* of postings */
	uint32_t documents;	/* that have it */
};

struct document {
	uint32_t start;		/* in the segment's text */
	uint32_t size;
	uint32_t words;
	uint32_t file;		/* number in struct text */
};

struct segment {
	char *text;
	struct document *documents;
	uint32_t *slots;	/* hash table of term numbers, each plus one */
	struct term *terms;
	struct posting *postings;
	uint32_t text_size;
	uint32_t document_count;
	uint32_t term_count;
	uint32_t posting_count;
};

#define INDEX_SEGMENTS	4096

struct index {
	struct segment segments[INDEX_SEGMENTS];
	uint32_t segment_count;
	uint64_t document_count;
	uint64_t word_count;
	struct text text;
};

/* Indexes @size bytes of text, starting over when the files are used up. */
void index_build(struct index *index, struct part *part, uint64_t size);
const struct term *index_find(const struct segment *segment, const struct word *word);
uint64_t index_digest(const struct index *index, uint64_t digest);

#endif /* DEMO_INDEX_H */
