// SPDX-License-Identifier: GPL-2.0
/*
 * A store that fails, or answers nothing, for ever: faults that need it end in
 * SIGBUS within a bound, tasks that wait can be killed at any moment, what is in
 * memory stays right, and the module can be unloaded.
 */
#define _GNU_SOURCE
#include "dm_store.h"
#include "vmdev_machine.h"

/*
 * The module gives up after 10 s without progress, when the retried fault has waited for 2 s
 * more; of a store that doesn't answer it finds that out in 3 s. The rest is a slow machine.
 */
#define BOUND_SECONDS	(15 + 5 * vt_time_scale())

#define POOL_MB		1
#define FRAMES		(POOL_MB * 256)

/* Write page after page until one gives SIGBUS; how many worked, or -1. */
static int64_t write_until_sigbus(const struct vt_space *v, unsigned int seed)
{
	uint64_t pages = v->length / vt_page_size();

	for (uint64_t i = 0; i < pages; i++) {
		if (vt_touch_sigbus(v->mem + i * vt_page_size(), true, NULL))
			return i;
		fill_page(v->mem + i * vt_page_size(), seed, i);
	}
	return -1;
}

/* More is written than the pool holds, and nothing can leave it. */
static bool gives_up(void (*fail)(void), bool errors)
{
	struct vt_space a, b;
	double start;
	int64_t done;

	dm_load(POOL_MB, "%s", "");
	a = vt_space_new(50 * vt_page_size());
	fill_range(a.mem, 50, 1, 0);
	b = vt_space_new(4 * FRAMES * vt_page_size());
	fail();
	start = vt_now();
	done = write_until_sigbus(&b, 2);
	vt_msg("SIGBUS at page %" PRId64 " after %.1f s", done, vt_now() - start);
	vt_check(done >= 0, "%d pages were written into a pool of %d", 4 * FRAMES, FRAMES);
	vt_check(done >= FRAMES / 2, "SIGBUS at page %" PRId64 ", the pool has %d frames", done,
		 FRAMES);
	vt_check(vt_now() - start < BOUND_SECONDS, "SIGBUS took %.1f s", vt_now() - start);
	vt_check(vt_sysfs_u64("stats/oom") >= 1, "stats/oom is 0");
	vt_check(!errors || vt_sysfs_u64("store/write_errors") >= 1, "store/write_errors is 0");
	vt_check(check_range(a.mem, 50, 1, 0), "the other space lost content");
	vt_check(check_range(b.mem, done, 2, 0), "what was written before is lost");
	dm_works();
	vt_check(vt_evict_all(&a) && check_range(a.mem, 50, 1, 0), "the other space, later");
	vt_check(vt_evict_range(b.fd, 0, done * vt_page_size()) && check_range(b.mem, done, 2, 0),
		 "what was written before, later");
	vt_check(write_until_sigbus(&b, 3) < 0 && check_range(b.mem, 4 * FRAMES, 3, 0),
		 "the page that gave SIGBUS and those behind it, later");
	vt_space_free(&a);
	vt_space_free(&b);
	vt_check(vt_nothing_left(), "after close");
	return true;
}

static bool test_writes_fail_for_ever(void)
{
	return gives_up(dm_fails, true);
}

static bool test_writes_hang_for_ever(void)
{
	return gives_up(dm_hangs, false);
}

/*
 * Pages that are in the store already need no write: they make room when those that came
 * before them are being written for ever.
 */
static bool test_clean_make_room(void)
{
	const unsigned int clean = 150, dirty = 60;
	struct vt_space a, b, c;
	int64_t done;
	double start;

	dm_load(POOL_MB, "readahead=0");
	a = vt_space_new(clean * vt_page_size());
	b = vt_space_new(dirty * vt_page_size());
	c = vt_space_new(4 * FRAMES * vt_page_size());
	fill_range(a.mem, clean, 1, 0);
	vt_check(vt_evict_all(&a), "pages stayed");
	fill_range(b.mem, dirty, 2, 0);
	vt_check(check_range(a.mem, clean, 1, 0), "content lost");
	dm_hangs();
	start = vt_now();
	done = write_until_sigbus(&c, 3);
	start = vt_now() - start;
	dm_works();
	vt_msg("SIGBUS at page %" PRId64 " after %.1f s", done, start);
	vt_check(done >= FRAMES - dirty - 20, "SIGBUS at page %" PRId64 ", %u were clean", done,
		 clean);
	vt_check(start < BOUND_SECONDS, "SIGBUS took %.1f s", start);
	vt_check(check_range(a.mem, clean, 1, 0) && check_range(b.mem, dirty, 2, 0) &&
		 check_range(c.mem, done, 3, 0), "content lost");
	vt_space_free(&a);
	vt_space_free(&b);
	vt_space_free(&c);
	vt_check(vt_nothing_left(), "after close");
	return true;
}

