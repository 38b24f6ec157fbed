// SPDX-License-Identifier: GPL-2.0
/*
 * fork(2): the child gets a space of its own with a copy of what its parent has.
 *
 * Mappings of a space are shared mappings, so none of ours is inherited
 * (MADV_DONTFORK), and the child must have its copy mapped before it runs anything
 * that uses the heap. A handler of pthread_atfork(3) would be too late: before it
 * runs, the C library repairs locks and thread data that can lie in the heap. So the
 * call itself is caught: our handler, the last to run before it, has the kernel send
 * SIGSYS for this thread's system calls (syscall user dispatch), and the signal's
 * handler makes the copy, then the call, and in the child maps the copy. Calls other
 * than that, locks of the C library mostly, are simply done.
 *
 * All locks that others take for a fork are held then, the allocator's among them,
 * but other threads run on; what they write while the copy is made may or may not be
 * in it. vfork(2) and posix_spawn(3) are not caught and cost nothing.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/rseq.h>
#include <ucontext.h>
#include <unistd.h>

#include "fork.h"
#include "memory.h"
#include "space.h"
#include "sys.h"

#define EXPORT		__attribute__((visibility("default")))
#define MASK_BYTES	8

/* Not in all headers. */
#ifndef SS_AUTODISARM
#define SS_AUTODISARM		(1U << 31)
#endif
#ifndef SYS_USER_DISPATCH
#define SYS_USER_DISPATCH	2	/* siginfo_t.si_code */
#endif

