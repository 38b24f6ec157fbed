// SPDX-License-Identifier: GPL-2.0
/*
 * The screen of `top`, drawn with curses from top to bottom, as much of it as there
 * is room for. Knows no key and takes no sample.
 */
#include <curses.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#include "size.h"
#include "top.h"

#define MEMBER(name)	offsetof(struct vmdev_module_stats, name)

/* The list has at least so many lines, with its head; the rest is for the summary. */
#define LIST_MIN	4
#define SUMMARY_LINES	7
#define BAR_LINES	4
#define BAR_STEPS	8

/* Bars for faults of 2^8 ns (256 ns) to 2^33 ns (9 s) and what is beyond. */
#define BUCKET_FIRST	8
#define BUCKET_LAST	33
#define BUCKET_WIDTH	2

enum { PAIR_RED = 1, PAIR_GREEN, PAIR_YELLOW, PAIR_CYAN };

/* All up to what is written fits 80 cells. */
const struct top_column top_columns[LIVE_COLUMNS] = {
	[LIVE_ID]		= { "ID", 'N', 5 },
	[LIVE_PID]		= { "PID", 'P', 8 },
	[LIVE_COMM]		= { "COMMAND", 'C', 16 },
	[LIVE_RESIDENT]		= { "RESIDENT", 'M', 9 },
	[LIVE_SWAPPED]		= { "SWAPPED", 'W', 8 },
	[LIVE_FAULTS_RATE]	= { "FAULT/S", 'F', 8 },
	[LIVE_REFAULTS_RATE]	= { "REFLT/S", 'E', 8 },
	[LIVE_READ_RATE]	= { "READ/S", 'I', 8 },
	[LIVE_WRITTEN_RATE]	= { "WRITE/S", 'O', 8 },
	[LIVE_SIZE]		= { "SIZE", 'S', 8 },
	[LIVE_DIRTY]		= { "DIRTY", 'D', 8 },
	[LIVE_MAJOR_RATE]	= { "MAJOR/S", 'J', 8 },
};

/* Where the next text goes. */
struct pen {
	const struct top_view *view;
	int y, x;
};

void top_colours(struct top_view *view)
{
	view->colour = ctl_want_colour() && has_colors();
	if (!view->colour)
		return;
	start_color();
	use_default_colors();
	init_pair(PAIR_RED, COLOR_RED, -1);
	init_pair(PAIR_GREEN, COLOR_GREEN, -1);
	init_pair(PAIR_YELLOW, COLOR_YELLOW, -1);
	init_pair(PAIR_CYAN, COLOR_CYAN, -1);
}

static attr_t pair(const struct pen *pen, short number)
{
	return pen->view->colour ? (attr_t)COLOR_PAIR(number) : 0;
}

/* Text that takes at most @cells of the line, and what fits of it. */
static void put_wide(struct pen *pen, attr_t attributes, const wchar_t *text, int cells)
{
	int room = COLS - pen->x < cells ? COLS - pen->x : cells;
	int used = 0, length = 0;

	for (; text[length]; length++) {
		int width = wcwidth(text[length]);

		if (width < 0 || used + width > room)
			break;
		used += width;
	}
	attrset((int)attributes);
	if (length && pen->y < LINES)
		mvaddnwstr(pen->y, pen->x, text, length);
	attrset(A_NORMAL);
	pen->x += used;
}

/* As far as the characters are none that this terminal shows, question marks. */
static void put_text(struct pen *pen, attr_t attributes, const char *text, int cells)
{
	mbstate_t state = { 0 };
	wchar_t wide[CTL_MESSAGE];
	size_t length = 0;

	while (*text && length + 1 < sizeof(wide) / sizeof(wide[0])) {
		size_t used = mbrtowc(&wide[length], text, strlen(text), &state);

		if (used == (size_t)-1 || used == (size_t)-2) {
			memset(&state, 0, sizeof(state));
			wide[length] = L'?';
			used = 1;
		} else if (wcwidth(wide[length]) < 0) {
			wide[length] = L'?';
		}
		length++;
		text += used;
	}
	wide[length] = L'\0';
	put_wide(pen, attributes, wide, cells);
}

