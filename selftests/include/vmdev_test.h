/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the vmdev selftests share, on top of the kernel's kselftest.h: running a
 * table of subtests with a leak check after each, opening and mapping spaces,
 * the ioctls, /sys/kernel/vmdev, page patterns that say where they came from,
 * a thread that keeps evicting, SIGBUS and child processes. It knows nothing of
 * any one test.
 *
 * A program looks like this:
 *
 *	static bool test_one_behaviour(void)
 *	{
 *		struct vt_space s = vt_space_new(64 * vt_page_size());
 *
 *		fill_range(s.mem, 64, 1, 0);
 *		vt_check(vt_evict_all(&s), "pages stayed");
 *		vt_check(check_range(s.mem, 64, 1, 0), "content lost");
 *		vt_space_free(&s);
 *		return true;
 *	}
 *
 *	static const struct vt_test tests[] = {
 *		{ "one behaviour", test_one_behaviour },
 *	};
 *
 *	int main(void)
 *	{
 *		return vt_run(tests, ARRAY_SIZE(tests));
 *	}
 *
 * vt_check() is for what is tested: it prints a line and returns false from the
 * function. vt_need() is for what the test stands on (open, fork, malloc): it
 * ends the subtest. Each subtest runs in a process of its own; nothing that it
 * leaves in memory reaches the next, and it needs no clean-up when it fails.
 */
#ifndef VMDEV_TEST_H
#define VMDEV_TEST_H

#ifndef _GNU_SOURCE
#error "define _GNU_SOURCE first"
#endif

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/vmdev.h>

#include "kselftest.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#else
#define __lsan_do_recoverable_leak_check()	0
#endif

#define VT_DEVICE	"/dev/vmdev"
#define VT_SYSFS	"/sys/kernel/vmdev"

/* ---- Messages, checks, time ---- */

