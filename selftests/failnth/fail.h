/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Systematic failure: a step is done again and again while its first, second, third
 * ... allocation or user copy fails, until it is through without a failure. Needs a
 * kernel with CONFIG_FAULT_INJECTION. It knows nothing of the steps.
 */
#ifndef VMDEV_FAIL_H
#define VMDEV_FAIL_H

#include <sys/rseq.h>
#include <sys/syscall.h>

#include "vmdev_load.h"
#include "vmdev_machine.h"

#define FI_DEBUG	"/sys/kernel/debug/"
#define FI_MAX		20000U

/* One step. All but run may be NULL. */
struct fi_step {
	const char *name;
	void (*prepare)(void);		/* nothing fails in it */
	int (*run)(void);		/* 0, -errno, or the signal it got */
	bool (*verify)(int result);	/* also undoes it; nothing fails in it */
	int also[4];			/* results accepted beside the usual ones */
};

static int fi_fd = -1;
static struct vm_quiet fi_quiet;

static inline void fi_end_quiet(void)
{
	vm_quiet_end(&fi_quiet);
}

/* Before the first subtest. The console's level is as before when the program ends. */
static inline void fi_begin_quiet(void)
{
	fi_quiet = vm_quiet_begin();
	atexit(fi_end_quiet);
}

static inline const char *fi_missing(void)
{
	if (access("/proc/thread-self/fail-nth", W_OK))
		return "no /proc/thread-self/fail-nth: the kernel has no CONFIG_FAULT_INJECTION";
	if (access(FI_DEBUG "failslab", F_OK) || access(FI_DEBUG "fail_page_alloc", F_OK) ||
	    access(FI_DEBUG "fail_usercopy", F_OK))
		return "the kernel can't fail all of slabs, pages and copies from user memory";
	return NULL;
}

/*
 * The kernel writes to a task's area for restartable sequences when it was interrupted. After
 * a fork that takes a page: a task that gets none is killed, whatever it was doing.
 */
static inline void fi_without_rseq(void)
{
	char *area = (char *)__builtin_thread_pointer() + __rseq_offset;

	vt_need(!__rseq_size ||
		!syscall(SYS_rseq, area, sizeof(struct rseq), RSEQ_FLAG_UNREGISTER, RSEQ_SIG),
		"rseq: %s", strerror(errno));
}

/* All allocations count, those that may wait too; nothing is logged. */
static inline void fi_set_up(void)
{
	static const char *const settings[][2] = {
		{ "failslab/ignore-gfp-wait", "N" },
		{ "failslab/verbose", "0" },
		{ "fail_page_alloc/ignore-gfp-wait", "N" },
		{ "fail_page_alloc/ignore-gfp-highmem", "N" },
		{ "fail_page_alloc/min-order", "0" },
		{ "fail_page_alloc/verbose", "0" },
		{ "fail_usercopy/verbose", "0" },
	};
	char path[128];

	for (unsigned int i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		snprintf(path, sizeof(path), FI_DEBUG "%s", settings[i][0]);
		vt_need(!vm_write(path, settings[i][1]), "%s", path);
	}
	vm_write(FI_DEBUG "fail_futex/verbose", "0");
	fi_without_rseq();
}

static inline void fi_arm(unsigned int nth)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%u", nth);

	if (fi_fd < 0)
		fi_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	vt_need(pwrite(fi_fd, text, n, 0) == n, "fail-nth: %s", strerror(errno));
}

/* True if something has failed since fi_arm(). */
static inline bool fi_disarm(void)
{
	char text[16] = "";
	ssize_t n = pread(fi_fd, text, sizeof(text) - 1, 0);

	if (n < 0)	/* it is the copy of this very read that failed */
		return false;
	if (!atoi(text))
		return true;
	/* the copy of the write may fail: then it has done its duty too */
	for (int i = 0; i < 3 && pwrite(fi_fd, "0", 1, 0) != 1; i++)
		;
	return false;
}

static inline bool fi_accepted(const struct fi_step *step, int result)
{
	static const int usual[] = { 0, -ENOMEM, -EFAULT, SIGBUS };

	for (unsigned int i = 0; i < ARRAY_SIZE(usual); i++)
		if (result == usual[i])
			return true;
	for (unsigned int i = 0; i < ARRAY_SIZE(step->also); i++)
		if (step->also[i] && result == step->also[i])
			return true;
	return false;
}

