// SPDX-License-Identifier: GPL-2.0
/* The options of `load`: what reaches the kernel, and every refusal. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../vmdevctl/params.h"
#include "tap.h"

#define RAM	(1ULL << 30)

static char directory[32] = "/tmp/vmdev-params-XXXXXX";
static char text[PARAMS_TEXT];
static char message[1024];

static int build(enum param param, const char *value, enum param param2, const char *value2)
{
	struct params params = { 0 };

	params.values[param] = value;
	if (param2 != PARAM_COUNT)
		params.values[param2] = value2;
	message[0] = '\0';
	return params_build(&params, RAM, text, message, sizeof(message));
}

/* A test's name is one line, whatever the value is. */
static void name_test(char name[64], const char *value, const char *verb)
{
	snprintf(name, 64, "'%.40s' %s", value, verb);
	for (; *name; name++) {
		if (*name < ' ')
			*name = '?';
	}
}

static void accepted(enum param param, const char *value, const char *want)
{
	char name[64];

	name_test(name, value, "accepted");
	if (build(param, value, PARAM_COUNT, NULL))
		is(message, "", name);
	else
		is(text, want, name);
}

static void refused(enum param param, const char *value, const char *want)
{
	char name[64];

	name_test(name, value, "refused");
	if (!build(param, value, PARAM_COUNT, NULL))
		is(text, "an error", name);
	else
		is(message, want, name);
}

static void check_numbers(void)
{
	accepted(PARAM_POOL, "1M", "pool_mb=1");
	accepted(PARAM_POOL, "1048576", "pool_mb=1");
	accepted(PARAM_POOL, "64M", "pool_mb=64");
	accepted(PARAM_POOL, "50%", "pool_mb=512");
	accepted(PARAM_POOL, "1%", "pool_mb=10");
	accepted(PARAM_STORE_SIZE, "2G", "store_mb=2048");
	accepted(PARAM_STORE_SIZE, "250%", "store_mb=2560");
	accepted(PARAM_READAHEAD, "0", "readahead=0");
	accepted(PARAM_READAHEAD, "32", "readahead=32");
	accepted(PARAM_OVERCOMMIT, "on", "overcommit=1");
	accepted(PARAM_OVERCOMMIT, "0", "overcommit=0");
	accepted(PARAM_CHECKSUM, "off", "checksum=0");
	accepted(PARAM_CHECKSUM, "1", "checksum=1");
	accepted(PARAM_POLICY, "clock-refault", "policy=clock-refault");
	accepted(PARAM_POLICY, "of-another_module2", "policy=of-another_module2");

	refused(PARAM_POOL, "64", "--pool 64: must be whole mebibytes and at least 1M, as 64M");
	refused(PARAM_POOL, "0", "--pool 0: must be whole mebibytes and at least 1M, as 64M");
	refused(PARAM_POOL, "1M1",
		"--pool 1M1: not a size; write a number with K, M, G, T or %, as 64M");
	refused(PARAM_POOL, "0%",
		"--pool 0%: not a size; write a number with K, M, G, T or %, as 64M");
	refused(PARAM_POOL, "5%%",
		"--pool 5%%: not a size; write a number with K, M, G, T or %, as 64M");
	refused(PARAM_POOL, "100%",
		"--pool 100%: larger than this machine's memory of 1 GiB; choose less");
	refused(PARAM_STORE_SIZE, "999999999999999%",
		"--store-size 999999999999999%: too large; at most 1023.9 GiB is possible");
	refused(PARAM_POOL, "1G",
		"--pool 1G: larger than this machine's memory of 1 GiB; choose less");
	refused(PARAM_POOL, "99999999T",
		"--pool 99999999T: too large; at most 1023.9 GiB is possible");
	refused(PARAM_STORE_SIZE, "1K",
		"--store-size 1K: must be whole mebibytes and at least 0M, as 64M");
	refused(PARAM_STORE_SIZE, "1T",
		"--store-size 1T: too large; at most 1023.9 GiB is possible");
	refused(PARAM_READAHEAD, "x", "--readahead x: must be a number from 0 to 256");
	refused(PARAM_READAHEAD, "257", "--readahead 257: must be a number from 0 to 256");
	refused(PARAM_OVERCOMMIT, "2", "--overcommit 2: must be on or off");
	refused(PARAM_CHECKSUM, "", "--checksum : must be on or off");
	refused(PARAM_POLICY, "a b",
		"--policy 'a b': not the name of a policy; try s3fifo, clock, clock-refault or fifo");
	refused(PARAM_POLICY, "",
		"--policy '': not the name of a policy; try s3fifo, clock, clock-refault or fifo");
}

