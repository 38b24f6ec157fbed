// SPDX-License-Identifier: GPL-2.0
/*
 * read, write, pread, pwrite, readv, writev and lseek see the same bytes as the
 * mapping, at any offset and length, while pages are evicted.
 */
#define _GNU_SOURCE
#include "io_test.h"

#include <sys/uio.h>

#define PAGES	150
#define STEPS	1500
#define LONGEST	(20 * 1024)

/* The space, and what must be in it. */
struct model {
	struct vt_space s;
	char *bytes;
	char *buf;
	uint64_t rnd;
};

static bool compare(const struct model *m, const char *found, size_t at, size_t length,
		    const char *how)
{
	for (size_t i = 0; i < length; i++)
		vt_check(found[i] == m->bytes[at + i],
			 "%s: byte %#zx (from %#zx, %zu bytes): expected %#x, found %#x",
			 how, at + i, at, length,
			 (unsigned char)m->bytes[at + i], (unsigned char)found[i]);
	return true;
}

static void new_bytes(struct model *m, size_t at, size_t length)
{
	for (size_t i = 0; i < length; i++)
		m->bytes[at + i] = vt_random(&m->rnd);
}

static bool write_step(struct model *m, size_t at, size_t length)
{
	char *from = m->bytes + at;
	struct iovec iov[2] = { { from, length / 3 }, { from + length / 3, length - length / 3 } };
	ssize_t n;

	new_bytes(m, at, length);
	switch (vt_random(&m->rnd) % 4) {
	case 0:
		memcpy(m->s.mem + at, from, length);
		return true;
	case 1:
		n = pwrite(m->s.fd, from, length, at);
		break;
	case 2:
		n = pwritev(m->s.fd, iov, 2, at);
		break;
	default:
		vt_check(lseek(m->s.fd, at, SEEK_SET) == (off_t)at, "lseek: %s", strerror(errno));
		n = write(m->s.fd, from, length);
		vt_check(lseek(m->s.fd, 0, SEEK_CUR) == (off_t)(at + length),
			 "the offset after write is %jd, expected %zu",
			 (intmax_t)lseek(m->s.fd, 0, SEEK_CUR), at + length);
	}
	vt_check(n == (ssize_t)length, "write of %zu bytes at %#zx: %zd (%s)", length, at, n,
		 strerror(errno));
	return true;
}

static bool read_step(struct model *m, size_t at, size_t length)
{
	struct iovec iov[2] = {
		{ m->buf, length / 3 }, { m->buf + length / 3, length - length / 3 },
	};
	const char *how;
	ssize_t n;

	memset(m->buf, 0x55, length);
	switch (vt_random(&m->rnd) % 4) {
	case 0:
		return compare(m, m->s.mem + at, at, length, "mapping");
	case 1:
		how = "pread";
		n = pread(m->s.fd, m->buf, length, at);
		break;
	case 2:
		how = "preadv";
		n = preadv(m->s.fd, iov, 2, at);
		break;
	default:
		how = "read";
		vt_check(lseek(m->s.fd, (off_t)at - (off_t)m->s.length, SEEK_END) == (off_t)at,
			 "lseek from the end: %s", strerror(errno));
		n = read(m->s.fd, m->buf, length);
	}
	vt_check(n == (ssize_t)length, "%s of %zu bytes at %#zx: %zd (%s)", how, length, at, n,
		 strerror(errno));
	return compare(m, m->buf, at, length, how);
}

