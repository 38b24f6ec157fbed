// SPDX-License-Identifier: GPL-2.0
/*
 * A program that uses memory in every way the preload library takes care of, and
 * knows what each byte must be. Run it under `vmdevctl run`, or under preload/run on
 * a machine without the device. Prints TAP; SECONDS is for the random part. With spawn it
 * only starts programs, which leave run alone, so that this is the one process on a space.
 *
 *	stress [SECONDS | spawn]
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <jemalloc/jemalloc.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/vmdev.h>
#include <zlib.h>

#include "../tap.h"

#define PAGE	4096UL
#define RW	(PROT_READ | PROT_WRITE)
#define ANON	(MAP_PRIVATE | MAP_ANONYMOUS)

extern char **environ;

/* Of libraries that this isn't linked with. */
#define SYMBOL(library, name)	((__typeof__(name) *)dlsym(library, #name))
#define JEMALLOC(name)		SYMBOL(RTLD_DEFAULT, name)

static double seconds = 3;

/* ---- content ---- */

static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 31)) * 0x9e3779b97f4a7c15ULL;
	return x ^ (x >> 29);
}

static void fill(void *memory, size_t length, uint64_t seed)
{
	char *byte = memory;
	uint64_t word;

	for (; length >= sizeof(word); length -= sizeof(word), byte += sizeof(word)) {
		word = mix(seed++);
		memcpy(byte, &word, sizeof(word));
	}
	word = mix(seed);
	memcpy(byte, &word, length);
}

static bool holds(const void *memory, size_t length, uint64_t seed)
{
	const char *byte = memory;
	uint64_t word, got;

	for (; length >= sizeof(word); length -= sizeof(word), byte += sizeof(word)) {
		memcpy(&got, byte, sizeof(got));
		if (got != mix(seed++))
			return false;
	}
	word = mix(seed);
	return !memcmp(byte, &word, length);
}

static bool is_zero(const void *memory, size_t length)
{
	const unsigned char *byte = memory;

	while (length && !*byte) {
		byte++;
		length--;
	}
	return !length;
}

