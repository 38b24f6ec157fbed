// SPDX-License-Identifier: GPL-2.0
/*
 * Many short processes at once on one mapping that does not fit into the pool: each
 * sees what was written, writes its own page, and goes; nothing is left of them.
 */
#define _GNU_SOURCE
#include "vmdev_machine.h"

#define PAGES		1024U
#define POOL		256U
#define AT_ONCE		24U
#define ROUNDS		15U

/* Read a few random pages, write the page that is one's own. */
static bool child(const struct vt_space *v, unsigned int own, unsigned int seed)
{
	uint64_t state = own;

	for (unsigned int i = 0; i < 10; i++) {
		uint64_t page = PAGES / 2 + vt_random(&state) % (PAGES / 2);

		vt_check(check_page(v->mem + page * vt_page_size(), 1, page), "page %" PRIu64,
			 page);
	}
	fill_page(v->mem + own * vt_page_size(), seed, own);
	return true;
}

static bool test_storm(void)
{
	struct vt_space v = vt_space_new(PAGES * vt_page_size());
	pid_t pid[AT_ONCE];

	vt_set_pool_frames(POOL);
	fill_range(v.mem, PAGES, 1, 0);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		for (unsigned int i = 0; i < AT_ONCE; i++) {
			pid[i] = vt_fork();
			if (!pid[i])
				_exit(child(&v, i, round + 2) ? 0 : 1);
		}
		for (unsigned int i = 0; i < AT_ONCE; i++)
			vt_check(vt_wait_ok(pid[i]), "round %u", round);
		vt_check(check_range(v.mem, AT_ONCE, round + 2, 0), "a child's page is lost");
	}
	vt_check(check_range(v.mem + PAGES / 2 * vt_page_size(), PAGES / 2, 1, PAGES / 2),
		 "content lost");
	vt_space_free(&v);
	return true;
}

/* Children of children of children, each with a space of its own besides. */
static bool descend(const struct vt_space *v, unsigned int depth)
{
	struct vt_space own = vt_space_new(64 * vt_page_size());
	bool ok = true;
	pid_t pid = 0;

	fill_range(own.mem, 64, 100 + depth, 0);
	if (depth) {
		pid = vt_fork();
		if (!pid)
			_exit(descend(v, depth - 1) ? 0 : 1);
	}
	ok = check_range(v->mem, 200, 1, 0) && ok;
	ok = check_range(own.mem, 64, 100 + depth, 0) && ok;
	if (pid)
		ok = vt_wait_ok(pid) && ok;
	return check_range(own.mem, 64, 100 + depth, 0) && ok;
}

static bool test_generations(void)
{
	struct vt_space v = vt_space_new(200 * vt_page_size());

	vt_set_pool_frames(POOL);
	fill_range(v.mem, 200, 1, 0);
	vt_check(descend(&v, 12), "in a generation");
	vt_space_free(&v);
	return true;
}

/* The whole storm dies at once. */
static bool test_killed(void)
{
	struct vt_space v = vt_space_new(PAGES * vt_page_size());
	pid_t pid = vt_fork();
	double start;
	int status;

	if (!pid) {
		setpgid(0, 0);
		vt_set_pool_frames(POOL);
		for (unsigned int i = 0; i < AT_ONCE; i++) {
			if (fork())
				continue;
			for (;;)
				fill_range(v.mem, PAGES, 5, 0);
		}
		for (;;)
			pause();
	}
	vt_sleep_ms(3000);
	start = vt_now();
	kill(-pid, SIGKILL);
	vt_need(waitpid(pid, &status, 0) == pid, "waitpid");
	/* orphans: whoever holds the group */
	while (!kill(-pid, 0) && vt_now() < start + 20)
		vt_sleep_ms(5);
	vt_check(kill(-pid, 0), "not all are dead after %.0f s", vt_now() - start);
	vt_msg("%u processes were dead after %.2f s", AT_ONCE + 1, vt_now() - start);
	fill_range(v.mem, PAGES, 6, 0);
	vt_check(check_range(v.mem, PAGES, 6, 0), "afterwards");
	vt_space_free(&v);
	return true;
}

static const struct vt_test tests[] = {
	{ "many short processes on one mapping", test_storm },
	{ "children of children", test_generations },
	{ "all killed at once", test_killed },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
