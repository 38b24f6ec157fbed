// SPDX-License-Identifier: GPL-2.0
/*
 * sendfile and splice from the device and to it, under eviction; what a pipe has
 * been given stays right whatever becomes of the space.
 */
#define _GNU_SOURCE
#include "io_test.h"

#include <sys/sendfile.h>
#include <sys/socket.h>

#define PAGES	256

static bool sendfile_all(int out, int in, off_t offset, size_t length)
{
	for (size_t left = length; left;) {
		ssize_t n = sendfile(out, in, &offset, left);

		vt_check(n > 0, "sendfile at %#jx: %zd (%s)", (intmax_t)offset, n, strerror(errno));
		left -= n;
	}
	return true;
}

static bool sendfile_from(void)
{
	struct vt_space s = vt_space_new(PAGES * vt_page_size());
	char *back = malloc(s.length);
	struct vt_evictor ev;
	int fd = io_file(0);

	vt_need(back, "malloc");
	vt_evictor_start(&ev, s.fd, 0, s.length);
	for (unsigned int seed = 1; seed <= 5 || vt_evictor_idle(&ev); seed++) {
		fill_range(s.mem, PAGES, seed, 0);
		vt_check(lseek(fd, 0, SEEK_SET) == 0, "lseek: %s", strerror(errno));
		vt_check(sendfile_all(fd, s.fd, 0, s.length), "to a file");
		vt_check(io_pread_all(fd, back, s.length, 0, s.length), "the file");
		vt_check(check_range(back, PAGES, seed, 0), "in the file");
	}
	vt_check(vt_evictor_stop(&ev), "the evictor");
	/* From an odd offset: the bytes, not the pages. */
	vt_check(lseek(fd, 0, SEEK_SET) == 0, "lseek: %s", strerror(errno));
	vt_check(sendfile_all(fd, s.fd, 1234, 98765), "from an odd offset");
	vt_check(io_pread_all(fd, back, 98765, 0, 98765), "the file");
	vt_check(!memcmp(back, s.mem + 1234, 98765), "other bytes from an odd offset");
	close(fd);
	free(back);
	vt_space_free(&s);
	return true;
}

static bool sendfile_to(void)
{
	struct vt_space s = vt_space_new(PAGES * vt_page_size());
	char *from = malloc(s.length);
	struct vt_evictor ev;
	int fd = io_file(0);

	vt_need(from, "malloc");
	vt_evictor_start(&ev, s.fd, 0, s.length);
	for (unsigned int seed = 10; seed <= 15 || vt_evictor_idle(&ev); seed++) {
		fill_range(from, PAGES, seed, 0);
		vt_check(io_pwrite_all(fd, from, s.length, 0, s.length), "the file");
		vt_check(lseek(s.fd, 0, SEEK_SET) == 0, "lseek: %s", strerror(errno));
		vt_check(sendfile_all(s.fd, fd, 0, s.length), "to the device");
		vt_check(check_range(s.mem, PAGES, seed, 0), "in the mapping");
	}
	vt_check(vt_evictor_stop(&ev), "the evictor");
	vt_check(lseek(s.fd, 4321, SEEK_SET) == 4321, "lseek: %s", strerror(errno));
	vt_check(sendfile_all(s.fd, fd, 1234, 98765), "to an odd offset");
	vt_check(!memcmp(s.mem + 4321, from + 1234, 98765), "other bytes at an odd offset");
	vt_check(!memcmp(s.mem, from, 4321), "before the odd offset");
	vt_check(!memcmp(s.mem + 4321 + 98765, from + 4321 + 98765, s.length - 4321 - 98765),
		 "behind what was sent");
	close(fd);
	free(from);
	vt_space_free(&s);
	return true;
}

static bool receive(struct vt_crew *crew, unsigned int id)
{
	const int *sock = crew->arg;
	char *buf = malloc(vt_page_size());

	(void)id;
	vt_need(buf, "malloc");
	for (unsigned int i = 0; i < PAGES; i++) {
		vt_check(recv(sock[1], buf, vt_page_size(), MSG_WAITALL) == (ssize_t)vt_page_size(),
			 "recv: %s", strerror(errno));
		vt_check(check_page(buf, 20, i), "over the socket");
	}
	free(buf);
	return true;
}