static void *map(size_t length)
{
	void *memory = mmap(NULL, length, RW, ANON, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* Does the address lie on a space? That is what all of this is about. */
static bool is_on_space(const void *address)
{
	unsigned long start, end;
	char line[512], name[256];
	bool found = false;
	FILE *maps = fopen("/proc/self/maps", "re");

	while (maps && fgets(line, sizeof(line), maps)) {
		name[0] = '\0';
		if (sscanf(line, "%lx-%lx %*s %*s %*s %*s %255s", &start, &end, name) >= 2 &&
		    (uintptr_t)address >= start && (uintptr_t)address < end)
			found = strstr(name, "vmdev");
	}
	if (maps)
		fclose(maps);
	return found;
}

/* The descriptors that are no regular program's, by where they point to. */
static int find_fd(const char *what)
{
	char path[64], to[256];
	ssize_t length;
	int fd;

	for (fd = 3; fd < 2000; fd++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		length = readlink(path, to, sizeof(to) - 1);
		if (length < 0)
			continue;
		to[length] = '\0';
		if (strstr(to, what))
			return fd;
	}
	return -1;
}

/* How a child ended: its exit status or -signal. */
static int reap(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 1000;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* ---- the heap ---- */

static void test_heap(void)
{
	static const size_t sizes[] = { 1, 24, 4000, 70000, 3 << 20 };
	bool good = true, placed = true, zero = true;
	size_t i, align;
	char *p;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t n = sizes[i];

		p = malloc(n);
		placed &= is_on_space(p);
		fill(p, n, i);
		good &= malloc_usable_size(p) >= n;
		p = realloc(p, 3 * n);
		good &= p && holds(p, n, i);
		fill(p, 3 * n, i);
		p = realloc(p, n / 2 + 1);
		good &= p && holds(p, n / 2 + 1, i);
		free(p);
		p = calloc(3, n);
		zero &= p && is_zero(p, 3 * n);
		memset(p, 7, 3 * n);
		free(p);
		p = calloc(3, n);
		zero &= p && is_zero(p, 3 * n);
		free(p);
	}
	ok(placed, "the heap is on the space");
	ok(good, "malloc, realloc and malloc_usable_size");
	ok(zero, "calloc gives zeroes, also where there was something");
	good = true;
	for (align = 16; align <= 1 << 22; align *= 2) {
		void *aligned[4] = { NULL };

		good &= !posix_memalign(&aligned[0], align, 100);
		aligned[1] = aligned_alloc(align, 2 * align);
		aligned[2] = memalign(align, 50);
		aligned[3] = align <= PAGE ? valloc(10) : pvalloc(10);
		for (i = 0; i < 4; i++) {
			good &= aligned[i] && !((uintptr_t)aligned[i] % (i == 3 ? PAGE : align));
			free(aligned[i]);
		}
	}
	ok(good, "posix_memalign, aligned_alloc, memalign, valloc, pvalloc");
	/* not a constant, or the compiler knows better */
	align = SIZE_MAX / 2;
	errno = 0;
	p = malloc(align - (size_t)seconds);
	ok(!p && errno == ENOMEM, "what can't be is refused");
	free(p);
}

static void count_text(void *count, const char *text)
{
	*(size_t *)count += strlen(text);
}

/* What jemalloc has beside malloc, for programs that are made for it. */
static void test_jemalloc(void)
{
	const char *dss = "", *again = "";
	size_t n = 100000, length, printed = 0, mib[2], depth = ARRAY_SIZE(mib);
	char *p;

	if (!ok(JEMALLOC(mallocx) && JEMALLOC(mallctl), "jemalloc's own functions"))
		return;
	p = JEMALLOC(mallocx)(n, MALLOCX_LG_ALIGN(16) | MALLOCX_ZERO);
	ok(p && is_on_space(p) && !((uintptr_t)p % (1 << 16)) && is_zero(p, n), "mallocx");
	fill(p, n, 16);
	p = JEMALLOC(rallocx)(p, 3 * n, 0);
	ok(p && is_on_space(p + 3 * n - 1) && holds(p, n, 16), "rallocx");
	fill(p, 3 * n, 17);
	length = JEMALLOC(xallocx)(p, 2 * n, 0, 0);
	ok(length >= 2 * n && length == JEMALLOC(sallocx)(p, 0) && holds(p, 2 * n, 17),
	   "xallocx, sallocx");
	JEMALLOC(sdallocx)(p, length, 0);
	p = JEMALLOC(mallocx)(100, 0);
	fill(p, 100, 18);
	ok(JEMALLOC(nallocx)(100, 0) == malloc_usable_size(p) && holds(p, 100, 18), "nallocx");
	JEMALLOC(dallocx)(p, 0);
	length = sizeof(dss);
	ok(!JEMALLOC(mallctl)("opt.dss", &dss, &length, NULL, 0) && !strcmp(dss, "disabled"),
	   "mallctl: no memory of sbrk");
	ok(!JEMALLOC(mallctlnametomib)("opt.dss", mib, &depth) &&
	   !JEMALLOC(mallctlbymib)(mib, depth, &again, &length, NULL, 0) && !strcmp(again, dss),
	   "mallctlnametomib, mallctlbymib");
	JEMALLOC(malloc_stats_print)(count_text, &printed, "gmdablxe");
	ok(printed, "malloc_stats_print");
}

/* ---- mappings ---- */

static void test_map(void)
{
	size_t n = 64 * PAGE;
	char *p = map(n), *q;
	int i;

	ok(p && is_on_space(p) && is_zero(p, n), "mmap is on the space and reads as zero");
	q = map(PAGE);
	ok(q && !is_on_space(q), "a small mapping is not");
	munmap(q, PAGE);
	q = mmap(NULL, n, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ok(q != MAP_FAILED && !is_on_space(q), "nor one that is to be shared");
	munmap(q, n);
	fill(p, n, 1);
	ok(!munmap(p + 8 * PAGE, 8 * PAGE) && holds(p, 8 * PAGE, 1) &&
	   holds(p + 16 * PAGE, PAGE, 1 + 16 * PAGE / 8), "munmap of a part");
	q = mmap(p + 8 * PAGE, 8 * PAGE, RW, ANON | MAP_FIXED, -1, 0);
	ok(q == p + 8 * PAGE && is_zero(q, 8 * PAGE), "what is mapped there again is new");
	q = mmap(p, 32 * PAGE, RW, ANON | MAP_FIXED, -1, 0);
	ok(q == p && is_zero(q, 32 * PAGE) && holds(p + 32 * PAGE, PAGE, 1 + 32 * PAGE / 8),
	   "MAP_FIXED over something");
	q = mmap(p, 16 * PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0);
	ok(q == MAP_FAILED && errno == EEXIST &&
	   mmap(p, 16 * PAGE, RW, ANON | MAP_FIXED | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED,
	   "MAP_FIXED_NOREPLACE over something");
	fill(p, n, 2);
	ok(!madvise(p + PAGE, 3 * PAGE, MADV_DONTNEED) && holds(p, PAGE, 2) &&
	   is_zero(p + PAGE, 3 * PAGE) && holds(p + 4 * PAGE, PAGE, 2 + 4 * PAGE / 8),
	   "MADV_DONTNEED");
	ok(!mprotect(p, n, PROT_READ) && holds(p, PAGE, 2) && !mprotect(p, n, RW), "mprotect");
	ok(!munmap(p, n), "munmap");
	for (i = 0; i < 50; i++) {
		q = mmap(p, n, RW, ANON, -1, 0);
		if (q == MAP_FAILED || !is_zero(q, n))
			break;
		fill(q, n, i);
		munmap(q, n);
	}
	ok(i == 50, "an address that is used again reads as zero");
	errno = 0;
	ok(mmap(NULL, 0, RW, ANON, -1, 0) == MAP_FAILED && errno == EINVAL &&
	   mmap(p + 1, n, RW, ANON | MAP_FIXED, -1, 0) == MAP_FAILED && errno == EINVAL &&
	   munmap(p + 1, n) == -1 && errno == EINVAL, "bad arguments");
}

/* New memory on the space, that holds what is written there. */
static bool is_new(char *p, size_t n, uint64_t seed)
{
	if (p == MAP_FAILED || !is_on_space(p) || !is_zero(p, n))
		return false;
	fill(p, n, seed);
	return holds(p, n, seed);
}

static void test_map_more(void)
{
	int zeroes = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	size_t n = 64 * PAGE;
	char *p = mmap64(NULL, n, RW, ANON, -1, 0), *q;

	ok(is_new(p, n, 13), "mmap64");
	ok(!madvise(p + PAGE, 3 * PAGE, MADV_FREE) && holds(p, PAGE, 13) &&
	   is_zero(p + PAGE, 3 * PAGE) && holds(p + 4 * PAGE, n - 4 * PAGE, 13 + 4 * PAGE / 8),
	   "MADV_FREE");
	fill(p, n, 14);
	errno = 0;
	ok(madvise(p, n, MADV_WIPEONFORK) == -1 && errno == EINVAL && holds(p, n, 14),
	   "MADV_WIPEONFORK is refused");
	ok(!pkey_mprotect(p, n, PROT_READ, -1) && read(zeroes, p, PAGE) == -1 &&
	   errno == EFAULT && holds(p, n, 14), "pkey_mprotect: read only");
	ok(!pkey_mprotect(p, n, RW, -1) && read(zeroes, p, PAGE) == PAGE && is_zero(p, PAGE) &&
	   holds(p + PAGE, n - PAGE, 14 + PAGE / 8), "pkey_mprotect: and back");
	q = mmap(NULL, n, RW, ANON | MAP_32BIT, -1, 0);
	ok((uintptr_t)q + n <= 1UL << 31 && is_new(q, n, 15), "MAP_32BIT");
	munmap(q, n);
	q = mmap(NULL, n, RW, ANON | MAP_POPULATE, -1, 0);
	ok(is_new(q, n, 19) && holds(p + PAGE, n - PAGE, 14 + PAGE / 8), "MAP_POPULATE");
	munmap(q, n);
	munmap(p, n);
	close(zeroes);
}

static void test_file_over(void)
{
	size_t n = 32 * PAGE;
	char *p = map(n), *q;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	fill(p, n, 3);
	q = mmap(p, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0);
	ok(q == p && !memcmp(q, "\177ELF", 4) && holds(p + PAGE, n - PAGE, 3 + PAGE / 8),
	   "a file mapped over a part");
	q = mmap(p, n, RW, ANON | MAP_FIXED, -1, 0);
	ok(q == p && is_zero(q, n), "and memory over that again");
	munmap(p, n);
	close(fd);
}

static void test_code(void)
{
	static const unsigned char code[] = { 0xb8, 7, 0, 0, 0, 0xc3 };	/* return 7 */
	size_t n = 32 * PAGE;
	char *p = map(n);
	__typeof__(tap_end) *function = (void *)(p + 4 * PAGE);

	fill(p, n, 8);
	memcpy(p + 4 * PAGE, code, sizeof(code));
	ok(!mprotect(p + 4 * PAGE, 2 * PAGE, PROT_READ | PROT_EXEC) && function() == 7 &&
	   holds(p, 4 * PAGE, 8) && holds(p + 5 * PAGE, 27 * PAGE, 8 + 5 * PAGE / 8),
	   "code made in memory of the space");
	ok(is_on_space(p) && is_on_space(p + 6 * PAGE), "which otherwise stays there");
	munmap(p, n);
	p = mmap(NULL, 1UL << 40, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
	ok(p != MAP_FAILED && !mprotect(p + n, n, RW) && is_zero(p + n, n) && is_on_space(p + n),
	   "a part of a large reservation");
	munmap(p, 1UL << 40);
}

static void test_mremap(void)
{
	size_t n = 64 * PAGE;
	char *p = map(n), *q, *r;

	fill(p, n, 4);
	q = mremap(p, n, n / 2, 0);
	ok(q == p && holds(q, n / 2, 4), "mremap: shrink");
	q = mremap(p, n / 2, n, 0);
	ok(q == p && holds(q, n / 2, 4) && is_zero(q + n / 2, n / 2), "mremap: grow in place");
	r = mmap(p + n, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0);
	errno = 0;
	ok(mremap(p, n, 2 * n, 0) == MAP_FAILED && errno == ENOMEM, "mremap: no room");
	q = mremap(p, n, 2 * n, MREMAP_MAYMOVE);
	ok(q != MAP_FAILED && q != p && is_on_space(q) && holds(q, n / 2, 4) &&
	   is_zero(q + n / 2, 3 * n / 2), "mremap: move");
	if (r != MAP_FAILED)
		munmap(r, PAGE);
	fill(q, n, 5);
	p = map(2 * n);
	fill(p, 2 * n, 6);
	r = mremap(q, n, n, MREMAP_MAYMOVE | MREMAP_FIXED, p + PAGE);
	ok(r == p + PAGE && holds(r, n, 5) && holds(p, PAGE, 6) &&
	   holds(p + n + PAGE, n - PAGE, 6 + (n + PAGE) / 8), "mremap: to a place");
	ok(is_zero(q + n, n) && !munmap(q + n, n), "mremap: what was behind it stayed");
	q = mremap(r, n, n, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	ok(q != MAP_FAILED && holds(q, n, 5) && is_zero(r, n), "mremap: leave the old place");
	munmap(q, n);
	munmap(p, 2 * n);
}

/* ---- fork ---- */

#define BLOCKS	40

static char *blocks[BLOCKS];

static size_t block_size(int i)
{
	return (size_t)i * i * 97 + 1;
}

static void fill_blocks(uint64_t seed)
{
	int i;

	for (i = 0; i < BLOCKS; i++)
		fill(blocks[i], block_size(i), seed + i);
}

static bool blocks_hold(uint64_t seed)
{
	int i;

	for (i = 0; i < BLOCKS; i++) {
		if (!holds(blocks[i], block_size(i), seed + i))
			return false;
	}
	return true;
}

/* The child sees @seed and writes; nobody else is to notice. */
static void live_in_child(uint64_t seed)
{
	char *p;
	int i;

	if (!blocks_hold(seed) || !is_on_space(blocks[3]))
		_exit(1);
	for (i = 0; i < BLOCKS; i += 3) {
		free(blocks[i]);
		blocks[i] = malloc(block_size(i));
	}
	fill_blocks(seed + 1000);
	p = map(1 << 20);
	if (!p || !is_zero(p, 1 << 20))
		_exit(2);
	usleep(1000);
	if (!blocks_hold(seed + 1000))
		_exit(3);
	_exit(42);
}

static void test_fork(void)
{
	pid_t pid, grandchild;
	int i, status;

	for (i = 0; i < BLOCKS; i++)
		blocks[i] = malloc(block_size(i));
	fill_blocks(1);
	pid = fork();
	if (!pid)
		live_in_child(1);
	fill_blocks(2);
	status = reap(pid);
	ok(status == 42 && blocks_hold(2), "fork: parent and child have their own (%d)", status);
	pid = fork();
	if (!pid) {
		grandchild = fork();
		if (!grandchild)
			live_in_child(2);
		fill_blocks(3);
		_exit(reap(grandchild) == 42 && blocks_hold(3) ? 42 : 4);
	}
	status = reap(pid);
	ok(status == 42 && blocks_hold(2), "fork: a grandchild (%d)", status);
	pid = _Fork();
	if (!pid)
		live_in_child(2);
	status = reap(pid);
	ok(status == 42 && blocks_hold(2), "_Fork (%d)", status);
	status = system("exit 7");
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 7, "system");
}

static int clone_child(void *argument)
{
	live_in_child((uintptr_t)argument);
	return 1;
}

static void test_clone(void)
{
	char *stack = map(1 << 20);
	int status;
	pid_t pid;

	pid = clone(clone_child, stack + (1 << 20), SIGCHLD, (void *)2);
	status = reap(pid);
	ok(status == 42 && blocks_hold(2), "clone, on a stack on the space (%d)", status);
	munmap(stack, 1 << 20);
	/* not caught: no copy, but no sharing either */
	pid = (pid_t)syscall(SYS_fork);
	if (!pid) {
		blocks[5][0]++;
		syscall(SYS_exit, 0);
	}
	status = reap(pid);
	ok(status == -SIGSEGV && blocks_hold(2), "a fork by a system call shares nothing (%d)",
	   status);
}

static bool masks_are(bool blocked)
{
	struct sigaction action;
	sigset_t set;
	stack_t stack;

	sigprocmask(SIG_SETMASK, NULL, &set);
	sigaction(SIGSYS, NULL, &action);
	sigaltstack(NULL, &stack);
	return sigismember(&set, SIGUSR1) == blocked && !sigismember(&set, SIGUSR2) &&
	       action.sa_handler == SIG_DFL && stack.ss_flags == SS_DISABLE;
}

/* From here on what the library says goes to a file, for was_said(). */
static void keep_said(void)
{
	int file = memfd_create("said", 0);

	dup2(file, STDERR_FILENO);
	close(file);
}

/* By process @pid, and nothing else? */
static bool was_said(pid_t pid, const char *what, int error)
{
	char want[200], got[200] = "";

	snprintf(want, sizeof(want), "vmdevctl run: process %d: %s: %s\n", pid, what,
		 strerror(error));
	return pread(STDERR_FILENO, got, sizeof(got) - 1, 0) > 0 && !strcmp(got, want);
}

/* As a sandbox does. */
static int set_filter(struct sock_filter *filter, size_t length)
{
	struct sock_fprog program = { (unsigned short)length, filter };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

/* No prctl(2) any more. */
static int forbid_prctl(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	return set_filter(filter, ARRAY_SIZE(filter));
}

/* No mapping any more of a space where one is wanted, but elsewhere. */
static int forbid_mapping(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[3])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MAP_SHARED | MAP_FIXED | MAP_NORESERVE, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOMEM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	return set_filter(filter, ARRAY_SIZE(filter));
}

static void *allocate(void *argument)
{
	(void)argument;
	return map(1 << 20);
}

/* A fork that can't be caught: its child fails, its parent goes on. */
static void test_forbidden(void)
{
	pthread_t thread;
	void *got = NULL;
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		keep_said();
		if (forbid_prctl())
			_exit(1);
		pid = fork();
		if (!pid)
			_exit(blocks_hold(2));
		if (reap(pid) != -SIGSEGV || !blocks_hold(2) || !masks_are(false))
			_exit(2);
		if (pthread_create(&thread, NULL, allocate, NULL) || pthread_join(thread, &got))
			_exit(3);
		if (!was_said(getpid(), "a child can't have its memory, fork isn't caught", EPERM))
			_exit(4);
		_exit(got ? 42 : 5);
	}
	status = reap(pid);
	ok(status == 42 && blocks_hold(2), "fork: where that is forbidden (%d)", status);
}

/* A child that gets a copy but can't map it ends before it runs anything. */
static void test_unmapped(void)
{
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		keep_said();
		if (forbid_mapping())
			_exit(1);
		pid = fork();
		if (!pid)
			_exit(2);
		if (reap(pid) != 125 || !blocks_hold(2))
			_exit(3);
		_exit(was_said(pid, "the child's memory can't be mapped", ENOMEM) ? 42 : 4);
	}
	status = reap(pid);
	ok(status == 42 && blocks_hold(2), "fork: where the copy can't be mapped (%d)", status);
}

/* Descriptor and connection closed behind the library's back: what there is stays. */
static void test_lost(void)
{
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		keep_said();
		syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0);
		if (map(1 << 20) || errno != ENOMEM || map(1 << 20))
			_exit(1);
		if (!blocks_hold(2))
			_exit(2);
		_exit(was_said(getpid(), "the descriptor of its space is lost, no more memory",
			       EBADF) ? 42 : 3);
	}
	status = reap(pid);
	ok(status == 42 && blocks_hold(2), "a space that can't be had again (%d)", status);
}

static void test_protected(void)
{
	size_t n = 32 * PAGE;
	char *p = map(n);
	int status;
	pid_t pid;

	fill(p, n, 9);
	mprotect(p + 4 * PAGE, 4 * PAGE, PROT_NONE);
	mprotect(p + 8 * PAGE, 4 * PAGE, PROT_READ);
	pid = fork();
	if (!pid) {
		if (!holds(p, 4 * PAGE, 9) || !holds(p + 8 * PAGE, n - 8 * PAGE, 9 + PAGE))
			_exit(1);
		if (mprotect(p + 4 * PAGE, 4 * PAGE, PROT_READ) || !holds(p, n, 9))
			_exit(2);
		*(volatile char *)(p + 9 * PAGE) = 1;
		_exit(3);
	}
	status = reap(pid);
	ok(status == -SIGSEGV, "fork: protection is as it was (%d)", status);
	munmap(p, n);
}

static void *fork_on_stack(void *argument)
{
	char local[1000];
	pid_t pid;

	(void)argument;
	fill(local, sizeof(local), 11);
	pid = fork();
	if (!pid)
		_exit(holds(local, sizeof(local), 11) && is_on_space(local) ? 42 : 1);
	return (void *)(intptr_t)reap(pid);
}

static void test_stack(void)
{
	char *stack = map(1 << 20);
	pthread_attr_t attr;
	pthread_t thread;
	void *status = NULL;

	pthread_attr_init(&attr);
	pthread_attr_setstack(&attr, stack, 1 << 20);
	if (!pthread_create(&thread, &attr, fork_on_stack, NULL))
		pthread_join(thread, &status);
	ok((intptr_t)status == 42, "fork: from a stack on the space (%d)", (int)(intptr_t)status);
	munmap(stack, 1 << 20);
}

static void test_signals(void)
{
	bool good = true;
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	good &= masks_are(true);
	pid = fork();
	if (!pid)
		_exit(masks_are(true) ? 42 : 1);
	good &= masks_are(true);
	ok(reap(pid) == 42 && good, "fork: signals are as they were");
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void test_exec(void)
{
	char *const argv[] = { "sh", "-c", "exit 5", NULL };
	pid_t pid;

	if (posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ))
		pid = -1;
	ok(reap(pid) == 5, "posix_spawn");
	pid = vfork();
	if (!pid) {
		close_range(3, ~0U, 0);
		dup2(2, 960);
		dup2(2, 961);
		execv("/bin/sh", argv);
		_exit(1);
	}
	ok(reap(pid) == 5 && blocks_hold(2), "vfork and exec");
}

#define SPAWN_PAGES	1024

/* Of a file in the place of a space there is only how large it is. */
static bool get_stats(struct vmdev_stats *stats)
{
	int fd = find_fd("vmdev");
	struct stat st;

	memset(stats, 0, sizeof(*stats));
	if (!ioctl(fd, VMDEV_IOC_GET_STATS, stats))
		return true;
	if (!fstat(fd, &st))
		stats->touched = (uint64_t)st.st_blocks;
	return stats->touched;
}

static uint64_t pages_used(const struct vmdev_stats *stats)
{
	return stats->faults_minor + stats->faults_major + stats->faults_zero + stats->read_pages;
}

static int vfork_exec(char *const argv[], char *const envp[])
{
	pid_t pid = vfork();

	if (!pid) {
		execve(argv[0], argv, envp);
		_exit(1);
	}
	return reap(pid);
}

/* Without the environment that would give the program a space of its own. */
static void test_spawn(void)
{
	char *const argv[] = { "/bin/sh", "-c", "exit 5", NULL }, *const envp[] = { NULL };
	char *p = malloc(SPAWN_PAGES * PAGE);
	struct vmdev_stats before, after;
	uint64_t used;
	bool good;
	pid_t pid;

	fill(p, SPAWN_PAGES * PAGE, 12);
	good = get_stats(&before) && vfork_exec(argv, envp) == 5 &&
	       !posix_spawn(&pid, argv[0], NULL, NULL, argv, envp) && reap(pid) == 5 &&
	       get_stats(&after);
	used = good ? pages_used(&after) - pages_used(&before) : 0;
	ok(good && after.touched == before.touched && used < SPAWN_PAGES / 8,
	   "vfork and posix_spawn leave a heap alone (%" PRIu64 " pages)", used);
	ok(holds(p, SPAWN_PAGES * PAGE, 12), "which is what it was");
	free(p);
}

/* ---- descriptors ---- */

static bool still_works(void)
{
	char *p = map(1 << 20);
	bool good = p && is_on_space(p) && is_zero(p, 1 << 20);
	pid_t pid;

	fill(blocks[7], block_size(7), 70);
	pid = good ? fork() : -1;
	if (!pid)
		_exit(holds(blocks[7], block_size(7), 70) ? 42 : 1);
	good &= reap(pid) == 42;
	fill(blocks[7], block_size(7), 2 + 7);
	if (p)
		munmap(p, 1 << 20);
	return good;
}

static void test_descriptors(void)
{
	int fd, space = find_fd("vmdev"), i;
	bool good = true;

	for (fd = 3; fd < 2000; fd++)
		close(fd);
	ok(still_works(), "after close of everything");
	ok(close(space) == -1 && errno == EBADF, "the space's is not open");
	good = !close_range(3, ~0U, 0);
	ok(good && still_works(), "after close_range");
	fd = dup(2);
	closefrom(3);
	ok(close(fd) == -1 && still_works(), "after closefrom");
	for (i = 0; i < 3; i++) {
		space = find_fd("vmdev");
		good &= dup2(2, space) == space && !close(space);
		fd = find_fd("socket");
		good &= dup3(2, fd, O_CLOEXEC) == fd && !close(fd);
	}
	ok(good && still_works(), "after dup2 onto its numbers");
	space = find_fd("vmdev");
	syscall(SYS_close, space);
	ok(still_works(), "after a close by a system call");
	space = find_fd("vmdev");
	fd = open("/dev/null", O_RDWR);
	syscall(SYS_dup2, fd, space);
	ok(still_works(), "after its number became another file's");
	close(space);
	close(fd);
}

/* ---- all at once ---- */

static atomic_bool stop;
static atomic_ulong rounds, errors;

static uint64_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return mix(*state);
}