static void __attribute__((format(printf, 3, 4)))
put(struct pen *pen, attr_t attributes, const char *format, ...)
{
	char text[CTL_MESSAGE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	put_text(pen, attributes, text, COLS);
}

static void next_line(struct pen *pen)
{
	pen->y++;
	pen->x = 0;
}

/* One cell of a bar, 0 to BAR_STEPS high. */
static void put_bar(struct pen *pen, attr_t attributes, unsigned int height)
{
	static const wchar_t blocks[] = L" \u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588";
	static const wchar_t ascii[] = L" _.-=+*%#";
	const wchar_t text[] = { (pen->view->utf8 ? blocks : ascii)[height], L'\0' };

	put_wide(pen, attributes, text, 1);
}

/* "[####    ]", @first of it in one colour and then @second in another. */
static void put_gauge(struct pen *pen, double first, double second, double all)
{
	int width = COLS < 80 ? 20 : 30;
	int ends[2], i;

	ends[0] = (int)bar_height(first, all, (unsigned int)width);
	ends[1] = (int)bar_height(first + second, all, (unsigned int)width);
	put(pen, A_BOLD, "[");
	for (i = 0; i < width; i++) {
		if (i < ends[0])
			put(pen, pair(pen, PAIR_GREEN), "#");
		else
			put(pen, pair(pen, PAIR_YELLOW), i < ends[1] ? "+" : " ");
	}
	put(pen, A_BOLD, "] ");
}

/* The newest of a history, as high as the highest that is shown is the top. */
static void put_sparkline(struct pen *pen, const struct live *live, enum live_series series)
{
	unsigned int width = COLS < 80 ? 16 : COLS < 120 ? 28 : 56;
	const double *history = live->history[series];
	double max = 0;
	unsigned int i, start;

	start = live->history_count > width ? live->history_count - width : 0;
	for (i = start; i < live->history_count; i++)
		max = history[i] > max ? history[i] : max;
	for (i = live->history_count - start; i < width; i++)
		put(pen, A_NORMAL, " ");
	for (i = start; i < live->history_count; i++)
		put_bar(pen, pair(pen, PAIR_CYAN), bar_height(history[i], max, BAR_STEPS));
	put(pen, A_NORMAL, "  ");
}

static void put_name(struct pen *pen, const char *name)
{
	put(pen, A_BOLD, "%-9s", name);
}

/* ---- The summary ---- */

static void draw_title(struct pen *pen, const struct live *live)
{
	const struct vmdev_module_stats *stats = &live->now.stats;
	char clock[16];
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	put(pen, A_BOLD, "vmdev ");
	put(pen, A_NORMAL, "%s, every %g s", clock, (double)pen->view->interval_ns / 1e9);
	if (live->loaded)
		put(pen, A_NORMAL, ", policy %s", stats->policy_current);
	if (live->loaded && stats->spaces_count != VMDEV_UNKNOWN)
		put(pen, A_NORMAL, ", %" PRIu64 " space%s", stats->spaces_count,
		    stats->spaces_count == 1 ? "" : "s");
	if (pen->view->paused)
		put(pen, A_REVERSE, " paused ");
	next_line(pen);
	if (pen->view->message[0]) {
		put(pen, A_BOLD | pair(pen, PAIR_RED), "%s", pen->view->message);
		next_line(pen);
	}
}

static char *bytes(const struct live *live, uint64_t pages, char text[SIZE_TEXT])
{
	if (pages == VMDEV_UNKNOWN)
		return strcpy(text, "-");
	return size_format(pages * live->now.page_size, text);
}

static void draw_pool(struct pen *pen, const struct live *live)
{
	const struct vmdev_module_stats *stats = &live->now.stats;
	char size[SIZE_TEXT], used[SIZE_TEXT], dirty[SIZE_TEXT], pinned[SIZE_TEXT];
	char locked[SIZE_TEXT];
	uint64_t in_use = counter_rise(stats->pool_frames, stats->pool_free);

	put_name(pen, "Pool");
	put_gauge(pen, (double)in_use - (double)stats->pool_dirty, (double)stats->pool_dirty,
		  (double)stats->pool_frames);
	put(pen, A_NORMAL, "%s of %s, dirty %s, pinned %s, locked %s", bytes(live, in_use, used),
	    bytes(live, stats->pool_frames, size), bytes(live, stats->pool_dirty, dirty),
	    bytes(live, stats->pool_pinned, pinned), bytes(live, stats->pool_locked, locked));
	next_line(pen);
}

static void draw_store(struct pen *pen, const struct live *live)
{
	const struct vmdev_module_stats *stats = &live->now.stats;
	const uint64_t wrong[] = {
		stats->store_read_errors, stats->store_write_errors, stats->store_checksum_errors,
		stats->oom,
	};
	static const char *const names[] = { "read", "write", "checksum", "no memory" };
	char size[SIZE_TEXT], used[SIZE_TEXT];
	unsigned int i;

	put_name(pen, "Store");
	put_gauge(pen, (double)stats->store_used, 0, (double)stats->store_slots);
	put(pen, A_NORMAL, "%s of %s", bytes(live, stats->store_used, used),
	    bytes(live, stats->store_slots, size));
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (wrong[i] && wrong[i] != VMDEV_UNKNOWN)
			put(pen, A_BOLD | pair(pen, PAIR_RED), ", errors: %s %" PRIu64, names[i],
			    wrong[i]);
	}
	put(pen, A_NORMAL, ", %s", stats->store_path);
	next_line(pen);
}