/* To a socket, which keeps references to what it has not sent yet. */
static bool sendfile_socket(void)
{
	struct vt_space s = vt_space_new(PAGES * vt_page_size());
	struct vt_evictor ev;
	struct vt_crew crew;
	int sock[2];

	vt_need(!socketpair(AF_UNIX, SOCK_STREAM, 0, sock), "socketpair: %s", strerror(errno));
	fill_range(s.mem, PAGES, 20, 0);
	vt_evictor_start(&ev, s.fd, 0, s.length);
	vt_crew_start(&crew, 1, receive, sock);
	vt_check(sendfile_all(sock[0], s.fd, 0, s.length), "to a socket");
	vt_check(vt_crew_join(&crew), "the receiver");
	vt_check(vt_evictor_stop(&ev), "the evictor");
	close(sock[0]);
	close(sock[1]);
	vt_space_free(&s);
	return true;
}

static bool splice_pages(int in, off_t *in_off, int out, off_t *out_off, size_t length)
{
	for (size_t left = length; left;) {
		ssize_t n = splice(in, in_off, out, out_off, left, 0);

		vt_check(n > 0, "splice: %zd (%s)", n, strerror(errno));
		left -= n;
	}
	return true;
}

/* From one space to another through a pipe, both under eviction. */
static bool splice_between(void)
{
	const size_t chunk = 8 * vt_page_size();
	struct vt_space from = vt_space_new(PAGES * vt_page_size());
	struct vt_space to = vt_space_new(PAGES * vt_page_size());
	struct vt_evictor ev[2];
	int fds[2];

	vt_need(!pipe(fds), "pipe: %s", strerror(errno));
	fill_range(from.mem, PAGES, 30, 0);
	vt_evictor_start(&ev[0], from.fd, 0, from.length);
	vt_evictor_start(&ev[1], to.fd, 0, to.length);
	for (size_t at = 0; at < from.length; at += chunk) {
		off_t in = at, out = at;

		vt_check(splice_pages(from.fd, &in, fds[1], NULL, chunk), "to the pipe");
		vt_check(splice_pages(fds[0], NULL, to.fd, &out, chunk), "from the pipe");
	}
	vt_check(check_range(to.mem, PAGES, 30, 0), "in the other space");
	vt_check(vt_evictor_stop(&ev[0]) && vt_evictor_stop(&ev[1]), "the evictors");
	vt_check(check_range(to.mem, PAGES, 30, 0), "in the other space");
	vt_check(check_range(from.mem, PAGES, 30, 0), "in the first space");
	vt_space_free(&from);
	vt_space_free(&to);
	return true;
}

/*
 * The pipe may hold the frames themselves: closing the space and giving all
 * frames to another must not show in what is read from it.
 */
static bool pipe_outlives_space(void)
{
	const size_t page = vt_page_size();
	struct vt_space s, other;
	char *buf = malloc(8 * page);
	off_t off = 0;
	int fds[2];

	vt_need(buf && !pipe(fds), "pipe: %s", strerror(errno));
	vt_set_pool_frames(64);
	s = vt_space_new(8 * page);
	fill_range(s.mem, 8, 40, 0);
	vt_check(vt_evict_range(s.fd, 0, 4 * page), "not evicted");
	vt_check(splice_pages(s.fd, &off, fds[1], NULL, 8 * page), "to the pipe");
	vt_space_free(&s);
	other = vt_space_new(200 * page);
	fill_range(other.mem, 200, 41, 0);
	for (size_t done = 0; done < 8 * page;) {
		ssize_t n = read(fds[0], buf + done, 8 * page - done);

		vt_check(n > 0, "read: %zd (%s)", n, strerror(errno));
		done += n;
	}
	vt_check(check_range(buf, 8, 40, 0), "out of the pipe");
	vt_check(check_range(other.mem, 200, 41, 0), "in the other space");
	vt_space_free(&other);
	close(fds[0]);
	close(fds[1]);
	vt_check(vt_nothing_left(), "after the pipe was closed");
	return true;
}

static const struct vt_test tests[] = {
	{ "sendfile from the device to a file", sendfile_from },
	{ "sendfile from a file to the device", sendfile_to },
	{ "sendfile to a socket", sendfile_socket },
	{ "splice from a space to another", splice_between },
	{ "what is in a pipe outlives the space", pipe_outlives_space },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
