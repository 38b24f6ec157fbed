// SPDX-License-Identifier: GPL-2.0
/*
 * Everything that can be done with the device while each allocation and each copy
 * from or to user space fails in turn: it works, or gives a clean errno or SIGBUS;
 * works the next time; and no content is lost or changed by it.
 */
#define _GNU_SOURCE
#include <sys/uio.h>

#include "fail.h"

#define PAGES	64U
#define OTHER	1000U	/* first page of a range with nothing in it */
#define LENGTH	(4096 * vt_page_size())

static struct vt_space v;	/* pages 0 to PAGES - 1 have pattern 1 */
static int fd = -1;
static char *mem;
static char *buffer;

static char *page_of(unsigned int index)
{
	return v.mem + index * vt_page_size();
}

/* What was there is there, and only that. */
static bool content(int result)
{
	(void)result;
	vt_check(check_range(v.mem, PAGES, 1, 0), "content lost");
	vt_check(vt_stats_now(v.fd).bad == 0, "%llu bad pages", vt_stats_now(v.fd).bad);
	return true;
}

static void evicted(void)
{
	vt_need(vt_evict_range(v.fd, 0, PAGES * vt_page_size()), "pages stayed");
}

static void resident(void)
{
	vt_need(check_range(v.mem, PAGES, 1, 0), "content lost");
}

/* ---- open, close, mmap, munmap ---- */

static int run_open(void)
{
	fd = open(VT_DEVICE, O_RDWR);
	return fd < 0 ? -errno : 0;
}

static bool verify_open(int result)
{
	if (!result) {
		vt_check(pwrite(fd, "x", 1, 0) == 1, "pwrite: %s", strerror(errno));
		close(fd);
	}
	vt_check(vt_sysfs_u64("spaces/count") == 1, "%" PRIu64 " spaces",
		 vt_sysfs_u64("spaces/count"));
	return content(result);
}

static void new_space(void)
{
	fd = vt_open();
}

static int run_mmap(void)
{
	mem = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return mem == MAP_FAILED ? -errno : 0;
}

static bool verify_mmap(int result)
{
	if (!result) {
		fill_range(mem, 100, 2, 0);
		vt_check(check_range(mem, 100, 2, 0), "content lost");
		munmap(mem, 1 << 20);
	}
	close(fd);
	return content(result);
}

static void new_mapping(void)
{
	new_space();
	mem = vt_map(fd, 1 << 20, 0);
	fill_range(mem, 100, 2, 0);
}

/* Give it up again; whatever came of the step. */
static bool end_mapping(int result)
{
	munmap(mem, 1 << 20);
	close(fd);
	return content(result);
}

static int run_munmap(void)
{
	return munmap(mem + 16 * vt_page_size(), 16 * vt_page_size()) ? -errno : 0;
}

static bool verify_munmap(int result)
{
	vt_check(check_range(mem, 16, 2, 0), "content lost");
	return end_mapping(result);
}

static void *source, *target;

