// SPDX-License-Identifier: GPL-2.0
/*
 * The arithmetic of sound on stereo frames. Sums and samples are integers; only
 * logarithms and the gain are not.
 */
#include "sound.h"

#include <math.h>

#define BLOCK		(RECORD_RATE / 10)	/* loudness is taken each 0.1 s ... */
#define WINDOW		4			/* ... over 0.4 s */
#define GATE_ABSOLUTE	(-70.0)
#define GATE_RELATIVE	(-10.0)
#define ONE		65536			/* 1 in fixed point */

static int16_t clip(int64_t sample)
{
	if (sample > INT16_MAX)
		return INT16_MAX;
	return sample < INT16_MIN ? INT16_MIN : sample;
}

static double decibel(double power)
{
	return power > 0 ? 10 * log10(power) : -HUGE_VAL;
}

static double window_power(const uint64_t *energy)
{
	double sum = 0;
	unsigned int i;

	for (i = 0; i < WINDOW; i++)
		sum += energy[i];
	return sum / ((double)WINDOW * BLOCK * INT16_MAX * INT16_MAX);
}

/* The mean of the windows louder than @gate. */
static double gated(const uint64_t *energy, uint64_t blocks, double gate)
{
	uint64_t used = 0, i;
	double sum = 0;

	for (i = 0; i + WINDOW <= blocks; i++) {
		double power = window_power(energy + i);

		if (decibel(power) > gate) {
			sum += power;
			used++;
		}
	}
	return used ? decibel(sum / used) : GATE_ABSOLUTE;
}

double sound_loudness(const struct frame *frames, uint64_t count, struct arena *scratch)
{
	uint64_t blocks = count / BLOCK;
	uint64_t *energy = arena_alloc(scratch, blocks * sizeof(*energy));
	uint64_t i, j;

	for (i = 0; i < blocks; i++) {
		uint64_t sum = 0;

		for (j = 0; j < BLOCK; j++, frames++)
			sum += (int64_t)frames->left * frames->left +
			       (int64_t)frames->right * frames->right;
		energy[i] = sum;
	}
	return gated(energy, blocks, gated(energy, blocks, GATE_ABSOLUTE) + GATE_RELATIVE);
}

void sound_amplify(struct frame *frames, uint64_t count, double by)
{
	int64_t gain = llround(pow(10, by / 20) * ONE);
	uint64_t i;

	for (i = 0; i < count; i++) {
		frames[i].left = clip(frames[i].left * gain / ONE);
		frames[i].right = clip(frames[i].right * gain / ONE);
	}
}

void sound_crossfade(struct frame *end, const struct frame *start, uint64_t count)
{
	uint64_t i;

	for (i = 0; i < count; i++) {
		int64_t in = i * ONE / count;
		int64_t out = ONE - in;

		end[i].left = clip((end[i].left * out + start[i].left * in) / ONE);
		end[i].right = clip((end[i].right * out + start[i].right * in) / ONE);
	}
}

/* Catmull and Rom's curve through four samples, @t of ONE between the inner two. */
static int16_t curve(int64_t a, int64_t b, int64_t c, int64_t d, int64_t t)
{
	int64_t cubic = 3 * (b - c) + d - a;
	int64_t square = 2 * a - 5 * b + 4 * c - d;
	int64_t sum = cubic * t / ONE + square;

	sum = sum * t / ONE + c - a;
	return clip(b + sum * t / ONE / 2);
}

uint64_t sound_resample(const struct frame *frames, uint64_t count, struct frame *out,
			uint32_t wanted)
{
	uint64_t at = 0;
	uint32_t i;

	for (i = 0; i < wanted; i++) {
		uint64_t place = (uint64_t)i * RECORD_RATE;
		const struct frame *f;
		int64_t t;

		at = place / SOUND_RATE;
		if (at + 4 > count)
			break;
		t = place % SOUND_RATE * ONE / SOUND_RATE;
		f = frames + at;
		out[i].left = curve(f[0].left, f[1].left, f[2].left, f[3].left, t);
		out[i].right = curve(f[0].right, f[1].right, f[2].right, f[3].right, t);
	}
	for (; i < wanted; i++)
		out[i] = (struct frame){ };
	return at;
}