struct slot {
	char *memory;
	size_t length;
	uint64_t seed;
	bool mapped;
};

static void slot_make(struct slot *slot, uint64_t *random)
{
	slot->mapped = next_random(random) % 3 == 0;
	slot->seed = next_random(random);
	slot->length = slot->mapped ? (1 + next_random(random) % 64) * PAGE + (64 << 10) :
				      next_random(random) % (next_random(random) % 16 ? 3000 :
							     300000) + 1;
	slot->memory = slot->mapped ? map(slot->length) : malloc(slot->length);
	if (!slot->memory || (slot->mapped && !is_zero(slot->memory, slot->length)))
		errors++;
	else
		fill(slot->memory, slot->length, slot->seed);
}

static void slot_resize(struct slot *slot, uint64_t *random)
{
	size_t length = slot->length / 2 + next_random(random) % slot->length + 1;
	size_t kept = length < slot->length ? length : slot->length;
	char *moved;

	if (slot->mapped) {
		length = (length + PAGE - 1) & -PAGE;
		moved = mremap(slot->memory, slot->length, length, MREMAP_MAYMOVE);
		if (moved == MAP_FAILED) {
			errors++;
			return;
		}
		if (length > kept)
			kept = length < slot->length ? length : slot->length;
	} else {
		moved = realloc(slot->memory, length);
	}
	if (!moved || !holds(moved, kept, slot->seed))
		errors++;
	slot->memory = moved;
	slot->length = length;
	fill(moved, length, slot->seed);
}

