// SPDX-License-Identifier: GPL-2.0
/*
 * vmdevctl: loads, unloads and shows vmdev. Chooses the command; what it does is
 * in its own file.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"

static const struct ctl_command *const commands[] = {
	&ctl_load,
	&ctl_unload,
	&ctl_reload,
	&ctl_status,
	&ctl_stat,
	&ctl_metrics,
	&ctl_top,
	&ctl_map,
	&ctl_translate,
	&ctl_doctor,
	&ctl_volume,
	&ctl_run,
};

#define COMMANDS	(sizeof(commands) / sizeof(commands[0]))

static int help(void)
{
	size_t i;

	puts("Usage: vmdevctl COMMAND [OPTION]...\n"
	     "Load, unload and look at vmdev, a memory device bigger than RAM.\n"
	     "\n"
	     "Commands:");
	for (i = 0; i < COMMANDS; i++)
		printf("  %-9s  %s\n", commands[i]->name, commands[i]->summary);
	puts("\n"
	     "Options:\n"
	     "  -h, --help     show this help, or that of a command, and exit\n"
	     "  -V, --version  show the version and exit\n"
	     "\n"
	     "Exit status: 0 success, 1 it failed, 2 the command line can't work and nothing\n"
	     "was tried. Errors are one line on standard error. Colours are used on terminals\n"
	     "only and never where NO_COLOR is set.");
	return CTL_OK;
}

static int run(int argc, char **argv)
{
	size_t i;

	if (argc < 2)
		return ctl_usage(NULL, "no command given");
	if (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help"))
		return help();
	if (!strcmp(argv[1], "-V") || !strcmp(argv[1], "--version"))
		return ctl_version();
	if (argv[1][0] == '-')
		return ctl_usage(NULL, "unknown option %s", argv[1]);
	for (i = 0; i < COMMANDS; i++) {
		if (!strcmp(argv[1], commands[i]->name))
			return commands[i]->run(commands[i], argc - 1, argv + 1);
	}
	return ctl_usage(NULL, "unknown command '%s'", argv[1]);
}

int main(int argc, char **argv)
{
	int status = run(argc, argv);

	/* A full disk or a closed pipe must not look like success. */
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr,
			"vmdevctl: cannot write the output: %s; send it where there is room\n",
			strerror(errno));
		return CTL_FAILED;
	}
	return status;
}
