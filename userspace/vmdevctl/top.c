// SPDX-License-Identifier: GPL-2.0
/*
 * vmdevctl top: a screen that shows what the module does, until the user ends it.
 * Owns the terminal, its keys and the clock; it only looks, and ends nothing.
 */
#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"
#include "stat.h"
#include "top.h"

#define SECOND		1000000000ULL
#define INTERVAL_MIN	(SECOND / 10)
#define INTERVAL_MAX	(3600 * SECOND)
/* A size that changes is seen after this at the latest, ms. */
#define WAIT_MAX	500

static const char help[] =
"Usage: vmdevctl top [OPTION]...\n"
"Show on a whole screen, again and again, what vmdev does: pool, store, faults and how\n"
"long they took, and each space. Press h for the keys, q to quit.\n"
"\n"
"  -d, --delay SECONDS      time between two looks, 0.1 to 3600 (1)\n"
"  -s, --sort COLUMN        sort the spaces by id, pid, command, resident, swapped,\n"
"                           fault/s, reflt/s, read/s, write/s, size, dirty or major/s\n"
"                           (resident)\n"
"  -a, --ascii              no block characters, for terminals that lack them\n"
"  -R, --sysroot DIR        read DIR/sys, as of a host seen from a container\n"
CTL_HELP_OPTIONS
"\n"
"Exit status: 0 ended by the user, 1 failed, not loaded or no terminal, 2 a wrong option.\n";

static const struct option long_options[] = {
	{ "delay",	required_argument, NULL, 'd' },
	{ "sort",	required_argument, NULL, 's' },
	{ "ascii",	no_argument,	   NULL, 'a' },
	{ "sysroot",	required_argument, NULL, 'R' },
	CTL_LONG_OPTIONS
};

struct top {
	struct top_view view;
	struct live live;
	const char *sysroot;
	bool ascii;
	bool quit;
	uint64_t next_ns;	/* when to look again */
};

static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

static void sort(struct top *top)
{
	live_sort(&top->live, top->view.sort, top->view.reverse);
}

static int look(struct top *top, struct ctl_result *result)
{
	struct sample sample;
	int status = CTL_OK;

	top->next_ns = now_ns() + top->view.interval_ns;
	if (sample_read(&sample, top->sysroot, result))
		return CTL_FAILED;
	if (live_add(&top->live, &sample))
		status = ctl_fail(result, ENOMEM, "%s", strerror(ENOMEM));
	sample_free(&sample);
	sort(top);
	return status;
}

/* What can't be had is said on the screen, until it can. */
static void look_again(struct top *top)
{
	struct ctl_result result = { 0 };

	top->view.message[0] = '\0';
	if (!look(top, &result))
		return;
	if (result.error == ENODEV)
		live_reset(&top->live);
	snprintf(top->view.message, sizeof(top->view.message), "%.900s; waiting for it",
		 result.message);
}

/* ---- Keys ---- */

static void set_interval(struct top *top, uint64_t ns)
{
	if (ns < INTERVAL_MIN || ns > INTERVAL_MAX)
		return;
	top->view.interval_ns = ns;
	top->next_ns = now_ns() + ns;
}

static void pause_or_go_on(struct top *top)
{
	top->view.paused = !top->view.paused;
	if (!top->view.paused)
		look_again(top);
}

static void move_list(struct top *top, int lines)
{
	unsigned int first = top->view.first;

	if (lines < 0 && first < (unsigned int)-lines)
		top->view.first = 0;
	else
		top->view.first = first + (unsigned int)lines;
}

static void sort_by(struct top *top, unsigned int column)
{
	top->view.sort = column;
	top->view.reverse = false;
	sort(top);
}

static void press_in_list(struct top *top, int key)
{
	switch (key) {
	case KEY_UP:
		move_list(top, -1);
		break;
	case KEY_DOWN:
		move_list(top, 1);
		break;
	case KEY_PPAGE:
		move_list(top, -(int)top_page());
		break;
	case KEY_NPAGE:
		move_list(top, (int)top_page());
		break;
	case KEY_HOME:
		top->view.first = 0;
		break;
	case KEY_END:
		/* Drawing knows where the end is. */
		top->view.first = top->live.now.spaces_count > 0 ?
				  (unsigned int)top->live.now.spaces_count : 0;
		break;
	default:
		for (unsigned int i = 0; i < LIVE_COLUMNS; i++) {
			if (key == top_columns[i].key)
				sort_by(top, i);
		}
	}
}