static void draw_faults(struct pen *pen, const struct live *live)
{
	put_name(pen, "Faults");
	put(pen, A_NORMAL, "%10.0f/s ", live_rate(live, MEMBER(faults)));
	put_sparkline(pen, live, LIVE_FAULTS);
	put(pen, A_NORMAL, "minor %.0f, major %.0f, zero %.0f, refault %.0f, direct %.0f",
	    live_rate(live, MEMBER(faults_minor)), live_rate(live, MEMBER(faults_major)),
	    live_rate(live, MEMBER(faults_zero)), live_rate(live, MEMBER(refaults)),
	    live_rate(live, MEMBER(direct_reclaims)));
	next_line(pen);
}

static void draw_traffic(struct pen *pen, const struct live *live, const char *name,
			 enum live_series series, size_t pages, size_t ios)
{
	double rate_pages = live_rate(live, pages);
	double rate_ios = live_rate(live, ios);
	char text[SIZE_TEXT];

	put_name(pen, name);
	put(pen, A_NORMAL, "%10s/s ",
	    size_format((uint64_t)(rate_pages * (double)live->now.page_size), text));
	put_sparkline(pen, live, series);
	put(pen, A_NORMAL, "%.0f pages, %.0f I/Os", rate_pages, rate_ios);
	if (rate_ios > 0)
		put(pen, A_NORMAL, " of %.1f", rate_pages / rate_ios);
	if (series == LIVE_WRITTEN)
		put(pen, A_NORMAL, ", evicted %.0f", live_rate(live, MEMBER(evictions)));
	else
		put(pen, A_NORMAL, ", ahead %.0f", live_rate(live, MEMBER(readahead)));
	next_line(pen);
}

/* "256ns", "16us", "4ms", "1s": powers of two, so these are near enough. */
static char *short_time(double ns, char text[SIZE_TEXT])
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	unsigned int unit = 0;

	for (; ns >= 1000 && unit < 3; unit++)
		ns /= 1024;
	snprintf(text, SIZE_TEXT, "%.0f%s", ns, units[unit]);
	return text;
}

static const struct latency *shown_latency(const struct pen *pen, const struct live *live)
{
	return pen->view->all_faults ? &live->now.latency : &live->recent;
}

