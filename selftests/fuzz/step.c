// SPDX-License-Identifier: GPL-2.0
/*
 * One fuzzing process: it draws an operation, does it, looks at two random pages,
 * and at everything now and then. Each operation draws from its own number, so
 * leaving some out changes what the others do as little as can be.
 *
 *	VMDEV_FUZZ_SKIP		kinds not to do, separated by commas
 *	VMDEV_FUZZ_ONLY		kinds to do (and open), no others
 *	VMDEV_FUZZ_TRACE	print operations from this number on
 */
#include "fuzz.h"

#define VERIFY_ALL	2048	/* operations between looks at everything */

static uint64_t trace_from = UINT64_MAX;

/* Shared with children to come. */
void *fz_shared(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	vt_need(p != MAP_FAILED, "mmap: %s", strerror(errno));
	return p;
}

struct fz_space *fz_add_space(struct fz *f)
{
	struct fz_space *s = fz_shared(sizeof(*s));

	s->data = fz_shared(FZ_PAGES * FZ_PAGE);
	s->fd = -1;
	f->space[f->spaces++] = s;
	return s;
}

/* A file on the disk that takes direct I/O, or -1. */
static int direct_file(void)
{
	const char *mnt = getenv("VMDEV_MNT");
	char path[256];
	int fd;

	if (!mnt)
		return -1;
	snprintf(path, sizeof(path), "%s/fuzz.%d", mnt, (int)getpid());
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_DIRECT | O_CLOEXEC, 0600);
	if (fd >= 0)
		unlink(path);
	return fd;
}

struct fz *fz_new(uint64_t seed, struct fz_flight *flight, uint64_t *done)
{
	const char *trace = getenv("VMDEV_FUZZ_TRACE");
	struct fz *f = calloc(1, sizeof(*f));

	vt_need(f, "out of memory");
	f->seed = seed;
	f->flight = flight;
	f->done = done;
	f->file = direct_file();
	vt_need(!pipe2(f->pipe, O_CLOEXEC), "pipe: %s", strerror(errno));
	vt_need(!posix_memalign((void **)&f->buf, FZ_PAGE, (FZ_RUN + 1) * FZ_PAGE),
		"out of memory");
	if (trace)
		trace_from = strtoull(trace, NULL, 0);
	return f;
}

/* All of its spaces, mappings and memory go. */
void fz_free(struct fz *f)
{
	vt_need(!munmap(FZ_ARENA, FZ_ARENA_PAGES * FZ_PAGE), "munmap: %s", strerror(errno));
	for (unsigned int i = 0; i < f->spaces; i++) {
		struct fz_space *s = f->space[i];

		if (s->part)
			continue;
		if (s->fd >= 0)
			close(s->fd);
		if (s->fd >= 0 && s->fd2 >= 0)
			close(s->fd2);
		munmap(s->data, FZ_PAGES * FZ_PAGE);
		munmap(s, sizeof(*s));
	}
	close(f->pipe[0]);
	close(f->pipe[1]);
	if (f->file >= 0)
		close(f->file);
	free(f->buf);
	free(f);
}

/* What is about to be done, for whoever reads about a failure. */
void fz_note(struct fz *f, const char *fmt, ...)
{
	char *line = f->ring[f->number % FZ_RING];
	int n = snprintf(line, sizeof(f->ring[0]), "%" PRIu64 ": ", f->number);
	va_list args;

	va_start(args, fmt);
	vsnprintf(line + n, sizeof(f->ring[0]) - n, fmt, args);
	va_end(args);
	if (f->number >= trace_from)
		vt_msg("%s%s", f->only ? "  in a child: " : "", line);
}

static bool listed(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = list; p && (p = strstr(p, name)); p += n)
		if ((p == list || p[-1] == ',') && (!p[n] || p[n] == ','))
			return true;
	return false;
}

static bool wanted(const struct fz_kind *kind)
{
	const char *only = getenv("VMDEV_FUZZ_ONLY"), *skip = getenv("VMDEV_FUZZ_SKIP");

	return (!only || listed(only, kind->name) || !strcmp(kind->name, "open")) &&
	       !listed(skip, kind->name);
}

static unsigned int draw(struct fz *f)
{
	unsigned int sum = 0, i, at;

	for (i = 0; i < fz_nr_kinds; i++)
		sum += fz_kinds[i].weight;
	for (;;) {
		at = fz_rand(f, sum);
		for (i = 0; at >= fz_kinds[i].weight; i++)
			at -= fz_kinds[i].weight;
		if (f->only && !(fz_kinds[i].where & f->only))
			continue;
		if (!(fz_kinds[i].where & FZ_ALONE) || f->alone)
			return i;
	}
}

/* Two random pages, one through a descriptor and one through a mapping. */
static bool glance(struct fz *f)
{
	unsigned int at = fz_rand(f, FZ_ARENA_PAGES), n;
	struct fz_range r;
	ssize_t got;
	size_t want;

	if (fz_pick_range(f, &r, true)) {
		uint64_t offset = (uint64_t)r.first * FZ_PAGE;

		want = r.s->size - offset < FZ_PAGE ? r.s->size - offset : FZ_PAGE;
		got = pread(r.s->fd, f->buf, FZ_PAGE, offset);
		vt_check(got == (ssize_t)want, "pread: %zd (%s), expected %zu", got,
			 strerror(errno), want);
		if (!fz_same(r.s, f->buf, offset, want, "a glance by pread"))
			return false;
	}
	return !fz_pick_mapped(f, &at, &n, 1) || fz_verify_slot(f, at);
}

bool fz_verify_all(struct fz *f)
{
	for (unsigned int i = 0; i < f->spaces; i++)
		if (!fz_verify_space(f, f->space[i]))
			return false;
	return fz_verify_arena(f);
}

static bool failed(struct fz *f, const char *what)
{
	vt_msg("failed%s: seed %#" PRIx64 ", operation %" PRIu64 " (%s); the last ones:",
	       f->only ? " in a child" : "", f->seed, f->number, what);
	for (unsigned int i = 1; i <= FZ_RING; i++)
		if (*f->ring[(f->number + i) % FZ_RING])
			vt_msg("  %s", f->ring[(f->number + i) % FZ_RING]);
	return false;
}

/* The next operation. */
bool fz_step(struct fz *f)
{
	unsigned int kind;

	f->number++;
	f->rnd = f->seed + f->number * 0x2545f4914f6cdd1dULL;
	vt_random(&f->rnd);
	kind = draw(f);
	if (wanted(&fz_kinds[kind])) {
		if (!fz_kinds[kind].run(f))
			return failed(f, fz_kinds[kind].name);
		__atomic_fetch_add(&f->done[kind], 1, __ATOMIC_RELAXED);
	}
	if (!glance(f))
		return failed(f, "a look afterwards");
	if (f->only || f->number % VERIFY_ALL || fz_verify_all(f))
		return true;
	return failed(f, "a look at everything");
}

void fz_print_done(const uint64_t *done)
{
	uint64_t sum = 0;
	char line[256];
	int n = 0;

	for (unsigned int i = 0; i < fz_nr_kinds; i++) {
		sum += done[i];
		n += snprintf(line + n, sizeof(line) - n, " %s %" PRIu64, fz_kinds[i].name,
			      done[i]);
		if (n > 70 || i + 1 == fz_nr_kinds) {
			vt_msg("operations:%s", line);
			n = 0;
		}
	}
	vt_msg("operations in all: %" PRIu64, sum);
}
