// SPDX-License-Identifier: GPL-2.0
/*
 * The space of this process, see space.h: got from the broker of `vmdevctl run`,
 * which keeps a descriptor of it, too. So a program needs no permission of its own
 * for the device, and what closes descriptors behind our back costs nothing but the
 * asking for it again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <linux/vmdev.h>

#include "fork.h"
#include "protocol.h"
#include "space.h"
#include "sys.h"

#define PAGE		4096UL
#define COPY_PAGES	64
#define FAILED_EXIT	125	/* as vmdevctl run's own failures */
/* Away from the numbers that programs use and, mostly, ask for. */
#define FD_FLOOR	960

static struct {
	bool ready;
	int fd;
	int link;		/* the connection to the broker */
	pid_t pid;
	struct stat identity;
	size_t min_size;
	uint64_t capacity;
	struct sockaddr_un address;
	socklen_t address_length;
	char token[RUN_TOKEN], reply_token[RUN_TOKEN];
} space;

void space_say(const char *what, int error)
{
	char text[256];
	int length;

	length = snprintf(text, sizeof(text), "vmdevctl run: process %ld: %s: %s\n",
			  sys(SYS_getpid), what, strerrordesc_np(error));
	sys(SYS_write, STDERR_FILENO, text, length);
}

static void __attribute__((noreturn)) die(const char *what, int error)
{
	space_say(what, error);
	for (;;)
		sys(SYS_exit_group, FAILED_EXIT);
}

/* ---- the broker ---- */

/* The descriptor once more, under a number out of the program's way. Or -errno. */
static long copy_up(int fd)
{
	struct rlimit limit = { .rlim_cur = 0 };
	long floor = FD_FLOOR;

	sys(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit);
	if (limit.rlim_cur < FD_FLOOR + 64)
		floor = (long)limit.rlim_cur / 2;
	return sys(SYS_fcntl, fd, F_DUPFD_CLOEXEC, floor);
}

/* Have it there instead. */
static int move_up(int fd)
{
	long moved;

	if (fd < 0)
		return fd;
	moved = copy_up(fd);
	if (sys_failed(moved))
		return fd;
	sys(SYS_close, fd);
	return (int)moved;
}

static int connect_broker(void)
{
	long fd, err;

	fd = sys(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (sys_failed(fd))
		return (int)fd;
	do {
		err = sys(SYS_connect, fd, &space.address, space.address_length);
	} while (err == -EINTR || err == -EAGAIN);
	if (err) {
		sys(SYS_close, fd);
		return (int)err;
	}
	return move_up((int)fd);
}

/* The descriptor that the broker sends, or -errno. */
static int receive_fd(int link)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .bytes = { 0 } };
	struct run_reply reply = { .error = EPROTO };
	struct iovec iov = { &reply, sizeof(reply) };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *header;
	int fd = -EMFILE;
	long got;

	do {
		got = sys(SYS_recvmsg, link, &message, MSG_CMSG_CLOEXEC);
	} while (got == -EINTR);
	if (sys_failed(got))
		return (int)got;
	header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	if (!got)
		return -EPIPE;
	/* else it has our name without being the broker: no memory from there */
	if (got == sizeof(reply) && !memcmp(reply.token, space.reply_token, RUN_TOKEN))
		return reply.error ? -reply.error : move_up(fd);
	if (fd >= 0)
		sys(SYS_close, fd);
	return -EPERM;
}

static int request_fd(int link, uint32_t op)
{
	struct run_request request = { .op = op };
	long sent;

	memcpy(request.token, space.token, sizeof(request.token));
	do {
		sent = sys(SYS_sendto, link, &request, sizeof(request), MSG_NOSIGNAL);
	} while (sent == -EINTR);
	return sys_failed(sent) ? (int)sent : receive_fd(link);
}

/* A connection and the new space it stands for. Returns 0 or -errno. */
static int new_space(struct space_copy *copy)
{
	copy->link = connect_broker();
	if (copy->link < 0)
		return copy->link;
	copy->fd = request_fd(copy->link, RUN_NEW);
	if (copy->fd >= 0)
		return 0;
	sys(SYS_close, copy->link);
	return copy->fd;
}

/* ---- our own ---- */

static void take(const struct space_copy *copy)
{
	space.fd = copy->fd;
	space.link = copy->link;
	space.pid = (pid_t)sys(SYS_getpid);
	sys(SYS_fstat, space.fd, &space.identity);
}