static inline const char *fi_result(int result)
{
	return result < 0 ? strerror(-result) : result ? strsignal(result) : "success";
}

/* How much could fail in a run: allocations and copies. */
static inline unsigned int fi_count(int (*run)(void))
{
	char text[16] = "";

	fi_arm(1000000);
	run();
	vt_need(pread(fi_fd, text, sizeof(text) - 1, 0) > 0, "fail-nth: %s", strerror(errno));
	fi_disarm();
	return 1000000 - strtoul(text, NULL, 10);
}

/* VMDEV_FAIL_STEP has words of the names of the steps to walk, no others. */
static inline bool fi_left_out(const struct fi_step *step)
{
	static bool walked;
	const char *only = getenv("VMDEV_FAIL_STEP");

	walked = walked || !only || strstr(step->name, only);
	vt_skipped = !walked;
	return only && !strstr(step->name, only);
}

/* From one allocation, counted from 1, to the last; or that of VMDEV_FAIL_NTH alone. */
static inline bool fi_walk_from(const struct fi_step *step, unsigned int first)
{
	unsigned int only = strtoul(getenv("VMDEV_FAIL_NTH") ?: "", NULL, 10);
	unsigned int failed = 0, nth, last = only ?: FI_MAX - 1;
	double start = vt_now(), said = start;
	bool hit = true;

	if (fi_left_out(step))
		return true;
	first = only ?: first;
	for (nth = first; hit && nth <= last; nth++) {
		int result;

		if (vt_now() > said + 60) {
			said = vt_now();
			vt_msg("%s: at the %u. after %.0f s", step->name, nth, said - start);
		}

		if (step->prepare)
			step->prepare();
		fi_arm(nth);
		result = step->run();
		hit = fi_disarm();
		failed += !!result;
		if (hit)
			vt_check(fi_accepted(step, result), "%s: the %u. failure: %s", step->name,
				 nth, fi_result(result));
		else
			vt_check(!result, "%s: nothing failed: %s", step->name, fi_result(result));
		if (step->verify)
			vt_check(step->verify(result), "%s: after the %u. failure (%s)",
				 step->name, nth, fi_result(result));
		vt_check(vm_quiet_look(&fi_quiet), "%s: after the %u. failure", step->name, nth);
	}
	vt_check(only || !hit, "%s: no end", step->name);
	vt_check(only ? hit : nth - 1 > first, "%s: nothing could be made to fail", step->name);
	vt_msg("%s: %u failures, %u seen (%.1f s)", step->name, nth - first - !hit, failed,
	       vt_now() - start);
	return true;
}

static inline bool fi_walk(const struct fi_step *step)
{
	return fi_walk_from(step, 1);
}

static inline bool fi_walk_all(const struct fi_step *steps, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (!fi_walk(&steps[i]))
			return false;
	return true;
}

/* ---- SIGBUS without a system call between arming and touching ---- */

static sigjmp_buf fi_env;

static inline void fi_handler(int sig)
{
	siglongjmp(fi_env, sig);
}

static inline void fi_catch_signals(void)
{
	struct sigaction act = { .sa_handler = fi_handler, .sa_flags = SA_NODEFER };

	vt_need(!sigaction(SIGBUS, &act, NULL) && !sigaction(SIGSEGV, &act, NULL), "sigaction");
}

/* 0 or the signal. */
static inline int fi_touch(char *p, bool write)
{
	int sig = sigsetjmp(fi_env, 0);

	if (sig)
		return sig;
	if (write)
		*(volatile char *)p = *(volatile char *)p;
	else
		(void)*(volatile char *)p;
	return 0;
}

/* vl_run() where the kernel can fail what it is asked to. */
static inline int fi_run(const struct vl_suite *suite)
{
	if (fi_missing())
		ksft_exit_skip("%s\n", fi_missing());
	fi_set_up();
	fi_begin_quiet();
	vm_leaks_clear();
	return vl_run(suite);
}

#endif /* VMDEV_FAIL_H */
