// SPDX-License-Identifier: GPL-2.0
/* Why a load failed and who holds the device: found, and said in one line. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../vmdevctl/holders.h"
#include "../vmdevctl/kmsg.h"
#include "../vmdevctl/load.h"
#include "../vmdevctl/sample.h"
#include "../vmdevctl/unload.h"
#include "tap.h"

/* Like /dev/kmsg, a socket of this kind gives one record a read. */
static void read_records(struct kmsg *kmsg, const char *const *records)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds))
		abort();
	for (; *records; records++) {
		if (write(fds[1], *records, strlen(*records)) < 0)
			abort();
	}
	kmsg_read(fds[0], kmsg);
	close(fds[0]);
	close(fds[1]);
}

static void check_kmsg(void)
{
	static const char *const mixed[] = {
		"4,1,1,-;vmdev: loading out-of-tree module taints kernel.\n",
		"4,2,2,-;vmdev: module verification failed: required key missing - tainting kernel\n",
		"6,3,3,-;vmdev: for information\n",
		"3,4,4,-;other: not ours\n",
		"3,5,5,-;vmdev: pool_mb=0: must be 1 to 9\n SUBSYSTEM=x\n DEVICE=y\n",
		"11,6,6,-;vmdev: second\n",
		"no record at all",
		NULL,
	};
	static const char *const many[] = {
		"3,1,1,-;vmdev: 1\n", "3,2,1,-;vmdev: 2\n", "3,3,1,-;vmdev: 3\n",
		"3,4,1,-;vmdev: 4\n", "3,5,1,-;vmdev: 5\n", "3,6,1,-;vmdev: 6\n",
		"3,7,1,-;vmdev: 7\n", "3,8,1,-;vmdev: 8\n", "3,9,1,-;vmdev: 9\n", NULL,
	};
	char record[1100] = "3,1,1,-;vmdev: ";
	const char *const longest[] = { record, NULL };
	struct kmsg kmsg;

	read_records(&kmsg, mixed);
	ok(kmsg.count == 2, "only the module's errors are kept");
	is(kmsg.lines[0], "pool_mb=0: must be 1 to 9", "the text, without the record's rest");
	is(kmsg.lines[1], "second", "records of another facility");
	read_records(&kmsg, many);
	ok(kmsg.count == KMSG_LINES && !strcmp(kmsg.lines[0], "2") &&
	   !strcmp(kmsg.lines[KMSG_LINES - 1], "9"), "the last lines are kept");
	memset(record + strlen(record), 'x', 1000);
	read_records(&kmsg, longest);
	ok(kmsg.count == 1 && strlen(kmsg.lines[0]) == KMSG_TEXT - 1, "a long line is cut");
	kmsg_read(-1, &kmsg);
	ok(!kmsg.count, "no access gives no lines");
}

