/* SPDX-License-Identifier: GPL-2.0 */
/*
 * System calls without the C library: no errno, no cancellation, nothing that this
 * library replaces itself, and instructions that lie in its own text, which is what
 * fork.c tells its own calls from others by. Results are those of the kernel: -errno
 * for a failure.
 */
#ifndef PRELOAD_SYS_H
#define PRELOAD_SYS_H

#include <stdbool.h>
#include <sys/syscall.h>

#ifndef __x86_64__
#error "the preload library is for x86-64"
#endif

static inline __attribute__((always_inline)) long
sys_raw(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

#define sys_pad(number, a, b, c, d, e, f, ...) \
	sys_raw(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* sys(SYS_close, fd): up to six arguments */
#define sys(number, ...) sys_pad(number, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)

/* The kernel's way to say that it failed. */
static inline bool sys_failed(long result)
{
	return (unsigned long)result >= -4095UL;
}

#endif /* PRELOAD_SYS_H */
