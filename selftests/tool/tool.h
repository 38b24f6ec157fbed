/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For tests of vmdevctl: running it and judging what it said. Knows no command but
 * load, which all need.
 */
#ifndef TOOL_TOOL_H
#define TOOL_TOOL_H

#include "json.h"
#include "vmdev_load.h"

struct output {
	int status;		/* exit status, or -signal */
	char out[16384];
	char err[4096];
};

static inline bool read_pipe(int fd, char *buf, size_t size)
{
	size_t used = 0;
	ssize_t got;

	while ((got = read(fd, buf + used, size - 1 - used)) > 0)
		used += got;
	buf[used] = '\0';
	close(fd);
	/* A terminal whose other side is closed says EIO. */
	return used < size - 1 && (!got || errno == EIO);
}

/* Both streams into files: they can't fill up and block the tool. */
static inline void run_tool(struct output *output, int terminal, char *const argv[])
{
	int out = terminal < 0 ? memfd_create("out", 0) : terminal;
	int err = memfd_create("err", 0);
	int status;
	pid_t pid;

	vt_need(out >= 0 && err >= 0, "memfd_create: %s", strerror(errno));
	pid = vt_fork();
	if (!pid) {
		dup2(out, STDOUT_FILENO);
		dup2(err, STDERR_FILENO);
		execvp(argv[0], argv);
		_exit(127);
	}
	vt_need(waitpid(pid, &status, 0) == pid, "waitpid: %s", strerror(errno));
	output->status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
	output->out[0] = '\0';
	lseek(err, 0, SEEK_SET);
	vt_need(read_pipe(err, output->err, sizeof(output->err)), "standard error");
	if (terminal < 0) {
		lseek(out, 0, SEEK_SET);
		vt_need(read_pipe(out, output->out, sizeof(output->out)), "standard output");
	}
	vt_need(output->status != 127, "vmdevctl isn't on the PATH");
}

#define tool(output, ...) \
	run_tool(output, -1, (char *[]){ "vmdevctl", __VA_ARGS__, NULL })

/* Load with the options given on top of a store in the disk's directory. */
#define tool_load(output, ...) \
	tool(output, "load", "--module", (char *)vl_env("VMDEV_KO"), "--store", \
	     (char *)vl_mnt(), "--store-size", "64M", __VA_ARGS__)

static inline bool check_status(const struct output *output, int status)
{
	vt_check(output->status == status, "exit status %d, not %d: %s%s", output->status, status,
		 output->out, output->err);
	return true;
}

/* Success: nothing on standard error. */
static inline bool check_good(const struct output *output)
{
	if (!check_status(output, 0))
		return false;
	vt_check(!output->err[0], "on standard error: %s", output->err);
	return true;
}

/* Failure: one line on standard error, with all of these texts in it. */
static inline bool check_error(const struct output *output, int status, const char *a, const char *b)
{
	if (!check_status(output, status))
		return false;
	vt_check(!strncmp(output->err, "vmdevctl: ", 10), "no name in front: %s", output->err);
	vt_check(strchr(output->err, '\n') == output->err + strlen(output->err) - 1,
		 "not one line: %s", output->err);
	vt_check(strstr(output->err, a), "no \"%s\": %s", a, output->err);
	vt_check(strstr(output->err, b), "no \"%s\": %s", b, output->err);
	return true;
}

static inline bool check_json(const struct output *output, const char *path, const char *want)
{
	char value[4200];

	vt_check(json_find(output->out, path, value, sizeof(value)), "no %s in valid JSON: %s",
		 path, output->out);
	vt_check(!strcmp(value, want), "%s is %s, not %s", path, value, want);
	return true;
}

static inline bool check_json_number(const struct output *output, const char *path, uint64_t want)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, want);
	return check_json(output, path, text);
}

#endif /* TOOL_TOOL_H */
