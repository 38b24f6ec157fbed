/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A word: a run of letters, digits, underscores and bytes above ASCII, told
 * apart without regard to case. Runs too long to be words are passed over.
 */
#ifndef DEMO_WORD_H
#define DEMO_WORD_H

#include <stdbool.h>
#include <stdint.h>

#define WORD_MIN	2
#define WORD_MAX	40

struct word {
	const char *text;
	uint32_t size;
	uint32_t hash;
};

/* The next word at or after *at, which is moved behind it; false at the end. */
bool word_next(const char **at, const char *end, struct word *word);
bool word_same(const struct word *word, const char *text);

#endif /* DEMO_WORD_H */