static void check_load_message(void)
{
	static const struct {
		int error;
		const char *message;
	} bare[] = {
		{ EPERM,
		  "Operation not permitted; "
		  "run it as root; with Secure Boot the module must be signed" },
		{ EACCES,
		  "Permission denied; "
		  "run it as root; with Secure Boot the module must be signed" },
		{ ENOKEY,
		  "Required key not available; "
		  "Secure Boot refuses its signature; sign it with an enrolled key" },
		{ EKEYREJECTED,
		  "Key was rejected by service; "
		  "Secure Boot refuses its signature; sign it with an enrolled key" },
		{ ENOEXEC, "Exec format error; it isn't built for this kernel; build it again" },
		{ ENOENT,
		  "No such file or directory; "
		  "it isn't installed for this kernel; install it or give --module" },
		{ ENOMEM, "Cannot allocate memory; not enough free memory; use a smaller --pool" },
		{ ENOSPC,
		  "No space left on device; "
		  "no room for the store; use a smaller --store-size or another --store" },
		{ EBUSY, "Device or resource busy; the store is in use; use another --store" },
		{ ENOSYS, "Function not implemented; this kernel can't load modules" },
		{ EIO, "Input/output error; see 'dmesg'" },
	};
	struct kmsg kmsg = { .count = 2, .lines = { "store=/x: not there", "give another" } };
	struct ctl_result result = { 0 };
	size_t i;

	ok(load_explain(&result, EINVAL, &kmsg) == CTL_FAILED && result.error == EINVAL,
	   "a failed load is a failure");
	is(result.message,
	   "cannot load vmdev: Invalid argument: --store /x: not there; give another",
	   "the kernel's reason");
	kmsg.count = 1;
	strcpy(kmsg.lines[0], "store=/dev/x: mounted or in use (error -16)");
	load_explain(&result, EBUSY, &kmsg);
	is(result.message,
	   "cannot load vmdev: Device or resource busy: --store /dev/x: mounted or in use; "
	   "unmount it or choose another", "a device in use");
	strcpy(kmsg.lines[0], "store=/x: open for writing elsewhere; close it there first");
	load_explain(&result, EBUSY, &kmsg);
	is(result.message,
	   "cannot load vmdev: Device or resource busy: --store /x: open for writing elsewhere; "
	   "close it there first", "a file in use, with the kernel's remedy");
	kmsg.count = KMSG_LINES;
	for (i = 0; i < KMSG_LINES; i++) {
		memset(kmsg.lines[i], 'x', KMSG_TEXT - 1);
		kmsg.lines[i][KMSG_TEXT - 1] = '\0';
	}
	load_explain(&result, EINVAL, &kmsg);
	ok(strlen(result.message) == CTL_MESSAGE - 1, "a reason that is too long is cut");
	kmsg.count = 0;
	for (i = 0; i < ARRAY_SIZE(bare); i++) {
		char want[CTL_MESSAGE];

		load_explain(&result, bare[i].error, &kmsg);
		snprintf(want, sizeof(want), "cannot load vmdev: %s", bare[i].message);
		is(result.message, want, strerror(bare[i].error));
	}
}

static void check_writes(void)
{
	char path[] = "/tmp/vmdev-writes-XXXXXX", want[128], text[128] = "";
	struct params params = { 0 };
	int fd = mkstemp(path);

	ok(load_writes(&params, 1 << 30, text, sizeof(text)), "a new store is written");
	is(text, "writing 1 GiB to /var/tmp, once", "the one there is by default");
	params.values[PARAM_STORE] = path;
	params.values[PARAM_STORE_SIZE] = "50%";
	ok(load_writes(&params, 1 << 23, text, sizeof(text)), "so is an empty file");
	snprintf(want, sizeof(want), "writing 4 MiB to %s, once", path);
	is(text, want, "with its size");
	params.values[PARAM_STORE_SIZE] = "0";
	ok(!ftruncate(fd, 1 << 20) && load_writes(&params, 1 << 30, text, sizeof(text)),
	   "all of a file of holes");
	snprintf(want, sizeof(want), "writing 1 MiB to %s, once", path);
	is(text, want, "with the size it has");
	ok(!posix_fallocate(fd, 0, 1 << 20) && !load_writes(&params, 1 << 30, text, sizeof(text)),
	   "not a file that has its blocks");
	params.values[PARAM_STORE] = "/dev/null";
	ok(!load_writes(&params, 1 << 30, text, sizeof(text)), "not a device");
	close(fd);
	unlink(path);
	params.values[PARAM_STORE] = path;
	params.values[PARAM_STORE_SIZE] = "1M";
	ok(load_writes(&params, 1 << 30, text, sizeof(text)), "a file that isn't there");
	is(text, want, "the same of it");
}

