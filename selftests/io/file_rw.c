// SPDX-License-Identifier: GPL-2.0
/*
 * write(2) and read(2) of ordinary files out of and into the mapping, through
 * the page cache of the disk that the store is on, under eviction and under
 * pressure on the pool.
 */
#define _GNU_SOURCE
#include "io_test.h"

#define FRAMES	256
#define PAGES	(2 * FRAMES)

static const size_t chunks[] = { 333, 4096, 70000, 1048576 };

static bool files_and_mapping(void)
{
	int fd = io_file(0);
	struct vt_evictor ev;
	struct vt_space s;

	vt_set_pool_frames(FRAMES);
	s = vt_space_new(PAGES * vt_page_size());
	vt_evictor_start(&ev, s.fd, 0, s.length);
	ev.pause_us = 10 * 1000;
	for (unsigned int i = 0; i < ARRAY_SIZE(chunks); i++) {
		unsigned int pages = chunks[i] < 4096 ? PAGES / 16 : PAGES;
		const size_t length = pages * vt_page_size();

		fill_range(s.mem, pages, 1 + i, 0);
		vt_check(io_pwrite_all(fd, s.mem, length, 0, chunks[i]), "chunks of %zu",
			 chunks[i]);
		vt_check(!fsync(fd), "fsync: %s", strerror(errno));
		fill_range(s.mem, pages, 99, 0);
		vt_check(io_pread_all(fd, s.mem, length, 0, chunks[i]), "chunks of %zu", chunks[i]);
		vt_check(check_range(s.mem, pages, 1 + i, 0), "there and back by %zu", chunks[i]);
	}
	vt_check(vt_evictor_stop(&ev), "the evictor");
	close(fd);
	vt_space_free(&s);
	return true;
}

/* The same file mapped as well: copies between two mappings. */
static bool mapped_file(void)
{
	const size_t length = PAGES * vt_page_size();
	int fd = io_file(0);
	struct vt_evictor ev;
	struct vt_space s;
	char *file;

	vt_set_pool_frames(FRAMES);
	s = vt_space_new(length);
	vt_need(!ftruncate(fd, length), "ftruncate: %s", strerror(errno));
	file = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	vt_need(file != MAP_FAILED, "mmap: %s", strerror(errno));
	vt_evictor_start(&ev, s.fd, 0, s.length);
	ev.pause_us = 10 * 1000;
	fill_range(s.mem, PAGES, 10, 0);
	memcpy(file, s.mem, length);
	vt_check(check_range(file, PAGES, 10, 0), "in the file");
	/* A read of the file into the space, and a write of the space's into it. */
	fill_range(file, PAGES, 11, 0);
	vt_check(io_pread_all(fd, s.mem, length, 0, 65536), "read");
	vt_check(check_range(s.mem, PAGES, 11, 0), "in the space");
	vt_check(io_pwrite_all(s.fd, file, length, 0, 65536), "write to the device");
	vt_check(check_range(s.mem, PAGES, 11, 0), "in the space, from the file's mapping");
	vt_check(vt_evictor_stop(&ev), "the evictor");
	munmap(file, length);
	close(fd);
	vt_space_free(&s);
	return true;
}

static const struct vt_test tests[] = {
	{ "files written from and read into the mapping", files_and_mapping },
	{ "a file that is mapped too", mapped_file },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
