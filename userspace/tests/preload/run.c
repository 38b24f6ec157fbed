// SPDX-License-Identifier: GPL-2.0
/*
 * `vmdevctl run` for a machine without the device: the same broker hands out files in
 * memory, which the preload library takes as it takes spaces.
 *
 *	run PRELOAD COMMAND [ARGUMENT]...
 *
 * QUIET and OUTPUT=FILE in the environment are the options of these names.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../vmdevctl/run.h"

/* Offsets are addresses. */
#define ADDRESSES	(1LL << 47)
#define MIN_SIZE	(64 << 10)

static int new_file(const void *context)
{
	int fd = memfd_create("vmdev-fake", MFD_CLOEXEC), err = 0;

	(void)context;
	if (fd < 0 || ftruncate(fd, ADDRESSES))
		err = -errno;
	if (!err)
		return fd;
	close(fd);
	return err;
}

int main(int argc, char **argv)
{
	const char *output = getenv("OUTPUT");
	char env[BROKER_ENV];
	struct broker broker;
	FILE *file = NULL;
	int status;

	if (output)
		file = fopen(output, "we");
	if (argc < 3 || (output && !file))
		return RUN_FAILED;
	status = broker_open(&broker, new_file, NULL);
	if (status) {
		fprintf(stderr, "broker: %s\n", strerror(-status));
		return RUN_FAILED;
	}
	broker_environment(&broker, MIN_SIZE, env);
	setenv(RUN_ENV, env, 1);
	setenv("LD_PRELOAD", argv[1], 1);
	status = run_command(&broker, argv + 2, file, getenv("QUIET"));
	if (file)
		fclose(file);
	broker_close(&broker);
	return status;
}
