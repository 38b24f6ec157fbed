// SPDX-License-Identifier: GPL-2.0
/*
 * Operations that move data between a space and something else without going
 * through the program: pipes, other spaces, buffers inside mappings, direct I/O,
 * /proc/self/mem.
 */
#define _GNU_SOURCE
#include <sys/sendfile.h>

#include "fuzz.h"

#define IN_PIPE	(8 * FZ_PAGE)

/* Whole pages of a space, a few, inside its size. */
static bool pick_whole(struct fz *f, struct fz_range *r, unsigned int most)
{
	if (!fz_pick_range(f, r, true))
		return false;
	if (r->n > most)
		r->n = most;
	return (uint64_t)(r->first + r->n) * FZ_PAGE <= r->s->size;
}

/* Take exactly this much out of the pipe. */
static bool drain(struct fz *f, unsigned char *to, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t got = read(f->pipe[0], to + done, n - done);

		vt_check(got > 0, "reading the pipe: %zd (%s)", got, strerror(errno));
		done += got;
	}
	return true;
}

bool op_splice_out(struct fz *f)
{
	struct fz_range r;
	loff_t from;
	ssize_t n;

	if (!pick_whole(f, &r, IN_PIPE / FZ_PAGE))
		return true;
	from = (loff_t)r.first * FZ_PAGE;
	fz_note(f, "splice %u pages at %u out of space %d", r.n, r.first, r.s->fd);
	n = splice(fz_fd(f, r.s), &from, f->pipe[1], NULL, r.n * FZ_PAGE, 0);
	vt_check(n > 0, "splice: %zd (%s)", n, strerror(errno));
	return drain(f, f->buf, n) &&
	       fz_same(r.s, f->buf, (uint64_t)r.first * FZ_PAGE, n, "splice");
}

bool op_splice_in(struct fz *f)
{
	struct fz_range r;
	loff_t to;
	size_t done = 0, length;
	ssize_t n;

	if (!pick_whole(f, &r, IN_PIPE / FZ_PAGE))
		return true;
	to = (loff_t)r.first * FZ_PAGE;
	length = r.n * FZ_PAGE;
	fz_note(f, "splice %u pages into space %d at %u", r.n, r.s->fd, r.first);
	fz_fill(f, f->buf, to, length);
	n = write(f->pipe[1], f->buf, length);
	vt_check(n == (ssize_t)length, "writing the pipe: %zd (%s)", n, strerror(errno));
	fz_begin(f, r.s, r.first, r.n, true);
	for (; done < length; done += n) {
		n = splice(f->pipe[0], NULL, fz_fd(f, r.s), &to, length - done, 0);
		vt_check(n > 0, "splice: %zd (%s)", n, strerror(errno));
	}
	fz_put(r.s, f->buf, (uint64_t)r.first * FZ_PAGE, length);
	fz_end(f);
	return true;
}

/* From one space into another, or within one, at the other's position. */
bool op_sendfile(struct fz *f)
{
	struct fz_space *to = fz_pick_space(f);
	struct fz_range r;
	off_t from;
	ssize_t n;

	if (!to || to->part || !pick_whole(f, &r, 16))
		return true;
	from = (off_t)r.first * FZ_PAGE;
	if (to->pos + r.n * FZ_PAGE > FZ_PAGES * FZ_PAGE)
		return true;
	/* onto itself it would depend on how much is copied at a time */
	if (to == r.s && to->pos < (uint64_t)from + r.n * FZ_PAGE &&
	    (uint64_t)from < to->pos + r.n * FZ_PAGE)
		return true;
	fz_note(f, "sendfile %u pages at %u of space %d to %d at %#" PRIx64, r.n, r.first,
		r.s->fd, to->fd, to->pos);
	memcpy(f->buf, r.s->data + from, r.n * FZ_PAGE);
	for (size_t done = 0; done < r.n * FZ_PAGE; done += n) {
		n = sendfile(fz_fd(f, to), fz_fd(f, r.s), &from, r.n * FZ_PAGE - done);
		vt_check(n > 0, "sendfile: %zd (%s)", n, strerror(errno));
		fz_wrote(to, f->buf + done, to->pos, n);
		to->pos += n;
	}
	return true;
}

static bool same_pages(const struct fz_range *r, const struct fz_slot *slot, unsigned int n)
{
	return r->s == slot->space && r->first < slot->pgoff + n && slot->pgoff < r->first + r->n;
}

/* pread into a mapping of another space, or of other pages of this one. */
bool op_read_mapped(struct fz *f)
{
	const struct fz_slot *slot;
	unsigned int at, n;
	struct fz_range r;
	size_t length, in;
	ssize_t got;

	if (!fz_pick_usable(f, &at, &n, true) || !pick_whole(f, &r, n))
		return true;
	slot = &f->arena[at];
	if (same_pages(&r, slot, r.n) || (f->only == FZ_IN_VICTIM && slot->space->fd < 0))
		return true;
	in = fz_rand(f, FZ_PAGE);
	length = r.n * FZ_PAGE - in;
	fz_note(f, "pread %zu at %u of space %d into the arena at %u", length, r.first, r.s->fd,
		at);
	fz_begin(f, slot->space, slot->pgoff, r.n, true);
	got = pread(fz_fd(f, r.s), fz_addr(at) + in, length, (off_t)r.first * FZ_PAGE);
	vt_check(got == (ssize_t)length, "pread: %zd (%s)", got, strerror(errno));
	fz_put(slot->space, r.s->data + r.first * FZ_PAGE, (uint64_t)slot->pgoff * FZ_PAGE + in,
	       length);
	fz_end(f);
	return true;
}

