// SPDX-License-Identifier: GPL-2.0
/*
 * Running out of store and pool where that was allowed to happen (overcommit=1 or
 * MAP_NORESERVE): SIGBUS within a bound for the page that found no place, never a
 * hang, never another page's content.
 */
#define _GNU_SOURCE
#include "vmdev_load.h"

#define BOUND_SECONDS	(12 + 5 * vt_time_scale())	/* as in dead_store.c */
#define POOL_MB		4
#define STORE_MB	8
#define SMALL		512U		/* pages of the space that must not suffer */

static void load(int overcommit)
{
	vl_must_load("pool_mb=%d store=%s store_mb=%d overcommit=%d", POOL_MB, vl_disk(), STORE_MB,
		     overcommit);
}

static struct vt_space big_space(void)
{
	struct vt_space v = { .fd = vt_open(), .length = 64 << 20 };

	v.mem = mmap(NULL, v.length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, v.fd, 0);
	vt_need(v.mem != MAP_FAILED, "mmap: %s", strerror(errno));
	return v;
}

/* Pages written until one gave SIGBUS, or -1. */
static int64_t fill_to_the_brim(const struct vt_space *v, unsigned int seed, double *slowest)
{
	uint64_t pages = v->length / vt_page_size();

	*slowest = 0;
	for (uint64_t i = 0; i < pages; i++) {
		double start = vt_now();
		bool sigbus = vt_touch_sigbus(v->mem + i * vt_page_size(), true, NULL);

		if (vt_now() - start > *slowest)
			*slowest = vt_now() - start;
		if (sigbus)
			return i;
		fill_page(v->mem + i * vt_page_size(), seed, i);
	}
	return -1;
}

static bool full(int overcommit)
{
	struct vt_space small, big;
	double slowest;
	int64_t done;

	load(overcommit);
	small = vt_space_new(SMALL * vt_page_size());
	fill_range(small.mem, SMALL, 1, 0);
	big = big_space();
	done = fill_to_the_brim(&big, 2, &slowest);
	vt_msg("SIGBUS at page %" PRId64 " after %.1f s", done, slowest);
	vt_check(done >= 0, "64 MiB fit into %d", POOL_MB + STORE_MB);
	vt_check(done >= STORE_MB * 256 - (int)SMALL - 128 && done <= (STORE_MB + POOL_MB) * 256,
		 "SIGBUS at page %" PRId64 " of a store of %d", done, STORE_MB * 256);
	vt_check(slowest < BOUND_SECONDS, "one fault took %.1f s", slowest);
	vt_check(vt_sysfs_u64("stats/oom") >= 1, "stats/oom is 0");
	vt_check(check_range(small.mem, SMALL, 1, 0), "the other space lost content");
	vt_check(check_range(big.mem, done, 2, 0), "what was written before is lost");
	/* With room again the page that found none works. */
	vt_check(vt_discard(big.fd, 0, 256 * vt_page_size()) == 256, "DISCARD");
	vt_check(!vt_touch_sigbus(big.mem + done * vt_page_size(), true, NULL),
		 "SIGBUS again after 256 pages were discarded");
	fill_page(big.mem + done * vt_page_size(), 2, done);
	vt_check(check_range(big.mem + 256 * vt_page_size(), done - 255, 2, 256), "content lost");
	vt_space_free(&big);
	vt_check(check_range(small.mem, SMALL, 1, 0), "the other space lost content");
	vt_space_free(&small);
	vt_check(vt_nothing_left(), "after close");
	vt_check(vt_sysfs_u64("store/read_errors") + vt_sysfs_u64("store/write_errors") +
		 vt_sysfs_u64("store/checksum_errors") == 0, "errors were counted");
	return true;
}

static bool test_overcommit(void)
{
	return full(1);
}

/* Under strict reservation MAP_NORESERVE is on its own; who reserved has its pages. */
static bool test_noreserve(void)
{
	return full(0);
}