static bool random_steps(void)
{
	struct model m = { .s = vt_space_new(PAGES * vt_page_size()), .rnd = 4711 };
	struct vt_evictor ev;

	m.bytes = calloc(1, m.s.length);
	m.buf = malloc(LONGEST);
	vt_need(m.bytes && m.buf, "malloc");
	vt_evictor_start(&ev, m.s.fd, 0, m.s.length);
	ev.pause_us = 5000;
	for (unsigned int i = 0; i < STEPS; i++) {
		size_t length = 1 + vt_random(&m.rnd) % (i & 1 ? 64 : LONGEST);
		size_t at = vt_random(&m.rnd) % (m.s.length - length + 1);

		if (vt_random(&m.rnd) & 1)
			vt_check(write_step(&m, at, length), "step %u", i);
		else
			vt_check(read_step(&m, at, length), "step %u", i);
	}
	vt_check(vt_evictor_stop(&ev), "the evictor");
	vt_check(compare(&m, m.s.mem, 0, m.s.length, "mapping"), "at the end");
	free(m.bytes);
	free(m.buf);
	vt_space_free(&m.s);
	return true;
}

/*
 * One thread stores every even word through the mapping, the other writes every
 * odd one by pwrite, in the same pages: neither may undo the other's.
 */
#define SHARED	32	/* pages */

static bool every_other_word(struct vt_crew *crew, unsigned int id)
{
	const unsigned int words = vt_page_size() / sizeof(uint64_t);
	struct vt_space *s = crew->arg;

	for (unsigned int seed = 1; seed <= 3; seed++) {
		for (unsigned int i = 0; i < SHARED * words; i += 2) {
			unsigned int w = i + id;
			uint64_t value = page_word(seed, w / words, w % words);
			uint64_t *word = (uint64_t *)s->mem + w, old = *word;

			vt_check(old == (seed > 1 ? page_word(seed - 1, w / words, w % words) : 0),
				 "%s: word %u holds %016" PRIx64 " before pass %u", id ? "pwrite" :
				 "store", w, old, seed);
			if (id)
				vt_check(pwrite(s->fd, &value, 8, w * 8) == 8, "pwrite: %s",
					 strerror(errno));
			else
				*(volatile uint64_t *)word = value;
		}
	}
	return true;
}

static bool same_pages(void)
{
	struct vt_space s = vt_space_new(SHARED * vt_page_size());
	struct vt_evictor ev;

	vt_evictor_start(&ev, s.fd, 0, s.length);
	vt_check(vt_crew_run(2, every_other_word, &s), "two writers of the same pages");
	vt_check(vt_evictor_stop(&ev), "the evictor");
	vt_check(check_range(s.mem, SHARED, 3, 0), "at the end");
	vt_space_free(&s);
	return true;
}

/* Reads end where the space ends, seeks take all three bases and no less than 0. */
static bool ends_and_seeks(void)
{
	const size_t page = vt_page_size(), size = 3 * page + 77;
	int fd = vt_open();
	char buf[4096];

	vt_check(lseek(fd, 0, SEEK_END) == 0, "a new space's size");
	vt_check(read(fd, buf, 1) == 0, "a read of an empty space");
	vt_check(!vt_set_size(fd, size), "SET_SIZE");
	vt_check(lseek(fd, 0, SEEK_END) == (off_t)size, "SEEK_END");
	vt_check(read(fd, buf, 1) == 0, "a read at the end");
	vt_check(lseek(fd, -10, SEEK_CUR) == (off_t)size - 10, "SEEK_CUR");
	vt_check(read(fd, buf, sizeof(buf)) == 10, "a read over the end");
	vt_check(check_zero(buf, 10), "the last bytes");
	vt_check(lseek(fd, -(off_t)size - 1, SEEK_END) < 0 && errno == EINVAL,
		 "lseek before the start: %s", strerror(errno));
	vt_check(lseek(fd, 5 * page, SEEK_SET) == (off_t)(5 * page), "lseek past the end");
	vt_check(read(fd, buf, 1) == 0, "a read past the end");
	vt_check(pread(fd, buf, 1, -1) < 0 && errno == EINVAL, "pread at -1: %s", strerror(errno));
	vt_check(lseek(fd, 0, SEEK_END) == (off_t)size, "the size changed");
	close(fd);
	return true;
}

static const struct vt_test tests[] = {
	{ "random reads and writes against a model", random_steps },
	{ "stores and pwrite in the same pages", same_pages },
	{ "ends and seeks", ends_and_seeks },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
