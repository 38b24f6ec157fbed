// SPDX-License-Identifier: GPL-2.0
/*
 * Process-shared mutexes and condition variables that lie in the mapping work
 * while its pages are evicted under their users.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define PROCESSES	4
#define ADDS		3000
#define ROUNDS		300

/* Each on a page of its own, so that all of them come and go. */
struct shared {
	pthread_mutex_t mutex __attribute__((aligned(4096)));
	pthread_cond_t cond __attribute__((aligned(4096)));
	uint64_t counter __attribute__((aligned(4096)));
	uint64_t complement __attribute__((aligned(4096)));
	unsigned int turn __attribute__((aligned(4096)));
};

static struct vt_space shared_space(struct shared **sh, bool robust)
{
	struct vt_space s = vt_space_new(sizeof(struct shared));
	pthread_mutexattr_t ma;
	pthread_condattr_t ca;

	*sh = (struct shared *)s.mem;
	pthread_mutexattr_init(&ma);
	pthread_condattr_init(&ca);
	vt_need(!pthread_mutexattr_setpshared(&ma, PTHREAD_PROCESS_SHARED) &&
		!pthread_condattr_setpshared(&ca, PTHREAD_PROCESS_SHARED), "pshared");
	if (robust)
		vt_need(!pthread_mutexattr_setrobust(&ma, PTHREAD_MUTEX_ROBUST), "robust");
	vt_need(!pthread_mutex_init(&(*sh)->mutex, &ma) && !pthread_cond_init(&(*sh)->cond, &ca),
		"init");
	return s;
}

/* Run fn(sh, id) in children while this process evicts; true if all were. */
static bool in_children(struct vt_space *s, struct shared *sh, unsigned int count,
			bool (*fn)(struct shared *sh, unsigned int id))
{
	pid_t pids[PROCESSES];
	struct vt_evictor ev;
	bool ok = true;

	for (unsigned int id = 0; id < count; id++) {
		pids[id] = vt_fork();
		if (!pids[id])
			_exit(fn(sh, id) ? KSFT_PASS : KSFT_FAIL);
	}
	vt_evictor_start(&ev, s->fd, 0, s->length);
	for (unsigned int id = 0; id < count; id++)
		ok = vt_wait_ok(pids[id]) && ok;
	return vt_evictor_stop(&ev) && ok;
}

static bool add(struct shared *sh, unsigned int id)
{
	for (unsigned int i = 0; i < ADDS; i++) {
		int ret = pthread_mutex_lock(&sh->mutex);

		vt_check(!ret, "process %u: lock: %s", id, strerror(ret));
		vt_check(!sh->counter || sh->counter == ~sh->complement,
			 "process %u: counter %" PRIu64 ", complement %" PRIu64, id, sh->counter,
			 ~sh->complement);
		sh->counter++;
		sh->complement = ~sh->counter;
		ret = pthread_mutex_unlock(&sh->mutex);
		vt_check(!ret, "process %u: unlock: %s", id, strerror(ret));
	}
	return true;
}

static bool mutex(void)
{
	struct shared *sh;
	struct vt_space s = shared_space(&sh, false);

	vt_check(in_children(&s, sh, PROCESSES, add), "under eviction");
	vt_check(sh->counter == PROCESSES * ADDS, "counter: expected %d, found %" PRIu64,
		 PROCESSES * ADDS, sh->counter);
	vt_space_free(&s);
	return true;
}

/* Each process waits for its turn and wakes the next. */
static bool round_robin(struct shared *sh, unsigned int id)
{
	struct timespec until;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += 30;
		pthread_mutex_lock(&sh->mutex);
		while (sh->turn % PROCESSES != id) {
			int ret = pthread_cond_timedwait(&sh->cond, &sh->mutex, &until);

			vt_check(!ret, "process %u, round %u: wait: %s (turn %u)", id, i,
				 strerror(ret), sh->turn);
		}
		vt_check(sh->turn == i * PROCESSES + id, "process %u: turn %u, expected %u", id,
			 sh->turn, i * PROCESSES + id);
		sh->turn++;
		pthread_cond_broadcast(&sh->cond);
		pthread_mutex_unlock(&sh->mutex);
	}
	return true;
}

static bool condition(void)
{
	struct shared *sh;
	struct vt_space s = shared_space(&sh, false);

	vt_check(in_children(&s, sh, PROCESSES, round_robin), "under eviction");
	vt_check(sh->turn == PROCESSES * ROUNDS, "turn: expected %d, found %u",
		 PROCESSES * ROUNDS, sh->turn);
	vt_space_free(&s);
	return true;
}

static bool die_locked(void *arg)
{
	struct shared *sh = arg;

	return !pthread_mutex_lock(&sh->mutex);
}

/* The kernel marks a robust mutex of a dead owner: in a page that is away. */
static bool owner_dies(void)
{
	struct shared *sh;
	struct vt_space s = shared_space(&sh, true);
	struct vt_evictor ev;

	vt_evictor_start(&ev, s.fd, 0, s.length);
	for (unsigned int i = 0; i < 50; i++) {
		int ret;

		vt_check(vt_in_child(die_locked, sh), "the owner");
		ret = pthread_mutex_lock(&sh->mutex);
		vt_check(ret == EOWNERDEAD, "round %u: lock of a dead owner's mutex: %s", i,
			 ret ? strerror(ret) : "success");
		vt_check(!pthread_mutex_consistent(&sh->mutex), "consistent");
		vt_check(!pthread_mutex_unlock(&sh->mutex), "unlock");
	}
	vt_check(vt_evictor_stop(&ev), "the evictor");
	vt_space_free(&s);
	return true;
}

static const struct vt_test tests[] = {
	{ "a mutex of four processes", mutex },
	{ "a condition variable of four processes", condition },
	{ "a robust mutex whose owner dies", owner_dies },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