bool op_write_mapped(struct fz *f)
{
	const struct fz_slot *slot;
	unsigned int at, n;
	struct fz_range r;
	size_t length, in;
	ssize_t got;

	if (!fz_pick_usable(f, &at, &n, false) || !pick_whole(f, &r, n))
		return true;
	slot = &f->arena[at];
	if (same_pages(&r, slot, r.n))
		return true;
	in = fz_rand(f, FZ_PAGE);
	length = r.n * FZ_PAGE - in;
	fz_note(f, "pwrite %zu at %u of space %d out of the arena at %u", length, r.first, r.s->fd,
		at);
	fz_begin(f, r.s, r.first, r.n, true);
	fz_begin(f, slot->space, slot->pgoff, r.n, false);
	got = pwrite(fz_fd(f, r.s), fz_addr(at) + in, length, (off_t)r.first * FZ_PAGE);
	vt_check(got == (ssize_t)length, "pwrite: %zd (%s)", got, strerror(errno));
	fz_touch(slot->space, slot->pgoff, r.n, FZ_TOUCHED);
	fz_put(r.s, slot->space->data + slot->pgoff * FZ_PAGE + in, (uint64_t)r.first * FZ_PAGE,
	       length);
	fz_end(f);
	return true;
}

/* A file on the disk, past the page cache, straight from and to the pool's frames. */
bool op_direct(struct fz *f)
{
	bool out = fz_chance(f, 2);
	const struct fz_slot *slot;
	unsigned int at, n;
	size_t length;
	ssize_t got;

	if (f->file < 0 || !fz_pick_usable(f, &at, &n, !out))
		return true;
	slot = &f->arena[at];
	/* killed while it reads, the device would go on writing after we have settled */
	if (f->only == FZ_IN_VICTIM && !out)
		return true;
	n = n < 32 ? n : 32;
	length = n * FZ_PAGE;
	fz_note(f, "direct I/O %s the arena, %u pages at %u", out ? "from" : "to", n, at);
	if (out) {
		fz_begin(f, slot->space, slot->pgoff, n, false);
		got = pwrite(f->file, fz_addr(at), length, 0);
		vt_check(got == (ssize_t)length, "direct write: %zd (%s)", got, strerror(errno));
		fz_touch(slot->space, slot->pgoff, n, FZ_TOUCHED);
		fz_end(f);
		got = pread(f->file, f->buf, length, 0);
		vt_check(got == (ssize_t)length, "direct read: %zd (%s)", got, strerror(errno));
		return fz_same(slot->space, f->buf, (uint64_t)slot->pgoff * FZ_PAGE, length,
			       "direct write");
	}
	fz_fill(f, f->buf, (uint64_t)slot->pgoff * FZ_PAGE, length);
	got = pwrite(f->file, f->buf, length, 0);
	vt_check(got == (ssize_t)length, "direct write: %zd (%s)", got, strerror(errno));
	fz_begin(f, slot->space, slot->pgoff, n, true);
	got = pread(f->file, fz_addr(at), length, 0);
	vt_check(got == (ssize_t)length, "direct read: %zd (%s)", got, strerror(errno));
	fz_put(slot->space, f->buf, (uint64_t)slot->pgoff * FZ_PAGE, length);
	fz_end(f);
	return true;
}

/* As a debugger does it, which the kernel pins pages for. */
bool op_proc_mem(struct fz *f)
{
	bool write = fz_chance(f, 2);
	const struct fz_slot *slot;
	unsigned int at, n;
	size_t length;
	ssize_t got;
	int fd;

	if (!fz_pick_usable(f, &at, &n, write))
		return true;
	slot = &f->arena[at];
	if (f->only == FZ_IN_VICTIM && write && slot->space->fd < 0)
		return true;
	length = (n < 16 ? n : 16) * FZ_PAGE;
	fz_note(f, "/proc/self/mem, %zu bytes at %u, write %u", length, at, write);
	fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	vt_check(fd >= 0, "/proc/self/mem: %s", strerror(errno));
	fz_begin(f, slot->space, slot->pgoff, length / FZ_PAGE, write);
	if (write) {
		fz_fill(f, f->buf, (uint64_t)slot->pgoff * FZ_PAGE, length);
		got = pwrite(fd, f->buf, length, (off_t)(uintptr_t)fz_addr(at));
	} else {
		got = pread(fd, f->buf, length, (off_t)(uintptr_t)fz_addr(at));
	}
	close(fd);
	vt_check(got == (ssize_t)length, "/proc/self/mem: %zd (%s)", got, strerror(errno));
	if (write)
		fz_put(slot->space, f->buf, (uint64_t)slot->pgoff * FZ_PAGE, length);
	fz_touch(slot->space, slot->pgoff, length / FZ_PAGE, FZ_TOUCHED);
	fz_end(f);
	return fz_same(slot->space, f->buf, (uint64_t)slot->pgoff * FZ_PAGE, length,
		       "/proc/self/mem");
}
