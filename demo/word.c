// SPDX-License-Identifier: GPL-2.0
/*
 * Cuts text into words. It knows bytes, not where they are kept.
 */
#include "word.h"

/* Lower case of what belongs to a word, zero for everything else. */
static inline unsigned char fold(char c)
{
	unsigned char u = c;

	if (u >= 'A' && u <= 'Z')
		return u | 0x20;
	if ((u >= 'a' && u <= 'z') || (u >= '0' && u <= '9') || u == '_' || u >= 0x80)
		return u;
	return 0;
}

bool word_next(const char **at, const char *end, struct word *word)
{
	const char *p = *at;

	while (p < end) {
		uint32_t hash = 0x811c9dc5;
		const char *start;

		while (p < end && !fold(*p))
			p++;
		for (start = p; p < end && fold(*p); p++)
			hash = (hash ^ fold(*p)) * 0x01000193;
		if (p - start < WORD_MIN || p - start > WORD_MAX)
			continue;
		*word = (struct word){ .text = start, .size = p - start, .hash = hash };
		*at = p;
		return true;
	}
	*at = end;
	return false;
}

bool word_same(const struct word *word, const char *text)
{
	uint32_t i;

	for (i = 0; i < word->size; i++)
		if (fold(word->text[i]) != fold(text[i]))
			return false;
	return true;
}
