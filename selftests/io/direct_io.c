// SPDX-License-Identifier: GPL-2.0
/*
 * Direct I/O of a file out of and into the mapping while its pages are evicted.
 */
#define _GNU_SOURCE
#include "io_test.h"

#define FRAMES	128
#define PAGES	(2 * FRAMES)

/* One call holds all pages of its chunk: a quarter of the pool at most. */
static const size_t chunks[] = { 512, 4096, 20480, FRAMES / 4 * 4096 };

static bool write_out(void)
{
	const size_t length = PAGES * vt_page_size();
	char *back = malloc(length);
	int fd = io_file(O_DIRECT);
	struct vt_space s;

	vt_need(back, "malloc");
	vt_set_pool_frames(FRAMES);
	s = vt_space_new(length);
	for (unsigned int i = 0; i < ARRAY_SIZE(chunks); i++) {
		/* 512 bytes at a time take long: a sixteenth of it will do. */
		unsigned int pages = chunks[i] < 4096 ? PAGES / 16 : PAGES;
		struct vt_evictor ev;

		fill_range(s.mem, PAGES, 1 + i, 0);
		vt_evictor_start(&ev, s.fd, 0, s.length);
		vt_check(io_pwrite_all(fd, s.mem, pages * vt_page_size(), 0, chunks[i]),
			 "chunks of %zu", chunks[i]);
		vt_check(vt_evictor_stop(&ev), "the evictor");
		vt_check(io_pread_all(fd, s.mem, pages * vt_page_size(), 0, 65536),
			 "reading back");
		vt_check(check_range(s.mem, PAGES, 1 + i, 0), "written in chunks of %zu",
			 chunks[i]);
	}
	/* And what the file holds by way of the page cache. */
	vt_check(!fcntl(fd, F_SETFL, 0), "fcntl: %s", strerror(errno));
	vt_check(io_pread_all(fd, back, length, 0, length), "reading the file");
	vt_check(check_range(back, PAGES, ARRAY_SIZE(chunks), 0), "in the file");
	close(fd);
	free(back);
	vt_space_free(&s);
	return true;
}

static bool read_in(void)
{
	const size_t length = PAGES * vt_page_size();
	char *buf = malloc(length);
	int fd = io_file(O_DIRECT);
	struct vt_space s;

	vt_need(buf, "malloc");
	vt_set_pool_frames(FRAMES);
	s = vt_space_new(length);
	for (unsigned int i = 0; i < ARRAY_SIZE(chunks); i++) {
		unsigned int pages = chunks[i] < 4096 ? PAGES / 16 : PAGES;
		struct vt_evictor ev;

		vt_need(!fcntl(fd, F_SETFL, 0), "fcntl: %s", strerror(errno));
		fill_range(buf, PAGES, 20 + i, 0);
		vt_need(io_pwrite_all(fd, buf, length, 0, length) && !fsync(fd), "the file");
		vt_need(!fcntl(fd, F_SETFL, O_DIRECT), "fcntl: %s", strerror(errno));
		fill_range(s.mem, PAGES, 99, 0);
		vt_evictor_start(&ev, s.fd, 0, s.length);
		vt_check(io_pread_all(fd, s.mem, pages * vt_page_size(), 0, chunks[i]),
			 "chunks of %zu", chunks[i]);
		vt_check(check_range(s.mem, pages, 20 + i, 0), "read in chunks of %zu", chunks[i]);
		vt_check(vt_evictor_stop(&ev), "the evictor");
		/* Pages filled by the disk must count as dirty. */
		vt_check(vt_evict_all(&s), "not evicted");
		vt_check(check_range(s.mem, pages, 20 + i, 0), "read in chunks of %zu, evicted",
			 chunks[i]);
		vt_check(check_range(s.mem + pages * vt_page_size(), PAGES - pages, 99, pages),
			 "behind what was read");
	}
	close(fd);
	free(buf);
	vt_space_free(&s);
	return true;
}

/* Two threads, each its file and half of the mapping, out and in at once. */
struct both {
	struct vt_space s;
	int fd[2];
};

static bool out_and_in(struct vt_crew *crew, unsigned int id)
{
	const unsigned int half = PAGES / 2;
	struct both *both = crew->arg;
	char *mem = both->s.mem + id * half * vt_page_size();
	const size_t length = half * vt_page_size();

	for (unsigned int round = 0; round < 4; round++) {
		fill_range(mem, half, 40 + round, id * half);
		vt_check(io_pwrite_all(both->fd[id], mem, length, 0, 65536), "round %u", round);
		fill_range(mem, half, 98, id * half);
		vt_check(io_pread_all(both->fd[id], mem, length, 0, 65536), "round %u", round);
		vt_check(check_range(mem, half, 40 + round, id * half), "thread %u round %u", id,
			 round);
	}
	return true;
}

static bool two_threads(void)
{
	struct both both;
	struct vt_evictor ev;

	vt_set_pool_frames(FRAMES);
	both.s = vt_space_new(PAGES * vt_page_size());
	both.fd[0] = io_file(O_DIRECT);
	both.fd[1] = io_file(O_DIRECT);
	vt_evictor_start(&ev, both.s.fd, 0, both.s.length);
	vt_check(vt_crew_run(2, out_and_in, &both), "out and in");
	vt_check(vt_evictor_stop(&ev), "the evictor");
	close(both.fd[0]);
	close(both.fd[1]);
	vt_space_free(&both.s);
	return true;
}

static const struct vt_test tests[] = {
	{ "a direct write out of the mapping", write_out },
	{ "a direct read into the mapping", read_in },
	{ "two threads at once", two_threads },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
