// SPDX-License-Identifier: GPL-2.0
/*
 * rmmod while anything of a space is alive is refused and harms nothing; after the
 * last close it works. A second load is refused.
 */
#define _GNU_SOURCE
#include <sys/socket.h>

#include "vmdev_load.h"

#define PAGES	1500U

static void load(void)
{
	vl_must_load("pool_mb=4 store=%s store_mb=8", vl_disk());
}

static bool busy(void)
{
	int ret = vl_unload();

	vt_check(vl_is_busy(ret), "unload: %s", ret ? strerror(-ret) : "success while in use");
	return true;
}

static bool unloads(void)
{
	int ret = vl_unload_patiently(5);

	vt_check(!ret, "unload: %s", strerror(-ret));
	vt_check(!vl_loaded() && access(VT_DEVICE, F_OK) && access(VT_SYSFS, F_OK) &&
		 access("/sys/kernel/debug/vmdev", F_OK) && access("/sys/class/misc/vmdev", F_OK),
		 "something is left after unload");
	return true;
}

static bool test_descriptor(void)
{
	int fd, copy;

	load();
	fd = vt_open();
	vt_check(busy(), "with a descriptor");
	copy = dup(fd);
	close(fd);
	vt_check(busy(), "with a copy of a descriptor");
	vt_check(vt_stats_now(copy).size == 0, "the space works");
	close(copy);
	return unloads();
}

static bool test_mapping(void)
{
	struct vt_space v;

	load();
	v = vt_space_new(PAGES * vt_page_size());
	fill_range(v.mem, PAGES, 1, 0);
	close(v.fd);
	vt_check(busy(), "with a mapping alone");
	vt_check(check_range(v.mem, PAGES, 1, 0), "content lost");
	munmap(v.mem + vt_page_size(), v.length - vt_page_size());
	vt_check(busy(), "with a page of a mapping");
	vt_check(check_page(v.mem, 1, 0), "content lost");
	munmap(v.mem, vt_page_size());
	return unloads();
}

static bool test_child(void)
{
	int ready[2], status;
	char byte;
	struct vt_space v;
	pid_t pid;

	load();
	vt_need(!pipe(ready), "pipe");
	pid = vt_fork();
	if (!pid) {
		v = vt_space_new(PAGES * vt_page_size());
		fill_range(v.mem, PAGES, 2, 0);
		vt_need(write(ready[1], "x", 1) == 1, "write");
		pause();
		_exit(0);
	}
	vt_need(read(ready[0], &byte, 1) == 1, "read");
	vt_check(busy(), "while another process has a space");
	kill(pid, SIGKILL);
	vt_need(waitpid(pid, &status, 0) == pid, "waitpid");
	return unloads();
}

/* A descriptor that is nowhere but in a socket's queue. */
static bool test_in_socket(void)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 'x';
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	int pair[2], fd;

	load();
	vt_need(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
	fd = vt_open();
	vt_need(write(fd, "content", 7) == 7, "write");
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	vt_need(sendmsg(pair[0], &msg, 0) == 1, "sendmsg: %s", strerror(errno));
	close(fd);
	vt_check(busy(), "with a descriptor in a socket");
	close(pair[0]);
	close(pair[1]);
	return unloads();
}

static bool test_second_load(void)
{
	struct vt_space v;
	int ret;

	load();
	v = vt_space_new(PAGES * vt_page_size());
	fill_range(v.mem, PAGES, 3, 0);
	ret = vl_load("pool_mb=4 store=%s store_mb=8", vl_mnt());
	vt_check(ret == -EEXIST, "a second load: %s", ret ? strerror(-ret) : "success");
	vt_check(check_range(v.mem, PAGES, 3, 0), "content lost");
	vt_space_free(&v);
	return unloads();
}

/* Many refused unloads under load cost nothing. */
static bool test_refused_under_load(void)
{
	struct vt_space v;
	double end;
	uint64_t rounds = 0;

	load();
	v = vt_space_new(PAGES * vt_page_size());
	fill_range(v.mem, PAGES, 4, 0);
	for (end = vt_now() + 3; vt_now() < end; rounds++) {
		vt_check(busy(), "round %" PRIu64, rounds);
		vt_check(check_range(v.mem + rounds % 10 * 100 * vt_page_size(), 100, 4,
				     rounds % 10 * 100), "content lost");
	}
	vt_space_free(&v);
	return unloads();
}

static const struct vt_test tests[] = {
	{ "an open descriptor", test_descriptor },
	{ "a mapping without a descriptor", test_mapping },
	{ "another process", test_child },
	{ "a descriptor in a socket", test_in_socket },
	{ "a second load", test_second_load },
	{ "refused again and again", test_refused_under_load },
};

int main(void)
{
	const struct vl_suite suite = { .tests = tests, .count = ARRAY_SIZE(tests) };

	return vl_run(&suite);
}