/* One whole diagnostic line; safe from threads and children. Adds the newline. */
__attribute__((format(printf, 1, 2)))
static inline void vt_msg(const char *fmt, ...)
{
	int saved_errno = errno;
	char line[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	printf("# %s\n", line);
	fflush(stdout);
	errno = saved_errno;
}

/* One for all files of a program. */
__attribute__((weak)) pid_t vt_main_pid;

/* End the process: the ground the test stands on is missing. */
#define vt_die(fmt, ...) do {						\
	vt_msg("%s:%d: " fmt, __FILE__, __LINE__, ##__VA_ARGS__);	\
	if (vt_main_pid && getpid() != vt_main_pid)			\
		_exit(KSFT_FAIL);					\
	ksft_exit_fail_msg("%s:%d\n", __FILE__, __LINE__);		\
} while (0)

#define vt_need(cond, fmt, ...) do {					\
	if (!(cond))							\
		vt_die(fmt, ##__VA_ARGS__);				\
} while (0)

/* Fail the subtest (a function returning bool). */
#define vt_check(cond, fmt, ...) do {					\
	if (!(cond)) {							\
		vt_msg("%s:%d: " fmt, __FILE__, __LINE__, ##__VA_ARGS__); \
		return false;						\
	}								\
} while (0)

static inline double vt_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static inline void vt_sleep_ms(unsigned int ms)
{
	struct timespec ts = { ms / 1000, (ms % 1000) * 1000000L };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

static inline size_t vt_page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

/* Small and reproducible; *state may start at anything. */
static inline uint64_t vt_random(uint64_t *state)
{
	uint64_t x = (*state += 0x9e3779b97f4a7c15ULL);

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

/* ---- /sys/kernel/vmdev: names are relative to it, as "pool/frames" ---- */

/* The value without its newline; 0 or -errno. */
static inline int vt_sysfs_read(const char *name, char *buf, size_t size)
{
	char path[256];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), VT_SYSFS "/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	if (n < 0)
		n = -errno;
	close(fd);
	if (n < 0)
		return n;
	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

static inline uint64_t vt_sysfs_u64(const char *name)
{
	char buf[64], *end;
	uint64_t value;
	int ret = vt_sysfs_read(name, buf, sizeof(buf));

	vt_need(!ret, "%s/%s: %s", VT_SYSFS, name, strerror(-ret));
	errno = 0;
	value = strtoull(buf, &end, 10);
	vt_need(!errno && end != buf && !*end, "%s/%s: \"%s\" is no number", VT_SYSFS, name, buf);
	return value;
}

/* 0 or -errno. */
static inline int vt_sysfs_write(const char *name, const char *value)
{
	char path[256];
	int fd, ret = 0;

	snprintf(path, sizeof(path), VT_SYSFS "/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, value, strlen(value)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static inline uint64_t vt_pool_frames(void)
{
	return vt_sysfs_u64("pool/frames");
}

/* Resize the pool, 0 or -errno. The module is loaded anew for every program. */
static inline int vt_try_pool_frames(uint64_t frames)
{
	char value[32];

	snprintf(value, sizeof(value), "%" PRIu64, frames);
	return vt_sysfs_write("pool/frames", value);
}

static inline void vt_set_pool_frames(uint64_t frames)
{
	int ret = vt_try_pool_frames(frames);

	vt_need(!ret, "pool/frames = %" PRIu64 ": %s", frames, strerror(-ret));
	vt_need(vt_pool_frames() == frames, "pool/frames reads %" PRIu64 " after writing %" PRIu64,
		vt_pool_frames(), frames);
}

/* ---- The ioctls: 0 (or a count) or -errno ---- */

static inline int vt_info(int fd, struct vmdev_info *info)
{
	memset(info, 0, sizeof(*info));
	return ioctl(fd, VMDEV_IOC_GET_INFO, info) ? -errno : 0;
}

static inline int vt_stats(int fd, struct vmdev_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	return ioctl(fd, VMDEV_IOC_GET_STATS, stats) ? -errno : 0;
}

/* The same where it is no question that it works. */
static inline struct vmdev_stats vt_stats_now(int fd)
{
	struct vmdev_stats stats;
	int ret = vt_stats(fd, &stats);

	vt_need(!ret, "GET_STATS: %s", strerror(-ret));
	return stats;
}

static inline int vt_set_size(int fd, uint64_t size)
{
	struct vmdev_size arg = { .size = size };

	return ioctl(fd, VMDEV_IOC_SET_SIZE, &arg) ? -errno : 0;
}

static inline int vt_set_limit(int fd, uint64_t max_frames, uint64_t min_frames)
{
	struct vmdev_limit arg = { .max_frames = max_frames, .min_frames = min_frames };

	return ioctl(fd, VMDEV_IOC_SET_LIMIT, &arg) ? -errno : 0;
}

static inline int64_t vt_discard(int fd, uint64_t offset, uint64_t length)
{
	struct vmdev_range arg = { .offset = offset, .length = length };

	return ioctl(fd, VMDEV_IOC_DISCARD, &arg) ? -errno : (int64_t)arg.pages;
}

static inline int64_t vt_evict(int fd, uint64_t offset, uint64_t length)
{
	struct vmdev_range arg = { .offset = offset, .length = length };

	return ioctl(fd, VMDEV_IOC_EVICT, &arg) ? -errno : (int64_t)arg.pages;
}

/* Entries written. */
static inline int64_t vt_get_map(int fd, uint64_t offset, uint64_t count,
				 struct vmdev_map_entry *entries)
{
	struct vmdev_map arg = {
		.offset = offset,
		.count = count,
		.entries = (uintptr_t)entries,
	};

	return ioctl(fd, VMDEV_IOC_GET_MAP, &arg) ? -errno : (int64_t)arg.count;
}

static inline struct vmdev_map_entry vt_page_state(int fd, uint64_t offset)
{
	struct vmdev_map_entry entry;
	int64_t n = vt_get_map(fd, offset, 1, &entry);

	vt_need(n == 1, "GET_MAP at %#" PRIx64 ": %" PRId64, offset, n);
	return entry;
}

/* How many of a range's pages are in any of the states of a mask of bits. */
#define VT_STATE(name)	(1U << VMDEV_MAP_##name)
#define VT_RESIDENT	(VT_STATE(CLEAN) | VT_STATE(DIRTY) | VT_STATE(READING) | VT_STATE(WRITING))

static inline uint64_t vt_count_states(int fd, uint64_t offset, uint64_t pages, uint32_t mask)
{
	struct vmdev_map_entry entries[256];
	uint64_t done = 0, found = 0;

	while (done < pages) {
		uint64_t want = pages - done < 256 ? pages - done : 256;
		int64_t n = vt_get_map(fd, offset + done * vt_page_size(), want, entries);

		vt_need(n >= 0, "GET_MAP: %s", strerror(-n));
		for (int64_t i = 0; i < n; i++)
			found += !!(mask & (1U << entries[i].state));
		if ((uint64_t)n < want)
			break;
		done += n;
	}
	return found;
}

/* ---- Spaces ---- */

static inline int vt_open(void)
{
	int fd = open(VT_DEVICE, O_RDWR | O_CLOEXEC);

	vt_need(fd >= 0, "open %s: %s", VT_DEVICE, strerror(errno));
	return fd;
}

/* A shared, writable mapping. */
static inline char *vt_map(int fd, size_t length, off_t offset)
{
	void *p = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);

	vt_need(p != MAP_FAILED, "mmap of %zu bytes at %#jx: %s", length, (intmax_t)offset,
		strerror(errno));
	return p;
}

/* An open file and one mapping of it, the usual case. */
struct vt_space {
	int fd;
	char *mem;
	size_t length;
};

static inline struct vt_space vt_space_new(size_t length)
{
	struct vt_space s = { .fd = vt_open(), .length = length };

	s.mem = vt_map(s.fd, length, 0);
	return s;
}

static inline void vt_space_free(struct vt_space *s)
{
	vt_need(!munmap(s->mem, s->length), "munmap: %s", strerror(errno));
	vt_need(!close(s->fd), "close: %s", strerror(errno));
}

/* Have the kernel empty the CPUs' lists of pages, which hold references. */
static inline void vt_drain_lists(void)
{
	int fd = open("/proc/sys/vm/compact_memory", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "1", 1) < 0)
		vt_msg("compact_memory: %s", strerror(errno));
	close(fd);
}

/*
 * Evict a range until no page of it is resident. The kernel holds references of
 * its own to pages for short moments, so one pass need not be enough.
 */
static inline bool vt_evict_range(int fd, uint64_t offset, uint64_t length)
{
	uint64_t pages = length / vt_page_size();
	uint64_t left = 0;

	for (int i = 0; i < 200; i++) {
		int64_t n = vt_evict(fd, offset, length);

		vt_check(n >= 0, "EVICT: %s", strerror(-n));
		left = vt_count_states(fd, offset, pages, VT_RESIDENT);
		if (!left)
			return true;
		/* pages that were mlocked stay on lists of the CPUs until these are emptied */
		if (i % 50 == 49)
			vt_drain_lists();
		vt_sleep_ms(5);
	}
	vt_msg("%" PRIu64 " of %" PRIu64 " pages still resident after EVICT for a second",
	       left, pages);
	return false;
}

static inline bool vt_evict_all(const struct vt_space *s)
{
	return vt_evict_range(s->fd, 0, s->length);
}

/* ---- Page patterns ----
 *
 * Every 64-bit word of a page differs from every other word of every other page:
 * it is (seed, page index, word index) times an odd constant. The inverse of that
 * constant says of a wrong word where it came from. Seeds are 16 bits, not 0;
 * indexes are 32 bits.
 */
#define VT_MUL	0x9e3779b97f4a7c15ULL
#define VT_INV	0xf1de83e19937733dULL	/* VT_MUL * VT_INV == 1 mod 2^64 */

static inline uint64_t page_word(unsigned int seed, uint32_t index, unsigned int word)
{
	return ((uint64_t)(seed & 0xffff) << 48 | (uint64_t)index << 16 | word) * VT_MUL;
}

static inline void fill_page(void *page, unsigned int seed, uint32_t index)
{
	unsigned int words = vt_page_size() / sizeof(uint64_t);
	uint64_t value = page_word(seed, index, 0);
	uint64_t *p = page;

	for (unsigned int i = 0; i < words; i++, value += VT_MUL)
		p[i] = value;
}

/* Say what is wrong with one word, and which page it seems to belong to. */
static inline void vt_report_word(const char *what, uint32_t index, size_t offset,
				  uint64_t expected, uint64_t found)
{
	uint64_t key = found * VT_INV;

	if ((key & 0xffff) < vt_page_size() / sizeof(uint64_t) && found)
		vt_msg("%s %u offset %#zx: expected %016" PRIx64 ", found %016" PRIx64
		       " (seed %u page %u word %u)", what, index, offset, expected, found,
		       (unsigned int)(key >> 48), (unsigned int)(key >> 16 & 0xffffffff),
		       (unsigned int)(key & 0xffff));
	else
		vt_msg("%s %u offset %#zx: expected %016" PRIx64 ", found %016" PRIx64, what,
		       index, offset, expected, found);
}

/* True if the page is as fill_page() wrote it; otherwise says what is wrong. */
static inline bool check_page(const void *page, unsigned int seed, uint32_t index)
{
	unsigned int words = vt_page_size() / sizeof(uint64_t);
	uint64_t value = page_word(seed, index, 0);
	const volatile uint64_t *p = page;

	for (unsigned int i = 0; i < words; i++, value += VT_MUL) {
		uint64_t found = p[i];

		if (found != value) {
			vt_report_word("page", index, i * sizeof(value), value, found);
			return false;
		}
	}
	return true;
}

/* Consecutive pages with consecutive indexes. */
static inline void fill_range(void *mem, uint64_t pages, unsigned int seed, uint32_t first)
{
	for (uint64_t i = 0; i < pages; i++)
		fill_page((char *)mem + i * vt_page_size(), seed, first + i);
}

static inline bool check_range(const void *mem, uint64_t pages, unsigned int seed, uint32_t first)
{
	for (uint64_t i = 0; i < pages; i++)
		if (!check_page((const char *)mem + i * vt_page_size(), seed, first + i))
			return false;
	return true;
}

/* Bytes all zero (any length); otherwise says where not. */
static inline bool check_zero(const void *mem, size_t length)
{
	const volatile unsigned char *p = mem;
	const size_t word = sizeof(uint64_t);

	for (size_t i = 0, step; i < length; i += step) {
		bool whole = !((uintptr_t)(p + i) % word) && length - i >= word;
		uint64_t found = whole ? *(const volatile uint64_t *)(p + i) : p[i];

		if (found) {
			vt_report_word("page", i / vt_page_size(), i % vt_page_size(), 0, found);
			return false;
		}
		step = whole ? word : 1;
	}
	return true;
}

/* ---- A thread that keeps evicting a range ---- */

struct vt_evictor {
	pthread_t thread;
	int fd;
	uint64_t offset;
	uint64_t length;
	unsigned int pause_us;		/* between passes */
	double started;
	atomic_bool stop;
	atomic_ullong passes;
	atomic_ullong pages;		/* that left the pool */
	atomic_int error;		/* the first errno of EVICT */
};

static inline void *vt_evictor_main(void *arg)
{
	struct vt_evictor *ev = arg;

	while (!atomic_load(&ev->stop)) {
		int64_t n = vt_evict(ev->fd, ev->offset, ev->length);

		if (n < 0 && n != -EINTR) {
			atomic_store(&ev->error, -n);
			break;
		}
		if (n > 0)
			atomic_fetch_add(&ev->pages, n);
		atomic_fetch_add(&ev->passes, 1);
		usleep(ev->pause_us);
	}
	return NULL;
}

/* *ev must live until vt_evictor_stop(). Returns when the thread is at work. */
static inline void vt_evictor_start(struct vt_evictor *ev, int fd, uint64_t offset, uint64_t length)
{
	memset(ev, 0, sizeof(*ev));
	ev->fd = fd;
	ev->offset = offset;
	ev->length = length;
	ev->pause_us = 1000;
	ev->started = vt_now();
	vt_need(!pthread_create(&ev->thread, NULL, vt_evictor_main, ev), "pthread_create");
	while (!atomic_load(&ev->passes) && !atomic_load(&ev->error))
		vt_sleep_ms(1);
}

/* A short test goes on while this says that nothing has been evicted yet. */
static inline bool vt_evictor_idle(struct vt_evictor *ev)
{
	return !atomic_load(&ev->pages) && vt_now() < ev->started + 20;
}

/*
 * False if the thread met an error or evicted nothing: then the test that it was
 * part of has tested nothing.
 */
static inline bool vt_evictor_stop(struct vt_evictor *ev)
{
	/* on a busy machine the thread may not have had its turn yet */
	while (vt_evictor_idle(ev) && !atomic_load(&ev->error))
		vt_sleep_ms(1);
	atomic_store(&ev->stop, true);
	pthread_join(ev->thread, NULL);
	vt_check(!ev->error, "EVICT: %s", strerror(ev->error));
	vt_check(ev->pages, "the eviction thread evicted nothing");
	return true;
}

/* ---- Several threads of one function ---- */

#define VT_CREW_MAX	16

struct vt_crew;

struct vt_crew_member {
	struct vt_crew *crew;
	pthread_t thread;
	unsigned int id;		/* 0 .. count - 1 */
	bool ok;
};

/* fn(arg, id) runs in each thread and may look at *stop. */
struct vt_crew {
	bool (*fn)(struct vt_crew *crew, unsigned int id);
	void *arg;
	unsigned int count;
	atomic_bool stop;
	struct vt_crew_member member[VT_CREW_MAX];
};

static inline void *vt_crew_main(void *arg)
{
	struct vt_crew_member *member = arg;

	member->ok = member->crew->fn(member->crew, member->id);
	return NULL;
}

/* *crew must live until vt_crew_join(). */
static inline void vt_crew_start(struct vt_crew *crew, unsigned int count,
				 bool (*fn)(struct vt_crew *crew, unsigned int id), void *arg)
{
	vt_need(count <= VT_CREW_MAX, "a crew of %u", count);
	memset(crew, 0, sizeof(*crew));
	crew->fn = fn;
	crew->arg = arg;
	crew->count = count;
	for (unsigned int i = 0; i < count; i++) {
		crew->member[i].crew = crew;
		crew->member[i].id = i;
		vt_need(!pthread_create(&crew->member[i].thread, NULL, vt_crew_main,
					&crew->member[i]), "pthread_create");
	}
}

/* Wait for all; true if every one returned true. */
static inline bool vt_crew_join(struct vt_crew *crew)
{
	bool ok = true;

	for (unsigned int i = 0; i < crew->count; i++) {
		pthread_join(crew->member[i].thread, NULL);
		if (!crew->member[i].ok)
			ok = false;
	}
	return ok;
}

static inline bool vt_crew_stop(struct vt_crew *crew)
{
	atomic_store(&crew->stop, true);
	return vt_crew_join(crew);
}

/* Start and wait. */
static inline bool vt_crew_run(unsigned int count,
			       bool (*fn)(struct vt_crew *crew, unsigned int id), void *arg)
{
	struct vt_crew crew;

	vt_crew_start(&crew, count, fn, arg);
	return vt_crew_join(&crew);
}

/* ---- SIGBUS and SIGSEGV ---- */

static __thread sigjmp_buf vt_touch_env;
static __thread volatile sig_atomic_t vt_touch_armed;

static inline void vt_touch_handler(int sig)
{
	if (vt_touch_armed)
		siglongjmp(vt_touch_env, sig);
	signal(sig, SIG_DFL);		/* not ours: die of it */
}

/* Read *value or write *value to one byte; 0, or the signal that gave instead. */
static inline int vt_touch(void *p, bool write, unsigned char *value)
{
	struct sigaction act = { .sa_handler = vt_touch_handler };
	volatile unsigned char *byte = p;
	int sig;

	vt_need(!sigaction(SIGBUS, &act, NULL) && !sigaction(SIGSEGV, &act, NULL),
		"sigaction: %s", strerror(errno));
	sig = sigsetjmp(vt_touch_env, 1);
	if (!sig) {
		vt_touch_armed = 1;
		if (write)
			*byte = *value;
		else
			*value = *byte;
	}
	vt_touch_armed = 0;
	return sig;
}

/* The same where only SIGBUS is looked for; value may be NULL. */
static inline bool vt_touch_sigbus(void *p, bool write, unsigned char *value)
{
	unsigned char byte = 1;

	return vt_touch(p, write, value ? value : &byte) == SIGBUS;
}

/* A whole page that may give SIGBUS at any moment. */
enum vt_look { VT_RIGHT, VT_WRONG, VT_SIGBUS };

static inline enum vt_look vt_look_at_page(void *page, unsigned int seed, uint32_t index)
{
	enum vt_look look = VT_SIGBUS;

	if (vt_touch_sigbus(page, false, NULL))
		return VT_SIGBUS;
	if (!sigsetjmp(vt_touch_env, 1)) {
		vt_touch_armed = 1;
		look = check_page(page, seed, index) ? VT_RIGHT : VT_WRONG;
	}
	vt_touch_armed = 0;
	return look;
}

/* ---- Child processes ---- */

/*
 * fork() with the buffers flushed. The child ends with _exit(), and with the
 * thread that made it, so that a test that gives up leaves nobody behind.
 */
static inline pid_t vt_fork(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	vt_need(pid >= 0, "fork: %s", strerror(errno));
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* True if the child exited with 0; otherwise says how it ended. */
static inline bool vt_wait_ok(pid_t pid)
{
	int status;
	pid_t got;

	do
		got = waitpid(pid, &status, 0);
	while (got < 0 && errno == EINTR);
	vt_check(got == pid, "waitpid %d: %s", (int)pid, strerror(errno));
	if (WIFSIGNALED(status)) {
		vt_msg("child %d died of signal %d (%s)", (int)pid, WTERMSIG(status),
		       strsignal(WTERMSIG(status)));
		return false;
	}
	if (WEXITSTATUS(status)) {
		vt_msg("child %d exited with status %d", (int)pid, WEXITSTATUS(status));
		return false;
	}
	return true;
}

/* Run fn(arg) in a child; true if it returned true there. */
static inline bool vt_in_child(bool (*fn)(void *arg), void *arg)
{
	pid_t pid = vt_fork();

	if (!pid)
		_exit(fn(arg) ? KSFT_PASS : KSFT_FAIL);
	return vt_wait_ok(pid);
}

/* ---- Running subtests ---- */

struct vt_test {
	const char *name;
	bool (*run)(void);
};

/* Set to false where a program itself keeps spaces open between its subtests. */
static bool vt_leak_check = true;

/* Seconds a subtest may take before SIGALRM ends it; more in a slow kernel. */
static unsigned int vt_timeout = 100;

static inline unsigned int vt_time_scale(void)
{
	const char *value = getenv("VM_TIME_SCALE");
	int scale = value ? atoi(value) : 1;

	return scale > 1 ? scale : 1;
}

static bool vt_skipped;

/* return vt_skip("why"): the subtest can't run here. */
#define vt_skip(fmt, ...) \
	(vt_msg("skipped: " fmt, ##__VA_ARGS__), vt_skipped = true)

/*
 * No space, frame or slot is left. Some closes (io_uring's) happen later from a
 * worker, hence the patience.
 */
static inline bool vt_nothing_left(void)
{
	uint64_t spaces, slots, frames, free;
	double end = vt_now() + 5;

	for (;;) {
		spaces = vt_sysfs_u64("spaces/count");
		slots = vt_sysfs_u64("store/used");
		frames = vt_sysfs_u64("pool/frames");
		free = vt_sysfs_u64("pool/free");
		if (!spaces && !slots && frames == free)
			return true;
		if (vt_now() > end)
			break;
		vt_sleep_ms(10);
	}
	vt_msg("left behind: %" PRIu64 " spaces, %" PRIu64 " slots, %" PRIu64
	       " frames of %" PRIu64 " free", spaces, slots, free, frames);
	return false;
}

#define VT_NOBODY	65534U

/* From here on this process has no privileges. */
static inline void vt_become(uid_t uid, gid_t gid)
{
	vt_need(!setgroups(0, NULL) && !setgid(gid) && !setuid(uid), "setuid: %s", strerror(errno));
}

/* Start reporting, for programs that don't use vt_run(). */
static inline void vt_begin(unsigned int plan)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	vt_main_pid = getpid();
	ksft_print_header();
	ksft_set_plan(plan);
	if (access(VT_DEVICE, R_OK | W_OK) || access(VT_SYSFS, R_OK))
		ksft_exit_fail_msg("the vmdev module is not loaded\n");
}

/*
 * A subtest runs in a child of its own, so that what a failed one leaves (open
 * spaces, threads, a bad mapping) can't touch the next. Returns its KSFT_ status. Those
 * without the words of VMDEV_SUBTEST in their names are skipped.
 */
static inline int vt_run_one(const struct vt_test *test)
{
	const char *only = getenv("VMDEV_SUBTEST");
	int status;
	pid_t pid;

	if (only && !strstr(test->name, only))
		return KSFT_SKIP;
	pid = vt_fork();
	if (!pid) {
		bool ok;

		alarm(vt_timeout * vt_time_scale());
		/* _exit() looks for no leaks; those of a test that gave up are no matter */
		ok = test->run() && !__lsan_do_recoverable_leak_check();
		fflush(stdout);
		_exit(!ok ? KSFT_FAIL : vt_skipped ? KSFT_SKIP : KSFT_PASS);
	}
	vt_need(waitpid(pid, &status, 0) == pid, "waitpid: %s", strerror(errno));
	if (WIFSIGNALED(status)) {
		vt_msg("died of signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
		return KSFT_FAIL;
	}
	return WEXITSTATUS(status);
}

/* Run a table of subtests and end the program. */
static inline int vt_run(const struct vt_test *tests, unsigned int count)
{
	vt_begin(count);
	for (unsigned int i = 0; i < count; i++) {
		double start = vt_now();
		int result = vt_run_one(&tests[i]);

		if (vt_leak_check && !vt_nothing_left())
			result = KSFT_FAIL;
		if (result == KSFT_SKIP)
			ksft_test_result_skip("%s\n", tests[i].name);
		else
			ksft_test_result(result == KSFT_PASS, "%s (%.1f s)\n", tests[i].name,
					 vt_now() - start);
	}
	ksft_finished();
	return KSFT_FAIL;	/* not reached */
}

#endif /* VMDEV_TEST_H */
