// SPDX-License-Identifier: GPL-2.0
/*
 * Faults in several threads of one process while others move its mappings, fork
 * it, evict its pages, and the kernel reclaims and compacts memory: the locks of
 * all of these meet. The process has a memory limit that its files' pages fill,
 * so what a fault or a write allocates is reclaimed first. The store is made
 * every way. Every worker has pages of its own and checks them.
 */
#define _GNU_SOURCE
#include <sys/vfs.h>
#include <linux/magic.h>

#include "nesting.h"

#define POOL_MB		2
#define OWN		256	/* pages of a worker */
#define WORKERS		5
#define SECONDS		6
#define CGROUP		"/sys/fs/cgroup/vmdev-nesting"

static const char *other_dir;
static struct vt_space space;
static double deadline;

static size_t bytes(unsigned int pages)
{
	return pages * vt_page_size();
}

static char *own(unsigned int id)
{
	return space.mem + bytes(id * OWN);
}

static bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return done;
}

/* At most 16 MiB for this process, page cache included. */
static void limit_memory(void)
{
	vt_need(write_text("/sys/fs/cgroup/cgroup.subtree_control", "+memory"),
		"no memory controller: %s", strerror(errno));
	mkdir(CGROUP, 0755);
	vt_need(write_text(CGROUP "/memory.max", "16777216") &&
		write_text(CGROUP "/cgroup.procs", "0"), "%s: %s", CGROUP, strerror(errno));
}

/* How often the limit made the kernel reclaim. */
static uint64_t times_at_limit(void)
{
	return vl_proc_value(CGROUP "/memory.events", "max");
}

static uint64_t limit_before;

/* Has the limit been felt, or is there nothing that would make it? */
static bool pressed(void)
{
	struct statfs st;

	vt_need(!statfs(other_dir, &st), "%s: %s", other_dir, strerror(errno));
	return st.f_type == TMPFS_MAGIC || times_at_limit() > limit_before;
}

/* Pages through a file that is larger than the limit leaves room for, until it is felt. */
static bool file_worker(unsigned int id)
{
	const size_t length = bytes(OWN);
	unsigned int parts = 40;
	struct statfs st;
	char path[256];
	int fd;

	vt_need(!statfs(other_dir, &st), "%s: %s", other_dir, strerror(errno));
	if (st.f_type == TMPFS_MAGIC)
		parts = 8;	/* its pages have nowhere to go */
	snprintf(path, sizeof(path), "%s/other.%u", other_dir, id);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	vt_need(fd >= 0, "%s: %s", path, strerror(errno));
	unlink(path);
	for (unsigned int seed = 1; vt_now() < deadline ||
	     (!pressed() && vt_now() < deadline + 60 * vt_time_scale()); seed++) {
		off_t offset = (off_t)(seed % parts) * length;

		fill_range(own(id), OWN, seed, 0);
		vt_check(pwrite(fd, own(id), length, offset) == (ssize_t)length, "write: %s",
			 strerror(errno));
		fill_range(own(id), OWN, 0x7777, 0);
		vt_check(pread(fd, own(id), length, offset) == (ssize_t)length, "read: %s",
			 strerror(errno));
		vt_check(check_range(own(id), OWN, seed, 0), "through a file");
	}
	close(fd);
	return true;
}

/* Its pages by our own write and read, from and to another place of the mapping. */
static bool rw_worker(unsigned int id)
{
	const size_t half = bytes(OWN / 2);
	const off_t to = bytes(id * OWN + OWN / 2);

	for (unsigned int seed = 1; vt_now() < deadline; seed++) {
		fill_range(own(id), OWN / 2, seed, 0);
		vt_check(pwrite(space.fd, own(id), half, to) == (ssize_t)half, "write: %s",
			 strerror(errno));
		fill_range(own(id), OWN / 2, 0x7777, 0);
		vt_check(pread(space.fd, own(id), half, to) == (ssize_t)half, "read: %s",
			 strerror(errno));
		vt_check(check_range(own(id), OWN / 2, seed, 0), "through the space");
	}
	return true;
}