static void slot_end(struct slot *slot)
{
	if (!holds(slot->memory, slot->length, slot->seed))
		errors++;
	if (slot->mapped)
		munmap(slot->memory, slot->length);
	else
		free(slot->memory);
}

static void slot_fork(struct slot *slots, int count)
{
	pid_t pid = fork();
	int i;

	if (!pid) {
		for (i = 0; i < count; i++) {
			if (!holds(slots[i].memory, slots[i].length, slots[i].seed))
				_exit(1);
			slot_end(&slots[i]);
			slots[i].memory = malloc(100000);
			memset(slots[i].memory, 0x55, 100000);
		}
		_exit(42);
	}
	if (reap(pid) != 42)
		errors++;
}

static void *work(void *argument)
{
	uint64_t random = (uintptr_t)argument;
	struct slot slots[32];
	int i;

	for (i = 0; i < 32; i++)
		slot_make(&slots[i], &random);
	while (!stop) {
		i = next_random(&random) % 32;
		if (next_random(&random) % 500 == 0) {
			slot_fork(slots, 32);
		} else if (next_random(&random) % 2) {
			slot_resize(&slots[i], &random);
		} else {
			slot_end(&slots[i]);
			slot_make(&slots[i], &random);
		}
		rounds++;
	}
	for (i = 0; i < 32; i++)
		slot_end(&slots[i]);
	return NULL;
}

