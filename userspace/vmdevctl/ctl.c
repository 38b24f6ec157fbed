// SPDX-License-Identifier: GPL-2.0
/*
 * The common ground of vmdevctl's commands: options, messages, exit statuses.
 * Knows no command.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vmdev.h>

#include "ctl.h"

int ctl_fail(struct ctl_result *result, int error, const char *format, ...)
{
	va_list args;

	result->error = error;
	va_start(args, format);
	vsnprintf(result->message, sizeof(result->message), format, args);
	va_end(args);
	return CTL_FAILED;
}

int ctl_usage(const struct ctl_command *command, const char *format, ...)
{
	va_list args;

	fputs("vmdevctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	if (command)
		fprintf(stderr, "; see 'vmdevctl %s --help'\n", command->name);
	else
		fputs("; see 'vmdevctl --help'\n", stderr);
	return CTL_USAGE;
}

static int bad_option(const struct ctl_command *command, int got, char **argv)
{
	/* optopt is 0 for an unknown or ambiguous long option. */
	if (got == ':')
		return ctl_usage(command, "option %s needs a value", argv[optind - 1]);
	if (optopt > 0 && optopt < 128 && argv[optind - 1][1] == '-')
		return ctl_usage(command, "option %s takes no value", argv[optind - 1]);
	if (optopt > 0 && optopt < 128)
		return ctl_usage(command, "unknown option -%c", optopt);
	return ctl_usage(command, "unknown option %s", argv[optind - 1]);
}

int ctl_version(void)
{
	printf("vmdevctl %s (ABI %d)\n", vmdev_version(), VMDEV_ABI_VERSION);
	return CTL_OK;
}

bool ctl_want_colour(void)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (no_color && *no_color)
		return false;
	return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb");
}

int ctl_getopt(const struct ctl_command *command, int argc, char **argv,
	       const char *short_options, const struct option *long_options, int *status)
{
	int got;

	opterr = 0;
	got = getopt_long(argc, argv, short_options, long_options, NULL);
	switch (got) {
	case -1:
		if (short_options[0] == '+' || argc - optind <= command->operands)
			return -1;
		*status = ctl_usage(command, "unexpected argument '%s'",
				    argv[optind + command->operands]);
		return -2;
	case 'h':
		fputs(command->help, stdout);
		*status = CTL_OK;
		return -2;
	case 'V':
		*status = ctl_version();
		return -2;
	case '?':
	case ':':
		*status = bad_option(command, got, argv);
		return -2;
	default:
		return got;
	}
}

static void json_begin(struct json *json, const struct ctl_result *result)
{
	bool ok = !result->message[0];

	json_begin_object(json, NULL);
	json_bool(json, "ok", ok);
	json_string(json, "error", ok ? NULL : result->message);
	json_string(json, "errno", result->error ? strerrorname_np(result->error) : NULL);
}

void ctl_json_begin(struct json *json, const struct ctl_result *result)
{
	*json = (struct json){ .out = stdout };
	json_begin(json, result);
}

void ctl_json_begin_line(struct json *json, const struct ctl_result *result)
{
	*json = (struct json){ .out = stdout, .one_line = true };
	json_begin(json, result);
}

int ctl_finish(const struct ctl_result *result)
{
	if (!result->message[0])
		return CTL_OK;
	fprintf(stderr, "vmdevctl: %s\n", result->message);
	return CTL_FAILED;
}
