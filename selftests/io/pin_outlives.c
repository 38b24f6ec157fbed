// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that the kernel holds outlive the range, the mapping, the space and the
 * process they belonged to: what is held stays as it is, nobody else gets its
 * frame, and the frame comes back when it is let go.
 */
#define _GNU_SOURCE
#include "io_test.h"

#include <liburing.h>
#include <sys/uio.h>

#define FRAMES	64
#define PAGES	16

/* The content of PAGES pages put into a pipe, and the pool made small. */
static struct vt_space space_in_pipe(int fds[2], unsigned int seed)
{
	struct iovec iov = { NULL, PAGES * vt_page_size() };
	struct vt_space s;

	vt_set_pool_frames(FRAMES);
	s = vt_space_new(PAGES * vt_page_size());
	fill_range(s.mem, PAGES, seed, 0);
	vt_need(!pipe(fds), "pipe: %s", strerror(errno));
	iov.iov_base = s.mem;
	vt_need(vmsplice(fds[1], &iov, 1, 0) == (ssize_t)iov.iov_len, "vmsplice: %s",
		strerror(errno));
	return s;
}

static bool drain(int fds[2], unsigned int seed)
{
	char *buf = malloc(PAGES * vt_page_size());

	vt_need(buf, "malloc");
	for (size_t done = 0; done < PAGES * vt_page_size();) {
		ssize_t n = read(fds[0], buf + done, PAGES * vt_page_size() - done);

		vt_check(n > 0, "read: %zd (%s)", n, strerror(errno));
		done += n;
	}
	vt_check(check_range(buf, PAGES, seed, 0), "out of the pipe");
	free(buf);
	close(fds[0]);
	close(fds[1]);
	return true;
}

/* Every frame that can be had is used by somebody else. */
static bool use_whole_pool(void)
{
	struct vt_space s = vt_space_new(2 * FRAMES * vt_page_size());

	vt_check(check_zero(s.mem, s.length), "a new space beside held pages");
	fill_range(s.mem, 2 * FRAMES, 90, 0);
	vt_check(check_range(s.mem, 2 * FRAMES, 90, 0), "a space beside held pages");
	vt_space_free(&s);
	return true;
}

static bool space_closed(void)
{
	int fds[2];
	struct vt_space s = space_in_pipe(fds, 1);

	vt_space_free(&s);
	vt_check(vt_sysfs_u64("spaces/count") == 0, "%" PRIu64 " spaces after the last close",
		 vt_sysfs_u64("spaces/count"));
	vt_check(vt_sysfs_u64("pool/free") <= FRAMES - PAGES, "%" PRIu64
		 " frames free while a pipe holds %d of %d", vt_sysfs_u64("pool/free"), PAGES,
		FRAMES);
	vt_check(use_whole_pool(), "the pool while a pipe holds pages");
	vt_check(drain(fds, 1), "the pages of a closed space");
	vt_check(vt_nothing_left(), "after the pipe was read");
	return true;
}

static bool pages_discarded(void)
{
	int fds[2];
	struct vt_space s = space_in_pipe(fds, 2);

	vt_check(vt_discard(s.fd, 0, s.length) == PAGES, "DISCARD");
	vt_check(check_zero(s.mem, s.length), "discarded pages");
	fill_range(s.mem, PAGES, 3, 0);
	vt_check(use_whole_pool(), "the pool while a pipe holds pages");
	vt_check(drain(fds, 2), "the pages as they were");
	vt_check(check_range(s.mem, PAGES, 3, 0), "the new pages");
	vt_space_free(&s);
	vt_check(vt_nothing_left(), "after close");
	return true;
}

static bool size_cut(void)
{
	int fds[2];
	struct vt_space s = space_in_pipe(fds, 4);

	vt_check(!vt_set_size(s.fd, 0), "SET_SIZE 0");
	vt_check(!vt_set_size(s.fd, s.length), "SET_SIZE up");
	vt_check(check_zero(s.mem, s.length), "cut and grown again");
	vt_check(use_whole_pool(), "the pool while a pipe holds pages");
	vt_check(drain(fds, 4), "the pages as they were");
	vt_space_free(&s);
	return true;
}