static void draw_quantiles(struct pen *pen, const struct live *live)
{
	static const struct {
		const char *name;
		double share;
	} quantiles[] = { { "p50", 0.5 }, { "p90", 0.9 }, { "p99", 0.99 }, { "p99.9", 0.999 } };
	const struct latency *latency = shown_latency(pen, live);
	char text[SIZE_TEXT];
	unsigned int i;

	put_name(pen, "Latency");
	if (!live->now.latency.buckets) {
		put(pen, A_NORMAL, "only root can see it, where debugfs is mounted");
		next_line(pen);
		return;
	}
	put(pen, A_NORMAL, pen->view->all_faults ? "since load" : "now       ");
	for (i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
		double ns = latency_quantile(latency, quantiles[i].share);

		put(pen, A_NORMAL, "  %s < %s", quantiles[i].name, ns ? short_time(ns, text) : "-");
	}
	next_line(pen);
}

/* What is faster than the first bucket shown or slower than the last counts there. */
static void bucket_sums(const struct latency *latency, double sums[BUCKET_LAST + 1], double *max)
{
	unsigned int i;

	*max = 0;
	memset(sums, 0, (BUCKET_LAST + 1) * sizeof(sums[0]));
	for (i = 0; i < latency->buckets; i++) {
		unsigned int at = i < BUCKET_FIRST ? BUCKET_FIRST : i;

		at = at > BUCKET_LAST ? BUCKET_LAST : at;
		sums[at] += (double)latency->faults[i];
		*max = sums[at] > *max ? sums[at] : *max;
	}
}

static void draw_histogram(struct pen *pen, const struct live *live)
{
	double sums[BUCKET_LAST + 1], max;
	char text[SIZE_TEXT];
	int line, i;

	bucket_sums(shown_latency(pen, live), sums, &max);
	for (line = BAR_LINES - 1; line >= 0; line--) {
		put_name(pen, "");
		for (i = BUCKET_FIRST; i <= BUCKET_LAST; i++) {
			int height = (int)bar_height(sums[i], max, BAR_LINES * BAR_STEPS);

			height -= line * BAR_STEPS;
			height = height < 0 ? 0 : height > BAR_STEPS ? BAR_STEPS : height;
			put_bar(pen, pair(pen, PAIR_CYAN), (unsigned int)height);
			put(pen, A_NORMAL, "%*s", BUCKET_WIDTH - 1, "");
		}
		next_line(pen);
	}
	put_name(pen, "");
	for (i = BUCKET_FIRST; i <= BUCKET_LAST; i += 4)
		put(pen, A_NORMAL, "%-*s", 4 * BUCKET_WIDTH, short_time((double)(1ULL << i), text));
	next_line(pen);
}

/* ---- The list ---- */

static void draw_list_head(struct pen *pen)
{
	unsigned int i;

	for (i = 0; i < LIVE_COLUMNS; i++) {
		const struct top_column *column = &top_columns[i];
		attr_t attributes = i == pen->view->sort ? A_REVERSE | A_BOLD : A_REVERSE;

		if (i == LIVE_COMM)
			put(pen, attributes, " %-*s", column->width, column->name);
		else
			put(pen, attributes, "%*s", column->width, column->name);
	}
	put(pen, A_REVERSE, "%*s", COLS > pen->x ? COLS - pen->x : 0, "");
	next_line(pen);
}

/* "1.5M", "12K", "0": for narrow columns. */
static char *short_size(double value, char text[SIZE_TEXT])
{
	char *blank = strchr(size_format((uint64_t)value, text), ' ');

	blank[0] = blank[1] == 'B' ? '\0' : blank[1];
	blank[1] = '\0';
	return text;
}

static void draw_value(struct pen *pen, const struct live_space *space, unsigned int column)
{
	double value = space->values[column];
	int width = top_columns[column].width;
	char text[SIZE_TEXT];

	if (column == LIVE_PID && space->volume) {
		put(pen, A_NORMAL, "%*s", width, "volume");
		return;
	}
	switch (column) {
	case LIVE_ID:
	case LIVE_PID:
	case LIVE_FAULTS_RATE:
	case LIVE_MAJOR_RATE:
	case LIVE_REFAULTS_RATE:
		put(pen, A_NORMAL, "%*.0f", width, value);
		break;
	case LIVE_COMM:
		put(pen, A_NORMAL, " ");
		put_text(pen, A_NORMAL, space->comm, width);
		break;
	default:
		put(pen, A_NORMAL, "%*s", width, short_size(value, text));
	}
}

