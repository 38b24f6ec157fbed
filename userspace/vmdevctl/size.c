// SPDX-License-Identifier: GPL-2.0
/*
 * Sizes and numbers: text to number and back. Strict on the way in, so that a
 * slip of the finger is an error and not another size.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "size.h"

#define MIB	((uint64_t)1 << 20)

/* Digits at the start of *@text; moves it past them. */
static int digits_parse(const char **text, uint64_t *value)
{
	const char *pos = *text;
	uint64_t sum = 0;

	if (*pos < '0' || *pos > '9')
		return -EINVAL;
	for (; *pos >= '0' && *pos <= '9'; pos++) {
		if (__builtin_mul_overflow(sum, 10, &sum) ||
		    __builtin_add_overflow(sum, (uint64_t)(*pos - '0'), &sum))
			return -ERANGE;
	}
	*text = pos;
	*value = sum;
	return 0;
}

int number_parse(const char *text, uint64_t *value)
{
	int err = digits_parse(&text, value);

	if (err)
		return err;
	return *text ? -EINVAL : 0;
}

int size_parse(const char *text, uint64_t *bytes)
{
	static const char units[] = "KMGTkmgt";
	const char *unit;
	int err;

	err = digits_parse(&text, bytes);
	if (err || !*text)
		return err;
	unit = strchr(units, *text);
	if (!unit || text[1])
		return -EINVAL;
	if (__builtin_mul_overflow(*bytes, 1ULL << (10 * ((unit - units) % 4 + 1)), bytes))
		return -ERANGE;
	return 0;
}

int size_parse_of(const char *text, uint64_t whole, uint64_t *bytes)
{
	const char *pos = text;
	uint64_t percent;

	if (digits_parse(&pos, &percent) || strcmp(pos, "%"))
		return size_parse(text, bytes);
	if (!percent)
		return -EINVAL;
	if (__builtin_mul_overflow(whole, percent, bytes))
		return -ERANGE;
	*bytes = *bytes / 100 & ~(MIB - 1);
	/* a size of 0 can mean something else */
	if (!*bytes)
		*bytes = MIB;
	return 0;
}

char *size_format(uint64_t bytes, char buf[SIZE_TEXT])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	unsigned int unit = 0;
	uint64_t whole = bytes;
	uint64_t rest = 0;

	for (; whole >= 1024; unit++) {
		rest = whole % 1024;
		whole /= 1024;
	}
	rest = rest * 10 / 1024;
	if (rest)
		snprintf(buf, SIZE_TEXT, "%" PRIu64 ".%" PRIu64 " %s", whole, rest, units[unit]);
	else
		snprintf(buf, SIZE_TEXT, "%" PRIu64 " %s", whole, units[unit]);
	return buf;
}