static bool parse_environment(const char *text)
{
	unsigned long long min_size;
	char name[RUN_NAME_MAX + 1], token[RUN_TOKEN + 1], reply_token[RUN_TOKEN + 1];

	if (sscanf(text, "%64s %32s %32s %llu", name, token, reply_token, &min_size) != 4 ||
	    strlen(token) != RUN_TOKEN || strlen(reply_token) != RUN_TOKEN)
		return false;
	space.address.sun_family = AF_UNIX;
	memcpy(space.address.sun_path + 1, name, strlen(name));
	space.address_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
					   strlen(name));
	memcpy(space.token, token, RUN_TOKEN);
	memcpy(space.reply_token, reply_token, RUN_TOKEN);
	space.min_size = min_size;
	return true;
}

static uint64_t capacity_of(int fd)
{
	struct vmdev_info info;

	if (sys(SYS_ioctl, fd, VMDEV_IOC_GET_INFO, &info))
		return UINT64_MAX;
	return (info.pool_frames + info.store_slots) * PAGE;
}

bool space_ready(void)
{
	static bool decided;
	struct space_copy first;
	const char *text;
	int err;

	/* the C library itself may not have begun */
	if (decided || !environ)
		return space.ready;
	decided = true;
	text = getenv(RUN_ENV);
	if (!text)
		return false;
	if (!parse_environment(text))
		die("bad " RUN_ENV " in the environment", EINVAL);
	err = new_space(&first);
	if (err)
		die("no space from the vmdevctl that runs it", -err);
	take(&first);
	space.capacity = capacity_of(first.fd);
	fork_init();
	space.ready = true;
	return true;
}

size_t space_min_size(void)
{
	return space.min_size;
}

uint64_t space_capacity(void)
{
	return space.capacity;
}

static bool is_ours(int fd)
{
	struct stat now;

	return !sys(SYS_fstat, fd, &now) && now.st_ino == space.identity.st_ino &&
	       now.st_dev == space.identity.st_dev && now.st_rdev == space.identity.st_rdev;
}

/*
 * The descriptor, after a look whether its number still is what it was: a program may
 * have closed it by a system call of its own. -errno if it can't be had again.
 */
static int current_fd(void)
{
	static bool said;
	int fd;

	if (is_ours(space.fd))
		return space.fd;
	fd = request_fd(space.link, RUN_AGAIN);
	if (fd < 0) {
		if (!said)
			space_say("the descriptor of its space is lost, no more memory", -fd);
		said = true;
		return -ENOMEM;
	}
	space.fd = fd;
	return fd;
}

static int map(int fd, uintptr_t start, size_t length, int prot, int flags)
{
	long got;

	got = sys(SYS_mmap, start, length, prot, MAP_SHARED | MAP_FIXED | MAP_NORESERVE | flags,
		  fd, start);
	if (sys_failed(got))
		return (int)got;
	/* A child that isn't made by fork.c must not share it, but fail. */
	return (int)sys(SYS_madvise, start, length, MADV_DONTFORK);
}

int space_map(uintptr_t start, size_t length, int prot, int flags)
{
	int fd = current_fd();

	return fd < 0 ? fd : map(fd, start, length, prot, flags);
}

static int discard(int fd, uintptr_t start, uintptr_t end)
{
	struct vmdev_range range = { .offset = start, .length = end - start };
	long err;

	do {
		err = sys(SYS_ioctl, fd, VMDEV_IOC_DISCARD, &range);
	} while (err == -EINTR);
	/* a file, in tests */
	if (err == -ENOTTY)
		err = sys(SYS_fallocate, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, start,
			  end - start);
	return (int)err;
}

int space_discard(uintptr_t start, uintptr_t end)
{
	int fd = current_fd();

	return fd < 0 ? fd : discard(fd, start, end);
}

/* ---- fork ---- */

/*
 * Cut [*@start, *@end) to its first run of pages that have any content, at most
 * COPY_PAGES. Returns false if there are none, or -errno.
 */
static int next_content(int fd, uintptr_t *start, uintptr_t *end)
{
	static struct vmdev_map_entry entries[COPY_PAGES];
	struct vmdev_map map = { .entries = (uintptr_t)entries };
	size_t i, first;
	long err;

	for (; *start < *end; *start += map.count * PAGE) {
		map.offset = *start;
		map.count = (*end - *start) / PAGE;
		if (map.count > COPY_PAGES)
			map.count = COPY_PAGES;
		err = sys(SYS_ioctl, fd, VMDEV_IOC_GET_MAP, &map);
		if (err)
			return (int)err;
		if (!map.count)
			return false;
		for (first = 0; first < map.count; first++) {
			if (entries[first].state != VMDEV_MAP_ABSENT)
				break;
		}
		for (i = first; i < map.count; i++) {
			if (entries[i].state == VMDEV_MAP_ABSENT)
				break;
		}
		if (first < map.count) {
			*end = *start + i * PAGE;
			*start += first * PAGE;
			return true;
		}
	}
	return false;
}

