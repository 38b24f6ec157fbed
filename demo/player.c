// SPDX-License-Identifier: GPL-2.0
/*
 * The media player's part: decodes a record into memory, brings its tracks to
 * the same loudness, fades each into the next, draws the overview, and plays
 * from it as a listener does who jumps forwards and back.
 */
#include "dice.h"
#include "digest.h"
#include "sound.h"

#define SECONDS		640
#define LOUDNESS	(-20.0)		/* dB of full scale that all tracks are brought to */
#define FADE		3		/* seconds from one track into the next */
#define OVERVIEW	512		/* frames a point of the overview */
#define LISTENED	120		/* seconds from the start, before the first jump */
#define JUMPS		400
#define OUT_FRAMES	(SOUND_RATE / 4)

struct player {
	struct part part;
	struct record record;
	uint64_t dice;
	double quietest;
	double loudest;
};

struct peak {
	int16_t low;
	int16_t high;
};

static void level(struct player *player)
{
	struct record *record = &player->record;
	unsigned int i;

	for (i = 0; i < record->track_count; i++) {
		struct track *track = &record->tracks[i];
		struct frame *frames = record->frames + track->start;
		double loudness = sound_loudness(frames, track->frames, &player->part.arena);

		if (!i || loudness < player->quietest)
			player->quietest = loudness;
		if (!i || loudness > player->loudest)
			player->loudest = loudness;
		sound_amplify(frames, track->frames, LOUDNESS - loudness);
		part_progress(&player->part, "levelling", i + 1, record->track_count);
	}
}

/* A track that was faded in starts later: its start sounded already. */
static void mix(struct player *player)
{
	struct record *record = &player->record;
	uint64_t fade = FADE * RECORD_RATE;
	unsigned int i;

	for (i = 1; i < record->track_count; i++) {
		struct track *last = &record->tracks[i - 1];
		struct track *next = &record->tracks[i];

		if (last->frames < fade || next->frames < fade)
			continue;
		sound_crossfade(record->frames + last->start + last->frames - fade,
				record->frames + next->start, fade);
		next->start += fade;
		next->frames -= fade;
		part_progress(&player->part, "mixing", i + 1, record->track_count);
	}
}

static void draw(struct player *player)
{
	const struct record *record = &player->record;
	uint64_t points = record->count / OVERVIEW;
	struct peak *peaks = arena_alloc(&player->part.arena, points * sizeof(*peaks));
	uint64_t i, j;

	for (i = 0; i < points; i++) {
		const struct frame *frames = record->frames + i * OVERVIEW;

		for (j = 0; j < OVERVIEW; j++) {
			int16_t middle = (frames[j].left + frames[j].right) / 2;

			if (middle < peaks[i].low)
				peaks[i].low = middle;
			if (middle > peaks[i].high)
				peaks[i].high = middle;
		}
		part_progress(&player->part, "drawing", i + 1, points);
	}
	player->part.digest = digest_bytes(player->part.digest, peaks, points * sizeof(*peaks));
}

/* Plays @seconds from @at on; returns where it stopped. */
static uint64_t play(struct player *player, uint64_t at, double seconds)
{
	const struct record *record = &player->record;
	static struct frame out[OUT_FRAMES];
	uint64_t played;

	for (played = 0; played < seconds * SOUND_RATE && at < record->count;
	     played += OUT_FRAMES) {
		uint64_t used = sound_resample(record->frames + at, record->count - at, out,
					       OUT_FRAMES);

		player->part.digest = digest_bytes(player->part.digest, out, sizeof(out));
		at += used + 1;
	}
	return at;
}

static void listen(struct player *player)
{
	const struct record *record = &player->record;
	unsigned int jumps = JUMPS * player->part.scale;
	uint64_t at = 0;
	unsigned int i;

	for (i = 0; i < LISTENED * player->part.scale; i++) {
		at = play(player, at, 1);
		part_progress(&player->part, "playing", i + 1,
			      LISTENED * player->part.scale);
	}
	for (i = 0; i < jumps; i++) {
		const struct track *track;

		switch (dice_below(&player->dice, 4)) {
		case 0:		/* to some track */
			track = &record->tracks[dice_below(&player->dice, record->track_count)];
			at = track->start;
			break;
		case 1:		/* back ten seconds, or to the start */
			at = at > 10 * RECORD_RATE ? at - 10 * RECORD_RATE : 0;
			break;
		case 2:		/* on by thirty, round the end */
			at = (at + 30 * RECORD_RATE) % record->count;
			break;
		default:	/* where the finger lands on the overview */
			at = dice_below(&player->dice, record->count);
		}
		at = play(player, at, 0.5);
		part_progress(&player->part, "seeking", i + 1, jumps);
	}
}

int main(int argc, char **argv)
{
	static struct player player = { .dice = 4 };

	part_start(&player.part, argc, argv);
	record_decode(&player.record, &player.part, SECONDS * RECORD_RATE * player.part.scale);
	level(&player);
	mix(&player);
	draw(&player);
	listen(&player);
	part_phase(&player.part, "checking all");
	player.part.digest = digest_bytes(player.part.digest, player.record.frames,
					  player.record.count * sizeof(struct frame));
	return part_finish(&player.part, "%u track%s, %.0f s, %.1f to %.1f dB loud",
			   player.record.track_count, player.record.track_count == 1 ? "" : "s",
			   player.record.count / (double)RECORD_RATE,
			   player.quietest, player.loudest);
}
