/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The body of text that browser and writer read: the files of a directory
 * tree, always in the same order.
 */
#ifndef DEMO_TEXT_H
#define DEMO_TEXT_H

#include <stddef.h>

struct text_file {
	char *path;
	const char *name;	/* the path below the directory */
	size_t size;
};

struct text {
	struct text_file *files;
	size_t count;
};

void text_list(struct text *text, const char *input);
void text_read(const struct text_file *file, char *to);

#endif /* DEMO_TEXT_H */