/* Threads that come and go, streams in the heap that are locked while others fork. */
static void *write_stream(void *argument)
{
	pthread_key_t keys[64];
	FILE *null = fopen("/dev/null", "we");
	unsigned int i;

	(void)argument;
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		if (pthread_key_create(&keys[i], NULL))
			errors++;
		pthread_setspecific(keys[i], (void *)(uintptr_t)(i + 1));
	}
	while (!stop && null) {
		flockfile(null);
		fprintf(null, "%d\n", rand());
		usleep(100);
		funlockfile(null);
		for (i = 0; i < ARRAY_SIZE(keys); i++) {
			if (pthread_getspecific(keys[i]) != (void *)(uintptr_t)(i + 1))
				errors++;
		}
	}
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		pthread_key_delete(keys[i]);
	if (null)
		fclose(null);
	return NULL;
}

static void test_threads(void)
{
	pthread_t workers[4], stream;
	double waited;
	uintptr_t i;

	for (i = 0; i < ARRAY_SIZE(workers); i++)
		pthread_create(&workers[i], NULL, work, (void *)(i + 1));
	pthread_create(&stream, NULL, write_stream, NULL);
	/* on a slow machine longer: too few operations prove nothing */
	for (waited = 0; waited < seconds || rounds < 100; waited += 0.1)
		usleep(100000);
	stop = true;
	for (i = 0; i < ARRAY_SIZE(workers); i++)
		pthread_join(workers[i], NULL);
	pthread_join(stream, NULL);
	ok(!errors, "threads that allocate, move and fork: %lu errors", errors);
	printf("# %lu operations\n", rounds);
}

static void test_dlopen(void)
{
	void *library = dlopen("libz.so.1", RTLD_NOW);
	gzFile file = library ? SYMBOL(library, gzopen)("/dev/null", "rb") : NULL;

	ok(file && is_on_space(file), "what a library takes that comes later is on the space");
	ok(file && SYMBOL(library, gzclose)(file) == Z_OK && !dlclose(library), "dlopen");
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	if (argc > 1 && !strcmp(argv[1], "spawn")) {
		test_spawn();
		return tap_end();
	}
	if (argc > 1)
		seconds = atof(argv[1]);
	test_heap();
	test_jemalloc();
	test_map();
	test_map_more();
	test_file_over();
	test_code();
	test_mremap();
	test_fork();
	test_clone();
	test_forbidden();
	test_unmapped();
	test_lost();
	test_protected();
	test_stack();
	test_signals();
	test_exec();
	test_spawn();
	test_descriptors();
	test_dlopen();
	test_threads();
	return tap_end();
}
