/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a player does to samples: measures how loud they are, changes that,
 * fades one into the other, and brings them to the rate of the sound card.
 */
#ifndef DEMO_SOUND_H
#define DEMO_SOUND_H

#include "record.h"

#define SOUND_RATE	48000

/* Loudness in dB below full scale, silence left out (gated as in EBU R 128). */
double sound_loudness(const struct frame *frames, uint64_t count, struct arena *scratch);
void sound_amplify(struct frame *frames, uint64_t count, double decibel);

/* The end of one becomes the end of it fading into the start of the other. */
void sound_crossfade(struct frame *end, const struct frame *start, uint64_t count);

/* Converts from @frames, of which @count are there, into @out; returns how many used. */
uint64_t sound_resample(const struct frame *frames, uint64_t count, struct frame *out,
			uint32_t wanted);

#endif /* DEMO_SOUND_H */
