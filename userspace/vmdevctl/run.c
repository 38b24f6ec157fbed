// SPDX-License-Identifier: GPL-2.0
/*
 * vmdevctl run: starts a command with the preload library, whose memory comes from
 * the spaces that the broker hands out; waits for it, and says what it took.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <vmdev.h>

#include "broker.h"
#include "ctl.h"
#include "program.h"
#include "run.h"
#include "size.h"

#define PRELOAD		"libvmdev-preload.so"
#define MIN_SIZE	(64 << 10)
#define OVERCOMMIT_NEVER 2
/* core(5): mappings that are shared and of a file, as a space's are. */
#define DUMP_SHARED	(1 << 3)
#define DUMP_FILTER	"/proc/self/coredump_filter"
/* How often use is looked at, ms. */
#define SAMPLE		50
/* A process has no connection from exec(2) to the new program's start, ms. */
#define GRACE		10000

static const char help[] =
"Usage: vmdevctl run [OPTION]... [--] COMMAND [ARGUMENT]...\n"
"Run COMMAND with its heap and large anonymous mappings on vmdev, and so those of the\n"
"programs it starts. COMMAND must be linked dynamically. What was used is said on\n"
"standard error at the end.\n"
"\n"
"  -l, --pool-limit SIZE    most of the pool that each process may hold (no limit)\n"
"  -m, --min-size SIZE      mappings from this length on go to vmdev, smaller ones and\n"
"                           those of files stay in ordinary memory (64K)\n"
"  -o, --output FILE        say what was used in FILE, as JSON\n"
"  -q, --quiet              do not say what was used\n"
CTL_HELP_OPTIONS
"\n"
"SIZE: bytes, or with K, M, G or T behind it. Defaults in parentheses.\n"
"\n"
"Exit status: that of COMMAND, 128 + N if it was killed by signal N; 125 run itself\n"
"failed, 126 COMMAND can't be run, 127 there is no COMMAND.\n";

static const struct option long_options[] = {
	{ "pool-limit",	required_argument, NULL, 'l' },
	{ "min-size",	required_argument, NULL, 'm' },
	{ "output",	required_argument, NULL, 'o' },
	{ "quiet",	no_argument,	   NULL, 'q' },
	CTL_LONG_OPTIONS
};

struct run_options {
	uint64_t limit;		/* bytes, 0: none */
	uint64_t min_size;
	const char *output;
	bool quiet;
};

/* 0: there is none any more, and the number may be another process's. */
static volatile pid_t command_pid;

/* ---- before it ---- */

static int set_size(const struct ctl_command *command, const char *name, const char *text,
		    uint64_t *bytes)
{
	if (!size_parse(text, bytes))
		return CTL_OK;
	return ctl_usage(command, "--%s=%s: not a size; write a number with K, M, G or T, as 64M",
			 name, text);
}

/* Returns CTL_OK with optind at the command, or -1 with what to exit with in @status. */
static int parse(const struct ctl_command *command, int argc, char **argv,
		 struct run_options *options, int *status)
{
	int got, bad = CTL_OK;

	while (!bad && (got = ctl_getopt(command, argc, argv, "+:l:m:o:qhV", long_options,
					 status)) >= 0) {
		if (got == 'l')
			bad = set_size(command, "pool-limit", optarg, &options->limit);
		else if (got == 'm')
			bad = set_size(command, "min-size", optarg, &options->min_size);
		else if (got == 'o')
			options->output = optarg;
		else
			options->quiet = true;
	}
	if (!bad && got == -2) {
		*status = *status ? RUN_FAILED : CTL_OK;
		return -1;
	}
	if (!bad && optind == argc)
		bad = ctl_usage(command, "no command given");
	*status = RUN_FAILED;
	return bad ? -1 : CTL_OK;
}

/* A space for a process, for the broker. */
static int new_space(const void *context)
{
	const struct run_options *options = context;
	struct vmdev *space = vmdev_open(NULL);
	uint64_t limit = options->limit;
	int fd = -1;

	if (!space)
		return -errno;
	/* less than a page is not no limit, but too little */
	limit = limit ? limit / vmdev_page_size(space) ?: 1 : 0;
	if (!limit || !vmdev_set_limit(space, limit, 0))
		fd = fcntl(vmdev_fd(space), F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		fd = -errno;
	vmdev_close(space);
	return fd;
}

static int explain_space(const struct run_options *options, int error, struct ctl_result *result)
{
	switch (error) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		return ctl_fail(result, error, "vmdev isn't loaded; run 'vmdevctl load'");
	case EACCES:
		return ctl_fail(result, error,
				"%s can't be opened: %s; run it as root, or let this user in with chgrp and chmod",
				VMDEV_PATH, strerror(error));
	case EINVAL:
		return ctl_fail(result, error,
				"a pool limit of %llu bytes can't work; give at least %d pages",
				(unsigned long long)options->limit, VMDEV_LIMIT_MIN);
	default:
		return ctl_fail(result, error, "no space on %s: %s; see 'dmesg'", VMDEV_PATH,
				strerror(error));
	}
}

