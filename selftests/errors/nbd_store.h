/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A store on a network block device whose server is a child of the test, so that it
 * can be cut off, killed, stopped or made to lie while the module uses it. It knows nothing of what
 * is tested with it.
 */
#ifndef VMDEV_NBD_STORE_H
#define VMDEV_NBD_STORE_H

#include <arpa/inet.h>
#include <endian.h>
#include <linux/nbd.h>
#include <sys/socket.h>

#include "vmdev_load.h"

#define NBD_NODE	"/dev/nbd0"
#define NBD_MB		32

struct nbd_store {
	int dev;		/* the device, for ioctls */
	int client;		/* the kernel's end of the connection */
	pid_t server;
	pid_t runner;		/* sits in NBD_DO_IT as long as there is a connection */
	volatile int *corrupt;	/* shared with it: of how many pages one is sent changed */
};

static inline bool nbd_move(int fd, void *buf, size_t size, bool write_it)
{
	while (size) {
		ssize_t n = write_it ? write(fd, buf, size) : read(fd, buf, size);

		if (n <= 0)
			return false;
		buf = (char *)buf + n;
		size -= n;
	}
	return true;
}

/* Send part of the disk, a bit of each @corrupt-th page of it changed on the way. */
static inline bool nbd_send(int fd, char *data, uint64_t from, uint32_t len, uint64_t corrupt)
{
	for (uint32_t at = 0; at < len; at += 4096) {
		uint64_t page = (from + at) / 4096;
		char *byte = data + at + page % 4096;
		bool flip = corrupt && page % corrupt == 0;
		bool sent;

		*byte ^= flip;
		sent = nbd_move(fd, data + at, 4096, true);
		*byte ^= flip;
		if (!sent)
			return false;
	}
	return true;
}

/* Serve memory until the other end goes. */
static inline void nbd_serve(int fd, volatile int *corrupt)
{
	char *disk = calloc(NBD_MB, 1 << 20);
	struct nbd_request req;

	vt_need(disk, "out of memory");
	while (nbd_move(fd, &req, sizeof(req), false)) {
		struct nbd_reply reply = { .magic = htonl(NBD_REPLY_MAGIC) };
		uint32_t type = ntohl(req.type) & 0xffff, len = ntohl(req.len);
		uint64_t from = be64toh(req.from);

		memcpy(reply.handle, req.handle, sizeof(reply.handle));
		if (type == NBD_CMD_DISC)
			break;
		if (from + len > (uint64_t)NBD_MB << 20)
			reply.error = htonl(EIO);
		else if (type == NBD_CMD_WRITE && !nbd_move(fd, disk + from, len, false))
			break;
		if (!nbd_move(fd, &reply, sizeof(reply), true))
			break;
		if (type == NBD_CMD_READ && !reply.error &&
		    !nbd_send(fd, disk + from, from, len, *corrupt))
			break;
	}
	_exit(0);
}

/* Connect; requests time out after some seconds, 0 for never. False: no nbd here. */
static inline bool nbd_start(struct nbd_store *n, unsigned int timeout)
{
	int sv[2];

	if (!vl_run_command("modprobe nbd nbds_max=1"))
		return false;
	n->dev = open(NBD_NODE, O_RDWR | O_CLOEXEC);
	vt_need(n->dev >= 0, NBD_NODE ": %s", strerror(errno));
	n->corrupt = mmap(NULL, vt_page_size(), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	vt_need(n->corrupt != MAP_FAILED, "mmap: %s", strerror(errno));
	vt_need(!socketpair(AF_UNIX, SOCK_STREAM, 0, sv), "socketpair: %s", strerror(errno));
	n->server = vt_fork();
	if (!n->server) {
		close(sv[0]);
		close(n->dev);
		nbd_serve(sv[1], n->corrupt);
	}
	close(sv[1]);
	n->client = sv[0];
	vt_need(!ioctl(n->dev, NBD_SET_BLKSIZE, 4096UL) &&
		!ioctl(n->dev, NBD_SET_SIZE_BLOCKS, ((unsigned long)NBD_MB << 20) / 4096) &&
		!ioctl(n->dev, NBD_SET_TIMEOUT, (unsigned long)timeout) &&
		!ioctl(n->dev, NBD_SET_SOCK, n->client), "nbd: %s", strerror(errno));
	n->runner = vt_fork();
	if (!n->runner) {
		ioctl(n->dev, NBD_DO_IT);
		ioctl(n->dev, NBD_CLEAR_SOCK);
		_exit(0);
	}
	/* the connection is up when it has a process */
	for (int i = 0; i < 1000 && access("/sys/block/nbd0/pid", R_OK); i++)
		vt_sleep_ms(5);
	close(n->client);
	return true;
}

static inline void nbd_disconnect(struct nbd_store *n)
{
	vt_need(!ioctl(n->dev, NBD_DISCONNECT), "NBD_DISCONNECT: %s", strerror(errno));
}

/* For the end of a subtest, whatever has happened to it. */
static inline void nbd_stop(struct nbd_store *n)
{
	ioctl(n->dev, NBD_DISCONNECT);
	ioctl(n->dev, NBD_CLEAR_SOCK);
	kill(n->server, SIGCONT);
	kill(n->server, SIGKILL);
	waitpid(n->server, NULL, 0);
	kill(n->runner, SIGKILL);
	waitpid(n->runner, NULL, 0);
	munmap((void *)n->corrupt, vt_page_size());
	close(n->dev);
}

#endif /* VMDEV_NBD_STORE_H */