/* The promise to one space is kept when another has filled everything else. */
static bool test_promise_kept(void)
{
	struct vt_space promised, big;
	double slowest;
	int64_t done;

	load(0);
	promised = vt_space_new(1024 * vt_page_size());
	big = big_space();
	done = fill_to_the_brim(&big, 3, &slowest);
	vt_check(done > 0, "64 MiB fit into %d", POOL_MB + STORE_MB);
	fill_range(promised.mem, 1024, 4, 0);
	vt_check(check_range(promised.mem, 1024, 4, 0), "content lost");
	vt_check(check_range(big.mem, done, 3, 0), "content lost");
	/* Not all of it can leave the pool, the store is full; none of it may be lost. */
	vt_check(vt_evict(promised.fd, 0, promised.length) >= 0, "EVICT");
	vt_check(check_range(promised.mem, 1024, 4, 0), "content lost");
	vt_space_free(&big);
	vt_space_free(&promised);
	return true;
}

/* Others page all the time: that is progress, but not for who is at his own limit. */
static pid_t page_for_ever(void)
{
	pid_t pid = vt_fork();

	if (!pid) {
		struct vt_space v = vt_space_new(2 * POOL_MB << 20);

		for (unsigned int seed = 1;; seed++)
			fill_range(v.mem, v.length / vt_page_size(), seed, 0);
	}
	return pid;
}

/* What a space may have is all in a pipe: its next page is refused, within the bound. */
static bool test_pinned_at_limit(void)
{
	struct vt_space v;
	struct iovec iov;
	int fds[2], status;
	double start;
	pid_t pid;

	load(0);
	v = vt_space_new(2 * VMDEV_LIMIT_MIN * vt_page_size());
	vt_need(!vt_set_limit(v.fd, VMDEV_LIMIT_MIN, 0), "SET_LIMIT");
	fill_range(v.mem, VMDEV_LIMIT_MIN, 1, 0);
	iov = (struct iovec){ v.mem, VMDEV_LIMIT_MIN * vt_page_size() };
	vt_need(!pipe(fds) && vmsplice(fds[1], &iov, 1, 0) == (ssize_t)iov.iov_len, "vmsplice: %s",
		strerror(errno));
	pid = page_for_ever();
	start = vt_now();
	vt_check(vt_touch_sigbus(v.mem + VMDEV_LIMIT_MIN * vt_page_size(), true, NULL),
		 "a frame beyond the limit");
	start = vt_now() - start;
	vt_check(waitpid(pid, &status, WNOHANG) == 0, "who paged beside it ended with %#x", status);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	vt_msg("SIGBUS after %.1f s", start);
	vt_check(start > 9 && start < BOUND_SECONDS, "SIGBUS took %.1f s", start);
	close(fds[0]);
	close(fds[1]);
	fill_range(v.mem, 2 * VMDEV_LIMIT_MIN, 2, 0);
	vt_check(check_range(v.mem, 2 * VMDEV_LIMIT_MIN, 2, 0), "content lost");
	vt_space_free(&v);
	vt_check(vt_nothing_left(), "after close");
	return true;
}

static bool test_killed_while_full(void)
{
	struct vt_space big;
	double start;
	int status;
	pid_t pid;

	load(1);
	big = big_space();
	pid = vt_fork();
	if (!pid) {
		/* Every touch past the brim waits; no handler, no end but by a signal. */
		for (uint64_t i = 0; i < big.length / vt_page_size(); i++)
			fill_page(big.mem + i * vt_page_size(), 5, i);
		_exit(0);
	}
	vt_sleep_ms(6000);
	start = vt_now();
	kill(pid, SIGKILL);
	vt_need(waitpid(pid, &status, 0) == pid, "waitpid");
	vt_check(vt_now() - start < 5, "not dead %.1f s after SIGKILL", vt_now() - start);
	vt_check(WIFSIGNALED(status), "64 MiB fit into %d", POOL_MB + STORE_MB);
	vt_space_free(&big);
	vt_check(vt_nothing_left(), "after close");
	return true;
}

static const struct vt_test tests[] = {
	{ "overcommit=1", test_overcommit },
	{ "MAP_NORESERVE under strict reservation", test_noreserve },
	{ "a promise is kept when all else is full", test_promise_kept },
	{ "all a space may have is pinned, others page", test_pinned_at_limit },
	{ "SIGKILL while all is full", test_killed_while_full },
};

int main(void)
{
	const struct vl_suite suite = {
		.tests = tests,
		.count = ARRAY_SIZE(tests),
		.seconds = 100,
	};

	return vl_run(&suite);
}
