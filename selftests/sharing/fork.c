// SPDX-License-Identifier: GPL-2.0
/*
 * Parent and child share the mapping across fork: each sees the other's writes,
 * also through eviction, and the space lives as long as one of them.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define PAGES	128

/* A pipe each way, to take turns. */
struct turns {
	int to_child[2], to_parent[2];
};

static void turns_init(struct turns *t)
{
	vt_need(!pipe(t->to_child) && !pipe(t->to_parent), "pipe: %s", strerror(errno));
}

static bool pass_turn(int *fds)
{
	vt_check(write(fds[1], "x", 1) == 1, "write: %s", strerror(errno));
	return true;
}

static bool await_turn(int *fds)
{
	char c;

	vt_check(read(fds[0], &c, 1) == 1, "the other side is gone");
	return true;
}

static bool child_side(struct vt_space *s, struct turns *t)
{
	const size_t page = vt_page_size();

	close(t->to_child[1]);
	close(t->to_parent[0]);
	vt_check(await_turn(t->to_child), "first");
	vt_check(check_range(s->mem, PAGES, 2, 0), "the parent's write, evicted by it");
	fill_range(s->mem, PAGES / 2, 3, 0);
	vt_check(pass_turn(t->to_parent), "to parent");
	vt_check(await_turn(t->to_child), "second");
	vt_check(check_range(s->mem, PAGES, 4, 0), "the parent's second write");
	vt_check(vt_evict_all(s), "not evicted by the child");
	fill_range(s->mem + PAGES / 2 * page, PAGES / 2, 5, PAGES / 2);
	return true;
}

static bool parent_side(struct vt_space *s, struct turns *t)
{
	const size_t page = vt_page_size();

	fill_range(s->mem, PAGES, 2, 0);
	vt_check(vt_evict_all(s), "not evicted by the parent");
	vt_check(pass_turn(t->to_child), "to child");
	vt_check(await_turn(t->to_parent), "from child");
	vt_check(check_range(s->mem, PAGES / 2, 3, 0), "the child's write");
	vt_check(check_range(s->mem + PAGES / 2 * page, PAGES / 2, 2, PAGES / 2), "the rest");
	fill_range(s->mem, PAGES, 4, 0);
	vt_check(pass_turn(t->to_child), "to child");
	return true;
}

static bool take_turns(void)
{
	const size_t page = vt_page_size();
	struct vt_space s = vt_space_new(PAGES * page);
	struct turns t;
	pid_t pid;

	turns_init(&t);
	fill_range(s.mem, PAGES, 1, 0);
	pid = vt_fork();
	if (!pid)
		_exit(child_side(&s, &t) ? KSFT_PASS : KSFT_FAIL);
	close(t.to_child[0]);
	close(t.to_parent[1]);
	vt_check(parent_side(&s, &t), "the parent");
	vt_check(vt_wait_ok(pid), "the child");
	vt_check(check_range(s.mem, PAGES / 2, 4, 0), "after the child's end");
	vt_check(check_range(s.mem + PAGES / 2 * page, PAGES / 2, 5, PAGES / 2),
		 "the child's last write, after its end");
	vt_space_free(&s);
	return true;
}

/* The mapping alone keeps the space: descriptor closed, and the mapper forked. */
static bool outlives_parent(void)
{
	struct vt_space s = vt_space_new(PAGES * vt_page_size());
	int fds[2];
	pid_t pid;

	vt_need(!pipe(fds), "pipe: %s", strerror(errno));
	fill_range(s.mem, PAGES, 6, 0);
	vt_check(vt_evict_range(s.fd, 0, s.length / 2), "not evicted");
	pid = vt_fork();
	if (!pid) {
		close(fds[1]);
		close(s.fd);
		/* The parent has unmapped and closed its own when the pipe ends. */
		if (!await_turn(fds))
			_exit(KSFT_FAIL);
		_exit(check_range(s.mem, PAGES, 6, 0) && vt_sysfs_u64("spaces/count") == 1 ?
		      KSFT_PASS : KSFT_FAIL);
	}
	close(fds[0]);
	vt_space_free(&s);
	vt_check(pass_turn(fds), "to child");
	vt_check(vt_wait_ok(pid), "the child, with the only mapping");
	return true;
}

/* A page first touched after the fork is the same page to both. */
static bool touch_after_fork(void *arg)
{
	struct vt_space *s = arg;

	fill_range(s->mem, PAGES, 7, 0);
	return true;
}

static bool untouched_at_fork(void)
{
	struct vt_space s = vt_space_new(PAGES * vt_page_size());

	vt_check(vt_in_child(touch_after_fork, &s), "the child");
	vt_check(check_range(s.mem, PAGES, 7, 0), "what the child touched first");
	vt_space_free(&s);
	return true;
}

static bool grandchild(void *arg)
{
	struct vt_space *s = arg;

	vt_check(check_range(s->mem, PAGES, 8, 0), "in the grandchild");
	fill_range(s->mem, PAGES, 9, 0);
	return true;
}

static bool child_with_child(void *arg)
{
	struct vt_space *s = arg;

	vt_check(vt_evict_all(s), "not evicted by the child");
	vt_check(vt_in_child(grandchild, s), "the grandchild");
	vt_check(check_range(s->mem, PAGES, 9, 0), "in the child");
	return true;
}

static bool generations(void)
{
	struct vt_space s = vt_space_new(PAGES * vt_page_size());

	fill_range(s.mem, PAGES, 8, 0);
	vt_check(vt_in_child(child_with_child, &s), "the child");
	vt_check(check_range(s.mem, PAGES, 9, 0), "in the parent");
	vt_space_free(&s);
	return true;
}

static const struct vt_test tests[] = {
	{ "writes seen both ways through eviction", take_turns },
	{ "pages untouched at fork", untouched_at_fork },
	{ "a child of a child", generations },
	{ "the space outlives its opener", outlives_parent },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
