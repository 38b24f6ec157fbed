// SPDX-License-Identifier: GPL-2.0
/*
 * Operations on the descriptor: read, write and their relations. Ranges are in
 * bytes and begin and end anywhere.
 */
#define _GNU_SOURCE
#include <sys/uio.h>

#include "fuzz.h"

/* Bytes of a range of pages, without some at its ends. */
static void to_bytes(struct fz *f, const struct fz_range *r, uint64_t *offset, size_t *length)
{
	*offset = (uint64_t)r->first * FZ_PAGE;
	*length = r->n * FZ_PAGE;
	if (fz_chance(f, 2)) {
		unsigned int cut = fz_rand(f, FZ_PAGE);

		*offset += cut;
		*length -= cut;
		*length -= fz_rand(f, *length < FZ_PAGE ? *length : FZ_PAGE);
	}
}

/* What a read of @length bytes at @offset gives. */
static size_t readable(const struct fz_space *s, uint64_t offset, size_t length)
{
	if (offset >= s->size)
		return 0;
	return s->size - offset < length ? s->size - offset : length;
}

static bool read_ok(struct fz_space *s, const void *buf, ssize_t got, uint64_t offset, size_t n,
		    const char *what)
{
	size_t want = readable(s, offset, n);

	vt_check(got == (ssize_t)want, "%s of %zu bytes at %#" PRIx64 ": %zd (%s), expected %zu",
		 what, n, offset, got, strerror(errno), want);
	return fz_same(s, buf, offset, want, what);
}

static bool write_ok(struct fz *f, struct fz_space *s, const void *buf, ssize_t got,
		     uint64_t offset, size_t n, const char *what)
{
	vt_check(got == (ssize_t)n, "%s of %zu bytes at %#" PRIx64 ": %zd (%s)", what, n, offset,
		 got, strerror(errno));
	fz_wrote(s, buf, offset, n);
	fz_end(f);
	return true;
}

static void begin_write(struct fz *f, const struct fz_range *r)
{
	fz_begin(f, r->s, r->first, r->n, true);
}

/* Bytes to write: in what others share or a killed task leaves, not past the end. */
static bool pick_write(struct fz *f, struct fz_range *r, uint64_t *offset, size_t *length)
{
	if (!fz_pick_range(f, r, f->only == FZ_IN_VICTIM))
		return false;
	to_bytes(f, r, offset, length);
	if (r->s->part || f->only == FZ_IN_VICTIM)
		*length = readable(r->s, *offset, *length);
	return *length;
}

bool op_pread(struct fz *f)
{
	uint64_t offset;
	size_t length;
	struct fz_range r;

	if (!fz_pick_range(f, &r, !fz_chance(f, 4)))
		return true;
	to_bytes(f, &r, &offset, &length);
	fz_note(f, "pread %zu at %#" PRIx64 " of space %d", length, offset, r.s->fd);
	fz_begin(f, r.s, r.first, r.n, false);
	if (!read_ok(r.s, f->buf, pread(fz_fd(f, r.s), f->buf, length, offset), offset, length,
		     "pread"))
		return false;
	fz_end(f);
	return true;
}

bool op_pwrite(struct fz *f)
{
	uint64_t offset;
	size_t length;
	struct fz_range r;

	if (!pick_write(f, &r, &offset, &length))
		return true;
	fz_note(f, "pwrite %zu at %#" PRIx64 " of space %d", length, offset, r.s->fd);
	fz_fill(f, f->buf, offset, length);
	begin_write(f, &r);
	return write_ok(f, r.s, f->buf, pwrite(fz_fd(f, r.s), f->buf, length, offset), offset,
			length, "pwrite");
}

/* At the descriptor's own position, which moves. */
bool op_read(struct fz *f)
{
	struct fz_space *s = fz_pick_space(f);
	size_t length;

	if (!s || s->part)
		return true;
	length = 1 + fz_rand(f, 16 * FZ_PAGE);
	fz_note(f, "read %zu at %#" PRIx64 " of space %d", length, s->pos, s->fd);
	if (!read_ok(s, f->buf, read(fz_fd(f, s), f->buf, length), s->pos, length, "read"))
		return false;
	s->pos += readable(s, s->pos, length);
	return true;
}

bool op_write(struct fz *f)
{
	struct fz_space *s = fz_pick_space(f);
	size_t length;

	if (!s || s->part)
		return true;
	length = 1 + fz_rand(f, 16 * FZ_PAGE);
	if (s->pos + length > FZ_PAGES * FZ_PAGE)
		return true;
	fz_note(f, "write %zu at %#" PRIx64 " of space %d", length, s->pos, s->fd);
	fz_fill(f, f->buf, s->pos, length);
	fz_begin(f, s, s->pos / FZ_PAGE, length / FZ_PAGE + 2, true);
	if (!write_ok(f, s, f->buf, write(fz_fd(f, s), f->buf, length), s->pos, length, "write"))
		return false;
	s->pos += length;
	return true;
}

bool op_append(struct fz *f)
{
	struct fz_space *s = fz_pick_space(f);
	uint64_t end;
	size_t length;
	bool ok;

	if (!s || s->part)
		return true;
	length = 1 + fz_rand(f, 8 * FZ_PAGE);
	end = s->size;
	if (end + length > FZ_PAGES * FZ_PAGE)
		return true;
	fz_note(f, "append %zu to space %d of %#" PRIx64, length, s->fd, end);
	fz_fill(f, f->buf, end, length);
	vt_check(!fcntl(s->fd, F_SETFL, O_APPEND), "F_SETFL: %s", strerror(errno));
	ok = write_ok(f, s, f->buf, write(s->fd, f->buf, length), end, length, "append");
	vt_check(!fcntl(s->fd, F_SETFL, 0), "F_SETFL: %s", strerror(errno));
	s->pos = end + length;
	return ok;
}

