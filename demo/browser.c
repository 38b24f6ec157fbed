// SPDX-License-Identifier: GPL-2.0
/*
 * The browser's part: indexes a large body of text and answers queries from
 * it, with the page around the best hit as a person would be shown it. The
 * queries are words and phrases that stand in the text.
 */
#include <stdio.h>

#include "dice.h"
#include "digest.h"
#include "search.h"

#define TEXT_SIZE	(44ULL << 20)
#define QUERIES		600
#define PAGE_SIZE	1000	/* bytes of text shown for the best hit */

static struct index the_index;	/* the table of segments: too large for the stack */

/* The words from some place in some document on; fewer where it ends. */
static void ask(const struct index *index, uint64_t *dice, struct query *query)
{
	unsigned int wanted = 2 + dice_below(dice, 3);
	unsigned int stride = dice_below(dice, 2) ? 1 : 5;

	*query = (struct query){ .phrase = stride == 1 && wanted < 4 };
	while (!query->count) {
		const struct segment *segment =
			&index->segments[dice_below(dice, index->segment_count)];
		const struct document *document =
			&segment->documents[dice_below(dice, segment->document_count)];
		const char *start = segment->text + document->start;
		const char *end = start + document->size;
		const char *at = start + dice_below(dice, document->size);
		struct word word;
		unsigned int i;

		/* Not from the middle of a word, which would be no word. */
		while (at > start && at < end && (unsigned char)at[-1] > ' ')
			at++;
		for (i = 0; query->count < wanted && word_next(&at, end, &word); i++)
			if (i % stride == 0)
				query->words[query->count++] = word;
	}
}

/* Where the text is that a hit stands for. */
static const char *place_of(const struct index *index, const struct hit *hit, const char **end)
{
	const struct segment *segment = &index->segments[hit->segment];
	const struct document *document = &segment->documents[hit->document];
	const char *at = segment->text + document->start;
	struct word word = { .text = at };
	uint32_t i;

	*end = at + document->size;
	for (i = 0; i <= hit->position; i++)
		word_next(&at, *end, &word);
	return word.text;
}

static uint64_t show(const struct index *index, const struct answer *answer, uint64_t digest)
{
	const char *at, *end;
	unsigned int i;

	digest = digest_word(digest, answer->documents);
	for (i = 0; i < answer->count; i++) {
		const struct hit *hit = &answer->hits[i];
		uint64_t bits;

		memcpy(&bits, &hit->score, sizeof(bits));
		digest = digest_word(digest, bits);
		digest = digest_word(digest, (uint64_t)hit->segment << 32 | hit->document);
		digest = digest_word(digest, hit->position);
	}
	if (!answer->count)
		return digest;
	at = place_of(index, &answer->hits[0], &end);
	return digest_bytes(digest, at, end - at < PAGE_SIZE ? end - at : PAGE_SIZE);
}

int main(int argc, char **argv)
{
	struct index *index = &the_index;
	uint64_t dice = 1, documents = 0;
	unsigned int queries, i;
	struct answer answer;
	struct query query;
	struct part part;

	part_start(&part, argc, argv);
	index_build(index, &part, TEXT_SIZE * part.scale);
	queries = QUERIES * part.scale;
	for (i = 0; i < queries; i++) {
		ask(index, &dice, &query);
		search(index, &query, &answer);
		part.digest = show(index, &answer, part.digest);
		documents += answer.documents;
		part_progress(&part, "searching", i + 1, queries);
	}
	part_phase(&part, "checking all");
	part.digest = index_digest(index, part.digest);
	return part_finish(&part, "%llu documents, %llu words, %u queries, %llu found",
			   (unsigned long long)index->document_count,
			   (unsigned long long)index->word_count, queries,
			   (unsigned long long)documents);
}
