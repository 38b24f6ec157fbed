/* SPDX-License-Identifier: GPL-2.0 */
/* Between the two halves of `top`: what the user chose, and drawing it. */
#ifndef VMDEVCTL_TOP_H
#define VMDEVCTL_TOP_H

#include "live.h"

struct top_view {
	bool utf8;		/* block characters for bars */
	bool colour;
	bool paused;
	bool help;
	bool all_faults;	/* latency since the load, not of the last interval */
	bool reverse;
	enum live_column sort;
	unsigned int first;	/* space at the top of the list */
	uint64_t interval_ns;
	char message[CTL_MESSAGE];	/* what is wrong now, empty if nothing */
};

/* Names of the columns on the screen, and the key that sorts by each. */
extern const struct top_column {
	const char *name;
	char key;
	int width;
} top_columns[LIVE_COLUMNS];

/* Begin: curses is up. */
void top_colours(struct top_view *view);

/* Draw the whole screen. Corrects what can't be as it is, as view->first. */
void top_draw(struct top_view *view, const struct live *live);

/* Lines for spaces on the screen as it is. */
unsigned int top_page(void);

#endif /* VMDEVCTL_TOP_H */