/* Cut a buffer into pieces, some of them empty. */
static unsigned int cut(struct fz *f, struct iovec *iov, unsigned char *buf, size_t length)
{
	unsigned int n = 0;

	while (n < 7) {
		size_t piece = fz_rand(f, length + 1);

		iov[n++] = (struct iovec){ buf, piece };
		buf += piece;
		length -= piece;
	}
	iov[n++] = (struct iovec){ buf, length };
	return n;
}

bool op_readv(struct fz *f)
{
	struct iovec iov[8];
	uint64_t offset;
	size_t length;
	struct fz_range r;
	unsigned int n;

	if (!fz_pick_range(f, &r, true))
		return true;
	to_bytes(f, &r, &offset, &length);
	n = cut(f, iov, f->buf, length);
	fz_note(f, "preadv %zu at %#" PRIx64 " of space %d", length, offset, r.s->fd);
	return read_ok(r.s, f->buf, preadv(fz_fd(f, r.s), iov, n, offset), offset, length,
		       "preadv");
}

bool op_writev(struct fz *f)
{
	struct iovec iov[8];
	uint64_t offset;
	size_t length;
	struct fz_range r;
	unsigned int n;

	if (!pick_write(f, &r, &offset, &length))
		return true;
	fz_fill(f, f->buf, offset, length);
	n = cut(f, iov, f->buf, length);
	fz_note(f, "pwritev %zu at %#" PRIx64 " of space %d", length, offset, r.s->fd);
	begin_write(f, &r);
	return write_ok(f, r.s, f->buf, pwritev(fz_fd(f, r.s), iov, n, offset), offset, length,
			"pwritev");
}

bool op_lseek(struct fz *f)
{
	struct fz_space *s = fz_pick_space(f);
	uint64_t to;
	off_t got;

	if (!s || s->part)
		return true;
	to = fz_rand(f, FZ_PAGES * FZ_PAGE);
	fz_note(f, "lseek space %d to %#" PRIx64, s->fd, to);
	switch (fz_rand(f, 5)) {
	case 0:
		got = lseek(fz_fd(f, s), to, SEEK_SET);
		break;
	case 1:
		got = lseek(fz_fd(f, s), to - s->pos, SEEK_CUR);
		break;
	case 2:
		got = lseek(fz_fd(f, s), to - s->size, SEEK_END);
		break;
	case 3:
		to = s->size;
		got = lseek(fz_fd(f, s), 0, SEEK_END);
		break;
	default:
		got = lseek(s->fd, -1, SEEK_SET);
		vt_check(got < 0 && errno == EINVAL, "lseek to -1: %jd", (intmax_t)got);
		got = lseek(s->fd, 0, SEEK_DATA);
		vt_check(got < 0 && errno == EINVAL, "SEEK_DATA: %jd", (intmax_t)got);
		return true;
	}
	vt_check(got == (off_t)to, "lseek: %jd (%s), expected %#" PRIx64, (intmax_t)got,
		 strerror(errno), to);
	s->pos = to;
	return true;
}

bool op_sync(struct fz *f)
{
	struct fz_space *s = fz_pick_space(f);

	if (!s)
		return true;
	fz_note(f, "fsync space %d", s->fd);
	vt_check(!fsync(fz_fd(f, s)), "fsync: %s", strerror(errno));
	vt_check(!fdatasync(fz_fd(f, s)), "fdatasync: %s", strerror(errno));
	return true;
}

bool op_fadvise(struct fz *f)
{
	static const int how[] = {
		POSIX_FADV_NORMAL, POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM, POSIX_FADV_WILLNEED,
		POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED, POSIX_FADV_NOREUSE,
	};
	int advice = how[fz_rand(f, ARRAY_SIZE(how))], ret;
	uint64_t offset;
	size_t length;
	struct fz_range r;

	if (!fz_pick_range(f, &r, false))
		return true;
	to_bytes(f, &r, &offset, &length);
	if (fz_chance(f, 6))
		length = 0;
	fz_note(f, "fadvise %zu at %#" PRIx64 " of space %d: %d", length, offset, r.s->fd, advice);
	ret = posix_fadvise(fz_fd(f, r.s), offset, length, advice);
	vt_check(!ret, "fadvise: %s", strerror(ret));
	return true;
}

/* What character devices don't do, and files neither. */
bool op_refused(struct fz *f)
{
	const void *volatile nowhere = (void *)8;
	struct fz_space *s = fz_pick_space(f);

	if (!s)
		return true;
	fz_note(f, "calls on space %d that are refused", s->fd);
	vt_check(ftruncate(s->fd, 0) && errno == EINVAL, "ftruncate: %s", strerror(errno));
	vt_check(fallocate(s->fd, 0, 0, FZ_PAGE) && errno == ENODEV, "fallocate: %s",
		 strerror(errno));
	vt_check(pread(s->fd, f->buf, 1, -1) < 0 && errno == EINVAL, "pread at -1: %s",
		 strerror(errno));
	vt_check(pwrite(s->fd, f->buf, 1, 1L << 52) < 0 && errno == EFBIG, "pwrite at 2^52: %s",
		 strerror(errno));
	vt_check(pwrite(s->fd, nowhere, 16, 0) < 0 && errno == EFAULT, "pwrite from nowhere: %s",
		 strerror(errno));
	vt_check(!pread(s->fd, f->buf, 0, 0), "pread of nothing: %s", strerror(errno));
	vt_check(!pwrite(s->fd, f->buf, 0, FZ_PAGES * FZ_PAGE), "pwrite of nothing: %s",
		 strerror(errno));
	return true;
}
