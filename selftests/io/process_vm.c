// SPDX-License-Identifier: GPL-2.0
/*
 * process_vm_readv and process_vm_writev on another process's mapping, whose
 * pages are evicted meanwhile, with buffers that are a mapping too.
 */
#define _GNU_SOURCE
#include "io_test.h"

#include <sys/uio.h>

#define PAGES	128
#define ROUNDS	8

/* A child that has a space of its own mapped; fd is the same in both. */
struct remote {
	struct vt_space s;
	pid_t pid;
	int to[2], from[2];
};

static void remote_main(struct remote *r)
{
	char go;

	fill_range(r->s.mem, PAGES, 1, 0);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		if (write(r->from[1], "x", 1) != 1 || read(r->to[0], &go, 1) != 1)
			_exit(KSFT_FAIL);
		/* The parent has written this over what it read. */
		if (!check_range(r->s.mem, PAGES, 100 + round, 0))
			_exit(KSFT_FAIL);
		fill_range(r->s.mem, PAGES, 2 + round, 0);
	}
	_exit(KSFT_PASS);
}

static void remote_start(struct remote *r)
{
	vt_need(!pipe(r->to) && !pipe(r->from), "pipe: %s", strerror(errno));
	r->s = vt_space_new(PAGES * vt_page_size());
	r->pid = vt_fork();
	if (!r->pid)
		remote_main(r);
	/* The child alone maps it from now on. */
	munmap(r->s.mem, r->s.length);
}

static bool transfer(struct remote *r, char *buf, bool out)
{
	struct iovec local = { buf, r->s.length };
	struct iovec remote = { r->s.mem, r->s.length };
	ssize_t n = out ? process_vm_writev(r->pid, &local, 1, &remote, 1, 0) :
			  process_vm_readv(r->pid, &local, 1, &remote, 1, 0);

	vt_check(n == (ssize_t)r->s.length, "%s: %zd (%s)",
		 out ? "process_vm_writev" : "process_vm_readv", n, strerror(errno));
	return true;
}

static bool with_buffer(char *buf)
{
	struct remote r;
	struct vt_evictor ev;
	char ready;

	remote_start(&r);
	vt_evictor_start(&ev, r.s.fd, 0, r.s.length);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		vt_check(read(r.from[0], &ready, 1) == 1, "the child is gone, round %u", round);
		vt_check(transfer(&r, buf, false), "round %u", round);
		vt_check(check_range(buf, PAGES, 1 + round, 0), "what was read, round %u", round);
		fill_range(buf, PAGES, 100 + round, 0);
		vt_check(transfer(&r, buf, true), "round %u", round);
		vt_check(write(r.to[1], "x", 1) == 1, "write: %s", strerror(errno));
	}
	vt_check(vt_wait_ok(r.pid), "what was written, seen by the child");
	vt_check(vt_evictor_stop(&ev), "the evictor");
	close(r.s.fd);
	return true;
}

static bool ordinary_buffer(void)
{
	char *buf = malloc(PAGES * vt_page_size());

	vt_need(buf, "malloc");
	return with_buffer(buf);
}

static bool mapped_buffer(void)
{
	struct vt_space s;
	struct vt_evictor ev;

	/* One call holds all remote pages; the buffer gets what is left of the pool. */
	vt_set_pool_frames(3 * PAGES);
	s = vt_space_new(PAGES * vt_page_size());
	vt_evictor_start(&ev, s.fd, 0, s.length);
	vt_check(with_buffer(s.mem), "with a mapping as buffer");
	vt_check(vt_evictor_stop(&ev), "the evictor of the buffer");
	vt_space_free(&s);
	return true;
}

static const struct vt_test tests[] = {
	{ "into and out of ordinary memory", ordinary_buffer },
	{ "from one space to another", mapped_buffer },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
