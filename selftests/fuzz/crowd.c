// SPDX-License-Identifier: GPL-2.0
/*
 * Several fuzzing processes at once, each with spaces of its own and with its part
 * of one space that they share, while now and then one of them is killed, wherever
 * it is, and a new one takes its part over.
 */
#include "fuzz.h"

#define WORKERS		3
#define PART		(FZ_PAGES / WORKERS)
#define OWN_SPACES	3

static struct {
	int fd;
	struct fz_space *part[WORKERS];
	struct fz_flight *flight[WORKERS];
	pid_t pid[WORKERS];
	uint64_t *done;
	double end;
	struct fz *f;		/* the supervisor's, for what it verifies itself */
} crowd;

static void worker(unsigned int w, uint64_t seed)
{
	struct fz *f = fz_new(seed, crowd.flight[w], crowd.done);

	while (f->spaces < OWN_SPACES)
		fz_add_space(f);
	f->space[f->spaces++] = crowd.part[w];
	while (vt_now() < crowd.end)
		if (!fz_step(f))
			_exit(KSFT_FAIL);
	if (!fz_verify_all(f))
		_exit(KSFT_FAIL);
	fz_free(f);
	_exit(KSFT_PASS);
}

static void start(unsigned int w, uint64_t seed)
{
	crowd.pid[w] = vt_fork();
	if (!crowd.pid[w]) {
		setpgid(0, 0);
		worker(w, seed);
	}
	setpgid(crowd.pid[w], crowd.pid[w]);
}

/* Nobody of the worker's family is left when this returns. */
static void kill_family(pid_t pid)
{
	kill(-pid, SIGKILL);
	while (waitpid(-pid, NULL, 0) > 0)
		;
}

/* What the dead were at is put right, and the rest of their part is as it was. */
static bool take_over(unsigned int w)
{
	crowd.f->flight = crowd.flight[w];
	for (unsigned int i = 0; i < 2; i++)
		if (crowd.flight[w][i].space != crowd.part[w])
			crowd.flight[w][i].space = NULL;
	return fz_settle(crowd.f) && fz_verify_space(crowd.f, crowd.part[w]);
}

static void set_up(uint64_t seed)
{
	crowd.fd = vt_open();
	crowd.f = fz_new(seed, NULL, crowd.done);
	vt_need(!vt_set_size(crowd.fd, WORKERS * PART * FZ_PAGE), "SET_SIZE");
	for (unsigned int w = 0; w < WORKERS; w++) {
		struct fz_space *s = fz_shared(sizeof(*s));

		s->data = fz_shared(FZ_PAGES * FZ_PAGE);
		fz_space_init(s, crowd.fd);
		s->part = true;
		s->first = w * PART;
		s->count = PART;
		s->size = WORKERS * PART * FZ_PAGE;
		crowd.part[w] = s;
		crowd.flight[w] = fz_shared(FZ_PAGE);
	}
}

/* Has one of them ended before its time? Only a failure does that. */
static bool all_alive(void)
{
	for (unsigned int w = 0; w < WORKERS; w++) {
		int status;

		if (waitpid(crowd.pid[w], &status, WNOHANG) == crowd.pid[w] &&
		    (!WIFEXITED(status) || WEXITSTATUS(status) || vt_now() < crowd.end)) {
			vt_msg("process %u ended with %#x", w, status);
			return false;
		}
	}
	return true;
}

bool fz_crowd(uint64_t seed, double seconds, uint64_t *done)
{
	uint64_t rnd = seed, kills = 0;
	bool ok = true;

	crowd.done = done;
	crowd.end = vt_now() + seconds;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	set_up(seed);
	for (unsigned int w = 0; w < WORKERS; w++)
		start(w, vt_random(&rnd));
	while (ok && vt_now() < crowd.end - 2) {
		unsigned int w = vt_random(&rnd) % WORKERS;

		vt_sleep_ms(300 + vt_random(&rnd) % 3000);
		ok = all_alive();
		if (!ok || vt_now() >= crowd.end - 2)
			break;
		kill_family(crowd.pid[w]);
		ok = take_over(w);
		start(w, vt_random(&rnd));
		kills++;
	}
	for (unsigned int w = 0; w < WORKERS; w++) {
		if (!ok)
			kill_family(crowd.pid[w]);
		else
			ok = vt_wait_ok(crowd.pid[w]) && take_over(w);
	}
	vt_msg("%" PRIu64 " processes were killed; seed %#" PRIx64, kills, seed);
	close(crowd.fd);
	fz_free(crowd.f);
	return ok;
}