/* The same for a file, in tests. */
static int next_data(int fd, uintptr_t *start, uintptr_t *end)
{
	long data = sys(SYS_lseek, fd, *start, SEEK_DATA), hole;

	if (data == -ENXIO || (!sys_failed(data) && (uintptr_t)data >= *end))
		return false;
	if (sys_failed(data))
		return (int)data;
	hole = sys(SYS_lseek, fd, data, SEEK_HOLE);
	*start = (uintptr_t)data;
	if ((uintptr_t)hole < *end)
		*end = (uintptr_t)hole;
	if (*end > *start + COPY_PAGES * PAGE)
		*end = *start + COPY_PAGES * PAGE;
	return true;
}

/* One run. Through the descriptors: the program may not be allowed to read it. */
static int copy_run(int from, int to, uintptr_t start, uintptr_t end)
{
	static char buffer[COPY_PAGES * PAGE];
	long got, put;

	while (start < end) {
		got = sys(SYS_pread64, from, buffer, end - start, start);
		if (!got)
			return -EIO;
		if (sys_failed(got))
			return (int)got;
		put = sys(SYS_pwrite64, to, buffer, got, start);
		if (put == -ENOSPC)
			return -ENOMEM;
		if (sys_failed(put))
			return (int)put;
		start += (uintptr_t)put;
	}
	return 0;
}

static int copy_range(int from, int to, const struct range *range)
{
	uintptr_t start = range->start, end;
	int found, err;

	for (; start < range->end; start = end) {
		uintptr_t run = start;

		end = range->end;
		found = next_content(from, &run, &end);
		if (found == -ENOTTY)
			found = next_data(from, &run, &end);
		if (found <= 0)
			return found;
		err = copy_run(from, to, run, end);
		if (err)
			return err;
	}
	return 0;
}

/* As large as the ranges reach, but promise no memory for what is never used. */
static int grow(int fd, uintptr_t end)
{
	long at = sys(SYS_mmap, NULL, PAGE, PROT_READ, MAP_SHARED | MAP_NORESERVE, fd,
		      end - PAGE);

	if (sys_failed(at))
		return (int)at;
	return (int)sys(SYS_munmap, at, PAGE);
}

int space_read(uintptr_t start, uintptr_t end, char *to)
{
	int fd = current_fd();
	long got;

	if (fd < 0)
		return fd;
	for (; start < end; start += (uintptr_t)got, to += got) {
		got = sys(SYS_pread64, fd, to, end - start, start);
		if (sys_failed(got))
			return (int)got;
		if (!got)
			return -EIO;
	}
	return 0;
}

int space_copy(struct space_copy *copy, const struct ranges *ranges)
{
	int from = current_fd(), err;
	size_t i;

	if (from < 0)
		return from;
	err = new_space(copy);
	if (err)
		return err;
	if (ranges->count)
		err = grow(copy->fd, ranges->table[ranges->count - 1].end);
	for (i = 0; i < ranges->count && !err; i++)
		err = copy_range(from, copy->fd, &ranges->table[i]);
	if (err)
		space_copy_close(copy);
	return err;
}

void space_copy_close(struct space_copy *copy)
{
	sys(SYS_close, copy->fd);
	sys(SYS_close, copy->link);
}

void space_adopt(const struct space_copy *copy, const struct ranges *ranges)
{
	size_t i;
	int err;

	/* The parent's connection must end with the parent. */
	sys(SYS_close, space.fd);
	sys(SYS_close, space.link);
	take(copy);
	for (i = 0; i < ranges->count; i++) {
		const struct range *range = &ranges->table[i];

		err = map(copy->fd, range->start, range->end - range->start, range->prot, 0);
		if (err)
			die("the child's memory can't be mapped", -err);
	}
}

/* ---- numbers of descriptors ---- */

bool space_owns(int fd)
{
	return space.ready && (fd == space.fd || fd == space.link) &&
	       sys(SYS_getpid) == space.pid;
}

unsigned int space_next(unsigned int first, unsigned int last)
{
	unsigned int fds[] = { (unsigned int)space.fd, (unsigned int)space.link };
	size_t i;

	for (i = 0; i < 2; i++) {
		if (space_owns((int)fds[i]) && fds[i] >= first && fds[i] < last)
			last = fds[i];
	}
	return last;
}

void space_make_way(int fd)
{
	long moved = copy_up(fd);

	if (sys_failed(moved))
		return;
	if (fd == space.fd)
		space.fd = (int)moved;
	else
		space.link = (int)moved;
}