/* A second mapping of its pages moves, shrinks and grows all the time. */
static bool mremap_worker(unsigned int id)
{
	const off_t offset = bytes(id * OWN);
	char *mem = vt_map(space.fd, bytes(OWN), offset);

	for (unsigned int seed = 1; vt_now() < deadline; seed++) {
		char *to = mmap(NULL, bytes(2 * OWN), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
				-1, 0);

		vt_need(to != MAP_FAILED, "mmap: %s", strerror(errno));
		fill_range(mem, OWN, seed, 0);
		mem = mremap(mem, bytes(OWN), bytes(OWN), MREMAP_MAYMOVE | MREMAP_FIXED, to);
		vt_check(mem == to, "mremap: %s", strerror(errno));
		vt_check(check_range(mem, OWN, seed, 0), "moved");
		mem = mremap(mem, bytes(OWN), bytes(OWN / 2), 0);
		vt_check(mem == to, "mremap: %s", strerror(errno));
		mem = mremap(mem, bytes(OWN / 2), bytes(OWN), MREMAP_MAYMOVE);
		vt_check(mem != MAP_FAILED, "mremap: %s", strerror(errno));
		vt_check(check_range(mem, OWN, seed, 0), "cut and grown again");
		munmap(to + bytes(OWN), bytes(OWN));
	}
	munmap(mem, bytes(OWN));
	return true;
}

/* Children check the pages, write them, and exit while others fault. */
static bool fork_worker(unsigned int id)
{
	for (unsigned int seed = 1; vt_now() < deadline; seed++) {
		pid_t pid;

		fill_range(own(id), OWN, seed, 0);
		pid = vt_fork();
		if (!pid) {
			bool ok = check_range(own(id), OWN, seed, 0);

			fill_range(own(id), OWN / 2, seed + 1, 0);
			_exit(!ok);
		}
		vt_check(vt_wait_ok(pid), "child");
		vt_check(check_range(own(id), OWN / 2, seed + 1, 0), "written by a child");
		vt_check(check_range(own(id) + bytes(OWN / 2), OWN / 2, seed, OWN / 2),
			 "not written by a child");
	}
	return true;
}

/* The kernel's own ways of moving memory about, and the pool's size. */
static bool pressure_worker(unsigned int id)
{
	(void)id;
	for (unsigned int i = 0; vt_now() < deadline; i++) {
		write_text("/proc/sys/vm/drop_caches", "7");
		write_text("/proc/sys/vm/compact_memory", "1");
		vt_set_pool_frames(i & 1 ? 512 : 384);
		vt_sleep_ms(100);
	}
	return true;
}

static bool worker(struct vt_crew *crew, unsigned int id)
{
	static bool (*const workers[WORKERS])(unsigned int id) = {
		file_worker, rw_worker, mremap_worker, fork_worker, pressure_worker,
	};

	(void)crew;
	return workers[id](id);
}

static bool on_store(const char *(*make)(const char **other), bool block_io)
{
	struct vt_evictor ev;
	bool ok;

	if (!nest_load(make, block_io, POOL_MB, &other_dir))
		return vt_skip("no such file system");
	limit_memory();
	limit_before = times_at_limit();
	space = vt_space_new(bytes(WORKERS * OWN));
	deadline = vt_now() + SECONDS;
	vt_evictor_start(&ev, space.fd, 0, space.length);
	ev.pause_us = 20 * 1000;
	ok = vt_crew_run(WORKERS, worker, NULL);
	vt_check(vt_evictor_stop(&ev) && ok, "a worker failed");
	vt_check(!vt_stats_now(space.fd).bad, "bad pages");
	vt_check(pressed(), "the kernel had memory enough");
	vt_space_free(&space);
	return true;
}

NEST_STORES(NEST_TEST)

static const struct vt_test tests[] = { NEST_STORES(NEST_ENTRY) };

int main(void)
{
	return nest_run(tests, ARRAY_SIZE(tests));
}
