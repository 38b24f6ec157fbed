/* SPDX-License-Identifier: GPL-2.0 */
/* Test results in TAP, for one program. */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

static unsigned int tap_count, tap_failed;

/* One result; @format is its name. Returns @good. */
static bool __attribute__((format(printf, 2, 3), unused))
ok(bool good, const char *format, ...)
{
	va_list args;

	printf("%sok %u - ", good ? "" : "not ", ++tap_count);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	tap_failed += !good;
	return good;
}

/* @got is exactly @want; says both where not. */
static void __attribute__((unused)) is(const char *got, const char *want, const char *name)
{
	if (!ok(!strcmp(got, want), "%s", name))
		printf("# got:  %s\n# want: %s\n", got, want);
}

static int __attribute__((unused)) tap_end(void)
{
	printf("1..%u\n", tap_count);
	return tap_failed != 0;
}

#endif /* TESTS_TAP_H */