static void draw_space(struct pen *pen, const struct live_space *space)
{
	int start = 0;
	unsigned int i;

	for (i = 0; i < LIVE_COLUMNS; i++) {
		draw_value(pen, space, i);
		/* A name takes as many cells as it likes. */
		start += top_columns[i].width + (i == LIVE_COMM);
		pen->x = start;
	}
	next_line(pen);
}

static void draw_list(struct pen *pen, struct top_view *view, const struct live *live)
{
	unsigned int count = live->now.spaces_count > 0 ? (unsigned int)live->now.spaces_count : 0;
	unsigned int lines, i;

	draw_list_head(pen);
	lines = pen->y < LINES - 1 ? (unsigned int)(LINES - 1 - pen->y) : 0;
	if (live->now.spaces_count < 0)
		put(pen, A_NORMAL, "Only root can see the spaces, where debugfs is mounted.");
	if (view->first + lines > count)
		view->first = count > lines ? count - lines : 0;
	for (i = view->first; i < count && i < view->first + lines; i++)
		draw_space(pen, &live->spaces[i]);
}

static void draw_hints(const struct top_view *view)
{
	static const char keys[] =
		"q quit  h help  p pause  < > sort  r reverse  l latency  + - interval";
	struct pen pen = { .view = view, .y = LINES - 1 };

	put_text(&pen, A_NORMAL, keys, COLS);
}

/* ---- The whole ---- */

static void draw_help(struct pen *pen)
{
	static const char *const lines[] = {
		"q           quit",
		"p, space    pause, and go on",
		"<, >        sort by the column before, after",
		"r           sort the other way round",
		"l           latency of the last interval, or since the module was loaded",
		"+, -        double, halve the interval",
		"arrows, page up, page down, home, end: move in the list",
		"^L          draw the screen again",
		"",
		"Sort by:",
	};
	unsigned int i;

	put(pen, A_BOLD, "vmdevctl top: keys");
	next_line(pen);
	next_line(pen);
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		put(pen, A_NORMAL, "  %s", lines[i]);
		next_line(pen);
	}
	for (i = 0; i < LIVE_COLUMNS; i++) {
		if (i % 4 == 0 && i)
			next_line(pen);
		put(pen, A_NORMAL, "    %c %-10s", top_columns[i].key, top_columns[i].name);
	}
	next_line(pen);
	next_line(pen);
	put(pen, A_NORMAL, "Any key: back.");
}

static void draw_summary(struct pen *pen, const struct live *live)
{
	int room = LINES - LIST_MIN - pen->y;

	draw_pool(pen, live);
	draw_store(pen, live);
	if (room >= 5) {
		draw_faults(pen, live);
		draw_traffic(pen, live, "Read", LIVE_READ, MEMBER(store_read_pages),
			     MEMBER(store_read_ios));
		draw_traffic(pen, live, "Written", LIVE_WRITTEN, MEMBER(store_written_pages),
			     MEMBER(store_written_ios));
	}
	if (room >= SUMMARY_LINES)
		draw_quantiles(pen, live);
	if (room >= SUMMARY_LINES + BAR_LINES + 1 && live->now.latency.buckets)
		draw_histogram(pen, live);
}

void top_draw(struct top_view *view, const struct live *live)
{
	struct pen pen = { .view = view };

	erase();
	if (view->help) {
		draw_help(&pen);
	} else {
		draw_title(&pen, live);
		if (live->loaded) {
			draw_summary(&pen, live);
			draw_list(&pen, view, live);
		}
		draw_hints(view);
	}
	refresh();
}

unsigned int top_page(void)
{
	return LINES < 2 ? 1 : (unsigned int)LINES / 2;
}
