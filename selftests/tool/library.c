// SPDX-License-Identifier: GPL-2.0
/*
 * libvmdev against the module: every function, what it does to content, and the
 * errors its header promises. Built twice, as library_san with the sanitizers.
 */
#define _GNU_SOURCE
#include <vmdev.h>

#include "vmdev_test.h"

/* An errno from a call that must fail. */
#define fails(call, error) do {							\
	errno = 0;								\
	vt_check((call) && errno == (error), "%s: %s, not %s", #call,		\
		 strerror(errno), strerror(error));				\
} while (0)

#define RW	(PROT_READ | PROT_WRITE)

static struct vmdev *space_new(void)
{
	struct vmdev *space = vmdev_open(NULL);

	vt_need(space, "vmdev_open: %s", strerror(errno));
	return space;
}

static char *map_new(struct vmdev *space, uint64_t offset, size_t length)
{
	char *mem = vmdev_mmap(space, offset, length, RW, 0);

	vt_need(mem, "vmdev_mmap: %s", strerror(errno));
	return mem;
}

static uint64_t size_of(struct vmdev *space)
{
	uint64_t size = 0;

	vt_need(!vmdev_get_size(space, &size), "vmdev_get_size: %s", strerror(errno));
	return size;
}

static bool test_open(void)
{
	struct vmdev *a = space_new(), *b = space_new();
	struct vmdev_info info_a, info_b;
	int fd = vmdev_fd(a);

	vt_check(!vmdev_get_info(a, &info_a) && !vmdev_get_info(b, &info_b), "info: %m");
	vt_check(info_a.abi_version == VMDEV_ABI_VERSION, "ABI %u", info_a.abi_version);
	vt_check(info_a.space_id != info_b.space_id, "two spaces of one id");
	vt_check(info_a.page_size == vt_page_size() && vmdev_page_size(a) == vt_page_size(),
		 "page size %u, %zu", info_a.page_size, vmdev_page_size(a));
	vt_check(info_a.pool_frames == vt_pool_frames(), "%llu frames", info_a.pool_frames);
	vt_check(info_a.store_slots == vt_sysfs_u64("store/slots"), "%llu slots",
		 info_a.store_slots);
	vt_check(fcntl(fd, F_GETFD) & FD_CLOEXEC, "the descriptor outlives exec");
	vt_check((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR, "not opened for both ways");
	vmdev_close(a);
	vt_check(fcntl(fd, F_GETFD) < 0 && errno == EBADF, "the descriptor is still open");
	vmdev_close(b);
	fails(!vmdev_open("/dev/null"), ENOTTY);
	fails(!vmdev_open("/dev/none-such"), ENOENT);
	return true;
}

static bool test_mmap(void)
{
	uint64_t pages = 2 * vt_pool_frames();
	size_t page = vt_page_size();
	struct vmdev *space = space_new();
	char *mem = map_new(space, 0, pages * page);

	vt_check(size_of(space) == pages * page, "size %" PRIu64, size_of(space));
	fill_range(mem, pages, 1, 0);
	vt_check(check_range(mem, pages, 1, 0), "content at twice the pool");
	vt_check(!vmdev_munmap(mem, pages * page), "munmap: %m");
	/* The content is the space's, and a mapping can start anywhere in it. */
	mem = map_new(space, 7 * page, page);
	vt_check(check_page(mem, 1, 7), "content of another mapping");
	/* The mapping doesn't need the handle. */
	vmdev_close(space);
	vt_check(check_page(mem, 1, 7), "content after the close");
	vt_check(!vmdev_munmap(mem, page), "munmap: %m");
	return true;
}

static bool test_mmap_errors(void)
{
	size_t page = vt_page_size();
	struct vmdev *space = space_new();
	uint64_t backed = vt_pool_frames() + vt_sysfs_u64("store/slots");
	char *mem;

	fails(!vmdev_mmap(space, 0, page, RW, MAP_PRIVATE), EINVAL);
	fails(!vmdev_mmap(space, 0, page, RW, MAP_FIXED), EINVAL);
	fails(!vmdev_mmap(space, 0, page, RW, MAP_ANONYMOUS), EINVAL);
	fails(!vmdev_mmap(space, 0, 0, RW, 0), EINVAL);
	fails(!vmdev_mmap(space, 1, page, RW, 0), EINVAL);
	fails(!vmdev_mmap(space, 1ULL << 63, page, RW, 0), EOVERFLOW);
	fails(!vmdev_mmap(space, (1ULL << 63) - page, page, RW, 0), EOVERFLOW);
	fails(!vmdev_mmap(space, 0, (backed + 1) * page, RW, 0), ENOMEM);
	vt_check(!size_of(space), "a refused mapping left size %" PRIu64, size_of(space));
	mem = vmdev_mmap(space, 0, (backed + 1) * page, RW, MAP_NORESERVE);
	vt_check(mem, "MAP_NORESERVE: %m");
	fill_page(mem + backed * page, 2, 0);
	vt_check(check_page(mem + backed * page, 2, 0), "content past what is backed");
	vt_check(!vmdev_munmap(mem, (backed + 1) * page), "munmap: %m");
	fails(vmdev_munmap((void *)1, page) == -1, EINVAL);
	vmdev_close(space);
	return true;
}

static bool test_size(void)
{
	size_t page = vt_page_size();
	uint64_t backed = vt_pool_frames() + vt_sysfs_u64("store/slots");
	struct vmdev *space = space_new();
	char *mem = map_new(space, 0, 4 * page);

	fill_range(mem, 4, 3, 0);
	vt_check(!vmdev_set_size(space, page + 100), "set_size: %m");
	vt_check(size_of(space) == page + 100, "size %" PRIu64, size_of(space));
	vt_check(vt_touch_sigbus(mem + 2 * page, false, NULL), "no SIGBUS past the size");
	vt_check(!vmdev_set_size(space, 4 * page), "set_size: %m");
	vt_check(check_page(mem, 3, 0), "the page that stayed");
	vt_check(check_zero(mem + page + 100, 3 * page - 100), "what was cut off came back");
	vt_check(!vmdev_set_size(space, 0) && !size_of(space), "size 0: %m");
	fails(vmdev_set_size(space, (backed + 1) * page) == -1, ENOSPC);
	fails(vmdev_set_size(space, UINT64_MAX) == -1, EFBIG);
	vt_check(!vmdev_munmap(mem, 4 * page), "munmap: %m");
	vmdev_close(space);
	return true;
}

static bool test_limit(void)
{
	uint64_t max = 64, pages = 512;
	struct vmdev *space = space_new();
	char *mem = map_new(space, 0, pages * vt_page_size());
	struct vmdev_stats stats;

	vt_check(!vmdev_set_limit(space, max, 16), "set_limit: %m");
	for (uint64_t i = 0; i < pages; i++) {
		fill_page(mem + i * vt_page_size(), 4, i);
		vt_check(!vmdev_get_stats(space, &stats), "stats: %m");
		vt_check(stats.resident <= max, "%llu pages resident", stats.resident);
	}
	vt_check(stats.limit_max == max && stats.limit_min == 16, "limits %llu, %llu",
		 stats.limit_max, stats.limit_min);
	vt_check(check_range(mem, pages, 4, 0), "content under a limit");
	fails(vmdev_set_limit(space, VMDEV_LIMIT_MIN - 1, 0) == -1, EINVAL);
	fails(vmdev_set_limit(space, 32, 33) == -1, EINVAL);
	fails(vmdev_set_limit(space, 0, vt_pool_frames() / 2 + 1) == -1, ENOSPC);
	vt_check(!vmdev_set_limit(space, 0, 0), "no limit: %m");
	vt_check(!vmdev_munmap(mem, pages * vt_page_size()), "munmap: %m");
	vmdev_close(space);
	return true;
}

static bool test_discard(void)
{
	size_t page = vt_page_size();
	struct vmdev *space = space_new();
	char *mem = map_new(space, 0, 16 * page);
	int64_t pages;

	fill_range(mem, 16, 5, 0);
	pages = vmdev_discard(space, 4 * page, 8 * page);
	vt_check(pages == 8, "%" PRId64 " pages discarded: %m", pages);
	vt_check(check_zero(mem + 4 * page, 8 * page), "discarded pages");
	vt_check(check_range(mem, 4, 5, 0) && check_range(mem + 12 * page, 4, 5, 12), "the others");
	vt_check(vmdev_discard(space, 0, 0) == 0, "nothing: %m");
	fails(vmdev_discard(space, 1, page) == -1, EINVAL);
	fails(vmdev_discard(space, 0, 1) == -1, EINVAL);
	fails(vmdev_discard(space, page, -page) == -1, EINVAL);
	vt_check(!vmdev_munmap(mem, 16 * page), "munmap: %m");
	vmdev_close(space);
	return true;
}

static bool check_states(struct vmdev *space, uint64_t pages, const char *a, const char *b)
{
	struct vmdev_map_entry entries[64];
	ssize_t got = vmdev_page_map(space, 0, entries, ARRAY_SIZE(entries));

	vt_check(got == (ssize_t)pages, "%zd entries: %m", got);
	for (ssize_t i = 0; i < got; i++) {
		const char *name = vmdev_map_state_name(entries[i].state);

		vt_check(!strcmp(name, a) || !strcmp(name, b), "page %zd is %s", i, name);
		vt_check(strcmp(name, "swapped") || (entries[i].frame == VMDEV_MAP_NONE &&
						     entries[i].slot != VMDEV_MAP_NONE),
			 "page %zd is swapped to frame %u, slot %u", i, entries[i].frame,
			 entries[i].slot);
	}
	return true;
}

static bool test_evict(void)
{
	size_t page = vt_page_size();
	struct vmdev *space = space_new();
	char *mem = map_new(space, 0, 32 * page);
	struct vmdev_stats stats;
	struct vmdev_map_entry entry;
	int64_t pages;

	vt_check(check_states(space, 32, "absent", "absent"), "untouched pages");
	fill_range(mem, 32, 6, 0);
	vt_check(check_states(space, 32, "dirty", "writing"), "written pages");
	pages = vmdev_evict(space, 0, 32 * page);
	vt_check(pages > 0 && pages <= 32, "%" PRId64 " pages evicted: %m", pages);
	vt_check(vt_evict_range(vmdev_fd(space), 0, 32 * page), "pages stayed");
	vt_check(check_states(space, 32, "swapped", "swapped"), "evicted pages");
	vt_check(!vmdev_get_stats(space, &stats), "stats: %m");
	vt_check(stats.swapped == 32 && !stats.resident && stats.evictions >= 32,
		 "%llu swapped, %llu resident, %llu evictions", stats.swapped,
		 stats.resident, stats.evictions);
	vt_check(check_range(mem, 32, 6, 0), "content after eviction");
	vt_check(vmdev_page_map(space, 31 * page, &entry, 1) == 1, "the last page: %m");
	vt_check(vmdev_page_map(space, 32 * page, &entry, 1) == 0, "past the end: %m");
	fails(vmdev_page_map(space, 1, &entry, 1) == -1, EINVAL);
	fails(vmdev_page_map(space, 0, NULL, 1) == -1, EFAULT);
	fails(vmdev_evict(space, 1, page) == -1, EINVAL);
	fails(vmdev_evict(space, page, -page) == -1, EINVAL);
	vt_check(!vmdev_munmap(mem, 32 * page), "munmap: %m");
	vmdev_close(space);
	return true;
}

static bool test_from_fd(void)
{
	size_t page = vt_page_size();
	struct vmdev *space = space_new(), *other;
	char *mem = map_new(space, 0, page);
	char buf[16384];
	int fd;

	vt_need(page <= sizeof(buf), "page size %zu", page);
	fill_page(mem, 7, 0);
	other = vmdev_from_fd(dup(vmdev_fd(space)));
	vt_check(other, "from_fd: %m");
	vmdev_close(space);
	vt_check(pread(vmdev_fd(other), buf, page, 0) == (ssize_t)page, "pread: %m");
	vt_check(check_page(buf, 7, 0), "content through the other handle");
	fill_page(buf, 7, 1);
	vt_check(pwrite(vmdev_fd(other), buf, page, 0) == (ssize_t)page, "pwrite: %m");
	vt_check(check_page(mem, 7, 1), "content written through the other handle");
	vmdev_close(other);
	fd = open("/dev/null", O_RDWR);
	fails(!vmdev_from_fd(fd), ENOTTY);
	vt_check(!close(fd), "a refused descriptor was closed");
	fails(!vmdev_from_fd(fd), EBADF);
	vt_check(!vmdev_munmap(mem, page), "munmap: %m");
	return true;
}

static bool test_module_stats(void)
{
	struct vmdev_module_stats before, after;
	size_t page = vt_page_size();
	struct vmdev *space;
	char path[4096], *mem;

	vt_check(!vmdev_get_module_stats(&before, sizeof(before)), "module stats: %m");
	space = space_new();
	mem = map_new(space, 0, 8 * page);
	fill_range(mem, 8, 8, 0);
	vt_check(vt_evict_range(vmdev_fd(space), 0, 8 * page), "pages stayed");
	vt_check(check_range(mem, 8, 8, 0), "content");
	vt_check(!vmdev_get_module_stats(&after, sizeof(after)), "module stats: %m");
	vt_check(after.spaces_count == before.spaces_count + 1, "%" PRIu64 " spaces",
		 after.spaces_count);
	vt_check(after.faults_zero >= before.faults_zero + 8, "no zero faults");
	vt_check(after.faults_major > before.faults_major, "no major faults");
	vt_check(after.evictions >= before.evictions + 8, "no evictions");
	vt_check(after.faults == after.faults_minor + after.faults_major + after.faults_zero,
		 "faults %" PRIu64, after.faults);
	vt_check(after.pool_frames == vt_pool_frames(), "%" PRIu64 " frames", after.pool_frames);
	vt_check(after.pool_free == vt_sysfs_u64("pool/free"), "%" PRIu64 " free", after.pool_free);
	vt_check(strstr(after.policy_available, after.policy_current) && after.policy_current[0],
		 "policy %s of %s", after.policy_current, after.policy_available);
	vt_check(!vt_sysfs_read("store/path", path, sizeof(path)) && path[0] == '/' &&
		 !strcmp(path, after.store_path), "store %s, not %s", after.store_path, path);

	/* A caller that knows fewer members gets no more than those. */
	memset(&before, 0x5a, sizeof(before));
	vt_check(!vmdev_get_module_stats(&before, sizeof(uint64_t)), "a smaller structure: %m");
	vt_check(before.pool_frames == after.pool_frames &&
		 before.pool_free == 0x5a5a5a5a5a5a5a5aULL,
		 "written past the size given");
	fails(vmdev_get_module_stats(&before, 0) == -1, EINVAL);
	fails(vmdev_get_module_stats(&before, sizeof(before) + 1) == -1, EINVAL);
	vt_check(!vmdev_munmap(mem, 8 * page), "munmap: %m");
	vmdev_close(space);
	return true;
}

#define THREADS		4
#define THREAD_PAGES	64

/* A part of the space for each thread, one handle for all. */
static bool use_handle(struct vt_crew *crew, unsigned int id)
{
	uint64_t length = THREAD_PAGES * vt_page_size();
	struct vmdev *space = crew->arg;
	struct vmdev_map_entry entries[THREAD_PAGES];
	struct vmdev_stats stats;

	for (unsigned int round = 1; round <= 20; round++) {
		char *mem = vmdev_mmap(space, id * length, length, RW, 0);

		vt_check(mem, "mmap: %m");
		fill_range(mem, THREAD_PAGES, round, id * THREAD_PAGES);
		vt_check(vmdev_evict(space, 0, THREADS * length) >= 0, "evict: %m");
		vt_check(check_range(mem, THREAD_PAGES, round, id * THREAD_PAGES),
			 "thread %u, round %u", id, round);
		vt_check(vmdev_page_map(space, id * length, entries, THREAD_PAGES) ==
			 THREAD_PAGES, "page map: %m");
		vt_check(!vmdev_get_stats(space, &stats), "stats: %m");
		vt_check(vmdev_discard(space, id * length, length) == THREAD_PAGES, "discard: %m");
		vt_check(check_zero(mem, length), "thread %u, round %u", id, round);
		vt_check(!vmdev_munmap(mem, length), "munmap: %m");
	}
	return true;
}

static bool test_threads(void)
{
	struct vmdev *space = space_new();
	bool good = vt_crew_run(THREADS, use_handle, space);

	vmdev_close(space);
	return good;
}

struct shared {
	struct vmdev *space;
	char *mem;
};

static bool use_in_child(void *arg)
{
	struct shared *shared = arg;

	vt_check(check_page(shared->mem, 9, 0), "content in the child");
	fill_page(shared->mem, 9, 1);
	vt_check(vmdev_set_size(shared->space, 2 * vt_page_size()) == 0, "set_size: %m");
	vmdev_close(shared->space);
	return true;
}

static bool test_fork(void)
{
	struct shared shared = { .space = space_new() };

	shared.mem = map_new(shared.space, 0, vt_page_size());
	fill_page(shared.mem, 9, 0);
	vt_check(vt_in_child(use_in_child, &shared), "the child");
	vt_check(check_page(shared.mem, 9, 1), "what the child wrote");
	vt_check(size_of(shared.space) == 2 * vt_page_size(), "the size the child set");
	vt_check(!vmdev_munmap(shared.mem, vt_page_size()), "munmap: %m");
	vmdev_close(shared.space);
	return true;
}

static const struct vt_test tests[] = {
	{ "open, close, fd, info", test_open },
	{ "map, unmap, map again", test_mmap },
	{ "errors of mapping", test_mmap_errors },
	{ "size", test_size },
	{ "limit", test_limit },
	{ "discard", test_discard },
	{ "evict, page map, stats", test_evict },
	{ "descriptors from elsewhere", test_from_fd },
	{ "statistics of the module", test_module_stats },
	{ "threads on one handle", test_threads },
	{ "fork", test_fork },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
