// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring reads and writes a file with buffers in the mapping, ordinary and
 * registered, while their pages are evicted; registered ones stay in the pool.
 */
#define _GNU_SOURCE
#include "io_test.h"

#include <liburing.h>

#define PAGES	128
#define BUFFERS	8
#define ROUNDS	5
#define CHUNK	(PAGES / BUFFERS)	/* pages */

/* One request for each eighth of the mapping, all in flight together. */
static bool transfer(struct io_uring *ring, int fd, struct vt_space *s, bool write, bool fixed)
{
	const size_t length = CHUNK * vt_page_size();

	for (unsigned int i = 0; i < BUFFERS; i++) {
		struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
		char *mem = s->mem + i * length;

		vt_need(sqe, "io_uring_get_sqe");
		if (write && fixed)
			io_uring_prep_write_fixed(sqe, fd, mem, length, i * length, i);
		else if (write)
			io_uring_prep_write(sqe, fd, mem, length, i * length);
		else if (fixed)
			io_uring_prep_read_fixed(sqe, fd, mem, length, i * length, i);
		else
			io_uring_prep_read(sqe, fd, mem, length, i * length);
		io_uring_sqe_set_data64(sqe, i);
	}
	vt_check(io_uring_submit(ring) == BUFFERS, "io_uring_submit");
	for (unsigned int i = 0; i < BUFFERS; i++) {
		struct io_uring_cqe *cqe;
		int ret = io_uring_wait_cqe(ring, &cqe);

		vt_check(!ret, "io_uring_wait_cqe: %s", strerror(-ret));
		vt_check(cqe->res == (int)length, "%s of buffer %llu: %d", write ? "write" : "read",
			 cqe->user_data, cqe->res);
		io_uring_cqe_seen(ring, cqe);
	}
	return true;
}

static bool out_and_in(struct io_uring *ring, struct vt_space *s, int flags, bool fixed)
{
	int fd = io_file(flags);
	char *back = malloc(s->length);
	struct vt_evictor ev;

	vt_need(back, "malloc");
	vt_evictor_start(&ev, s->fd, 0, s->length);
	for (unsigned int round = 1; round <= ROUNDS; round++) {
		fill_range(s->mem, PAGES, round, 0);
		vt_check(transfer(ring, fd, s, true, fixed), "round %u", round);
		fill_range(s->mem, PAGES, 99, 0);
		vt_check(transfer(ring, fd, s, false, fixed), "round %u", round);
		vt_check(check_range(s->mem, PAGES, round, 0), "read back, round %u", round);
	}
	/* Registered pages of the range never leave: the evictor may find nothing. */
	if (fixed)
		atomic_fetch_add(&ev.pages, 1);
	vt_check(vt_evictor_stop(&ev), "the evictor");
	vt_need(!fcntl(fd, F_SETFL, 0), "fcntl: %s", strerror(errno));
	vt_check(io_pread_all(fd, back, s->length, 0, s->length), "the file");
	vt_check(check_range(back, PAGES, ROUNDS, 0), "in the file");
	free(back);
	close(fd);
	return true;
}

static bool ordinary(int flags)
{
	struct vt_space s = vt_space_new(PAGES * vt_page_size());
	struct io_uring ring;
	int ret = io_uring_queue_init(BUFFERS, &ring, 0);

	vt_need(!ret, "io_uring_queue_init: %s", strerror(-ret));
	vt_check(out_and_in(&ring, &s, flags, false), "buffers in the mapping");
	io_uring_queue_exit(&ring);
	vt_space_free(&s);
	return true;
}

static bool ordinary_buffered(void) { return ordinary(0); }
static bool ordinary_direct(void) { return ordinary(O_DIRECT); }

static bool registered(int flags)
{
	struct vt_space s = vt_space_new(PAGES * vt_page_size());
	struct iovec iov[BUFFERS];
	struct io_uring ring;
	int ret = io_uring_queue_init(BUFFERS, &ring, 0);

	vt_need(!ret, "io_uring_queue_init: %s", strerror(-ret));
	fill_range(s.mem, PAGES, 50, 0);
	vt_check(vt_evict_all(&s), "not evicted");
	for (unsigned int i = 0; i < BUFFERS; i++) {
		iov[i].iov_len = CHUNK * vt_page_size();
		iov[i].iov_base = s.mem + i * iov[i].iov_len;
	}
	ret = io_uring_register_buffers(&ring, iov, BUFFERS);
	if (ret == -EOPNOTSUPP) {
		io_uring_queue_exit(&ring);
		vt_space_free(&s);
		return vt_skip("this kernel registers no buffers in file mappings but tmpfs's");
	}
	vt_check(!ret, "io_uring_register_buffers: %s", strerror(-ret));
	vt_check(io_expect_pinned(&s, PAGES, "registered"), "registered buffers");
	vt_check(check_range(s.mem, PAGES, 50, 0), "after registering");
	vt_check(out_and_in(&ring, &s, flags, true), "registered buffers");
	vt_check(io_expect_pinned(&s, PAGES, "still registered"), "registered buffers");
	ret = io_uring_unregister_buffers(&ring);
	vt_check(!ret, "io_uring_unregister_buffers: %s", strerror(-ret));
	vt_check(vt_evict_all(&s), "not let go when they were unregistered");
	vt_check(check_range(s.mem, PAGES, ROUNDS, 0), "after they were unregistered");
	io_uring_queue_exit(&ring);
	vt_space_free(&s);
	return true;
}

static bool registered_buffered(void) { return registered(0); }
static bool registered_direct(void) { return registered(O_DIRECT); }

static const struct vt_test tests[] = {
	{ "buffers in the mapping", ordinary_buffered },
	{ "buffers in the mapping, direct I/O", ordinary_direct },
	{ "registered buffers", registered_buffered },
	{ "registered buffers, direct I/O", registered_direct },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
