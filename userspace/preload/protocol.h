/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What `vmdevctl run` and the preload library say to each other.
 *
 * RUN_ENV in the environment tells a program where the broker of its run listens: a
 * name in the abstract namespace of AF_UNIX; a token that a request must show and
 * another for the answer, since such names are no secret and, when a broker has ended,
 * anybody's; and from which length on mappings go to vmdev.
 *
 * A connection (SOCK_SEQPACKET) stands for one space and for the process image that
 * uses it: its end is how the broker learns that the image has. Each request is
 * answered by a struct run_reply, with the space's descriptor if there was no error.
 */
#ifndef PRELOAD_PROTOCOL_H
#define PRELOAD_PROTOCOL_H

#include <stdint.h>

#define RUN_ENV		"VMDEV_RUN"
#define RUN_ENV_FORMAT	"%s %s %s %llu"	/* name, two tokens, bytes */

#define RUN_NAME_MAX	64
#define RUN_TOKEN	32		/* hexadecimal digits */

enum run_op {
	RUN_NEW		= 1,	/* make a space for this connection */
	RUN_AGAIN	= 2,	/* its descriptor once more */
};

struct run_request {
	uint32_t op;
	char token[RUN_TOKEN];
};

struct run_reply {
	int32_t error;		/* errno, 0: a descriptor comes with it */
	char token[RUN_TOKEN];
};

#endif /* PRELOAD_PROTOCOL_H */