/* Closing everything while the store is still dead. */
static bool test_close_while_dead(void)
{
	struct vt_space v;
	double start;
	int ret;

	dm_load(POOL_MB, "%s", "");
	v = vt_space_new(FRAMES / 2 * vt_page_size());
	fill_range(v.mem, FRAMES / 2, 1, 0);
	vt_check(vt_evict_range(v.fd, 0, v.length / 2), "pages stayed");
	dm_fails();
	vt_evict(v.fd, 0, v.length);
	start = vt_now();
	vt_space_free(&v);
	vt_check(vt_nothing_left(), "after close");
	ret = vl_unload_patiently(5);
	vt_check(!ret, "unload: %s", strerror(-ret));
	vt_check(vt_now() - start < 10, "closing and unloading took %.1f s", vt_now() - start);
	return true;
}

/* Until it has slept in the kernel for a quarter of a second. */
static bool waits(pid_t pid)
{
	double end = vt_now() + BOUND_SECONDS;
	unsigned int in_a_row = 0;
	char path[64], stat[256];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	while (in_a_row < 5 && vt_now() < end) {
		const char *state;

		vt_sleep_ms(50);
		vt_need(vm_read(path, stat, sizeof(stat)) > 0, "%s", path);
		state = strrchr(stat, ')');
		in_a_row = state && state[2] == 'D' ? in_a_row + 1 : 0;
	}
	return in_a_row == 5;
}

static bool gone_within(pid_t pid, double seconds, int *status)
{
	double end = vt_now() + seconds;

	while (waitpid(pid, status, WNOHANG) == 0) {
		if (vt_now() > end)
			return false;
		vt_sleep_ms(5);
	}
	return true;
}

/* Kill a child that is stuck in a fault; it must be gone at once. */
static bool killed_at_once(pid_t pid)
{
	int status;

	vt_check(waitpid(pid, &status, WNOHANG) == 0, "the child didn't wait for the store");
	kill(pid, SIGKILL);
	vt_check(gone_within(pid, 5, &status), "not dead 5 s after SIGKILL");
	vt_check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "status %#x", status);
	return true;
}

static bool test_kill_full_pool(void)
{
	struct vt_space v;
	pid_t pid;

	dm_load(POOL_MB, "%s", "");
	v = vt_space_new(4 * FRAMES * vt_page_size());
	fill_range(v.mem, 10, 1, 0);
	dm_fails();
	pid = vt_fork();
	if (!pid) {
		for (uint64_t i = 10; i < v.length / vt_page_size(); i++)
			fill_page(v.mem + i * vt_page_size(), 2, i);
		_exit(0);
	}
	vt_check(waits(pid), "it doesn't wait for a frame");
	vt_check(killed_at_once(pid), "waiting for a frame");
	vt_check(check_range(v.mem, 10, 1, 0), "content lost");
	dm_works();
	vt_space_free(&v);
	return true;
}

/* The store doesn't answer: a read of a page, a write of a page, an EVICT. */
static bool kill_while_hanging(void (*child)(const struct vt_space *v))
{
	const unsigned int pages = 100;
	struct vt_space v;
	bool ok;
	pid_t pid;

	dm_load(POOL_MB, "%s", "");
	v = vt_space_new(4 * FRAMES * vt_page_size());
	fill_range(v.mem, pages, 1, 0);
	vt_check(vt_evict_range(v.fd, 0, pages / 2 * vt_page_size()), "pages stayed");
	dm_hangs();
	pid = vt_fork();
	if (!pid) {
		child(&v);
		_exit(0);
	}
	ok = waits(pid) && killed_at_once(pid);
	ok = ok && check_page(v.mem + (pages - 1) * vt_page_size(), 1, pages - 1);
	dm_works();
	vt_check(ok, "while the store hung");
	vt_check(check_range(v.mem, pages, 1, 0), "content lost");
	vt_space_free(&v);
	vt_check(vt_nothing_left(), "after close");
	return true;
}

static void touch_swapped(const struct vt_space *v)
{
	*(volatile char *)v->mem;
}

static void read_swapped(const struct vt_space *v)
{
	char byte;

	if (pread(v->fd, &byte, 1, 0) != 1)
		_exit(1);
}

static void fill_pool(const struct vt_space *v)
{
	for (uint64_t i = 200; i < v->length / vt_page_size(); i++)
		fill_page(v->mem + i * vt_page_size(), 2, i);
}

static bool test_kill_in_fault(void)
{
	return kill_while_hanging(touch_swapped);
}

static bool test_kill_in_read(void)
{
	return kill_while_hanging(read_swapped);
}

static bool test_kill_in_reclaim(void)
{
	return kill_while_hanging(fill_pool);
}

/* Pages are under way to a store that doesn't answer; who waits for them, in an EVICT. */
static pid_t evict_while_hanging(const struct vt_space *v)
{
	pid_t pid;

	dm_hangs();
	pid = vt_fork();
	if (!pid) {
		vt_evict(v->fd, 0, v->length);
		_exit(0);
	}
	vt_need(waits(pid), "EVICT doesn't wait for the store");
	return pid;
}

