// SPDX-License-Identifier: GPL-2.0
/*
 * A hundred rounds of load, use and unload leave memory where it was, and unload
 * never waits for those who read its files.
 */
#define _GNU_SOURCE
#include <dirent.h>

#include "files.h"

#define WARM_UP		10
#define ROUNDS		100
#define PAGES		400U
#define TOLERANCE_KB	384		/* of 100 rounds: a page lost in each would show */

/* Load, put more than the pool through a space, unload. */
static bool round_of(unsigned int number, const char *store)
{
	struct vt_space v;
	int ret;

	vl_must_load("pool_mb=1 store=%s store_mb=2", store);
	v = vt_space_new(PAGES * vt_page_size());
	fill_range(v.mem, PAGES, 1 + number, 0);
	vt_check(check_range(v.mem, PAGES, 1 + number, 0), "content lost in round %u", number);
	vt_space_free(&v);
	ret = vl_unload_patiently(5);
	vt_check(!ret, "unload in round %u: %s", number, strerror(-ret));
	return true;
}

struct memory {
	uint64_t free_kb, slab_kb, vmalloc_kb, percpu_kb;
};

static void write_vm(const char *name, const char *value)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/vm/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	vt_need(fd >= 0 && write(fd, value, strlen(value)) > 0, "%s: %s", path, strerror(errno));
	close(fd);
}

/* Free pages that wait in the lists of each CPU: some MiB, and not in MemFree. */
static uint64_t per_cpu_free_kb(void)
{
	FILE *f = fopen("/proc/zoneinfo", "re");
	unsigned long long pages, sum = 0;
	char line[128];

	vt_need(f, "/proc/zoneinfo: %s", strerror(errno));
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, " count: %llu", &pages) == 1)
			sum += pages;
	fclose(f);
	return sum * (vt_page_size() >> 10);
}

static struct memory memory_now(void)
{
	struct memory m;

	sync();
	vt_sleep_ms(500);		/* RCU and workqueues free later */
	write_vm("drop_caches", "3");
	write_vm("stat_refresh", "1");
	m.free_kb = vl_meminfo_kb("MemFree") + per_cpu_free_kb();
	m.slab_kb = vl_meminfo_kb("Slab");
	m.vmalloc_kb = vl_meminfo_kb("VmallocUsed");
	m.percpu_kb = vl_meminfo_kb("Percpu");
	vt_msg("free %" PRIu64 " KiB, slab %" PRIu64 ", vmalloc %" PRIu64 ", per-CPU %" PRIu64,
	       m.free_kb, m.slab_kb, m.vmalloc_kb, m.percpu_kb);
	return m;
}

static bool has_kasan(void)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	char line[256];
	bool found = false;

	vt_need(f, "/proc/kallsyms: %s", strerror(errno));
	while (!found && fgets(line, sizeof(line), f))
		found = strstr(line, " kasan_report\n");
	fclose(f);
	return found;
}

/* Is there as much of everything as there was, but for what the rest of a system does? */
static bool is_back(const struct memory *before, const struct memory *after)
{
	return after->free_kb + TOLERANCE_KB >= before->free_kb &&
	       after->slab_kb <= before->slab_kb + TOLERANCE_KB &&
	       after->vmalloc_kb <= before->vmalloc_kb + TOLERANCE_KB &&
	       after->percpu_kb <= before->percpu_kb + TOLERANCE_KB;
}

/* Is memory where it was before @rounds more? @before becomes what it is like then. */
static bool same_after(const char *store, unsigned int rounds, struct memory *before)
{
	struct memory after, best = { 0 };

	for (unsigned int i = 0; i < rounds; i++)
		vt_need(round_of(i, store), "round %u", i);
	for (int tries = 0; tries < 5; tries++) {
		after = memory_now();
		if (is_back(before, &after))
			return true;
		if (after.free_kb > best.free_kb)
			best = after;
		vt_sleep_ms(1000);
	}
	*before = best;
	return false;
}