static void press(struct top *top, int key)
{
	struct top_view *view = &top->view;

	if (view->help && key != KEY_RESIZE) {
		view->help = false;
		return;
	}
	switch (key) {
	case 'q':
	case 'Q':
		top->quit = true;
		break;
	case 'h':
	case '?':
	case KEY_F(1):
		view->help = true;
		break;
	case 'p':
	case ' ':
		pause_or_go_on(top);
		break;
	case '<':
	case KEY_LEFT:
		sort_by(top, (view->sort + LIVE_COLUMNS - 1) % LIVE_COLUMNS);
		break;
	case '>':
	case KEY_RIGHT:
		sort_by(top, (view->sort + 1) % LIVE_COLUMNS);
		break;
	case 'r':
		view->reverse = !view->reverse;
		sort(top);
		break;
	case 'l':
		view->all_faults = !view->all_faults;
		break;
	case '+':
		set_interval(top, view->interval_ns * 2);
		break;
	case '-':
		set_interval(top, view->interval_ns / 2);
		break;
	case 'L' - '@':
		clearok(curscr, TRUE);
		break;
	default:
		press_in_list(top, key);
	}
}

/* ---- The terminal ---- */

/* Wait for a key, the time of the next look, or a signal. */
static void wait_for_event(struct top *top)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	uint64_t now = now_ns();
	int wait = WAIT_MAX;
	int key;

	if (!top->view.paused && top->next_ns < now + WAIT_MAX * (SECOND / 1000))
		wait = top->next_ns > now ? (int)((top->next_ns - now) / (SECOND / 1000)) + 1 : 0;
	poll(&in, 1, wait);
	if (in.revents & (POLLHUP | POLLERR | POLLNVAL))
		top->quit = true;
	while (!top->quit && (key = getch()) != ERR)
		press(top, key);
}

static void show(struct top *top)
{
	while (!top->quit && !ended) {
		if (!top->view.paused && now_ns() >= top->next_ns)
			look_again(top);
		top_draw(&top->view, &top->live);
		wait_for_event(top);
	}
}

/* SIGINT and the like end it as q does, so that the terminal is as it was before. */
static void catch_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	const struct sigaction action = { .sa_handler = end };
	size_t i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
}

static int open_screen(struct top *top, SCREEN **screen, struct ctl_result *result)
{
	const char *term = getenv("TERM");

	setlocale(LC_CTYPE, "");
	top->view.utf8 = !top->ascii && !strcmp(nl_langinfo(CODESET), "UTF-8");
	*screen = newterm(NULL, stdout, stdin);
	if (!*screen)
		return ctl_fail(result, 0, "unknown terminal type '%s'; set TERM to that of yours",
				term ? term : "");
	if (!tigetstr("cup")) {
		endwin();
		delscreen(*screen);
		return ctl_fail(result, 0,
				"a terminal of type '%s' has no screen; use 'vmdevctl stat'", term);
	}
	top_colours(&top->view);
	cbreak();
	noecho();
	nonl();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	set_escdelay(25);
	curs_set(0);
	catch_signals();
	return CTL_OK;
}

static int run_screen(struct top *top, struct ctl_result *result)
{
	SCREEN *screen;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return ctl_fail(result, ENOTTY,
				"top needs a terminal; use 'vmdevctl stat' where there is none");
	/* What can't be read at all is better said before there is a screen. */
	if (look(top, result) || open_screen(top, &screen, result))
		return CTL_FAILED;
	show(top);
	endwin();
	delscreen(screen);
	return CTL_OK;
}

/* ---- The command line ---- */

static bool find_column(const char *name, enum live_column *column)
{
	unsigned int i;

	for (i = 0; i < LIVE_COLUMNS; i++) {
		if (!strcasecmp(name, top_columns[i].name)) {
			*column = i;
			return true;
		}
	}
	return false;
}

/* Returns false with the exit status where the command ends here. */
static bool read_options(const struct ctl_command *command, int argc, char **argv,
			 struct top *top, int *status)
{
	struct top_view *view = &top->view;
	int got;

	while ((got = ctl_getopt(command, argc, argv, ":d:s:aR:hV", long_options, status)) >= 0) {
		if (got == 'a') {
			top->ascii = true;
		} else if (got == 'R') {
			top->sysroot = optarg;
		} else if (got == 's' && !find_column(optarg, &view->sort)) {
			*status = ctl_usage(command, "--sort %s: no such column", optarg);
			return false;
		} else if (got == 'd' && (stat_interval(optarg, &view->interval_ns) ||
					  view->interval_ns < INTERVAL_MIN ||
					  view->interval_ns > INTERVAL_MAX)) {
			*status = ctl_usage(command, "--delay %s: must be seconds, 0.1 to 3600",
					    optarg);
			return false;
		}
	}
	return got == -1;
}

static int run(const struct ctl_command *command, int argc, char **argv)
{
	struct top top = {
		.view.sort = LIVE_RESIDENT,
		.view.interval_ns = SECOND,
	};
	struct ctl_result result = { 0 };
	int status;

	if (!read_options(command, argc, argv, &top, &status))
		return status;
	run_screen(&top, &result);
	live_free(&top.live);
	return ctl_finish(&result);
}

const struct ctl_command ctl_top = {
	.name = "top",
	.summary = "watch it live on a whole screen",
	.help = help,
	.run = run,
};
