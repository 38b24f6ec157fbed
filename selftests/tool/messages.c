// SPDX-License-Identifier: GPL-2.0
/*
 * Messages of vmdevctl that come only where something of the system is missing, broken,
 * or not as the tool would have it. The rest are with their commands.
 */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "tool.h"

#define DEBUGFS	"/sys/kernel/debug/vmdev/"

static bool load(void)
{
	struct output output;

	tool_load(&output, "-p", "4M");
	return check_good(&output);
}

/* From here on mounts are this process's own. */
static void own_mounts(void)
{
	vt_need(!unshare(CLONE_NEWNS) && !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL),
		"unshare: %s", strerror(errno));
}

static void hide(const char *path)
{
	vt_need(!mount("none", path, "tmpfs", 0, NULL), "%s: %s", path, strerror(errno));
}

static void replace(const char *path, const char *by)
{
	vt_need(!mount(by, path, NULL, MS_BIND, NULL), "%s: %s", path, strerror(errno));
}

/* ---- run ---- */

static bool test_run(void)
{
	struct output output;

	vt_check(load(), "load");
	tool(&output, "run", "--pool-limit", "4K", "--", "vmdevctl", "--version");
	vt_check(check_error(&output, 125, "a pool limit of 4096 bytes can't work",
			     "give at least 16 pages"), "a small limit");
	tool(&output, "run", "--pool-limit", "4095", "--", "vmdevctl", "--version");
	vt_check(check_error(&output, 125, "a pool limit of 4095 bytes can't work",
			     "give at least 16 pages"), "a limit of less than a page");
	tool(&output, "run", "-o", "/none/such", "--", "vmdevctl", "--version");
	vt_check(check_error(&output, 125, "/none/such can't be written: ",
			     "No such file or directory; give another file\n"),
		 "no file for the report");
	vt_check(!output.out[0], "it ran all the same: %s", output.out);
	tool(&output, "run", "-o", "/dev/full", "--", "vmdevctl", "--version");
	vt_check(!strncmp(output.out, "vmdevctl ", 9) &&
		 check_error(&output, 0, "/dev/full can't be written: ",
			     "No space left on device; give another file\n"),
		 "a report that is lost");
	tool(&output, "run", "vmdevctl", "--version");
	vt_check(!output.status && !strncmp(output.err, "vmdevctl run: peak ", 19) &&
		 strstr(output.err, " resident; faults: ") && strstr(output.err, " 1 process\n"),
		 "the report: %s", output.err);
	tool(&output, "run", "--quiet", "vmdevctl", "--version");
	return check_good(&output) && !strncmp(output.out, "vmdevctl ", 9);
}

static void set_overcommit(const char *value)
{
	int fd = open("/proc/sys/vm/overcommit_memory", O_WRONLY | O_CLOEXEC);

	vt_need(fd >= 0 && write(fd, value, 1) == 1, "overcommit_memory: %s", strerror(errno));
	close(fd);
}

static bool run_without_proc(void *arg)
{
	struct output output;

	(void)arg;
	own_mounts();
	hide("/proc");
	tool(&output, "run", "vmdevctl", "--version");
	return check_error(&output, 125, "/proc/self/exe: No such file or directory",
			   "mount /proc");
}

static bool test_run_system(void)
{
	char elsewhere[] = "/tmp/elsewhere/vmdevctl";
	struct output output;

	vt_check(load(), "load");
	set_overcommit("2");
	tool(&output, "run", "vmdevctl", "--version");
	set_overcommit("0");
	vt_check(check_error(&output, 125, "vm.overcommit_memory is 2", "set it to 0 or 1"),
		 "no overcommit");
	vt_need(vl_run_command("mkdir /tmp/elsewhere && cp $(command -v vmdevctl) %s", elsewhere),
		"cp");
	run_tool(&output, -1, (char *[]){ elsewhere, "run", "vmdevctl", "--version", NULL });
	vl_run_command("rm -r /tmp/elsewhere");
	vt_check(check_error(&output, 125, "libvmdev-preload.so isn't beside vmdevctl",
			     "make install"), "no preload library");
	return vt_in_child(run_without_proc, NULL);
}