/* A number in a file of /proc; 0 if there is none. */
static unsigned long read_number(const char *path, int base)
{
	char text[32] = "";
	FILE *file = fopen(path, "re");

	if (!file)
		return 0;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	return strtoul(text, NULL, base);
}

/* Can all this work here? */
static int check_system(const struct run_options *options, struct ctl_result *result)
{
	int fd = new_space(options);

	if (fd < 0)
		return explain_space(options, -fd, result);
	close(fd);
	if (read_number("/proc/sys/vm/overcommit_memory", 10) == OVERCOMMIT_NEVER)
		return ctl_fail(result, ENOMEM,
				"vm.overcommit_memory is 2, and run reserves no memory; set it to 0 or 1");
	if (prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_OFF, 0, 0, 0))
		return ctl_fail(result, errno,
				"this kernel has no syscall user dispatch, which fork needs; use 5.11 or newer on x86-64");
	return CTL_OK;
}

/* Beside this program where it was built, else where it is installed. */
static int find_preload(char path[PATH_MAX], struct ctl_result *result)
{
	static const char *const places[] = { PRELOAD, "../lib/vmdev/" PRELOAD };
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *directory;
	size_t i;

	if (length < 0)
		return ctl_fail(result, errno, "/proc/self/exe: %s; mount /proc", strerror(errno));
	self[length] = '\0';
	directory = dirname(self);
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char try[2 * PATH_MAX];

		snprintf(try, sizeof(try), "%s/%s", directory, places[i]);
		if (realpath(try, path) && !strpbrk(path, ": "))
			return CTL_OK;
	}
	return ctl_fail(result, ENOENT,
			PRELOAD " isn't beside vmdevctl nor in ../lib/vmdev; use 'make install'");
}

static int set_environment(const struct broker *broker, const struct run_options *options,
			   struct ctl_result *result)
{
	const char *others = getenv("LD_PRELOAD");
	char preload[PATH_MAX], env[BROKER_ENV], *all;

	if (find_preload(preload, result))
		return CTL_FAILED;
	broker_environment(broker, options->min_size, env);
	if (asprintf(&all, "%s%s%s", preload, others && *others ? ":" : "",
		     others ? others : "") < 0)
		return ctl_fail(result, ENOMEM, "not enough memory; end other programs");
	if (setenv("LD_PRELOAD", all, 1) || setenv(RUN_ENV, env, 1)) {
		free(all);
		return ctl_fail(result, errno,
				"the environment can't be set: %s; end other programs",
				strerror(errno));
	}
	free(all);
	return CTL_OK;
}

/* A core dump has the heap, as ever. Children inherit this; it is no loss if it fails. */
static void set_core_dump(void)
{
	unsigned long filter = read_number(DUMP_FILTER, 16);
	FILE *file = fopen(DUMP_FILTER, "we");

	if (!file)
		return;
	fprintf(file, "%#lx\n", filter | DUMP_SHARED);
	fclose(file);
}

/* ---- while it runs ---- */

static void forward(int signal)
{
	pid_t pid = command_pid;

	if (pid)
		kill(pid, signal);
}

/* Two descriptors a process; the command has been started with what there was. */
static void raise_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* As a shell does: keys are for the command, other requests to end are passed on. */
static void set_signals(void)
{
	struct sigaction action = { .sa_handler = SIG_IGN };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGQUIT, &action, NULL);
	action.sa_handler = forward;
	action.sa_flags = SA_RESTART;
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

static int wait_for(struct broker *broker, pid_t pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	int status = 0;

	while (!broker_serve(broker, pidfd, SAMPLE) &&
	       (pidfd >= 0 || waitpid(pid, &status, WNOHANG) != pid))
		;
	command_pid = 0;
	if (pidfd >= 0) {
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		close(pidfd);
	}
	/* whoever ended with it has done so by now */
	broker_serve(broker, -1, 0);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void say_report(const struct broker_report *report, const char *name, int status)
{
	char peak[SIZE_TEXT], resident[SIZE_TEXT], in[SIZE_TEXT], out[SIZE_TEXT];
	uint64_t page = (uint64_t)getpagesize();

	if (!report->spaces) {
		fprintf(stderr, "vmdevctl run: %s used no memory of vmdev\n", name);
		return;
	}
	fprintf(stderr,
		"vmdevctl run: peak %s, at most %s resident; faults: %llu minor, %llu major, %llu zero; %s read, %s written; %llu process%s\n",
		size_format(report->peak_pages * page, peak),
		size_format(report->peak_resident * page, resident),
		(unsigned long long)report->faults_minor,
		(unsigned long long)report->faults_major,
		(unsigned long long)report->faults_zero,
		size_format(report->read_pages * page, in),
		size_format(report->written_pages * page, out),
		(unsigned long long)report->spaces, report->spaces == 1 ? "" : "es");
	if (status == 128 + SIGBUS)
		fprintf(stderr,
			"vmdevctl run: %s got SIGBUS: the store is full or failed; see 'vmdevctl status'\n",
			name);
}

static void write_report(FILE *output, const struct broker_report *report, int status)
{
	uint64_t page = (uint64_t)getpagesize();
	struct json json = { .out = output };

	json_begin_object(&json, NULL);
	json_number(&json, "status", (uint64_t)status);
	json_number(&json, "processes", report->spaces);
	json_number(&json, "peak_bytes", report->peak_pages * page);
	json_number(&json, "peak_resident_bytes", report->peak_resident * page);
	json_number(&json, "faults_minor", report->faults_minor);
	json_number(&json, "faults_major", report->faults_major);
	json_number(&json, "faults_zero", report->faults_zero);
	json_number(&json, "read_bytes", report->read_pages * page);
	json_number(&json, "written_bytes", report->written_pages * page);
	json_end_object(&json);
}

/* Serve until there has been no process with a space for a while. */
static void serve_rest(struct broker *broker)
{
	struct timespec now;
	int64_t end = 0, ms;

	for (;;) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
		if (!end || broker_in_use(broker))
			end = ms + GRACE;
		else if (ms >= end)
			return;
		broker_serve(broker, -1, broker_in_use(broker) ? -1 : (int)(end - ms));
	}
}

