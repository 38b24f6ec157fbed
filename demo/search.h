/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A search in the index: all of some words, or the words as a phrase, the best
 * documents first.
 */
#ifndef DEMO_SEARCH_H
#define DEMO_SEARCH_H

#include "index.h"

#define SEARCH_WORDS	6
#define SEARCH_HITS	10

struct query {
	struct word words[SEARCH_WORDS];
	unsigned int count;
	bool phrase;
};

struct hit {
	double score;
	uint32_t segment;
	uint32_t document;
	uint32_t position;	/* of the first word where it was found first */
};

struct answer {
	struct hit hits[SEARCH_HITS];
	unsigned int count;
	uint64_t documents;	/* that match, shown or not */
};

void search(const struct index *index, const struct query *query, struct answer *answer);

#endif /* DEMO_SEARCH_H */
