/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the fuzz targets share: reading the fuzzer's bytes, and giving up with a
 * reason where something is not as the oracle says.
 */
#ifndef _TESTS_FUZZ_H
#define _TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#endif

#define EXPECT(cond, ...)						\
	do {								\
		if (!(cond)) {						\
			fprintf(stderr, "%s:%d: ", __FILE__, __LINE__);	\
			fprintf(stderr, __VA_ARGS__);			\
			fprintf(stderr, "\n");				\
			abort();					\
		}							\
	} while (0)

/* Called by the fuzzer, which has a declaration of its own only in C++. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t size;
};

/* The next byte; 0 behind the end. */
static inline unsigned int next_byte(struct input *in)
{
	if (!in->size)
		return 0;
	in->size--;
	return *in->data++;
}

static inline unsigned int next_word(struct input *in)
{
	unsigned int low = next_byte(in);

	return low | next_byte(in) << 8;
}

#endif /* _TESTS_FUZZ_H */