static void prepare_mremap(void)
{
	new_mapping();
	source = mem;
	target = mmap(NULL, 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	vt_need(target != MAP_FAILED, "mmap: %s", strerror(errno));
}

static int run_mremap(void)
{
	void *p = mremap(mem, 1 << 20, 1 << 20, MREMAP_MAYMOVE | MREMAP_FIXED, target);

	if (p == MAP_FAILED)
		return -errno;
	mem = p;
	return 0;
}

static bool verify_mremap(int result)
{
	vt_check(check_range(mem, 100, 2, 0), "content lost");
	/* mremap() works, too, without unmapping the old place when there is no memory */
	munmap(source, 1 << 20);
	munmap(target, 1 << 20);
	close(fd);
	return content(result);
}

static pid_t child;

static int run_fork(void)
{
	child = fork();
	if (!child) {
		(void)*(volatile char *)page_of(3);
		_exit(0);
	}
	return child < 0 ? -errno : 0;
}

static bool verify_fork(int result)
{
	int status;

	if (!result) {
		vt_need(waitpid(child, &status, 0) == child, "waitpid");
		vt_check(!status, "the child ended with %#x", status);
	}
	return content(result);
}

/* ---- touching ---- */

static unsigned int next_fresh = OTHER;

/* A leaf of its own each time. */
static void fresh(void)
{
	next_fresh += 64;
	if (next_fresh + 64 > LENGTH / vt_page_size()) {
		vt_need(vt_discard(v.fd, OTHER * vt_page_size(), LENGTH) >= 0, "DISCARD");
		close(v.fd);
		vt_need(!munmap(v.mem, LENGTH), "munmap");
		v = vt_space_new(LENGTH);
		fill_range(v.mem, PAGES, 1, 0);
		next_fresh = OTHER;
	}
	vt_need(!mprotect(page_of(next_fresh), vt_page_size(), PROT_READ | PROT_WRITE), "mprotect");
}

static int run_first_read(void)
{
	return fi_touch(page_of(next_fresh), false);
}

static int run_first_write(void)
{
	return fi_touch(page_of(next_fresh), true);
}

static bool verify_fresh(int result)
{
	vt_check(check_zero(page_of(next_fresh), vt_page_size()), "a new page");
	fill_page(page_of(next_fresh), 3, 0);
	vt_check(vt_evict_range(v.fd, next_fresh * vt_page_size(), vt_page_size()), "it stays");
	vt_check(check_page(page_of(next_fresh), 3, 0), "content lost");
	return content(result);
}

static int run_read_back(void)
{
	return fi_touch(page_of(5), false);
}

static int run_write_back(void)
{
	return fi_touch(page_of(6), true);
}

/* A page evicted as one repeated word. */
static void same_filled(void)
{
	memset(page_of(OTHER), 0x77, vt_page_size());
	vt_need(vt_evict_range(v.fd, OTHER * vt_page_size(), vt_page_size()), "it stays");
}

static int run_same_filled(void)
{
	return fi_touch(page_of(OTHER), false);
}

static bool verify_same_filled(int result)
{
	for (size_t i = 0; i < vt_page_size(); i++)
		vt_check(page_of(OTHER)[i] == 0x77, "byte %zu is %#x", i, page_of(OTHER)[i]);
	return content(result);
}

/* ---- read and write ---- */

static int result_of(ssize_t n, ssize_t expected)
{
	/* a part may be done before something fails */
	return n < 0 ? -errno : n == expected ? 0 : -EFAULT;
}

static int run_pread(void)
{
	return result_of(pread(v.fd, buffer, 8 * vt_page_size(), 0), 8 * vt_page_size());
}

static bool verify_pread(int result)
{
	vt_check(result || check_range(buffer, 8, 1, 0), "what was read");
	return content(result);
}

static void fill_buffer(void)
{
	fill_range(buffer, 8, 1, 8);
	evicted();
}

static int run_pwrite(void)
{
	return result_of(pwrite(v.fd, buffer, 8 * vt_page_size(), 8 * vt_page_size()),
			 8 * vt_page_size());
}

static int run_pwrite_fresh(void)
{
	return result_of(pwrite(v.fd, buffer, 2 * vt_page_size(), next_fresh * vt_page_size()),
			 2 * vt_page_size());
}

static bool verify_pwrite_fresh(int result)
{
	vt_check(result || check_range(page_of(next_fresh), 2, 1, 8), "what was written");
	return content(result);
}

static void prepare_pwrite_fresh(void)
{
	fresh();
	fill_range(buffer, 8, 1, 8);
}

static int pipes[2];

static void new_pipe(void)
{
	vt_need(!pipe(pipes), "pipe");
	evicted();
}

static int run_splice(void)
{
	off64_t at = 0;

	return result_of(splice(v.fd, &at, pipes[1], NULL, vt_page_size(), 0), vt_page_size());
}

static bool verify_splice(int result)
{
	if (!result)
		vt_check(read(pipes[0], buffer, vt_page_size()) == (ssize_t)vt_page_size() &&
			 check_page(buffer, 1, 0), "what came through the pipe");
	close(pipes[0]);
	close(pipes[1]);
	return content(result);
}

/* ---- ioctls and hints ---- */

static int run_info(void)
{
	struct vmdev_info info;

	return vt_info(v.fd, &info);
}

static int run_stats(void)
{
	struct vmdev_stats stats;

	return vt_stats(v.fd, &stats);
}

static int run_evict(void)
{
	int64_t n = vt_evict(v.fd, 0, PAGES * vt_page_size());

	return n < 0 ? n : 0;
}

static int run_map(void)
{
	struct vmdev_map_entry entries[PAGES];
	int64_t n = vt_get_map(v.fd, 0, PAGES, entries);

	return n < 0 ? n : 0;
}

static void prepare_size(void)
{
	new_mapping();
	vt_need(vt_evict_range(fd, 0, 100 * vt_page_size()), "pages stayed");
}

static int run_size_down(void)
{
	return vt_set_size(fd, 50 * vt_page_size() + 100);
}

static int run_size_up(void)
{
	return vt_set_size(fd, 2000 * vt_page_size());
}

static bool verify_size(int result)
{
	uint64_t size = vt_stats_now(fd).size;

	vt_check(check_range(mem, 50, 2, 0), "content lost");
	if (!result && size == 50 * vt_page_size() + 100)
		vt_check(check_zero(mem + 50 * vt_page_size() + 104, vt_page_size() - 104),
			 "behind the end");
	else
		vt_check(check_range(mem, 100, 2, 0), "content lost");
	return end_mapping(result);
}

static int run_limit(void)
{
	return vt_set_limit(fd, 64, 16);
}

static bool verify_limit(int result)
{
	vt_check(check_range(mem, 100, 2, 0), "content lost");
	fill_range(mem, 200, 2, 0);
	vt_check(check_range(mem, 200, 2, 0), "content lost");
	return end_mapping(result);
}

static int run_discard(void)
{
	int64_t n = vt_discard(fd, 20 * vt_page_size(), 80 * vt_page_size());

	return n < 0 ? n : 0;
}

static bool verify_discard(int result)
{
	vt_check(check_range(mem, 20, 2, 0), "content lost");
	vt_check(result || check_zero(mem + 20 * vt_page_size(), 80 * vt_page_size()), "discarded");
	return end_mapping(result);
}

static int run_willneed(void)
{
	return -posix_fadvise(v.fd, 0, PAGES * vt_page_size(), POSIX_FADV_WILLNEED);
}

static int run_dontneed(void)
{
	return -posix_fadvise(v.fd, 0, PAGES * vt_page_size(), POSIX_FADV_DONTNEED);
}

static int run_madvise(void)
{
	return madvise(v.mem, PAGES * vt_page_size(), MADV_WILLNEED) ? -errno : 0;
}

static int run_mlock(void)
{
	return mlock(v.mem, 16 * vt_page_size()) ? -errno : 0;
}

static bool verify_mlock(int result)
{
	munlock(v.mem, 16 * vt_page_size());
	/* the CPUs keep lists of pages that were mlocked; this empties them */
	vt_drain_lists();
	return content(result);
}

/* ---- sysfs ---- */

static uint64_t frames_before;

static void note_frames(void)
{
	frames_before = vt_pool_frames();
}

static int run_grow(void)
{
	return vt_try_pool_frames(frames_before + 600);
}

static int run_shrink(void)
{
	return vt_try_pool_frames(frames_before - 100);
}

static bool verify_frames(int result)
{
	vt_check(!result || vt_pool_frames() == frames_before, "%" PRIu64 " frames, %" PRIu64
		 " before, and it failed", vt_pool_frames(), frames_before);
	vt_set_pool_frames(frames_before);
	return content(result);
}

static int run_policy(void)
{
	return vt_sysfs_write("policy/current", "fifo");
}

static bool verify_policy(int result)
{
	vt_check(!vt_sysfs_write("policy/current", "clock"), "policy");
	return content(result);
}

static int run_sysfs_read(void)
{
	static const char *const name[] = {
		"pool/frames", "pool/free", "pool/pinned", "store/path", "stats/faults",
		"policy/available", "spaces/count",
	};
	char text[256];
	int ret = 0;

	for (unsigned int i = 0; !ret && i < ARRAY_SIZE(name); i++)
		ret = vt_sysfs_read(name[i], text, sizeof(text));
	return ret;
}

static int run_close(void)
{
	int ret;

	munmap(mem, 1 << 20);
	ret = close(fd) ? -errno : 0;
	return ret;
}

/* munmap of all can't fail for memory but where it splits. */
static bool verify_close(int result)
{
	double end = vt_now() + 5;

	munmap(mem, 1 << 20);
	while (vt_sysfs_u64("spaces/count") != 1 && vt_now() < end)
		vt_sleep_ms(5);
	vt_check(vt_sysfs_u64("spaces/count") == 1, "%" PRIu64 " spaces",
		 vt_sysfs_u64("spaces/count"));
	return content(result);
}

/* Write to pages one after the other: 0 or the signal. */
static int write_pages(char *page, unsigned int count)
{
	int sig = 0;

	for (unsigned int i = 0; i < count && !sig; i++)
		sig = fi_touch(page + i * vt_page_size(), true);
	return sig;
}

/* More than the pool: the toucher reclaims for itself, with failures. */
static int run_thrash(void)
{
	return write_pages(page_of(8 * next_fresh), 40);
}

static void small_pool(void)
{
	next_fresh = next_fresh < 200 ? next_fresh + 1 : 20;
	vt_need(vt_try_pool_frames(32) == 0, "a pool of 32 frames");
}

/* The space grows by it, and its last page was cut before. */
static void prepare_append(void)
{
	new_mapping();
	vt_need(!vt_set_size(fd, 50 * vt_page_size() + 100), "SET_SIZE");
	vt_need(vt_evict_range(fd, 0, 51 * vt_page_size()), "pages stayed");
	fill_range(buffer, 8, 1, 8);
}

static int run_write_behind(void)
{
	return result_of(pwrite(fd, buffer, 2 * vt_page_size(), 60 * vt_page_size()),
			 2 * vt_page_size());
}

static bool verify_append(int result)
{
	vt_check(check_range(mem, 50, 2, 0), "content lost");
	if (!result) {
		vt_check(check_zero(mem + 50 * vt_page_size() + 104, 10 * vt_page_size() - 104),
			 "between the old end and what was written");
		vt_check(check_range(mem + 60 * vt_page_size(), 2, 1, 8), "what was written");
	}
	return end_mapping(result);
}

/* A space at its limit makes room for itself. */
static void prepare_limited(void)
{
	new_space();
	vt_need(!vt_set_limit(fd, 16, 0), "SET_LIMIT");
	mem = vt_map(fd, 1 << 20, 0);
	fill_range(mem, 40, 2, 0);
}

static int run_limited(void)
{
	return write_pages(mem + 40 * vt_page_size(), 20);
}

static bool verify_limited(int result)
{
	vt_check(check_range(mem, 40, 2, 0), "content lost");
	fill_range(mem, 60, 3, 0);
	vt_check(check_range(mem, 60, 3, 0), "content lost, later");
	return end_mapping(result);
}

static const struct fi_step space_steps[] = {
	{ "open", NULL, run_open, verify_open, { -ENFILE, -EMFILE } },
	{ "close", new_mapping, run_close, verify_close, { 0 } },
	{ "mmap", new_space, run_mmap, verify_mmap, { 0 } },
	{ "munmap of a part", new_mapping, run_munmap, verify_munmap, { 0 } },
	{ "mremap", prepare_mremap, run_mremap, verify_mremap, { 0 } },
	{ "fork", resident, run_fork, verify_fork, { -EAGAIN } },
};

static const struct fi_step touch_steps[] = {
	{ "first touch, read", fresh, run_first_read, verify_fresh, { 0 } },
	{ "first touch, write", fresh, run_first_write, verify_fresh, { 0 } },
	{ "read back by reading", evicted, run_read_back, content, { 0 } },
	{ "read back by writing", evicted, run_write_back, content, { 0 } },
	{ "one repeated word", same_filled, run_same_filled, verify_same_filled, { 0 } },
};

static const struct fi_step io_steps[] = {
	{ "read(2) of evicted pages", evicted, run_pread, verify_pread, { 0 } },
	{ "read(2) of resident pages", resident, run_pread, verify_pread, { 0 } },
	{ "write(2) to evicted pages", fill_buffer, run_pwrite, content, { 0 } },
	{ "write(2) to new pages", prepare_pwrite_fresh, run_pwrite_fresh, verify_pwrite_fresh,
	  { 0 } },
	{ "write(2) behind the end", prepare_append, run_write_behind, verify_append, { 0 } },
	{ "splice", new_pipe, run_splice, verify_splice, { -EAGAIN } },
	{ "POSIX_FADV_WILLNEED", evicted, run_willneed, content, { 0 } },
	{ "POSIX_FADV_DONTNEED", resident, run_dontneed, content, { 0 } },
	{ "MADV_WILLNEED", evicted, run_madvise, content, { 0 } },
	{ "mlock", evicted, run_mlock, verify_mlock, { -EAGAIN } },
};

static const struct fi_step ioctl_steps[] = {
	{ "GET_INFO", NULL, run_info, content, { 0 } },
	{ "GET_STATS", NULL, run_stats, content, { 0 } },
	{ "EVICT", resident, run_evict, content, { 0 } },
	{ "GET_MAP", NULL, run_map, content, { 0 } },
	{ "SET_SIZE down", prepare_size, run_size_down, verify_size, { -EIO } },
	{ "SET_SIZE up", prepare_size, run_size_up, verify_size, { 0 } },
	{ "SET_LIMIT", new_mapping, run_limit, verify_limit, { 0 } },
	{ "DISCARD", prepare_size, run_discard, verify_discard, { 0 } },
};

static const struct fi_step sysfs_steps[] = {
	{ "pool/frames up", note_frames, run_grow, verify_frames, { 0 } },
	{ "pool/frames down", note_frames, run_shrink, verify_frames, { 0 } },
	{ "policy/current", NULL, run_policy, verify_policy, { 0 } },
	{ "reading sysfs", NULL, run_sysfs_read, content, { -ENFILE } },
};

static const struct fi_step thrash_steps[] = {
	{ "faults of a space at its limit", prepare_limited, run_limited, verify_limited, { 0 } },
	{ "faults that reclaim", small_pool, run_thrash, content, { 0 } },
};

static bool with_store(const char *store, const struct fi_step *steps, unsigned int count)
{
	bool ok;

	vl_must_load("pool_mb=4 store=%s store_mb=32", store);
	buffer = malloc(8 * vt_page_size());
	fi_catch_signals();
	v = vt_space_new(LENGTH);
	fill_range(v.mem, PAGES, 1, 0);
	ok = fi_walk_all(steps, count);
	vt_space_free(&v);
	vt_check(ok, "with store %s", store);
	vt_check(vt_nothing_left(), "after close");
	vt_check(vt_sysfs_u64("store/read_errors") + vt_sysfs_u64("store/checksum_errors") == 0,
		 "read errors");
	vt_check(!vl_unload_patiently(10), "unload");
	return true;
}

/* With block I/O, and with file I/O (tmpfs). */
static bool both(const struct fi_step *steps, unsigned int count)
{
	return with_store(vl_disk(), steps, count) && with_store("/dev/shm", steps, count);
}

static bool test_space(void)
{
	return both(space_steps, ARRAY_SIZE(space_steps));
}

static bool test_touch(void)
{
	return both(touch_steps, ARRAY_SIZE(touch_steps));
}

static bool test_io(void)
{
	return both(io_steps, ARRAY_SIZE(io_steps));
}

static bool test_ioctl(void)
{
	return both(ioctl_steps, ARRAY_SIZE(ioctl_steps));
}

static bool test_sysfs(void)
{
	return with_store(vl_disk(), sysfs_steps, ARRAY_SIZE(sysfs_steps));
}

static bool test_thrash(void)
{
	return both(thrash_steps, ARRAY_SIZE(thrash_steps));
}

static const struct vt_test tests[] = {
	{ "open, mmap, fork and their ends", test_space },
	{ "touching", test_touch },
	{ "read, write, splice, hints", test_io },
	{ "ioctls", test_ioctl },
	{ "sysfs", test_sysfs },
	{ "faults that reclaim for themselves", test_thrash },
	/* last: everything above is forgotten by now, or leaked */
	{ "no memory is lost (where there is kmemleak)", vm_no_leaks },
};

int main(void)
{
	const struct vl_suite suite = {
		.tests = tests,
		.count = ARRAY_SIZE(tests),
		.seconds = 600,
	};

	return fi_run(&suite);
}
