// SPDX-License-Identifier: GPL-2.0
/*
 * Answers a query: in every segment the postings of the words are walked side
 * by side, the rarest leading and the others leaping after it; documents that
 * have all words are ranked by BM25.
 */
#include "search.h"

#include <math.h>
#include <string.h>

struct cursor {
	const struct posting *at;
	const struct posting *end;
	const struct posting *run;	/* end of the postings of this document */
};

/* The first posting at or behind @at that is in @document or a later one. */
static const struct posting *leap(const struct posting *at, const struct posting *end,
				  uint32_t document)
{
	size_t step = 1;

	while (at + step < end && at[step].document < document)
		step *= 2;
	if (at + step < end)
		end = at + step + 1;
	while (at < end) {
		const struct posting *middle = at + (end - at) / 2;

		if (middle->document < document)
			at = middle + 1;
		else
			end = middle;
	}
	return at;
}

static bool stands_at(const struct cursor *cursor, uint32_t position)
{
	const struct posting *at = cursor->at;
	const struct posting *end = cursor->run;

	while (at < end) {
		const struct posting *middle = at + (end - at) / 2;

		if (middle->position < position)
			at = middle + 1;
		else
			end = middle;
	}
	return at < cursor->run && at->position == position;
}

/* How often the words follow one another in the cursors' document, and where first. */
static uint32_t count_phrase(const struct cursor *cursors, unsigned int count, uint32_t *first)
{
	const struct posting *at;
	uint32_t found = 0;

	for (at = cursors[0].at; at < cursors[0].run; at++) {
		unsigned int i = 1;

		while (i < count && stands_at(&cursors[i], at->position + i))
			i++;
		if (i == count && !found++)
			*first = at->position;
	}
	return found;
}

/* Keeps the hits in order; of equals the earlier document stays in front. */
static void keep(struct answer *answer, const struct hit *hit)
{
	unsigned int i = answer->count;

	answer->documents++;
	while (i && answer->hits[i - 1].score < hit->score)
		i--;
	if (i == SEARCH_HITS)
		return;
	if (answer->count < SEARCH_HITS)
		answer->count++;
	memmove(&answer->hits[i + 1], &answer->hits[i],
		(answer->count - 1 - i) * sizeof(*hit));
	answer->hits[i] = *hit;
}

static double weigh(double often, double rarity, double length)
{
	return rarity * often * 2.2 / (often + 1.2 * (0.25 + 0.75 * length));
}

/* The document under the cursors has all the words: rank it. */
static void rank(const struct index *index, const struct query *query, uint32_t number,
		 const struct cursor *cursors, const double *rarity, struct answer *answer)
{
	struct hit hit = {
		.segment = number,
		.document = cursors[0].at->document,
		.position = cursors[0].at->position,
	};
	const struct document *document =
		&index->segments[number].documents[hit.document];
	double length = document->words * (double)index->document_count / index->word_count;
	uint32_t phrases = 0;
	unsigned int i;

	if (query->phrase) {
		phrases = count_phrase(cursors, query->count, &hit.position);
		if (!phrases)
			return;
	}
	for (i = 0; i < query->count; i++)
		hit.score += weigh(query->phrase ? phrases : cursors[i].run - cursors[i].at,
				   rarity[i], length);
	keep(answer, &hit);
}

static void search_segment(const struct index *index, const struct query *query,
			   uint32_t number, const double *rarity, struct answer *answer)
{
	const struct segment *segment = &index->segments[number];
	struct cursor cursors[SEARCH_WORDS];
	struct cursor *lead = cursors;
	unsigned int i;

	for (i = 0; i < query->count; i++) {
		const struct term *term = index_find(segment, &query->words[i]);

		if (!term)
			return;
		cursors[i].at = segment->postings + term->first;
		cursors[i].end = cursors[i].at + term->count;
		if (cursors[i].end - cursors[i].at < lead->end - lead->at)
			lead = &cursors[i];
	}
	while (lead->at < lead->end) {
		uint32_t document = lead->at->document;

		for (i = 0; i < query->count; i++) {
			cursors[i].at = leap(cursors[i].at, cursors[i].end, document);
			if (cursors[i].at == cursors[i].end)
				return;
			if (cursors[i].at->document != document)
				break;
			cursors[i].run = leap(cursors[i].at, cursors[i].end, document + 1);
		}
		if (i == query->count) {
			rank(index, query, number, cursors, rarity, answer);
			lead->at = lead->run;
		} else {
			lead->at = leap(lead->at, lead->end, cursors[i].at->document);
		}
	}
}

void search(const struct index *index, const struct query *query, struct answer *answer)
{
	double rarity[SEARCH_WORDS];
	unsigned int i;
	uint32_t s;

	*answer = (struct answer){ };
	for (i = 0; i < query->count; i++) {
		uint64_t documents = 0;

		for (s = 0; s < index->segment_count; s++) {
			const struct term *term =
				index_find(&index->segments[s], &query->words[i]);

			documents += term ? term->documents : 0;
		}
		rarity[i] = log(1 + (index->document_count - documents + 0.5) /
				(documents + 0.5));
	}
	for (s = 0; s < index->segment_count; s++)
		search_segment(index, query, s, rarity, answer);
}
