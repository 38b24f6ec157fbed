// SPDX-License-Identifier: GPL-2.0
/* The broker, see broker.h. One thread, one poll(2) over all connections. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <vmdev.h>

#include "broker.h"

/* @digits of them, hexadecimal. Returns 0 or -EIO. */
static int make_random(char *text, size_t digits)
{
	unsigned char random[RUN_TOKEN / 2];
	size_t i;

	if (getrandom(random, digits / 2, 0) != (ssize_t)(digits / 2))
		return -EIO;
	for (i = 0; i < digits / 2; i++)
		snprintf(text + 2 * i, 3, "%02x", random[i]);
	return 0;
}

static int make_names(struct broker *broker)
{
	char random[17];

	if (make_random(broker->token, RUN_TOKEN) || make_random(broker->reply_token, RUN_TOKEN) ||
	    make_random(random, sizeof(random) - 1))
		return -EIO;
	/* another with that pid can be in another namespace, and who waits for it anywhere */
	snprintf(broker->name, sizeof(broker->name), "vmdevctl-run-%d-%s", (int)getpid(), random);
	return 0;
}

int broker_open(struct broker *broker, int (*new_space)(const void *context),
		const void *context)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t length;
	int err;

	memset(broker, 0, sizeof(*broker));
	broker->new_space = new_space;
	broker->context = context;
	err = make_names(broker);
	if (err)
		return err;
	memcpy(address.sun_path + 1, broker->name, strlen(broker->name));
	length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(broker->name));
	broker->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (broker->listener < 0)
		return -errno;
	if (bind(broker->listener, (struct sockaddr *)&address, length) ||
	    listen(broker->listener, SOMAXCONN)) {
		err = -errno;
		close(broker->listener);
	}
	return err;
}

void broker_environment(const struct broker *broker, uint64_t min_size, char env[BROKER_ENV])
{
	snprintf(env, BROKER_ENV, RUN_ENV_FORMAT, broker->name, broker->token, broker->reply_token,
		 (unsigned long long)min_size);
}

/* ---- counting ---- */

/* Of what is no space but a file, in tests, only how large it is. */
static void get_stats(const struct broker_client *client, struct vmdev_stats *stats)
{
	struct stat st;

	if (client->space >= 0 && !ioctl(client->space, VMDEV_IOC_GET_STATS, stats))
		return;
	memset(stats, 0, sizeof(*stats));
	if (client->space >= 0 && !fstat(client->space, &st))
		stats->touched = (uint64_t)st.st_blocks * 512 / (uint64_t)getpagesize();
}

static void sample(struct broker *broker)
{
	struct broker_report *report = &broker->report;
	uint64_t pages = 0, resident = 0;
	struct vmdev_stats stats;
	size_t i;

	for (i = 0; i < broker->count; i++) {
		get_stats(&broker->clients[i], &stats);
		pages += stats.touched;
		resident += stats.resident;
	}
	if (pages > report->peak_pages)
		report->peak_pages = pages;
	if (resident > report->peak_resident)
		report->peak_resident = resident;
}

static void drop(struct broker *broker, size_t index)
{
	struct broker_client *client = &broker->clients[index];
	struct broker_report *report = &broker->report;
	struct vmdev_stats stats;

	get_stats(client, &stats);
	report->faults_minor += stats.faults_minor;
	report->faults_major += stats.faults_major;
	report->faults_zero += stats.faults_zero;
	report->read_pages += stats.read_pages;
	report->written_pages += stats.written_pages;
	close(client->link);
	if (client->space >= 0)
		close(client->space);
	*client = broker->clients[--broker->count];
}

/* ---- serving ---- */

static void welcome(struct broker *broker)
{
	size_t room = broker->room ? 2 * broker->room : 16;
	struct broker_client *clients;
	int link;

	link = accept4(broker->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (link < 0)
		return;
	if (broker->count == broker->room) {
		clients = realloc(broker->clients, room * sizeof(*clients));
		if (!clients) {
			close(link);
			return;
		}
		broker->clients = clients;
		broker->room = room;
	}
	broker->clients[broker->count++] = (struct broker_client){ .link = link, .space = -1 };
}

static int send_reply(const struct broker *broker, int link, int error, int fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .bytes = { 0 } };
	struct run_reply reply = { .error = error };
	struct iovec iov = { &reply, sizeof(reply) };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

	memcpy(reply.token, broker->reply_token, sizeof(reply.token));
	if (!error) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		*CMSG_FIRSTHDR(&message) = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(sizeof(int)),
			.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
		};
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &fd, sizeof(fd));
	}
	return sendmsg(link, &message, MSG_NOSIGNAL) == sizeof(reply) ? 0 : -errno;
}

static bool knows_token(const struct broker *broker, const struct run_request *request)
{
	unsigned char differs = 0;
	size_t i;

	for (i = 0; i < RUN_TOKEN; i++)
		differs |= (unsigned char)(request->token[i] ^ broker->token[i]);
	return !differs;
}

static int find_space(struct broker *broker, struct broker_client *client, uint32_t op)
{
	if (op == RUN_AGAIN)
		return client->space < 0 ? -ENOENT : 0;
	if (op != RUN_NEW || client->space >= 0)
		return -EINVAL;
	client->space = broker->new_space(broker->context);
	if (client->space < 0)
		return client->space;
	broker->report.spaces++;
	return 0;
}

/* Returns false when the connection has ended, or should. */
static bool answer(struct broker *broker, struct broker_client *client)
{
	struct run_request request;
	ssize_t got = recv(client->link, &request, sizeof(request), 0);
	int error;

	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	if (got != sizeof(request) || !knows_token(broker, &request))
		return false;
	error = find_space(broker, client, request.op);
	return !send_reply(broker, client->link, -error, client->space);
}

bool broker_serve(struct broker *broker, int wake, int timeout)
{
	struct pollfd *polls = calloc(broker->count + 2, sizeof(*polls));
	size_t count = broker->count, i;
	bool woken;

	if (!polls)
		return false;
	for (i = 0; i < count; i++)
		polls[i] = (struct pollfd){ .fd = broker->clients[i].link, .events = POLLIN };
	polls[count] = (struct pollfd){ .fd = broker->listener, .events = POLLIN };
	polls[count + 1] = (struct pollfd){ .fd = wake, .events = POLLIN };
	if (poll(polls, count + 2, timeout) < 0)
		memset(polls, 0, (count + 2) * sizeof(*polls));
	sample(broker);
	/* from the end: the last takes the place of one that is dropped */
	for (i = count; i-- > 0;) {
		if (polls[i].revents && !answer(broker, &broker->clients[i]))
			drop(broker, i);
	}
	if (polls[count].revents)
		welcome(broker);
	woken = polls[count + 1].revents;
	free(polls);
	return woken;
}

bool broker_in_use(const struct broker *broker)
{
	size_t i;

	for (i = 0; i < broker->count; i++) {
		if (broker->clients[i].space >= 0)
			return true;
	}
	return false;
}

void broker_close(struct broker *broker)
{
	while (broker->count)
		drop(broker, broker->count - 1);
	free(broker->clients);
	close(broker->listener);
}
