/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The broker of `vmdevctl run`: gives each process under it a space and keeps count
 * of what they use. See preload/protocol.h for what is said. A descriptor of each
 * space stays here, which is how its last numbers are known however it ends.
 */
#ifndef VMDEVCTL_BROKER_H
#define VMDEVCTL_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../preload/protocol.h"

/* Room for the value of RUN_ENV. */
#define BROKER_ENV	(RUN_NAME_MAX + 2 * RUN_TOKEN + 32)

/* Sums over all spaces, of those that are gone and those that are not. */
struct broker_report {
	uint64_t spaces;
	uint64_t peak_pages;		/* touched at one time, by all together */
	uint64_t peak_resident;		/* of these in the pool; both as sampled */
	uint64_t faults_minor;
	uint64_t faults_major;
	uint64_t faults_zero;
	uint64_t read_pages;
	uint64_t written_pages;
};

struct broker_client {
	int link;
	int space;			/* -1 before it has asked for one */
};

struct broker {
	int listener;
	char token[RUN_TOKEN + 1];		/* that of a request */
	char reply_token[RUN_TOKEN + 1];
	char name[RUN_NAME_MAX + 1];
	struct broker_client *clients;
	size_t count;
	size_t room;
	/* A new space's descriptor or -errno. */
	int (*new_space)(const void *context);
	const void *context;
	struct broker_report report;
};

/*
 * Begin to listen. @new_space is called for each new space with @context. Returns 0
 * or a negative errno.
 */
int broker_open(struct broker *broker, int (*new_space)(const void *context),
		const void *context);

/* What to put into the environment as RUN_ENV: mappings from @min_size on are ours. */
void broker_environment(const struct broker *broker, uint64_t min_size, char env[BROKER_ENV]);

/*
 * Serve what there is to be served, waiting at most @timeout ms for it; look what is
 * in use. Returns true if @wake (a descriptor, or -1) has become readable.
 */
bool broker_serve(struct broker *broker, int wake, int timeout);

/* Has any process a space now? */
bool broker_in_use(const struct broker *broker);

/* End it. The report stays. */
void broker_close(struct broker *broker);

#endif /* VMDEVCTL_BROKER_H */