static void check_busy_message(void)
{
	struct holder holders[8] = {
		{ .pid = 7, .comm = "cat", .descriptors = 1 },
		{ .pid = 8, .comm = "dd", .descriptors = 2, .mappings = 3,
		  .mapped_bytes = 1 << 20 },
		{ .pid = 9, .comm = "gdb", .mappings = 1, .mapped_bytes = 4096 },
	};
	struct ctl_result result = { 0 };
	size_t i;

	unload_explain(&result, EBUSY, holders, 1);
	is(result.message, "vmdev is in use; end its user first: process 7 (cat): 1 descriptor",
	   "one holder");
	unload_explain(&result, EBUSY, holders, 3);
	is(result.message,
	   "vmdev is in use; end its users first: process 7 (cat): 1 descriptor; "
	   "process 8 (dd): 2 descriptors, 3 mappings of 1 MiB; "
	   "process 9 (gdb): 1 mapping of 4 KiB",
	   "three holders");
	ok(result.error == EBUSY, "the error is EBUSY");
	unload_explain(&result, EBUSY, holders, 8);
	ok(strstr(result.message, "; and 2 more"), "many holders are counted");
	for (i = 0; i < 8; i++) {
		memset(holders[i].comm, 'c', sizeof(holders[i].comm) - 1);
		holders[i].descriptors = SIZE_MAX;
		holders[i].mappings = SIZE_MAX;
	}
	unload_explain(&result, EBUSY, holders, 8);
	ok(strlen(result.message) < CTL_MESSAGE, "the message stays in its bounds");
	unload_explain(&result, EBUSY, NULL, 0);
	is(result.message, "vmdev is in use, but by no process that can be seen; try again",
	   "no holder to be seen");
}

/* Whoever holds the device chooses what it is called. */
static void check_name(void)
{
	char name[PROCESS_NAME], before[16];

	prctl(PR_GET_NAME, before);
	prctl(PR_SET_NAME, "\033]0;x\a\xc2\x9bm\xc3\xa4");
	process_name(getpid(), name);
	prctl(PR_SET_NAME, before);
	is(name, "?]0;x???m\xc3\xa4", "a name can't command a terminal");
	process_name(0, name);
	is(name, "?", "no such process");
}

static void check_other_messages(void)
{
	struct ctl_result result = { 0 };

	unload_explain(&result, ENOENT, NULL, 0);
	is(result.message, "vmdev isn't loaded; nothing to unload", "unload of nothing");
	unload_explain(&result, EPERM, NULL, 0);
	is(result.message, "cannot unload vmdev: Operation not permitted; run it as root",
	   "unload without permission");
	unload_explain(&result, EIO, NULL, 0);
	is(result.message, "cannot unload vmdev: Input/output error; see 'dmesg'",
	   "unload that failed otherwise");
	sample_explain(&result, ENODEV);
	is(result.message, "vmdev isn't loaded; run 'vmdevctl load'", "status of nothing");
	sample_explain(&result, EINVAL);
	is(result.message,
	   "cannot read /sys/kernel/vmdev: Invalid argument; does the module fit this tool?",
	   "status of something else");
}

static void check_holders(void)
{
	char path[] = "/tmp/vmdev holders-XXXXXX", longer[sizeof(path) + 2];
	struct holder *list;
	int fd = mkstemp(path);
	int fd2 = dup(fd);
	void *mapping;

	if (fd < 0 || ftruncate(fd, 8192))
		abort();
	mapping = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
	ok(holders_find(path, &list) == 1, "one process holds the file");
	ok(list[0].pid == getpid() && list[0].descriptors == 2 && list[0].mappings == 1 &&
	   list[0].mapped_bytes == 8192, "its descriptors and mappings");
	is(list[0].comm, "report", "its name");
	free(list);
	close(fd);
	close(fd2);
	ok(holders_find(path, &list) == 1 && !list[0].descriptors && list[0].mappings == 1,
	   "a mapping alone");
	free(list);
	munmap(mapping, 8192);
	ok(holders_find(path, &list) == 0 && !list, "nobody");
	snprintf(longer, sizeof(longer), "%s-x", path);
	fd = open(longer, O_RDWR | O_CREAT, 0600);
	ok(fd >= 0 && holders_find(path, &list) == 1 && list[0].descriptors == 1,
	   "a file with '-' and a name behind it");
	free(list);
	unlink(longer);
	ok(holders_find(path, &list) == 1 && list[0].descriptors == 1, "that was removed");
	free(list);
	close(fd);
	snprintf(longer, sizeof(longer), "%sx", path);
	fd = open(longer, O_RDWR | O_CREAT, 0600);
	ok(fd >= 0 && holders_find(path, &list) == 0, "a file with something else behind it");
	close(fd);
	unlink(longer);
	unlink(path);
}

int main(void)
{
	check_kmsg();
	check_load_message();
	check_writes();
	check_busy_message();
	check_name();
	check_other_messages();
	check_holders();
	return tap_end();
}
