// SPDX-License-Identifier: GPL-2.0
/*
 * Operations on descriptors and processes: spaces come and go, children inherit
 * them, work on them and end, or are ended.
 */
#include "fuzz.h"

/* More than the pool holds, all spaces taken together: then reclaim has to work. */
static bool fill_up(struct fz *f, struct fz_space *s)
{
	unsigned int pages = fz_rand(f, FZ_PAGES), first, n;

	for (first = 0; first < pages; first += n) {
		uint64_t offset = (uint64_t)first * FZ_PAGE;
		ssize_t got;

		n = pages - first < FZ_RUN ? pages - first : FZ_RUN;
		fz_fill(f, f->buf, offset, n * FZ_PAGE);
		got = pwrite(s->fd, f->buf, n * FZ_PAGE, offset);
		vt_check(got == (ssize_t)(n * FZ_PAGE), "pwrite: %zd (%s)", got, strerror(errno));
		fz_wrote(s, f->buf, offset, n * FZ_PAGE);
	}
	return true;
}

bool op_open(struct fz *f)
{
	for (unsigned int i = 0; i < f->spaces; i++) {
		struct fz_space *s = f->space[i];

		if (s->fd >= 0 || fz_mapped(f, s))
			continue;
		fz_space_init(s, vt_open());
		fz_note(f, "open: space %d", s->fd);
		return fz_chance(f, 4) || fill_up(f, s);
	}
	return true;
}

/* Half of the spaces live on through their mappings. */
bool op_close(struct fz *f)
{
	struct fz_space *s = fz_pick_space(f);
	unsigned int i;

	if (!s || s->part)
		return true;
	fz_note(f, "close space %d", s->fd);
	if (fz_chance(f, 2)) {
		for (i = 0; i < FZ_ARENA_PAGES; i++) {
			if (f->arena[i].space != s)
				continue;
			vt_check(!munmap(fz_addr(i), FZ_PAGE), "munmap: %s", strerror(errno));
			fz_unmap(f, i, 1);
		}
	}
	vt_check(!close(s->fd) && (s->fd2 < 0 || !close(s->fd2)), "close: %s", strerror(errno));
	s->fd = -1;
	s->fd2 = -1;
	return true;
}

/* A second descriptor, or one less. */
bool op_dup(struct fz *f)
{
	struct fz_space *s = fz_pick_space(f);

	if (!s || s->part)
		return true;
	fz_note(f, "dup of space %d, or an end of it", s->fd);
	if (s->fd2 < 0) {
		s->fd2 = fcntl(s->fd, F_DUPFD_CLOEXEC, 0);
		vt_check(s->fd2 >= 0, "dup: %s", strerror(errno));
		return true;
	}
	vt_check(!close(s->fd), "close: %s", strerror(errno));
	s->fd = s->fd2;
	s->fd2 = -1;
	return true;
}

/* ---- children ---- */

static void become_child(struct fz *f, unsigned int only, uint64_t seed)
{
	f->only = only;
	f->seed = seed;
	f->number = 0;
	fz_after_fork(f);
	close(f->pipe[0]);
	close(f->pipe[1]);
	vt_need(!pipe2(f->pipe, O_CLOEXEC), "pipe: %s", strerror(errno));
}

/* A child does some operations, whose effects on the spaces stay, and ends. */
bool op_fork(struct fz *f)
{
	uint64_t seed = vt_random(&f->rnd);
	unsigned int n = 1 + fz_rand(f, 24);
	bool killed = fz_chance(f, 3);
	int status;
	pid_t pid;

	fz_note(f, "fork: %u operations, seed %#" PRIx64 ", killed %u", n, seed, killed);
	pid = vt_fork();
	if (!pid) {
		become_child(f, FZ_IN_CHILD, seed);
		while (n--)
			if (!fz_step(f))
				_exit(KSFT_FAIL);
		if (killed)
			raise(SIGKILL);
		_exit(KSFT_PASS);
	}
	vt_need(waitpid(pid, &status, 0) == pid, "waitpid: %s", strerror(errno));
	vt_check(killed ? WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL :
		 WIFEXITED(status) && !WEXITSTATUS(status), "the child ended with %#x", status);
	return true;
}

/* A child is killed in the middle of whatever it does. */
bool op_kill(struct fz *f)
{
	uint64_t seed = vt_random(&f->rnd);
	unsigned int us = fz_rand(f, fz_chance(f, 4) ? 60000 : 6000);
	int status;
	pid_t pid;

	fz_note(f, "fork, seed %#" PRIx64 ", and kill after %u us", seed, us);
	pid = vt_fork();
	if (!pid) {
		become_child(f, FZ_IN_VICTIM, seed);
		while (fz_step(f))
			;
		_exit(KSFT_FAIL);
	}
	usleep(us);
	kill(pid, SIGKILL);
	vt_need(waitpid(pid, &status, 0) == pid, "waitpid: %s", strerror(errno));
	vt_check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the victim ended with %#x",
		 status);
	return fz_settle(f);
}
