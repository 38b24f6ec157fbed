// SPDX-License-Identifier: GPL-2.0
/*
 * The random ioctls of uapi_case.h from a 32-bit program. It has no C library, which
 * a 64-bit machine need not have for 32 bits. Started by uapi; ends with 0, or 1 after
 * a line on standard output.
 */
#include "uapi_case.h"

#define SECONDS	12

enum { NR_EXIT = 1, NR_WRITE = 4, NR_OPEN = 5, NR_IOCTL = 54, NR_MPROTECT = 125, NR_MMAP2 = 192,
	NR_CLOCK_GETTIME64 = 403 };

static long call(long nr, long a, long b, long c, long d, long e)
{
	register long ret asm("eax") = nr;

	/* ebp is the sixth argument, the offset of mmap2: 0 */
	asm volatile ("push %%ebp; xor %%ebp, %%ebp; int $0x80; pop %%ebp"
		      : "+a" (ret) : "b" (a), "c" (b), "d" (c), "S" (d), "D" (e) : "memory", "cc");
	return ret;
}

/* gcc may make calls of these by itself */
void *memset(void *to, int byte, size_t n);
void *memcpy(void *to, const void *from, size_t n);

void *memset(void *to, int byte, size_t n)
{
	uc_fill(to, byte, n);
	return to;
}

void *memcpy(void *to, const void *from, size_t n)
{
	uc_move(to, from, n);
	return to;
}

static void say(const char *text)
{
	unsigned int n = 0;

	while (text[n])
		n++;
	call(NR_WRITE, 1, (long)text, n, 0, 0);
}

static void say_number(unsigned int value)
{
	char text[] = " 0x00000000";

	for (unsigned int i = 0; i < 8; i++, value <<= 4)
		text[3 + i] = "0123456789abcdef"[value >> 28];
	say(text);
}

/* Seconds. The calls with a time of 32 bits may be configured away. */
static unsigned int now(void)
{
	struct { int64_t sec, nsec; } time = { 0 };

	if (call(NR_CLOCK_GETTIME64, 0, (long)&time, 0, 0, 0)) {
		say("# 32 bits: no clock\n");
		call(NR_EXIT, 1, 0, 0, 0, 0);
	}
	return time.sec;
}

static int uc_ioctl(int fd, unsigned int request, uintptr_t arg)
{
	return call(NR_IOCTL, fd, request, arg, 0, 0);
}

static void uc_complain(const char *what, unsigned int request, int got, int want)
{
	say("# 32 bits: ");
	say(what);
	say(": request, result, expected:");
	say_number(request);
	say_number(-got);
	say_number(-want);
	say("\n");
}

static unsigned char *pages(unsigned int n)
{
	/* readable and writable, private and anonymous */
	return (unsigned char *)call(NR_MMAP2, 0, n * UC_PAGE, 3, 0x22, -1);
}

static int run(void)
{
	unsigned int end = now() + SECONDS;
	struct vmdev_info info;
	struct uc u = { .rnd = end };
	unsigned int i;

	u.fd = call(NR_OPEN, (long)"/dev/vmdev", 2, 0, 0, 0);
	u.rw = pages(2);
	u.ro = pages(1);
	u.entries = (void *)pages(1);
	if (u.fd < 0 || uc_ioctl(u.fd, VMDEV_IOC_GET_INFO, (uintptr_t)&info)) {
		say("# 32 bits: no device\n");
		return 1;
	}
	u.half = info.pool_frames >> 1;
	for (i = 0; i < UC_PAGE; i += 8)
		uc_move(u.ro + i, &(uint64_t){ uc_value(&u) }, 8);
	call(NR_MPROTECT, (long)(u.rw + UC_PAGE), UC_PAGE, 0, 0, 0);
	call(NR_MPROTECT, (long)u.ro, UC_PAGE, 1, 0, 0);

	if (!uc_every(&u, VMDEV_IOC_MAGIC))
		return 1;
	while (now() < end)
		for (i = 0; i < 1000; i++)
			if (!uc_case(&u))
				return 1;
	uc_end(&u);
	say("# 32 bits: calls that did something, calls refused:");
	say_number(u.good);
	say_number(u.refused);
	say("\n");
	return u.good < 100 || u.refused < 100;
}

void _start(void);

__attribute__((force_align_arg_pointer)) void _start(void)
{
	call(NR_EXIT, run(), 0, 0, 0, 0);
}
