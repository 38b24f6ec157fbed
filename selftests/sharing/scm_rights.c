// SPDX-License-Identifier: GPL-2.0
/*
 * A descriptor passed over a socket gives its receiver the space; in flight it
 * alone keeps the space alive.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#include <sys/socket.h>

#define PAGES	128

static bool send_fd(int sock, int fd)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { "x", 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	vt_check(sendmsg(sock, &msg, 0) == 1, "sendmsg: %s", strerror(errno));
	return true;
}

static int receive_fd(int sock)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space),
	};
	struct cmsghdr *c;
	int fd;

	vt_need(recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) == 1, "recvmsg: %s", strerror(errno));
	c = CMSG_FIRSTHDR(&msg);
	vt_need(c && c->cmsg_type == SCM_RIGHTS, "no descriptor in the message");
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

static bool receiver(int sock, int closed)
{
	const size_t length = PAGES * vt_page_size();
	struct vt_space s = { .length = length };
	char byte;

	/* The sender says when it has closed everything. */
	vt_check(read(closed, &byte, 1) == 1, "the sender is gone");
	vt_check(vt_sysfs_u64("spaces/count") == 1, "%" PRIu64 " spaces while in flight",
		 vt_sysfs_u64("spaces/count"));
	s.fd = receive_fd(sock);
	s.mem = vt_map(s.fd, length, 0);
	vt_check(check_range(s.mem, PAGES, 1, 0), "what the sender wrote");
	fill_range(s.mem, PAGES, 2, 0);
	vt_check(vt_evict_all(&s), "not evicted by the receiver");
	vt_check(send_fd(sock, s.fd), "sending it back");
	return true;
}

/* There, closed here, and back. */
static bool pass_and_return(void)
{
	const size_t length = PAGES * vt_page_size();
	struct vt_space s;
	int stream[2], closed[2];
	pid_t pid;

	/* Before the space exists, so that the child has it from the socket alone. */
	vt_need(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, stream) && !pipe(closed), "socketpair: %s",
		strerror(errno));
	pid = vt_fork();
	if (!pid) {
		close(stream[0]);
		close(closed[1]);
		_exit(receiver(stream[1], closed[0]) ? KSFT_PASS : KSFT_FAIL);
	}
	close(stream[1]);
	close(closed[0]);
	s = vt_space_new(length);
	fill_range(s.mem, PAGES, 1, 0);
	vt_check(vt_evict_range(s.fd, 0, length / 2), "not evicted");
	vt_check(send_fd(stream[0], s.fd), "sending");
	vt_space_free(&s);
	vt_check(write(closed[1], "c", 1) == 1, "write: %s", strerror(errno));
	s.fd = receive_fd(stream[0]);
	vt_check(vt_wait_ok(pid), "the receiver");
	s.mem = vt_map(s.fd, length, 0);
	vt_check(check_range(s.mem, PAGES, 2, 0), "what the receiver wrote");
	vt_space_free(&s);
	close(closed[1]);
	close(stream[0]);
	return true;
}

/* Sent and never received: it goes with the socket. */
static bool never_received(void)
{
	struct vt_space s = vt_space_new(PAGES * vt_page_size());
	int stream[2];

	vt_need(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, stream), "socketpair: %s",
		strerror(errno));
	fill_range(s.mem, PAGES, 3, 0);
	vt_check(send_fd(stream[0], s.fd), "sending");
	vt_space_free(&s);
	vt_check(vt_sysfs_u64("spaces/count") == 1, "%" PRIu64 " spaces while in flight",
		 vt_sysfs_u64("spaces/count"));
	close(stream[0]);
	close(stream[1]);
	vt_check(vt_nothing_left(), "after the socket closed");
	return true;
}

static const struct vt_test tests[] = {
	{ "passed to another process and back", pass_and_return },
	{ "passed and never received", never_received },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