/* A size that goes down waits for what is under way; meanwhile DISCARD can be killed. */
static bool test_shrink_waits(void)
{
	const unsigned int pages = 100;
	pid_t evictor, shrinker, discarder;
	struct vt_space v;
	int status;

	dm_load(POOL_MB, "%s", "");
	v = vt_space_new(pages * vt_page_size());
	fill_range(v.mem, pages, 1, 0);
	evictor = evict_while_hanging(&v);
	shrinker = vt_fork();
	if (!shrinker)
		_exit(-vt_set_size(v.fd, pages / 2 * vt_page_size()));
	vt_check(waits(shrinker), "SET_SIZE doesn't wait");
	discarder = vt_fork();
	if (!discarder)
		_exit(vt_discard(v.fd, 0, v.length) >= 0);
	vt_check(waits(discarder) && killed_at_once(discarder), "DISCARD");
	vt_check(killed_at_once(evictor), "EVICT");
	kill(shrinker, SIGKILL);
	vt_check(!gone_within(shrinker, 1, &status), "a smaller size was half done: %#x", status);
	vt_check(check_range(v.mem, pages / 2, 1, 0), "content lost, while the store hung");
	dm_works();
	vt_check(gone_within(shrinker, BOUND_SECONDS, &status), "SET_SIZE never ends");
	vt_check(vt_stats_now(v.fd).size == pages / 2 * vt_page_size(), "the size");
	vt_check(check_range(v.mem, pages / 2, 1, 0), "content lost");
	vt_space_free(&v);
	vt_check(vt_nothing_left(), "after close");
	return true;
}

/* The last close waits, killed or not: nothing of the space may arrive after it. */
static bool test_close_waits(void)
{
	const unsigned int pages = 100;
	struct vt_space v;
	pid_t evictor;
	double start;
	int status, ret;

	dm_load(POOL_MB, "%s", "");
	v = vt_space_new(pages * vt_page_size());
	fill_range(v.mem, pages, 1, 0);
	evictor = evict_while_hanging(&v);
	vt_space_free(&v);
	kill(evictor, SIGKILL);
	vt_check(!gone_within(evictor, 1, &status), "closed with pages under way: %#x", status);
	ret = vl_unload();
	vt_check(ret == -EAGAIN || ret == -EBUSY, "unload: %s", strerror(-ret));
	dm_works();
	start = vt_now();
	vt_check(gone_within(evictor, BOUND_SECONDS, &status), "close never ends");
	vt_msg("closed %.1f s after the store worked again", vt_now() - start);
	vt_check(vt_nothing_left(), "after close");
	ret = vl_unload_patiently(5);
	vt_check(!ret, "unload: %s", strerror(-ret));
	return true;
}

/* Two threads on one page that is being read: both wait, both get it at the end. */
static bool touch_page(struct vt_crew *crew, unsigned int id)
{
	const struct vt_space *v = crew->arg;

	(void)id;
	return check_page(v->mem, 1, 0);
}

static bool test_slow_but_alive(void)
{
	struct vt_crew crew;
	struct vt_space v;

	dm_load(POOL_MB, "%s", "");
	v = vt_space_new(50 * vt_page_size());
	fill_range(v.mem, 50, 1, 0);
	vt_check(vt_evict_all(&v), "pages stayed");
	dm_hangs();
	vt_crew_start(&crew, 4, touch_page, &v);
	vt_sleep_ms(12000);
	dm_works();
	vt_check(vt_crew_join(&crew), "a read that took 12 s failed");
	vt_check(check_range(v.mem, 50, 1, 0), "content lost");
	vt_check(vt_stats_now(v.fd).bad == 0, "%llu bad pages", vt_stats_now(v.fd).bad);
	vt_space_free(&v);
	return true;
}

static const struct vt_test tests[] = {
	{ "SIGBUS within a bound when nothing can be written", test_writes_fail_for_ever },
	{ "SIGBUS within a bound when no write ends", test_writes_hang_for_ever },
	{ "clean pages make room when no write ends", test_clean_make_room },
	{ "close and unload on a dead store", test_close_while_dead },
	{ "SIGKILL while waiting for a frame", test_kill_full_pool },
	{ "SIGKILL while a fault waits for a read", test_kill_in_fault },
	{ "SIGKILL while read(2) waits for a read", test_kill_in_read },
	{ "SIGKILL while waiting for hanging writes", test_kill_in_reclaim },
	{ "a smaller size waits for a hanging store", test_shrink_waits },
	{ "close waits for a hanging store", test_close_waits },
	{ "a read that takes long isn't an error", test_slow_but_alive },
};

int main(void)
{
	return dm_run(tests, ARRAY_SIZE(tests), 100);
}
