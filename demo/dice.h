/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The same throws every time (splitmix64): where a user would jump, type or
 * seek. Two runs of a part must make the same choices to be compared.
 */
#ifndef DEMO_DICE_H
#define DEMO_DICE_H

#include <stdint.h>

static inline uint64_t dice_throw(uint64_t *dice)
{
	uint64_t z = *dice += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static inline uint64_t dice_below(uint64_t *dice, uint64_t limit)
{
	return dice_throw(dice) % limit;
}

#endif /* DEMO_DICE_H */