/* What the kernel takes for struct sigaction. */
struct kernel_action {
	void (*handler)(int signal, siginfo_t *info, void *context);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

#define KERNEL_SA_RESTORER	0x04000000

/* As the C library registers it. */
#define RSEQ_BYTES		32

/* The linker's: this library's text, in which our own system calls are. */
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
extern const char etext[] __attribute__((visibility("hidden")));

void preload_restorer(void);
__asm__(".text\n"
	".type preload_restorer, @function\n"
	"preload_restorer:\n"
	"	mov $15, %eax\n"	/* SYS_rt_sigreturn */
	"	syscall\n"
	".size preload_restorer, . - preload_restorer\n");

/* Of the fork under way; there is one at a time, under the lock of memory.h. */
static struct {
	struct kernel_action action;
	uint64_t mask;
	stack_t stack;
} before;

/* The program's stack may be ours, and then the child has none until it has its copy. */
static char handler_stack[64 << 10] __attribute__((aligned(64)));

/* Back to normal when the handler returns. */
static void disarm(ucontext_t *context)
{
	sys(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_OFF);
	sys(SYS_rt_sigaction, SIGSYS, &before.action, NULL, MASK_BYTES);
	memcpy(&context->uc_sigmask, &before.mask, MASK_BYTES);
	context->uc_stack = before.stack;
}

/*
 * The kernel writes into a thread's restartable sequence area whenever that moves to
 * another processor, and ends a process where it can't. It is in the thread's control
 * block, and that on a stack which may be ours.
 */
static void set_rseq(bool on)
{
	uintptr_t self = (uintptr_t)__builtin_thread_pointer();

	if (__rseq_size && ranges_cover(&memory_ranges, self, self + 1))
		sys(SYS_rseq, self + __rseq_offset, RSEQ_BYTES, on ? 0 : RSEQ_FLAG_UNREGISTER,
		    RSEQ_SIG);
}

/* In the new process, whose memory is there only from here on. */
static void begin_child(ucontext_t *context, const struct space_copy *copy)
{
	greg_t *regs = context->uc_mcontext.gregs;
	int *tid = (int *)regs[REG_R10];

	space_adopt(copy, &memory_ranges);
	memory_lock_renew();
	if (regs[REG_RDI] & CLONE_CHILD_SETTID)
		*tid = (int)sys(SYS_gettid);
	if (regs[REG_RDI] & CLONE_CHILD_CLEARTID)
		sys(SYS_set_tid_address, tid);
	if (regs[REG_RSI])
		regs[REG_RSP] = regs[REG_RSI];
}

/* clone(2) without CLONE_VM, as caught; the registers are its arguments. */
static long clone_with_copy(ucontext_t *context)
{
	greg_t *regs = context->uc_mcontext.gregs;
	long flags = regs[REG_RDI] & ~(CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID);
	struct space_copy copy;
	long pid;

	pid = space_copy(&copy, &memory_ranges);
	if (!pid) {
		set_rseq(false);
		/* the child goes on here first, so not yet on a stack of its own */
		pid = sys(SYS_clone, flags, 0, regs[REG_RDX], regs[REG_R10], regs[REG_R8]);
		if (pid)
			space_copy_close(&copy);
		else
			begin_child(context, &copy);
		set_rseq(true);
	}
	disarm(context);
	if (pid)
		memory_unlock();
	return pid;
}

/* Not ours: somebody's filter of system calls, in another thread. */
static void pass_on(int signal, siginfo_t *info, void *context)
{
	struct kernel_action action = before.action;
	long pid = sys(SYS_getpid), tid = sys(SYS_gettid);

	if (action.handler == (void *)SIG_DFL) {
		sys(SYS_rt_sigaction, signal, &action, NULL, MASK_BYTES);
		sys(SYS_tgkill, pid, tid, signal);
	} else if (action.handler != (void *)SIG_IGN) {
		action.handler(signal, info, context);
	}
}

static void handle_call(int signal, siginfo_t *info, void *data)
{
	ucontext_t *context = data;
	greg_t *regs = context->uc_mcontext.gregs;
	long number = regs[REG_RAX];

	if (info->si_code != SYS_USER_DISPATCH) {
		pass_on(signal, info, data);
		return;
	}
	if (number == SYS_clone)
		regs[REG_RAX] = clone_with_copy(context);
	else
		regs[REG_RAX] = sys(number, regs[REG_RDI], regs[REG_RSI], regs[REG_RDX],
				    regs[REG_R10], regs[REG_R8], regs[REG_R9]);
}

/* From here to the clone, system calls of this thread come to handle_call(). */
static void arm(void)
{
	const struct kernel_action action = {
		.handler = handle_call,
		.flags = SA_SIGINFO | SA_ONSTACK | KERNEL_SA_RESTORER,
		.restorer = preload_restorer,
		.mask = ~0ULL,
	};
	const uint64_t mask = ~(1ULL << (SIGSYS - 1));
	const stack_t stack = {
		/* not in use while the handler runs, or it could not be replaced there */
		.ss_flags = (int)SS_AUTODISARM,
		.ss_sp = handler_stack, .ss_size = sizeof(handler_stack),
	};

	long err;

	memory_lock();
	if (!space_ready()) {
		memory_unlock();
		return;
	}
	/* handlers of other signals would end in a system call that can't be caught */
	sys(SYS_rt_sigprocmask, SIG_SETMASK, &mask, &before.mask, MASK_BYTES);
	/* refused on a stack for signals: then that one will do */
	sys(SYS_sigaltstack, NULL, &before.stack);
	sys(SYS_sigaltstack, &stack, NULL);
	sys(SYS_rt_sigaction, SIGSYS, &action, &before.action, MASK_BYTES);
	err = sys(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, __ehdr_start,
		  etext - __ehdr_start, NULL);
	if (!err)
		return;
	/* forbidden to this process: its child will have nothing, and end by SIGSEGV */
	space_say("a child can't have its memory, fork isn't caught", (int)-err);
	sys(SYS_rt_sigaction, SIGSYS, &before.action, NULL, MASK_BYTES);
	sys(SYS_sigaltstack, &before.stack, NULL);
	sys(SYS_rt_sigprocmask, SIG_SETMASK, &before.mask, NULL, MASK_BYTES);
	memory_unlock();
}

void fork_init(void)
{
	pthread_atfork(arm, NULL, NULL);
}

/* ---- without handlers ---- */

/* The C library's function of that name. */
static void *next(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	if (!function)
		errno = ENOSYS;
	return function;
}

EXPORT pid_t _Fork(void)
{
	__typeof__(_Fork) *real = next("_Fork");

	if (!real)
		return -1;
	arm();
	return real();
}

EXPORT int clone(int (*function)(void *), void *stack, int flags, void *argument, ...)
{
	__typeof__(clone) *real = next("clone");
	void *parent_tid, *tls, *child_tid;
	va_list args;

	if (!real)
		return -1;
	/* whether given or not, as the C library reads them */
	va_start(args, argument);
	parent_tid = va_arg(args, void *);
	tls = va_arg(args, void *);
	child_tid = va_arg(args, void *);
	va_end(args);
	if (!(flags & CLONE_VM) && function && stack)
		arm();
	return real(function, stack, flags, argument, parent_tid, tls, child_tid);
}