static bool leaves_memory(const char *store, unsigned int rounds)
{
	struct memory before;

	for (unsigned int i = 0; i < WARM_UP; i++)
		vt_check(round_of(i, store), "warming up");
	before = memory_now();
	if (same_after(store, rounds, &before))
		return true;
	vt_check(has_kasan(), "memory is not where it was before %u rounds", rounds);
	vt_msg("once more: KASAN's store of freed memory may have been filling up");
	vt_check(same_after(store, rounds, &before),
		 "memory is not where it was before %u rounds, twice", rounds);
	return true;
}

static bool test_block_device(void)
{
	return leaves_memory(vl_disk(), ROUNDS);
}

/* File I/O takes other paths: worker threads and open files. */
static bool test_tmpfs(void)
{
	mount_tmpfs("size=16m");
	vt_check(leaves_memory(FS_DIR, ROUNDS / 4), "on tmpfs");
	vt_check(count_entries(FS_DIR) == 2 && free_mb(FS_DIR) >= 15, "a file is left");
	return true;
}

/* Reads all files of a directory and of those below it, whatever comes of it. */
static void read_tree(const char *dir)
{
	struct dirent *entry;
	DIR *d = opendir(dir);

	while (d && (entry = readdir(d))) {
		char path[300], buf[4096];
		int fd;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%.100s", dir, entry->d_name);
		if (entry->d_type == DT_DIR) {
			read_tree(path);
			continue;
		}
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0)
			continue;
		while (read(fd, buf, sizeof(buf)) > 0)
			;
		close(fd);
	}
	if (d)
		closedir(d);
}

static bool read_files(struct vt_crew *crew, unsigned int id)
{
	static const char *const trees[] = { VT_SYSFS, "/sys/kernel/debug/vmdev",
		"/sys/module/vmdev/parameters" };
	unsigned int turn = id;

	while (!atomic_load(&crew->stop))
		read_tree(trees[turn++ % ARRAY_SIZE(trees)]);
	return true;
}

static bool open_device(struct vt_crew *crew, unsigned int id)
{
	(void)id;
	while (!atomic_load(&crew->stop)) {
		int fd = open(VT_DEVICE, O_RDWR | O_CLOEXEC);

		if (fd < 0)
			continue;
		if (pwrite(fd, "x", 1, 0) != 1)
			vt_msg("write: %s", strerror(errno));
		close(fd);
	}
	return true;
}

static bool unload_under(bool (*fn)(struct vt_crew *crew, unsigned int id), unsigned int threads)
{
	struct vt_crew crew;
	double slowest = 0;

	vt_crew_start(&crew, threads, fn, NULL);
	for (int i = 0; i < 10; i++) {
		double start;
		int ret;

		vl_must_load("pool_mb=1 store=%s store_mb=2", vl_disk());
		vt_sleep_ms(50);
		start = vt_now();
		ret = vl_unload_patiently(10);
		vt_check(!ret, "unload in round %d: %s", i, strerror(-ret));
		if (vt_now() - start > slowest)
			slowest = vt_now() - start;
	}
	vt_check(vt_crew_stop(&crew), "in a thread");
	vt_msg("slowest unload %.2f s", slowest);
	vt_check(slowest < 10, "unload took %.1f s", slowest);
	return true;
}

static bool test_readers(void)
{
	return unload_under(read_files, 2);
}

static bool test_openers(void)
{
	return unload_under(open_device, 2);
}

static const struct vt_test tests[] = {
	{ "a hundred rounds on a block device", test_block_device },
	{ "rounds on tmpfs", test_tmpfs },
	{ "unload while its files are read", test_readers },
	{ "unload while its device is opened", test_openers },
};

int main(void)
{
	const struct vl_suite suite = {
		.tests = tests,
		.count = ARRAY_SIZE(tests),
		.seconds = 240,
		.after_unload = unmount_all,
	};

	return vl_run(&suite);
}