static void check_stores(void)
{
	char path[1200], want[1400];

	snprintf(want, sizeof(want), "store=\"%s\"", directory);
	accepted(PARAM_STORE, directory, want);
	accepted(PARAM_STORE, "with blank", "store=\"/tmp/with blank\"");
	snprintf(path, sizeof(path), "%s/new", directory);
	snprintf(want, sizeof(want), "store=\"%s\"", path);
	accepted(PARAM_STORE, path, want);

	refused(PARAM_STORE, "", "--store: empty; give a directory, a file or a block device");
	refused(PARAM_STORE, "/dev/null",
		"--store /dev/null: must be a directory, a regular file or a block device");
	refused(PARAM_STORE, "/dev/null/x",
		"--store /dev/null/x: Not a directory; give a directory, a file or a block device");
	snprintf(path, sizeof(path), "%s/none/new", directory);
	snprintf(want, sizeof(want),
		 "--store %s: neither it nor the directory it would be in exists", path);
	refused(PARAM_STORE, path, want);
	refused(PARAM_STORE, "/tmp/a\"b",
		"--store: the kernel takes no path with \" or control characters; use another");
	refused(PARAM_STORE, "/tmp/a\nb",
		"--store: the kernel takes no path with \" or control characters; use another");
	memset(path, '/', sizeof(path));
	path[PARAM_STRING_MAX + 1] = '\0';
	refused(PARAM_STORE, path,
		"--store: longer than the kernel's 1023 bytes; use a shorter path");
	path[PARAM_STRING_MAX] = '\0';
	ok(!build(PARAM_STORE, path, PARAM_COUNT, NULL), "longest path accepted");
}

static void check_whole_store(void)
{
	static const char want[] =
		"--store-size 0: takes all of --store, which must exist and be no directory";
	char path[128];
	int fd;

	refused(PARAM_STORE_SIZE, "0", want);
	ok(build(PARAM_STORE_SIZE, "0", PARAM_STORE, directory), "all of a directory refused");
	is(message, want, "its message");
	snprintf(path, sizeof(path), "%s/file", directory);
	ok(build(PARAM_STORE_SIZE, "0", PARAM_STORE, path), "all of no file refused");
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	ok(!build(PARAM_STORE_SIZE, "0", PARAM_STORE, path), "all of a file accepted");
	unlink(path);
}

static void check_all(void)
{
	const struct params params = { { "64M", "/tmp", "1G", "clock", "off", "8", "on" } };

	ok(!params_build(&params, RAM, text, message, sizeof(message)), "all together accepted");
	is(text,
	   "pool_mb=64 store=\"/tmp\" store_mb=1024 policy=clock overcommit=0 readahead=8 checksum=1",
	   "all together");
	ok(!build(PARAM_COUNT - 1, NULL, PARAM_COUNT, NULL), "none accepted");
	is(text, "", "none");
}

static void reworded(const char *line, int error, const char *want)
{
	char got[256];

	params_reword(line, error, got, sizeof(got));
	is(got, want, want);
}

static void check_reword(void)
{
	char got[16];

	reworded("store=/mnt: can't allocate 102400 MiB (error -28); free space or lower store_mb",
		 28, "--store /mnt: can't allocate 102400 MiB; free space or lower --store-size");
	reworded("store=/a: can't be opened (error -5)", 28,
		 "--store /a: can't be opened (error -5)");
	reworded("store=/store_mb: can't be prepared (error -5)", 5,
		 "--store /store_mb: can't be prepared");
	reworded("store_mb=2048: /dev/x has 1024 MiB; give at most that, or 0 for all of it", 28,
		 "--store-size 2048M: /dev/x has 1024 MiB; give at most that, or 0 for all of it");
	reworded("store_mb=0: needs an existing file or device in store, not /x", 22,
		 "--store-size 0: needs an existing file or device in store, not /x");
	reworded("pool_mb=9: doesn't fit in free memory; 5 MiB are available now", 12,
		 "--pool 9M: doesn't fit in free memory; 5 MiB are available now");
	reworded("policy=x: accepted are s3fifo and fifo", 22,
		 "--policy x: accepted are s3fifo and fifo");
	reworded("out of memory, a=b; lower pool_mb", 12, "out of memory, a=b; lower --pool");
	reworded("pool", 22, "pool");
	reworded("", 22, "");
	params_reword("store=/mnt: can't be opened", 22, got, sizeof(got));
	is(got, "--store /mnt: c", "a line that is cut");
}

int main(void)
{
	if (chdir("/tmp") || !mkdtemp(directory)) {
		perror("mkdtemp");
		return 1;
	}
	check_numbers();
	check_stores();
	check_whole_store();
	check_all();
	check_reword();
	rmdir(directory);
	return tap_end();
}
