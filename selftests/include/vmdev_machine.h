/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For selftests that do things to the machine: control groups, a kernel log that may
 * say alarming things without being alarmed, files of the kernel's, memory leaks.
 * It knows nothing of any one test.
 */
#ifndef VMDEV_MACHINE_H
#define VMDEV_MACHINE_H

#include <sys/klog.h>
#include <sys/stat.h>

#include "vmdev_test.h"

/* ---- Files ---- */

/* Write text to a file that is there: 0 or -errno. */
__attribute__((format(printf, 2, 3)))
static inline int vm_write(const char *path, const char *fmt, ...)
{
	char text[256];
	va_list args;
	int fd, ret = 0;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* The start of a file as a string: its length or -errno. */
static inline ssize_t vm_read(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	if (n < 0)
		n = -errno;
	else
		buf[n] = '\0';
	close(fd);
	return n;
}

/* How many seconds to go on: an environment variable, or what make check takes. */
static inline unsigned int vm_seconds(const char *name, unsigned int seconds)
{
	const char *value = getenv(name);

	return value && *value ? strtoul(value, NULL, 10) : seconds;
}

/* ---- The kernel log ----
 *
 * An OOM kill and an injected failure print a call trace, which the runner takes for
 * a bug where it comes out on the console. Between begin and end nothing but an
 * emergency does; end looks through the log itself for what is a bug.
 */
struct vm_quiet {
	int log;
	int level;
};

static inline struct vm_quiet vm_quiet_begin(void)
{
	struct vm_quiet q = { .log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC) };
	char level[64] = "7";

	vt_need(q.log >= 0 && lseek(q.log, 0, SEEK_END) >= 0, "/dev/kmsg: %s", strerror(errno));
	vm_read("/proc/sys/kernel/printk", level, sizeof(level));
	q.level = atoi(level);
	vt_need(!klogctl(8, NULL, 1), "console log level: %s", strerror(errno));
	return q;
}

/* To be called now and then while much is logged. True if no bug was reported. */
static inline bool vm_quiet_look(struct vm_quiet *q)
{
	static const char *const bugs[] = {
		"BUG:", "WARNING:", "Oops", "general protection", "circular locking",
		"unreferenced object", "blocked for more than", "stall", "KASAN", "UBSAN",
		"ODEBUG", "vmdev: bug",
	};
	char record[2048];
	bool ok = true;

	for (;;) {
		ssize_t n = read(q->log, record, sizeof(record) - 1);

		if (n < 0 && (errno == EPIPE || errno == EINTR))
			continue;
		if (n <= 0)
			return ok;
		record[n] = '\0';
		/* the kernel's own, when there is no memory for a module's static keys or
		 * the fields of its tracepoints
		 */
		if (strstr(record, "jump_label") || strstr(record, "event_define_fields"))
			continue;
		for (unsigned int i = 0; i < sizeof(bugs) / sizeof(bugs[0]); i++) {
			if (!strstr(record, bugs[i]))
				continue;
			vt_msg("kernel: %.300s", record);
			ok = false;
		}
	}
}

static inline bool vm_quiet_end(struct vm_quiet *q)
{
	bool ok = vm_quiet_look(q);

	klogctl(8, NULL, q->level);
	close(q->log);
	return ok;
}

/* ---- Memory leaks: only where the kernel has kmemleak, and it is on ---- */

#define VM_KMEMLEAK	"/sys/kernel/debug/kmemleak"

/* Forget what is there already. */
static inline void vm_leaks_clear(void)
{
	vm_write(VM_KMEMLEAK, "clear");
}

/* False if the kernel knows memory that nobody points to. */
static inline bool vm_no_leaks(void)
{
	char report[1024];
	ssize_t n;

	/* what was freed a moment ago may still be pointed to from a stack: twice */
	if (vm_write(VM_KMEMLEAK, "scan"))
		return vt_skip("no kmemleak, or it is off");
	vt_sleep_ms(5500);	/* younger objects are not reported */
	vm_write(VM_KMEMLEAK, "scan");
	n = vm_read(VM_KMEMLEAK, report, sizeof(report));
	if (n <= 0)
		return true;
	vt_msg("kmemleak: %.400s", report);
	vm_leaks_clear();
	return false;
}

/* ---- Control groups, version 2 ---- */

#define VM_CGROUP_ROOT	"/sys/fs/cgroup"

struct vm_cgroup {
	char path[128];
};

/* Make a group with the controllers of a list, "+memory"; false where there is none. */
static inline bool vm_cgroup_make(struct vm_cgroup *g, const char *name, const char *controllers)
{
	snprintf(g->path, sizeof(g->path), VM_CGROUP_ROOT "/vmdev-%s-%d", name, (int)getpid());
	if (*controllers && vm_write(VM_CGROUP_ROOT "/cgroup.subtree_control", "%s", controllers))
		return false;
	return !mkdir(g->path, 0755) || errno == EEXIST;
}

static inline int vm_cgroup_set(const struct vm_cgroup *g, const char *file, const char *value)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", g->path, file);
	return vm_write(path, "%s", value);
}

/* The calling process goes into the group. */
static inline void vm_cgroup_enter(const struct vm_cgroup *g)
{
	int ret = vm_cgroup_set(g, "cgroup.procs", "0");

	vt_need(!ret, "%s/cgroup.procs: %s", g->path, strerror(-ret));
}

/* A number from a line "name value" of one of its files. */
static inline uint64_t vm_cgroup_value(const struct vm_cgroup *g, const char *file,
				       const char *name)
{
	char path[256], text[4096], *line;

	snprintf(path, sizeof(path), "%s/%s", g->path, file);
	vt_need(vm_read(path, text, sizeof(text)) >= 0, "%s", path);
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		size_t n = strlen(name);

		if (!strncmp(line, name, n) && line[n] == ' ')
			return strtoull(line + n, NULL, 10);
	}
	vt_die("%s has no %s", path, name);
	return 0;
}

/* Wait until a line says what it should; false after some seconds. */
static inline bool vm_cgroup_wait(const struct vm_cgroup *g, const char *file, const char *name,
				  uint64_t value, double seconds)
{
	double end = vt_now() + seconds;

	while (vm_cgroup_value(g, file, name) != value) {
		if (vt_now() > end)
			return false;
		vt_sleep_ms(2);
	}
	return true;
}

/* It must be empty, or become so soon. */
static inline void vm_cgroup_remove(struct vm_cgroup *g)
{
	for (int i = 0; i < 500 && rmdir(g->path) && errno == EBUSY; i++)
		vt_sleep_ms(10);
}

#endif /* VMDEV_MACHINE_H */
