// SPDX-License-Identifier: GPL-2.0
/*
 * vmsplice puts pages of the mapping into a pipe without a copy: they stay in
 * the pool until they are read, and what is read is right under eviction.
 */
#define _GNU_SOURCE
#include "io_test.h"

#include <sys/uio.h>

#define PAGES	16	/* what a pipe takes */

static bool splice_in(int fd, char *mem, size_t length)
{
	struct iovec iov = { mem, length };
	ssize_t n = vmsplice(fd, &iov, 1, 0);

	vt_check(n == (ssize_t)length, "vmsplice: %zd of %zu (%s)", n, length, strerror(errno));
	return true;
}

static bool read_all(int fd, char *buf, size_t length)
{
	for (size_t done = 0; done < length;) {
		ssize_t n = read(fd, buf + done, length - done);

		vt_check(n > 0, "read: %zd (%s)", n, strerror(errno));
		done += n;
	}
	return true;
}

static bool held_in_pipe(void)
{
	struct vt_space s = vt_space_new(PAGES * vt_page_size());
	char *buf = malloc(s.length);
	int fds[2];

	vt_need(buf && !pipe(fds), "pipe: %s", strerror(errno));
	for (unsigned int round = 1; round <= 20; round++) {
		fill_range(s.mem, PAGES, round, 0);
		vt_check(vt_evict_all(&s), "not evicted");
		vt_check(splice_in(fds[1], s.mem, s.length), "round %u", round);
		vt_check(io_expect_pinned(&s, PAGES, "in a pipe"), "round %u", round);
		vt_check(vt_sysfs_u64("pool/pinned") >= PAGES, "pool/pinned is %" PRIu64,
			 vt_sysfs_u64("pool/pinned"));
		vt_check(read_all(fds[0], buf, s.length), "round %u", round);
		vt_check(check_range(buf, PAGES, round, 0), "out of the pipe, round %u", round);
		vt_check(vt_evict_all(&s), "not let go after the pipe was read");
		vt_check(vt_stats_now(s.fd).pinned == 0, "%llu pages still pinned",
			 vt_stats_now(s.fd).pinned);
	}
	vt_space_free(&s);
	return true;
}

struct stream {
	struct vt_space s;
	int fds[2];
};

#define STREAM_PAGES	512

static bool send_stream(struct vt_crew *crew, unsigned int id)
{
	struct stream *st = crew->arg;

	(void)id;
	/* vmsplice sends what is there when it is read, so nothing is rewritten. */
	for (size_t done = 0; done < st->s.length;) {
		struct iovec iov = { st->s.mem + done, st->s.length - done };
		ssize_t n = vmsplice(st->fds[1], &iov, 1, 0);

		vt_check(n > 0, "vmsplice at %#zx: %zd (%s)", done, n, strerror(errno));
		done += n;
	}
	return true;
}

static bool streamed(void)
{
	struct stream st = { 0 };
	struct vt_evictor ev;
	char *buf;

	vt_set_pool_frames(STREAM_PAGES / 2);
	st.s = vt_space_new(STREAM_PAGES * vt_page_size());
	buf = malloc(st.s.length);
	vt_need(buf && !pipe(st.fds), "pipe: %s", strerror(errno));
	fill_range(st.s.mem, STREAM_PAGES, 30, 0);
	vt_evictor_start(&ev, st.s.fd, 0, st.s.length);
	for (unsigned int round = 0; round < 4; round++) {
		struct vt_crew crew;

		vt_crew_start(&crew, 1, send_stream, &st);
		vt_check(read_all(st.fds[0], buf, st.s.length), "round %u", round);
		vt_check(vt_crew_join(&crew), "round %u", round);
		vt_check(check_range(buf, STREAM_PAGES, 30, 0), "round %u", round);
	}
	vt_check(vt_evictor_stop(&ev), "the evictor");
	vt_check(check_range(st.s.mem, STREAM_PAGES, 30, 0), "in the mapping");
	vt_space_free(&st.s);
	return true;
}

/* From the mapping through a pipe to a file, and back into another mapping. */
static bool to_file_and_back(void)
{
	struct vt_space s = vt_space_new(PAGES * vt_page_size());
	struct vt_space to = vt_space_new(PAGES * vt_page_size());
	struct vt_evictor ev;
	int fds[2], fd = io_file(0);

	vt_need(!pipe(fds), "pipe: %s", strerror(errno));
	vt_evictor_start(&ev, s.fd, 0, s.length);
	for (unsigned int round = 1; round <= 20 || vt_evictor_idle(&ev); round++) {
		off_t off = 0;

		fill_range(s.mem, PAGES, round, 0);
		vt_check(splice_in(fds[1], s.mem, s.length), "round %u", round);
		for (size_t left = s.length; left;) {
			ssize_t n = splice(fds[0], NULL, fd, &off, left, 0);

			vt_check(n > 0, "splice to the file: %zd (%s)", n, strerror(errno));
			left -= n;
		}
		vt_check(io_pread_all(fd, to.mem, to.length, 0, to.length), "round %u", round);
		vt_check(check_range(to.mem, PAGES, round, 0), "in the file, round %u", round);
	}
	vt_check(vt_evictor_stop(&ev), "the evictor");
	close(fd);
	vt_space_free(&to);
	vt_space_free(&s);
	return true;
}

static const struct vt_test tests[] = {
	{ "pages in a pipe stay in the pool", held_in_pipe },
	{ "a stream of twice the pool under eviction", streamed },
	{ "through a pipe to a file and back", to_file_and_back },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
