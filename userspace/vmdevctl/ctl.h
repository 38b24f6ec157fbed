/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the commands of vmdevctl share: how they are called, how they say that
 * something went wrong, and how they end.
 */
#ifndef VMDEVCTL_CTL_H
#define VMDEVCTL_CTL_H

#include <stdbool.h>
#include <getopt.h>

#include "json.h"

/* Exit statuses; --help and the man page document them. */
enum {
	CTL_OK		= 0,
	CTL_FAILED	= 1,
	CTL_USAGE	= 2,
};

#define CTL_MODULE	"vmdev"

/* A line of text for the user. Larger ones are cut. */
#define CTL_MESSAGE	1024

/* How a command ended; all zero is success. */
struct ctl_result {
	int error;			/* errno, 0 if none fits */
	char message[CTL_MESSAGE];	/* empty on success */
};

struct ctl_command {
	const char *name;
	const char *summary;
	const char *help;
	int operands;			/* arguments that are no options, at most */
	int (*run)(const struct ctl_command *command, int argc, char **argv);
};

extern const struct ctl_command ctl_load;
extern const struct ctl_command ctl_unload;
extern const struct ctl_command ctl_reload;
extern const struct ctl_command ctl_status;
extern const struct ctl_command ctl_stat;
extern const struct ctl_command ctl_metrics;
extern const struct ctl_command ctl_top;
extern const struct ctl_command ctl_doctor;
extern const struct ctl_command ctl_map;
extern const struct ctl_command ctl_translate;
extern const struct ctl_command ctl_volume;
extern const struct ctl_command ctl_run;

/* The end of each command's long options: those that all have. */
#define CTL_LONG_OPTIONS			\
	{ "help",    no_argument, NULL, 'h' },	\
	{ "version", no_argument, NULL, 'V' },	\
	{ 0 }

/* The end of each command's list of options in its help. */
#define CTL_HELP_OPTIONS							\
"  -h, --help               show this help and exit\n"				\
"  -V, --version            show the version and exit\n"

/* Note a failure. @error is an errno or 0. Returns CTL_FAILED. */
int ctl_fail(struct ctl_result *result, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Say on standard error that the command line is wrong and where to look it up.
 * @command is NULL for that of vmdevctl itself. Returns CTL_USAGE.
 */
int ctl_usage(const struct ctl_command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Print the version. Returns CTL_OK. */
int ctl_version(void);

/* Are escape sequences welcome on standard output? */
bool ctl_want_colour(void);

/*
 * The next option as getopt_long(3) gives it, -1 at the end. Handles -h, -V and
 * mistakes itself, also more operands than the command takes: then returns -2,
 * with the exit status in *@status. Operands are in @argv from optind on; any number
 * of them where @short_options begin with '+', which ends the options there.
 */
int ctl_getopt(const struct ctl_command *command, int argc, char **argv,
	       const char *short_options, const struct option *long_options, int *status);

/* Start the JSON document of a command with what all have: ok, error, errno. */
void ctl_json_begin(struct json *json, const struct ctl_result *result);

/* The same for one of many documents, which is one line. */
void ctl_json_begin_line(struct json *json, const struct ctl_result *result);

/* Print the failure, if it is one, on standard error. Returns the exit status. */
int ctl_finish(const struct ctl_result *result);

#endif /* VMDEVCTL_CTL_H */