/* ---- as nobody ---- */

static bool ask_as_nobody(void *arg)
{
	char pid[16], want[128];
	struct output output;

	(void)arg;
	snprintf(pid, sizeof(pid), "%d", getppid());
	vt_become(VT_NOBODY, VT_NOBODY);
	tool(&output, "run", "vmdevctl", "--version");
	vt_check(check_error(&output, 125,
			     VT_DEVICE " can't be opened: Permission denied; "
			     "run it as root, or let this user in with chgrp and chmod",
			     "\n"), "run");
	tool(&output, "map", pid);
	snprintf(want, sizeof(want),
		 "cannot read the mappings of process %s: Permission denied; run it as root", pid);
	return check_error(&output, 1, want, "\n");
}

/* This process and the tool are all that nobody may have; the command is one more. */
static bool run_without_process(void *arg)
{
	const struct rlimit limit = { 2, 2 };
	struct output output;

	(void)arg;
	vt_become(VT_NOBODY, VT_NOBODY);
	vt_need(!setrlimit(RLIMIT_NPROC, &limit), "setrlimit: %s", strerror(errno));
	tool(&output, "run", "vmdevctl", "--version");
	return check_error(&output, 125,
			   "no process for vmdevctl: Resource temporarily unavailable; end other programs",
			   "\n");
}

static bool test_nobody(void)
{
	vt_check(load(), "load");
	vt_check(vt_in_child(ask_as_nobody, NULL), "without permission");
	vt_need(!chmod(VT_DEVICE, 0666), "chmod: %s", strerror(errno));
	return vt_in_child(run_without_process, NULL);
}

/* ---- load and reload ---- */

static bool load_without_devtmpfs(void *arg)
{
	struct output output;

	(void)arg;
	own_mounts();
	hide("/dev");
	tool_load(&output, "-p", "4M");
	return check_error(&output, 1, "vmdev is loaded but " VT_DEVICE " isn't there",
			   "mount devtmpfs on /dev");
}

static bool test_load(void)
{
	vt_check(vt_in_child(load_without_devtmpfs, NULL), "no device");
	vt_check(vl_loaded(), "not loaded");
	return true;
}

static bool test_reload(void)
{
	struct output output;

	vt_need(!chdir(vl_mnt()), "%s: %s", vl_mnt(), strerror(errno));
	vl_must_load("pool_mb=4 store=. store_mb=16");
	tool(&output, "reload", "-m", (char *)vl_env("VMDEV_KO"));
	vt_check(check_error(&output, 2, "--store: needed, since . isn't a full path",
			     "vmdevctl reload --help"), "a store whose place isn't known");
	vt_check(vl_loaded(), "not loaded any more");
	return true;
}

/* ---- volumes ---- */

static bool create_without_node(void *arg)
{
	struct output output;
	struct stat st;

	(void)arg;
	vt_need(!stat(VT_DEVICE, &st), "%s: %s", VT_DEVICE, strerror(errno));
	own_mounts();
	hide("/dev");
	vt_need(!mknod(VT_DEVICE, S_IFCHR | 0600, st.st_rdev), "mknod: %s", strerror(errno));
	tool(&output, "volume", "create", "v", "--size", "1M");
	vt_check(check_error(&output, 1, "the volume is there but " VT_DEVICE "-v isn't",
			     "mount devtmpfs on /dev"), "no node");
	replace(VT_DEVICE, "/proc/self/mounts");
	vt_need(!mknod(VT_DEVICE "-w", S_IFREG | 0600, 0), "mknod: %s", strerror(errno));
	tool(&output, "map", "w");
	vt_check(check_error(&output, 1, VT_DEVICE "-w is no volume", "vmdevctl volume list"),
		 "a file");
	vt_need(!mknod(VT_DEVICE "-x", S_IFCHR | 0600, makedev(4095, 0)), "mknod: %s",
		strerror(errno));
	tool(&output, "map", "x");
	return check_error(&output, 1, "there is no volume x", "vmdevctl volume list");
}

