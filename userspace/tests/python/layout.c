// SPDX-License-Identifier: GPL-2.0
/*
 * What the C headers say of structures and constants, for unit.py to compare: a line
 * "STRUCTURE MEMBER OFFSET SIZE" each, with a dash for the whole, and "NAME VALUE".
 */
#include <inttypes.h>
#include <stdio.h>

#include <vmdev.h>

#define WHOLE(type)	printf(#type " - 0 %zu\n", sizeof(struct type))
#define MEMBER(type, name)							\
	printf(#type " " #name " %zu %zu\n", offsetof(struct type, name),	\
	       sizeof(((struct type *)0)->name))
#define CONSTANT(name)	printf(#name " %" PRIu64 "\n", (uint64_t)(name))

int main(void)
{
#include "layout.h"
	return 0;
}
