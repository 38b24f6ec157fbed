// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks killed at any moment of their faults, system calls and ioctls leave the
 * space of the others whole, give back their own, and release the module.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define FRAMES	256
#define PAGES	(2 * FRAMES)
#define ROUNDS	40
#define THREADS	3

/* Touch pages of the shared space and of an own one, in every way, for ever. */
static void victim_step(struct vt_space *shared, struct vt_space *own, char *buf, uint64_t *rnd)
{
	const size_t page = vt_page_size();
	unsigned int i = vt_random(rnd) % PAGES;
	off_t at = (off_t)i * page;

	switch (vt_random(rnd) % 8) {
	case 0:		/* the bytes that it has: whenever it is killed, they are right */
		fill_page(shared->mem + at, 1, i);
		break;
	case 1:
		fill_page(own->mem + at, 2, i);
		break;
	case 2:
		if (pread(shared->fd, buf, page, at) < 0)
			_exit(1);
		break;
	case 3:
		fill_page(buf, 1, i);
		if (pwrite(shared->fd, buf, page, at) < 0)
			_exit(1);
		break;
	case 4:
		vt_evict(shared->fd, at, 16 * page);
		break;
	case 5:
		madvise(shared->mem + at, page, MADV_WILLNEED);
		break;
	default:
		if (!check_page(shared->mem + at, 1, i))
			_exit(1);
	}
}

static bool victim_thread(struct vt_crew *crew, unsigned int id)
{
	struct vt_space own = vt_space_new(PAGES * vt_page_size());
	char *buf = malloc(vt_page_size());
	uint64_t rnd = getpid() * 100ULL + id;

	vt_need(buf, "malloc");
	for (;;)
		victim_step(crew->arg, &own, buf, &rnd);
	return true;
}

static bool kill_at_random(void)
{
	struct vt_space s;
	uint64_t rnd = 12345;

	vt_set_pool_frames(FRAMES);
	s = vt_space_new(PAGES * vt_page_size());
	fill_range(s.mem, PAGES, 1, 0);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		int status;
		pid_t pid = vt_fork();

		if (!pid)
			_exit(vt_crew_run(THREADS, victim_thread, &s) ? KSFT_PASS : KSFT_FAIL);
		/* From "hardly started" to "deep in it". */
		vt_sleep_ms(1 + vt_random(&rnd) % (round % 2 ? 20 : 150));
		kill(pid, SIGKILL);
		vt_need(waitpid(pid, &status, 0) == pid, "waitpid: %s", strerror(errno));
		vt_check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
			 "round %u: the victim ended by itself, status %#x", round, status);
		vt_check(check_range(s.mem, PAGES, 1, 0), "after kill number %u", round);
		vt_check(vt_sysfs_u64("spaces/count") == 1, "round %u: %" PRIu64
			 " spaces, expected 1", round, vt_sysfs_u64("spaces/count"));
	}
	vt_check(vt_evict_all(&s), "not evicted: a killed task left a page held");
	vt_check(check_range(s.mem, PAGES, 1, 0), "at the end");
	vt_space_free(&s);
	return true;
}

/* A task that waits in a fault for the store dies at once, not when the I/O ends. */
static bool dies_promptly(void)
{
	struct vt_space s;
	double slowest = 0;

	vt_set_pool_frames(16);
	s = vt_space_new(PAGES * vt_page_size());
	fill_range(s.mem, PAGES, 1, 0);
	for (unsigned int round = 0; round < 20; round++) {
		double start;
		pid_t pid = vt_fork();

		if (!pid)
			_exit(vt_crew_run(THREADS, victim_thread, &s) ? KSFT_PASS : KSFT_FAIL);
		vt_sleep_ms(30);
		start = vt_now();
		kill(pid, SIGKILL);
		vt_need(waitpid(pid, NULL, 0) == pid, "waitpid: %s", strerror(errno));
		if (vt_now() - start > slowest)
			slowest = vt_now() - start;
	}
	vt_msg("the slowest death took %.3f s", slowest);
	vt_check(slowest < 5, "a killed task took %.1f s to die", slowest);
	vt_check(check_range(s.mem, PAGES, 1, 0), "at the end");
	vt_space_free(&s);
	return true;
}

/* Every reference to the module is given back. */
static bool module_released(void)
{
	const char *path = "/sys/module/vmdev/refcnt";
	char buf[16] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	vt_need(fd >= 0 && read(fd, buf, sizeof(buf) - 1) > 0, "%s: %s", path, strerror(errno));
	close(fd);
	vt_check(atoi(buf) == 0, "the module's reference count is %d, expected 0", atoi(buf));
	return true;
}

static const struct vt_test tests[] = {
	{ "killed at random points", kill_at_random },
	{ "killed tasks die promptly", dies_promptly },
	{ "the module is released", module_released },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