/*
 * Processes that it left behind go on; theirs is the broker until the last has ended.
 * One that is about to be another program is not to be seen now.
 */
static void stay_behind(struct broker *broker)
{
	int null;

	if ((!broker->count && broker->report.spaces < 2) || fork())
		return;
	setsid();
	signal(SIGTERM, SIG_DFL);
	/* no file system is kept busy */
	if (chdir("/"))
		_exit(CTL_FAILED);
	null = open("/dev/null", O_RDWR);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
	}
	serve_rest(broker);
	_exit(CTL_OK);
}

int run_command(struct broker *broker, char **argv, FILE *output, bool quiet)
{
	pid_t pid;
	int status;

	pid = fork();
	if (pid < 0) {
		fprintf(stderr, "vmdevctl: no process for %s: %s; end other programs\n", argv[0],
			strerror(errno));
		return RUN_FAILED;
	}
	if (!pid) {
		execvp(argv[0], argv);
		status = errno == ENOENT ? RUN_NOT_FOUND : RUN_NOT_RUN;
		fprintf(stderr, "vmdevctl: %s: %s; try it without 'vmdevctl run'\n", argv[0],
			strerror(errno));
		_exit(status);
	}
	command_pid = pid;
	set_signals();
	raise_files();
	status = wait_for(broker, pid);
	if (output)
		write_report(output, &broker->report, status);
	else if (!quiet)
		say_report(&broker->report, argv[0], status);
	stay_behind(broker);
	return status;
}

/* The status to exit with where the command can't be started; 0 if it can. */
static int check_command(const char *name, struct ctl_result *result)
{
	char path[PATH_MAX];
	int error = -program_find(name, path);

	if (error == ENOENT) {
		ctl_fail(result, error, "%s: no such program; install it or give another", name);
		return RUN_NOT_FOUND;
	}
	if (error) {
		ctl_fail(result, error, "%s: %s; give a program that this user may run", name,
			 strerror(error));
		return RUN_NOT_RUN;
	}
	return program_check(path, result) ? RUN_NOT_RUN : 0;
}

static int run(const struct ctl_command *command, int argc, char **argv)
{
	struct run_options options = { .min_size = MIN_SIZE };
	struct ctl_result result = { 0 };
	FILE *output = NULL;
	struct broker broker;
	int status, err;

	if (parse(command, argc, argv, &options, &status))
		return status;
	argv += optind;
	status = check_command(argv[0], &result);
	if (!status && check_system(&options, &result))
		status = RUN_FAILED;
	if (!status && options.output) {
		output = fopen(options.output, "we");
		if (!output) {
			status = RUN_FAILED;
			ctl_fail(&result, errno, "%s can't be written: %s; give another file",
				 options.output, strerror(errno));
		}
	}
	if (status) {
		ctl_finish(&result);
		return status;
	}
	err = broker_open(&broker, new_space, &options);
	if (err)
		ctl_fail(&result, -err, "no socket to listen on: %s; see 'ulimit -n'",
			 strerror(-err));
	if (err || set_environment(&broker, &options, &result)) {
		ctl_finish(&result);
		return RUN_FAILED;
	}
	set_core_dump();
	status = run_command(&broker, argv, output, options.quiet);
	broker_close(&broker);
	if (output && fclose(output)) {
		ctl_fail(&result, errno, "%s can't be written: %s; give another file",
			 options.output, strerror(errno));
		ctl_finish(&result);
	}
	return status;
}

const struct ctl_command ctl_run = {
	.name = "run",
	.summary = "run a program with its memory on vmdev",
	.help = help,
	.run = run,
};
