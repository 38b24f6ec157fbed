// SPDX-License-Identifier: GPL-2.0
/*
 * Finds and reads the text files of the demo's input. The list itself is small
 * and stays in ordinary memory; the text goes where the caller says, which is
 * into the arena.
 */
#define _GNU_SOURCE
#include "text.h"

#include <err.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void add(struct text *text, const FTSENT *entry, size_t below)
{
	struct text_file *file;

	/* Doubles the room whenever the count reaches a power of two. */
	if (!(text->count & (text->count - 1))) {
		size_t room = text->count ? 2 * text->count : 1;

		text->files = reallocarray(text->files, room, sizeof(*file));
		if (!text->files)
			err(2, "list of text files");
	}
	file = &text->files[text->count++];
	file->path = strdup(entry->fts_path);
	if (!file->path)
		err(2, "list of text files");
	file->name = file->path + below;
	file->size = entry->fts_statp->st_size;
}

void text_list(struct text *text, const char *input)
{
	char *top, *tops[2];
	FTSENT *entry;
	FTS *tree;

	*text = (struct text){ };
	if (asprintf(&top, "%s/text", input) < 0)
		err(2, "%s", input);
	tops[0] = top;
	tops[1] = NULL;
	tree = fts_open(tops, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	if (!tree)
		err(2, "%s", top);
	while ((entry = fts_read(tree))) {
		if (entry->fts_info == FTS_ERR || entry->fts_info == FTS_DNR ||
		    entry->fts_info == FTS_NS)
			errx(2, "%s: %s", entry->fts_path, strerror(entry->fts_errno));
		if (entry->fts_info == FTS_F && entry->fts_statp->st_size)
			add(text, entry, strlen(top) + 1);
	}
	fts_close(tree);
	if (!text->count)
		errx(2, "%s: no text files", top);
	free(top);
}

void text_read(const struct text_file *file, char *to)
{
	int fd = open(file->path, O_RDONLY | O_CLOEXEC);
	size_t done = 0;

	if (fd < 0)
		err(2, "%s", file->path);
	while (done < file->size) {
		ssize_t n = read(fd, to + done, file->size - done);

		if (n < 0)
			err(2, "%s", file->path);
		if (!n)
			errx(2, "%s: shorter than it was", file->path);
		done += n;
	}
	close(fd);
}
