// SPDX-License-Identifier: GPL-2.0
/* Sizes and numbers: what is accepted, what isn't, and how they are written. */
#include <errno.h>
#include <inttypes.h>

#include "../vmdevctl/size.h"
#include "tap.h"

static const struct {
	const char *text;
	int err;
	uint64_t bytes;
} sizes[] = {
	{ "0", 0, 0 },
	{ "1", 0, 1 },
	{ "64M", 0, 64ULL << 20 },
	{ "64m", 0, 64ULL << 20 },
	{ "4K", 0, 4096 },
	{ "3g", 0, 3ULL << 30 },
	{ "2T", 0, 2ULL << 40 },
	{ "18446744073709551615", 0, UINT64_MAX },
	{ "16777215T", 0, 16777215ULL << 40 },
	{ "18446744073709551616", -ERANGE, 0 },
	{ "16777216T", -ERANGE, 0 },
	{ "99999999999999999999999G", -ERANGE, 0 },
	{ "", -EINVAL, 0 },
	{ "M", -EINVAL, 0 },
	{ "-1", -EINVAL, 0 },
	{ "+1", -EINVAL, 0 },
	{ " 1", -EINVAL, 0 },
	{ "1 ", -EINVAL, 0 },
	{ "1.5G", -EINVAL, 0 },
	{ "64MB", -EINVAL, 0 },
	{ "64X", -EINVAL, 0 },
	{ "0x10", -EINVAL, 0 },
};

/* Of 1000 MiB and a byte. */
static const struct {
	const char *text;
	int err;
	uint64_t bytes;
} parts[] = {
	{ "1%", 0, 10ULL << 20 },
	{ "50%", 0, 500ULL << 20 },
	{ "33%", 0, 330ULL << 20 },
	{ "100%", 0, 1000ULL << 20 },
	{ "400%", 0, 4000ULL << 20 },
	{ "5000", 0, 5000 },
	{ "1G", 0, 1ULL << 30 },
	{ "99999999999999%", -ERANGE, 0 },
	{ "0%", -EINVAL, 0 },
	{ "%", -EINVAL, 0 },
	{ "-5%", -EINVAL, 0 },
	{ "50%%", -EINVAL, 0 },
	{ "50% ", -EINVAL, 0 },
	{ "5M%", -EINVAL, 0 },
	{ "1.5%", -EINVAL, 0 },
};

static const struct {
	const char *text;
	int err;
	uint64_t value;
} numbers[] = {
	{ "0", 0, 0 },
	{ "007", 0, 7 },
	{ "18446744073709551615", 0, UINT64_MAX },
	{ "18446744073709551616", -ERANGE, 0 },
	{ "1K", -EINVAL, 0 },
	{ "", -EINVAL, 0 },
	{ "-1", -EINVAL, 0 },
};

static const struct {
	uint64_t bytes;
	const char *text;
} texts[] = {
	{ 0, "0 B" },
	{ 1023, "1023 B" },
	{ 1024, "1 KiB" },
	{ 1536, "1.5 KiB" },
	{ 64ULL << 20, "64 MiB" },
	{ (1ULL << 40) - 1, "1023.9 GiB" },
	{ 1ULL << 60, "1 EiB" },
	{ UINT64_MAX, "15.9 EiB" },
};

int main(void)
{
	char text[SIZE_TEXT];
	uint64_t value;
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		err = size_parse(sizes[i].text, &value);
		ok(err == sizes[i].err && (err || value == sizes[i].bytes), "size '%s'",
		   sizes[i].text);
	}
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		err = size_parse_of(parts[i].text, (1000ULL << 20) + 1, &value);
		ok(err == parts[i].err && (err || value == parts[i].bytes), "part '%s'",
		   parts[i].text);
	}
	ok(!size_parse_of("1%", 64 << 20, &value) && value == 1 << 20, "a part is never nothing");
	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		err = number_parse(numbers[i].text, &value);
		ok(err == numbers[i].err && (err || value == numbers[i].value), "number '%s'",
		   numbers[i].text);
	}
	for (i = 0; i < ARRAY_SIZE(texts); i++)
		is(size_format(texts[i].bytes, text), texts[i].text, texts[i].text);
	return tap_end();
}
