// SPDX-License-Identifier: GPL-2.0
/*
 * vfork and exec with a mapping open: the new program has nothing of it unless
 * the descriptor was left open for it, and the old one loses nothing.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define PAGES	64

/* What this program does when it is the new one: exec <what> <descriptor>. */
static bool new_program(const char *what, int fd)
{
	const size_t length = PAGES * vt_page_size();
	struct vmdev_info info;
	struct vt_space s;

	if (!strcmp(what, "closed")) {
		int ret = vt_info(fd, &info);

		vt_check(ret == -EBADF, "GET_INFO on a descriptor with CLOEXEC: %s",
			 strerror(-ret));
		return true;
	}
	if (!strcmp(what, "gone")) {
		vt_check(vt_nothing_left(), "the space of the program before this one");
		return true;
	}
	/* "open": the descriptor came through. */
	s = (struct vt_space){ .fd = fd, .mem = vt_map(fd, length, 0), .length = length };
	vt_check(check_range(s.mem, PAGES, 1, 0), "what the old program wrote");
	fill_range(s.mem, PAGES, 2, 0);
	vt_check(vt_evict_all(&s), "not evicted by the new program");
	return true;
}

/* vfork, and exec of this program; the child shares memory until then. */
static bool spawn(const char *what, int fd, volatile char *touched)
{
	char number[16];
	char *const argv[] = { "exec", (char *)what, number, NULL };
	pid_t pid;

	snprintf(number, sizeof(number), "%d", fd);
	fflush(stdout);
	pid = vfork();
	if (!pid) {
		if (touched)
			*touched = 'v';
		execv("/proc/self/exe", argv);
		_exit(99);
	}
	vt_need(pid > 0, "vfork: %s", strerror(errno));
	return vt_wait_ok(pid);
}

static bool vfork_exec(void)
{
	struct vt_space s = vt_space_new(PAGES * vt_page_size());

	fill_range(s.mem, PAGES, 1, 0);
	vt_check(vt_evict_all(&s), "not evicted");
	vt_check(spawn("closed", s.fd, s.mem + 100), "the new program");
	vt_check(s.mem[100] == 'v', "what the child wrote before exec: found %#x", s.mem[100]);
	fill_page(s.mem, 1, 0);
	vt_check(check_range(s.mem, PAGES, 1, 0), "after the child's exec");
	vt_space_free(&s);
	return true;
}

static bool descriptor_left_open(void)
{
	struct vt_space s = vt_space_new(PAGES * vt_page_size());

	vt_need(!fcntl(s.fd, F_SETFD, 0), "fcntl: %s", strerror(errno));
	fill_range(s.mem, PAGES, 1, 0);
	vt_check(vt_evict_range(s.fd, 0, s.length / 2), "not evicted");
	vt_check(spawn("open", s.fd, NULL), "the new program");
	vt_check(check_range(s.mem, PAGES, 2, 0), "what the new program wrote");
	vt_space_free(&s);
	return true;
}

/* A process execs with the only mapping and descriptor of a space. */
static bool exec_ends_space(void *arg)
{
	char *const argv[] = { "exec", "gone", "0", NULL };
	struct vt_space s = vt_space_new(PAGES * vt_page_size());

	(void)arg;
	fill_range(s.mem, PAGES, 1, 0);
	vt_check(vt_evict_range(s.fd, 0, s.length / 2), "not evicted");
	execv("/proc/self/exe", argv);
	vt_check(false, "execv: %s", strerror(errno));
}

static bool mapping_goes(void)
{
	return vt_in_child(exec_ends_space, NULL);
}

static const struct vt_test tests[] = {
	{ "vfork and exec, descriptor closed by it", vfork_exec },
	{ "exec with the descriptor left open", descriptor_left_open },
	{ "exec ends the mapping and the space", mapping_goes },
};

int main(int argc, char **argv)
{
	if (argc == 3)
		return new_program(argv[1], atoi(argv[2])) ? KSFT_PASS : KSFT_FAIL;
	return vt_run(tests, ARRAY_SIZE(tests));
}
