// SPDX-License-Identifier: GPL-2.0
/*
 * The broker of `run`, by its protocol: who gets a space, who doesn't, and when it is
 * given back. A space is a pipe's end here, so that its last close can be seen.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../vmdevctl/broker.h"
#include "tap.h"

static struct broker broker;
static int readers[64];		/* of the pipes whose writing ends were given out */
static unsigned int given;
static int refuse;		/* errno for the next */

static int new_pipe(const void *context)
{
	int ends[2];

	if (context != &given)
		return -EBADF;
	if (refuse)
		return -refuse;
	if (given == ARRAY_SIZE(readers) || pipe2(ends, O_CLOEXEC))
		return -EMFILE;
	readers[given++] = ends[0];
	return ends[1];
}

/* Has the last descriptor of the space of that number been closed? */
static bool is_gone(unsigned int number)
{
	struct pollfd poll_fd = { .fd = readers[number] };

	return poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLHUP);
}

static int join(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length = strlen(broker.name);
	int link = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path + 1, broker.name, length);
	length += offsetof(struct sockaddr_un, sun_path) + 1;
	if (connect(link, (struct sockaddr *)&address, (socklen_t)length))
		printf("# connect: %s\n", strerror(errno));
	broker_serve(&broker, -1, 0);
	return link;
}

/* The answer's error, or -1 if the connection was closed; the descriptor in *@fd. */
static int receive(int link, int *fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .bytes = { 0 } };
	struct run_reply reply;
	struct iovec iov = { &reply, sizeof(reply) };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};

	*fd = -1;
	if (recvmsg(link, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != sizeof(reply))
		return -1;
	if (CMSG_FIRSTHDR(&message))
		memcpy(fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(*fd));
	if (memcmp(reply.token, broker.reply_token, RUN_TOKEN))
		return -1;
	return reply.error;
}

static int ask(int link, uint32_t op, const char *token, size_t length, int *fd)
{
	struct run_request request = { .op = op };

	memcpy(request.token, token, RUN_TOKEN);
	if (send(link, &request, length, MSG_NOSIGNAL) != (ssize_t)length)
		return -1;
	broker_serve(&broker, -1, 0);
	return receive(link, fd);
}

#define FULL	sizeof(struct run_request)

static void test_good(void)
{
	int link = join(), other, fd, again;
	char byte = 0;

	ok(!ask(link, RUN_NEW, broker.token, FULL, &fd) && fd >= 0 && given == 1, "a space");
	ok(!ask(link, RUN_AGAIN, broker.token, FULL, &again) && again >= 0 && given == 1,
	   "the same once more");
	ok(write(again, "x", 1) == 1 && read(readers[0], &byte, 1) == 1, "is the same");
	close(fd);
	close(again);
	broker_serve(&broker, -1, 0);
	ok(!is_gone(0) && broker.count == 1, "the space stays as long as the connection");
	other = join();
	ok(!ask(other, RUN_NEW, broker.token, FULL, &fd) && given == 2, "a space for another");
	close(fd);
	close(link);
	broker_serve(&broker, -1, 0);
	ok(is_gone(0) && !is_gone(1) && broker.count == 1, "it ends with its connection");
	close(other);
	broker_serve(&broker, -1, 0);
	ok(is_gone(1) && !broker.count && broker.report.spaces == 2, "and so does the other");
}

static void test_bad(void)
{
	char wrong[RUN_TOKEN];
	int link = join(), fd;

	memcpy(wrong, broker.token, sizeof(wrong));
	wrong[RUN_TOKEN - 1] ^= 1;
	ok(ask(link, RUN_NEW, wrong, FULL, &fd) == -1 && !broker.count, "a wrong token");
	close(link);
	link = join();
	ok(ask(link, RUN_NEW, broker.token, FULL - 1, &fd) == -1 && !broker.count,
	   "a short request");
	close(link);
	link = join();
	ok(ask(link, RUN_AGAIN, broker.token, FULL, &fd) == ENOENT && fd < 0, "once more of none");
	ok(ask(link, 99, broker.token, FULL, &fd) == EINVAL && fd < 0, "an unknown request");
	refuse = ENOMEM;
	ok(ask(link, RUN_NEW, broker.token, FULL, &fd) == ENOMEM && fd < 0, "no space to be had");
	refuse = 0;
	ok(!ask(link, RUN_NEW, broker.token, FULL, &fd) && fd >= 0, "there is one later");
	close(fd);
	ok(ask(link, RUN_NEW, broker.token, FULL, &fd) == EINVAL && fd < 0, "a second one");
	close(link);
	broker_serve(&broker, -1, 0);
	ok(is_gone(given - 1) && !broker.count, "which ends, too");
}

static void test_many(void)
{
	unsigned int first = given, i, gone = 0;
	int links[40], fd;

	for (i = 0; i < ARRAY_SIZE(links); i++) {
		links[i] = join();
		if (!ask(links[i], RUN_NEW, broker.token, FULL, &fd))
			close(fd);
	}
	ok(broker.count == 40 && given == first + 40, "many at once");
	for (i = 0; i < ARRAY_SIZE(links); i += 2)
		close(links[i]);
	broker_serve(&broker, -1, 0);
	for (i = 0; i < ARRAY_SIZE(links); i++)
		gone += is_gone(first + i) == !(i % 2);
	ok(gone == 40 && broker.count == 20, "every second ends");
	broker_close(&broker);
	for (i = 0, gone = 0; i < ARRAY_SIZE(links); i++)
		gone += is_gone(first + i);
	ok(gone == 40, "all end with the broker");
	for (i = 1; i < ARRAY_SIZE(links); i += 2)
		close(links[i]);
}

int main(void)
{
	char env[BROKER_ENV], want[BROKER_ENV];
	struct broker other;

	if (broker_open(&broker, new_pipe, &given))
		return 2;
	ok(strlen(broker.token) == RUN_TOKEN && strlen(broker.reply_token) == RUN_TOKEN &&
	   strcmp(broker.token, broker.reply_token), "two tokens");
	ok(!broker_open(&other, new_pipe, &given) && strcmp(broker.name, other.name),
	   "two brokers of one process");
	broker_close(&other);
	broker_environment(&broker, 65536, env);
	snprintf(want, sizeof(want), "%s %s %s 65536", broker.name, broker.token,
		 broker.reply_token);
	is(env, want, "what goes into the environment");
	test_good();
	test_bad();
	test_many();
	return tap_end();
}
