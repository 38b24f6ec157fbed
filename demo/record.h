/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Recorded music in the arena: stereo samples of 16 bits, track after track.
 */
#ifndef DEMO_RECORD_H
#define DEMO_RECORD_H

#include <stdint.h>

#include "part.h"

#define RECORD_RATE	44100
#define RECORD_TRACKS	256

struct frame {
	int16_t left;
	int16_t right;
};

struct track {
	uint64_t start;		/* in frames */
	uint64_t frames;
};

struct record {
	struct frame *frames;
	uint64_t count;
	struct track tracks[RECORD_TRACKS];
	unsigned int track_count;
};

/* Decodes the input's Ogg files, over again if need be, up to @frames. */
void record_decode(struct record *record, struct part *part, uint64_t frames);

#endif /* DEMO_RECORD_H */
