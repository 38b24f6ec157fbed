/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Results of one unit test program as TAP.
 */
#ifndef _TESTS_TAP_H
#define _TESTS_TAP_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static int tap_number, tap_failed, tap_bad;

/* Note that something is wrong in the test under way, and say what. */
#define CHECK(cond, ...)						\
	do {								\
		if (!(cond)) {						\
			printf("# %s:%d: ", __FILE__, __LINE__);	\
			printf(__VA_ARGS__);				\
			printf("\n");					\
			tap_bad++;					\
		}							\
	} while (0)

/* Run one test, print its result. */
static inline void tap_run(const char *name, void (*test)(void))
{
	tap_bad = 0;
	test();
	tap_failed += !!tap_bad;
	printf("%s %d - %s\n", tap_bad ? "not ok" : "ok", ++tap_number, name);
	fflush(stdout);
}

/* Print the plan. Return: the exit status. */
static inline int tap_done(void)
{
	printf("1..%d\n", tap_number);
	return tap_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* A reproducible random number: xorshift of Marsaglia, 2003. */
static inline unsigned long long tap_random(unsigned long long *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

#endif /* _TESTS_TAP_H */
