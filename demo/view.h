/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a person sees while the programs run: a picture refreshed in place, or
 * now and then a line where the output is no terminal.
 */
#ifndef DEMO_VIEW_H
#define DEMO_VIEW_H

#include "watch.h"

struct view {
	bool plain;
	unsigned int lines;	/* of the picture that stands there */
	struct sample last;	/* for what is per second */
};

double view_interval(const struct view *view);	/* seconds between two showings */
void view_begin(struct view *view, const struct run *run);
void view_show(struct view *view, const struct run *run);

#endif /* DEMO_VIEW_H */