static bool pool_shrunk(void)
{
	int fds[2];
	struct vt_space s = space_in_pipe(fds, 5);
	int ret = vt_try_pool_frames(PAGES + 16);

	vt_check(!ret, "pool/frames = %d with %d pages held: %s", PAGES + 16, PAGES,
		 strerror(-ret));
	vt_check(use_whole_pool(), "the small pool while a pipe holds pages");
	vt_check(drain(fds, 5), "the pages");
	vt_check(check_range(s.mem, PAGES, 5, 0), "in the mapping");
	vt_check(vt_evict_all(&s), "not let go");
	vt_check(check_range(s.mem, PAGES, 5, 0), "in the mapping, evicted");
	vt_space_free(&s);
	return true;
}

static bool registered_buffer(void)
{
	struct vt_space s;
	struct io_uring ring;
	struct iovec iov;
	int ret = io_uring_queue_init(4, &ring, 0);

	vt_need(!ret, "io_uring_queue_init: %s", strerror(-ret));
	vt_set_pool_frames(FRAMES);
	s = vt_space_new(PAGES * vt_page_size());
	fill_range(s.mem, PAGES, 6, 0);
	iov = (struct iovec){ s.mem, s.length };
	ret = io_uring_register_buffers(&ring, &iov, 1);
	if (ret == -EOPNOTSUPP) {
		io_uring_queue_exit(&ring);
		vt_space_free(&s);
		return vt_skip("this kernel registers no buffers in file mappings but tmpfs's");
	}
	vt_check(!ret, "io_uring_register_buffers: %s", strerror(-ret));
	vt_space_free(&s);
	vt_check(use_whole_pool(), "the pool while a ring holds pages");
	ret = io_uring_unregister_buffers(&ring);
	vt_check(!ret, "io_uring_unregister_buffers: %s", strerror(-ret));
	vt_check(vt_nothing_left(), "after the buffers were unregistered");
	io_uring_queue_exit(&ring);
	return true;
}

/* Direct I/O in flight out of and into a mapping whose process is killed. */
static void submit_for_ever(int fd)
{
	struct vt_space s = vt_space_new(PAGES * vt_page_size());
	struct io_uring ring;

	vt_need(!io_uring_queue_init(16, &ring, 0), "io_uring_queue_init");
	for (unsigned int n = 0;; n++) {
		struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);
		struct io_uring_cqe *cqe;
		size_t at = n % PAGES * vt_page_size();

		if (!sqe) {
			io_uring_submit_and_wait(&ring, 1);
			while (!io_uring_peek_cqe(&ring, &cqe))
				io_uring_cqe_seen(&ring, cqe);
			continue;
		}
		if (n & 1)
			io_uring_prep_read(sqe, fd, s.mem + at, vt_page_size(), at);
		else
			io_uring_prep_write(sqe, fd, s.mem + at, vt_page_size(), at);
	}
}

static bool process_killed(void)
{
	int fd = io_file(O_DIRECT);
	char *zero = NULL;

	vt_need(!posix_memalign((void **)&zero, 4096, PAGES * vt_page_size()), "out of memory");
	memset(zero, 0, PAGES * vt_page_size());
	vt_check(io_pwrite_all(fd, zero, PAGES * vt_page_size(), 0, PAGES * vt_page_size()),
		 "the file");
	vt_set_pool_frames(FRAMES);
	for (unsigned int round = 0; round < 12; round++) {
		pid_t pid = vt_fork();

		if (!pid)
			submit_for_ever(fd);
		vt_sleep_ms(10 + round * 3);
		kill(pid, SIGKILL);
		vt_need(waitpid(pid, NULL, 0) == pid, "waitpid: %s", strerror(errno));
		vt_check(use_whole_pool(), "round %u", round);
	}
	vt_check(vt_nothing_left(), "after the last kill");
	free(zero);
	close(fd);
	return true;
}

static const struct vt_test tests[] = {
	{ "a pipe outlives the space", space_closed },
	{ "a pipe and DISCARD", pages_discarded },
	{ "a pipe and SET_SIZE", size_cut },
	{ "a pipe and a pool that shrinks", pool_shrunk },
	{ "a registered buffer outlives the space", registered_buffer },
	{ "direct I/O outlives its process", process_killed },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