static bool test_volume(void)
{
	vt_check(load(), "load");
	return vt_in_child(create_without_node, NULL);
}

/* ---- map and translate ---- */

/* As in a sandbox. */
static bool touch_forbidden(void *arg)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_readv, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_SIZE(filter), filter };
	char pid[16], want[128];
	struct output output;

	snprintf(pid, sizeof(pid), "%d", getppid());
	vt_need(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
		!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0), "seccomp: %s",
		strerror(errno));
	tool(&output, "translate", "--touch", pid, arg);
	snprintf(want, sizeof(want),
		 "cannot touch memory of process %s: Operation not permitted; run it as root", pid);
	return check_error(&output, 1, want, "\n");
}

/* A socket can't be opened, not by root either. */
static bool translate_without_pagemap(char *pid, char *at)
{
	static const char node[] = "/tmp/socket";
	char pagemap[32], want[128];
	struct output output;

	snprintf(pagemap, sizeof(pagemap), "/proc/%s/pagemap", pid);
	vt_need(!mknod(node, S_IFSOCK | 0600, 0), "%s: %s", node, strerror(errno));
	replace(pagemap, node);
	tool(&output, "translate", pid, at);
	vt_need(!umount(pagemap) && !unlink(node), "%s: %s", pagemap, strerror(errno));
	snprintf(want, sizeof(want),
		 "cannot read %s: No such device or address; run it as root", pagemap);
	return check_error(&output, 1, want, "\n");
}

static bool look_at(void *arg)
{
	const struct vt_space *v = arg;
	char pid[16], at[24], space[32], path[64];
	struct output output;
	struct vmdev_info info;

	vt_need(!vt_info(v->fd, &info), "GET_INFO");
	snprintf(pid, sizeof(pid), "%d", getpid());
	snprintf(at, sizeof(at), "%p", v->mem);
	snprintf(space, sizeof(space), "space:%llu", info.space_id);
	snprintf(path, sizeof(path), DEBUGFS "pages/%llu", info.space_id);
	own_mounts();
	tool(&output, "translate", pid, at);
	vt_check(check_good(&output), "as it should be");
	vt_check(vt_in_child(touch_forbidden, at), "a touch that is forbidden");
	vt_check(translate_without_pagemap(pid, at), "no page tables");
	replace(DEBUGFS "spaces", "/dev/null");
	tool(&output, "translate", pid, at);
	vt_check(check_error(&output, 1, "cannot look at space ", "it may have ended just now"),
		 "no list of spaces");
	replace(path, "/proc/self/mem");
	tool(&output, "map", space);
	vt_check(check_error(&output, 1, "cannot read the pages of space ",
			     ": Input/output error; it may have ended just now"), "no pages");
	hide("/sys/kernel");
	tool(&output, "map", space);
	vt_check(check_error(&output, 1, "cannot see the pages of space ",
			     "run it as root, with debugfs mounted on /sys/kernel/debug"),
		 "no debugfs");
	tool(&output, "translate", "--touch", pid, at);
	return check_error(&output, 1, "cannot read /sys/kernel/vmdev: ", "is sysfs mounted?");
}

static bool test_look(void)
{
	struct vt_space v;

	vt_check(load(), "load");
	v = vt_space_new(vt_page_size());
	return vt_in_child(look_at, &v);
}

static const struct vt_test tests[] = {
	{ "run", test_run },
	{ "run on a system that isn't fit for it", test_run_system },
	{ "without privilege", test_nobody },
	{ "load without a device", test_load },
	{ "reload with a relative path", test_reload },
	{ "volumes without nodes", test_volume },
	{ "map and translate", test_look },
};

int main(void)
{
	const struct vl_suite suite = { .tests = tests, .count = ARRAY_SIZE(tests) };

	return vl_run(&suite);
}
