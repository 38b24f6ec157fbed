// SPDX-License-Identifier: GPL-2.0
/*
 * Decodes Ogg Vorbis with Tremor, which computes in integers: the samples are
 * the same on every machine.
 */
#define _GNU_SOURCE
#include "record.h"

#include <dirent.h>
#include <err.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tremor/ivorbisfile.h>

static int is_ogg(const struct dirent *entry)
{
	size_t size = strlen(entry->d_name);

	return size > 4 && !strcmp(entry->d_name + size - 4, ".ogg");
}

static void open_track(OggVorbis_File *ogg, const char *path)
{
	FILE *file = fopen(path, "re");
	const vorbis_info *info;

	if (!file)
		err(2, "%s", path);
	if (ov_open(file, ogg, NULL, 0))
		errx(2, "%s: not Ogg Vorbis", path);
	info = ov_info(ogg, -1);
	if (info->channels != 2 || info->rate != RECORD_RATE)
		errx(2, "%s: not stereo at %d Hz", path, RECORD_RATE);
}

/* Frames are pushed: nothing else is taken from the arena meanwhile. */
static void decode_track(struct record *record, struct part *part, const char *path,
			 uint64_t limit)
{
	struct track *track = &record->tracks[record->track_count++];
	static char buffer[32 << 10];
	OggVorbis_File ogg;
	int section;
	long size;

	open_track(&ogg, path);
	track->start = record->count;
	while (record->count < limit) {
		size = (limit - record->count) * sizeof(struct frame) < sizeof(buffer) ?
			(limit - record->count) * sizeof(struct frame) : sizeof(buffer);
		size = ov_read(&ogg, buffer, size, &section);
		if (size < 0)
			errx(2, "%s: damaged", path);
		if (!size)
			break;
		memcpy(arena_push(&part->arena, size), buffer, size);
		record->count += size / sizeof(struct frame);
		part_progress(part, "decoding", record->count, limit);
	}
	track->frames = record->count - track->start;
	ov_clear(&ogg);
}

void record_decode(struct record *record, struct part *part, uint64_t frames)
{
	struct dirent **names;
	char path[PATH_MAX];
	int count, i;

	snprintf(path, sizeof(path), "%s/music", part->input);
	count = scandir(path, &names, is_ogg, alphasort);
	if (count < 0)
		err(2, "%s", path);
	if (!count)
		errx(2, "%s: no .ogg files", path);
	record->frames = arena_alloc(&part->arena, 0);
	for (i = 0; record->count < frames; i = (i + 1) % count) {
		if (record->track_count == RECORD_TRACKS)
			errx(2, "%s: the tracks are too short", path);
		snprintf(path, sizeof(path), "%s/music/%s", part->input, names[i]->d_name);
		decode_track(record, part, path, frames);
	}
	for (i = 0; i < count; i++)
		free(names[i]);
	free(names);
}
