/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The digest that says whether two runs came to the same result: 64 bits, a
 * word at a time, after FNV-1a with a shift added so that high bits reach low
 * ones. It finds lost and changed bytes; it is not meant against an attacker.
 */
#ifndef DEMO_DIGEST_H
#define DEMO_DIGEST_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define DIGEST_START	0xcbf29ce484222325ULL

static inline uint64_t digest_word(uint64_t digest, uint64_t word)
{
	digest = (digest ^ word) * 0x100000001b3ULL;
	return digest ^ digest >> 29;
}

static inline uint64_t digest_bytes(uint64_t digest, const void *data, size_t size)
{
	const char *p = data;
	uint64_t word;

	digest = digest_word(digest, size);
	for (; size >= sizeof(word); p += sizeof(word), size -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		digest = digest_word(digest, word);
	}
	word = 0;
	memcpy(&word, p, size);
	return digest_word(digest, word);
}

#endif /* DEMO_DIGEST_H */
