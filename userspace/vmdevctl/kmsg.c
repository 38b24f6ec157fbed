// SPDX-License-Identifier: GPL-2.0
/*
 * Reads /dev/kmsg: one record a read(2), "priority,sequence,time,flags;text" and
 * then continuation lines. Knows which lines are the module's own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kmsg.h"

#define KMSG_PREFIX		"vmdev: "
#define KMSG_LEVEL_WARNING	4

int kmsg_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

static void keep(struct kmsg *kmsg, const char *text)
{
	if (kmsg->count == KMSG_LINES) {
		memmove(kmsg->lines[0], kmsg->lines[1], sizeof(kmsg->lines) - KMSG_TEXT);
		kmsg->count--;
	}
	strncpy(kmsg->lines[kmsg->count], text, KMSG_TEXT - 1);
	kmsg->lines[kmsg->count][KMSG_TEXT - 1] = '\0';
	kmsg->count++;
}

static void parse_record(struct kmsg *kmsg, char *record)
{
	unsigned long priority;
	char *text;

	priority = strtoul(record, NULL, 10);
	text = strchr(record, ';');
	if (!text || (priority & 7) > KMSG_LEVEL_WARNING)
		return;
	text++;
	text[strcspn(text, "\n")] = '\0';
	if (strncmp(text, KMSG_PREFIX, strlen(KMSG_PREFIX)))
		return;
	text += strlen(KMSG_PREFIX);
	/* The loader's remarks about tainting say nothing about a failure. */
	if (strstr(text, "taint"))
		return;
	keep(kmsg, text);
}

void kmsg_read(int fd, struct kmsg *kmsg)
{
	char record[8192];
	ssize_t got;

	kmsg->count = 0;
	if (fd < 0)
		return;
	for (;;) {
		got = read(fd, record, sizeof(record) - 1);
		if (got > 0) {
			record[got] = '\0';
			parse_record(kmsg, record);
		} else if (got == 0 || (errno != EINTR && errno != EPIPE)) {
			/* EPIPE: records were overwritten, reading goes on behind them. */
			break;
		}
	}
}
