/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For selftests that load and unload the module themselves: finit_module and
 * delete_module, the kernel log, memory figures, and a runner that unloads the
 * module after every subtest. It knows nothing of any one test.
 *
 * A subtest loads the module, does its work and returns; it need not clean up:
 * its process ends, and the runner unloads the module and fails the subtest if
 * that doesn't work. Everything else is as in vmdev_test.h.
 */
#ifndef VMDEV_LOAD_H
#define VMDEV_LOAD_H

#include <sys/syscall.h>

#include "vmdev_test.h"

#define VL_MODULE	"vmdev"

/* ---- What the runner of the suite says about the machine ---- */

static inline const char *vl_env(const char *name)
{
	const char *value = getenv(name);

	vt_need(value && *value, "%s is not set: run this through the VM's runner", name);
	return value;
}

static inline const char *vl_mnt(void)
{
	return vl_env("VMDEV_MNT");
}

static inline const char *vl_disk(void)
{
	return vl_env("VMDEV_DISK");
}

/* Run a command quietly; true if it exited with 0. */
__attribute__((format(printf, 1, 2)))
static inline bool vl_run_command(const char *fmt, ...)
{
	char command[512];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(command, sizeof(command) - 16, fmt, args);
	va_end(args);
	vt_need(n > 0 && (size_t)n < sizeof(command) - 16, "command too long");
	strcat(command, " >/dev/null 2>&1");
	fflush(stdout);
	return system(command) == 0;
}

/* ---- Loading ---- */

static inline bool vl_loaded(void)
{
	return !access("/sys/module/" VL_MODULE, F_OK);
}

/* insmod vmdev.ko with parameters: 0 or -errno. */
__attribute__((format(printf, 1, 2)))
static inline int vl_load(const char *fmt, ...)
{
	char params[512];
	va_list args;
	int fd, ret;

	va_start(args, fmt);
	vsnprintf(params, sizeof(params), fmt, args);
	va_end(args);
	fd = open(vl_env("VMDEV_KO"), O_RDONLY | O_CLOEXEC);
	vt_need(fd >= 0, "%s: %s", vl_env("VMDEV_KO"), strerror(errno));
	ret = syscall(SYS_finit_module, fd, params, 0) ? -errno : 0;
	close(fd);
	return ret;
}

/* The same where it is no question that it works. */
#define vl_must_load(fmt, ...) do {					\
	int __ret = vl_load(fmt, ##__VA_ARGS__);			\
									\
	vt_need(!__ret, "load with " fmt ": %s", ##__VA_ARGS__, strerror(-__ret)); \
} while (0)

/* rmmod: 0 or -errno; never waits for users to go. */
static inline int vl_unload(void)
{
	return syscall(SYS_delete_module, VL_MODULE, O_NONBLOCK) ? -errno : 0;
}

/* What a module in use answers: EWOULDBLOCK from the core, EBUSY in rmmod's words. */
static inline bool vl_is_busy(int ret)
{
	return ret == -EWOULDBLOCK || ret == -EBUSY;
}

/* The last close may be a moment after its process ended. */
static inline int vl_unload_patiently(double seconds)
{
	double end = vt_now() + seconds;
	int ret;

	while (vl_is_busy(ret = vl_unload()) && vt_now() < end)
		vt_sleep_ms(20);
	return ret;
}

/* A module parameter as sysfs shows it, without its newline; 0 or -errno. */
static inline int vl_param(const char *name, char *buf, size_t size)
{
	char path[128];

	snprintf(path, sizeof(path), "../../module/" VL_MODULE "/parameters/%s", name);
	return vt_sysfs_read(path, buf, size);
}

/* ---- The kernel log ---- */

/* A position in the log: what comes after it can be searched. */
static inline int vl_log_mark(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	vt_need(fd >= 0, "/dev/kmsg: %s", strerror(errno));
	vt_need(lseek(fd, 0, SEEK_END) >= 0, "/dev/kmsg: %s", strerror(errno));
	return fd;
}

#define VL_LOG_LINE	2048

/*
 * The text of the next line after the mark that contains a string, in line; false
 * when there is none. The mark moves behind it.
 */
static inline bool vl_log_next(int mark, const char *needle, char line[VL_LOG_LINE])
{
	char record[VL_LOG_LINE];

	for (;;) {
		ssize_t n = read(mark, record, sizeof(record) - 1);
		char *text;

		if (n < 0 && errno == EPIPE)	/* overwritten meanwhile: go on */
			continue;
		if (n <= 0)
			return false;
		record[n] = '\0';
		text = strchr(record, ';');
		text = text ? text + 1 : record;
		text[strcspn(text, "\n")] = '\0';
		if (!strcasestr(text, needle))
			continue;
		strcpy(line, text);
		return true;
	}
}

/* ---- Memory ---- */

/* A number from a file of "name: value" or "name value" lines. */
static inline uint64_t vl_proc_value(const char *path, const char *name)
{
	FILE *f = fopen(path, "re");
	char line[256];
	uint64_t value = 0;
	bool found = false;

	vt_need(f, "%s: %s", path, strerror(errno));
	while (!found && fgets(line, sizeof(line), f)) {
		size_t n = strlen(name);

		if (strncmp(line, name, n) || (line[n] != ':' && line[n] != ' '))
			continue;
		value = strtoull(line + n + 1, NULL, 10);
		found = true;
	}
	fclose(f);
	vt_need(found, "%s has no line %s", path, name);
	return value;
}

static inline uint64_t vl_meminfo_kb(const char *name)
{
	return vl_proc_value("/proc/meminfo", name);
}

static inline uint64_t vl_oom_kills(void)
{
	return vl_proc_value("/proc/vmstat", "oom_kill");
}

/* ---- Running subtests ---- */

struct vl_suite {
	const struct vt_test *tests;
	unsigned int count;
	unsigned int seconds;		/* for one subtest; 0: as vt_run() has it */
	void (*before_unload)(void);	/* both run after every subtest, in the runner */
	void (*after_unload)(void);
};

/* No module may be loaded before a subtest, and none stays after it. */
static inline bool vl_tidy_up(const struct vl_suite *suite)
{
	int ret = 0;

	if (suite->before_unload)
		suite->before_unload();
	if (vl_loaded()) {
		ret = vl_unload_patiently(30);
		if (ret)
			vt_msg("unload: %s", strerror(-ret));
	}
	if (suite->after_unload)
		suite->after_unload();
	return !ret;
}

static inline int vl_run(const struct vl_suite *suite)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	vt_main_pid = getpid();
	if (suite->seconds)
		vt_timeout = suite->seconds;
	ksft_print_header();
	ksft_set_plan(suite->count);
	if (!vl_tidy_up(suite))
		ksft_exit_fail_msg("the module is loaded and can't be unloaded\n");
	for (unsigned int i = 0; i < suite->count; i++) {
		const struct vt_test *test = &suite->tests[i];
		double start = vt_now();
		int result = vt_run_one(test);

		if (!vl_tidy_up(suite))
			ksft_exit_fail_msg("%s: the module can't be unloaded\n", test->name);
		if (result == KSFT_SKIP)
			ksft_test_result_skip("%s\n", test->name);
		else
			ksft_test_result(result == KSFT_PASS, "%s (%.1f s)\n", test->name,
					 vt_now() - start);
	}
	ksft_finished();
	return KSFT_FAIL;	/* not reached */
}

#endif /* VMDEV_LOAD_H */
