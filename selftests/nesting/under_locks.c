// SPDX-License-Identifier: GPL-2.0
/*
 * A fault comes from wherever the kernel copies from or to user memory, with
 * whatever is locked there. Every page is out, so each such fault reads from
 * the store and makes room in a pool a third the size. The locks: the inode lock
 * of a file in read and write, direct ones too, and of a directory being listed;
 * that of a pipe, a socket, a sequence file; our own read and write. The store
 * is on the same file system: its inode lock must not be taken under the other.
 */
#define _GNU_SOURCE
#include <linux/fiemap.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "nesting.h"

#define POOL_MB	2
#define PAGES	1500
#define PINNED	100	/* pages that are pinned at once: the pool has 512 */

static const char *other_dir;
static struct vt_space space;

static size_t bytes(unsigned int pages)
{
	return pages * vt_page_size();
}

/* Content of a seed in all pages, and none of them in memory. */
static bool all_out(unsigned int seed)
{
	fill_range(space.mem, PAGES, seed, 0);
	return vt_evict_all(&space);
}

static bool all_there(unsigned int seed)
{
	return vt_evict_all(&space) && check_range(space.mem, PAGES, seed, 0);
}

static int open_other(const char *dir, const char *name, int flags)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | flags, 0600);
	vt_need(fd >= 0 || (flags & O_DIRECT && errno == EINVAL), "%s: %s", path,
		strerror(errno));
	unlink(path);
	return fd;
}

/* Out of the mapping into a file and back, one call each. */
static bool through_file(const char *dir, int flags)
{
	int fd = open_other(dir, "other", flags);
	ssize_t n;

	if (fd < 0)
		return true;	/* a tmpfs without direct I/O */
	if (!all_out(1))
		return false;
	n = pwrite(fd, space.mem, space.length, 0);
	vt_check(n == (ssize_t)space.length, "write to %s: %zd (%s)", dir, n, strerror(errno));
	if (!all_out(2))
		return false;
	n = pread(fd, space.mem, space.length, 0);
	vt_check(n == (ssize_t)space.length, "read from %s: %zd (%s)", dir, n, strerror(errno));
	close(fd);
	return all_there(1);
}

static bool test_file(void)
{
	return through_file(other_dir, 0) && through_file("/tmp", 0);
}

static bool test_direct(void)
{
	return through_file(other_dir, O_DIRECT);
}

/* The extents of a file and the names in a directory, into pages that are out. */
static bool test_directory(void)
{
	struct fiemap *map = (struct fiemap *)(space.mem + bytes(10));
	char *names = space.mem + bytes(20) - 64;
	int fd, dir = open(other_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long n, total = 0;

	vt_need(dir >= 0, "%s: %s", other_dir, strerror(errno));
	fd = open_other(other_dir, "mapped", 0);
	vt_need(pwrite(fd, "", 1, 1 << 20) == 1 && !fsync(fd), "write: %s", strerror(errno));
	if (!all_out(3))
		return false;
	while ((n = syscall(SYS_getdents64, dir, names, 2 * vt_page_size())) > 0) {
		total += n;
		vt_check(vt_evict_all(&space), "evict");
	}
	vt_check(!n && total, "getdents: %ld, %ld bytes in all (%s)", n, total, strerror(errno));
	memset(map, 0, sizeof(*map));
	map->fm_length = FIEMAP_MAX_OFFSET;
	map->fm_extent_count = vt_page_size() / sizeof(map->fm_extents[0]);
	vt_check(vt_evict_all(&space), "evict");
	vt_check(!ioctl(fd, FS_IOC_FIEMAP, map) || errno == EOPNOTSUPP, "FIEMAP: %s",
		 strerror(errno));
	close(fd);
	close(dir);
	return true;
}

static bool through_pair(int in, int out)
{
	if (!all_out(4))
		return false;
	for (unsigned int i = 0; i + 8 < PAGES; i += 8) {
		ssize_t n = write(out, space.mem + bytes(i), bytes(8));

		vt_check(n == (ssize_t)bytes(8), "write: %zd (%s)", n, strerror(errno));
		/* a page further: those are out too */
		for (size_t done = 0; done < bytes(8); done += n) {
			n = read(in, space.mem + bytes(i + 1) + done, bytes(8) - done);
			vt_check(n > 0, "read: %zd (%s)", n, strerror(errno));
		}
		vt_check(check_range(space.mem + bytes(i + 1), 8, 4, i), "page %u", i);
		fill_range(space.mem + bytes(i + 8), 1, 4, i + 8);
	}
	close(in);
	close(out);
	return true;
}

static bool test_pipe(void)
{
	int fd[2];

	vt_need(!pipe(fd), "pipe");
	return through_pair(fd[0], fd[1]);
}

static bool test_socket(void)
{
	int fd[2];

	vt_need(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd), "socketpair");
	return through_pair(fd[0], fd[1]);
}

/* What the kernel prints of itself, and the module too. */
static bool test_sequence_files(void)
{
	static const char * const files[] = {
		"/proc/self/smaps", "/proc/self/maps", "/proc/mounts", "/proc/zoneinfo",
		"/proc/lockdep_stats", "/sys/kernel/debug/vmdev/latency",
		"/sys/kernel/debug/vmdev/spaces", VT_SYSFS "/pool/free", VT_SYSFS "/stats/faults",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(files); i++) {
		int fd = open(files[i], O_RDONLY | O_CLOEXEC);
		ssize_t n;

		if (fd < 0 && errno == ENOENT)
			continue;	/* lockdep is not on every kernel */
		vt_need(fd >= 0, "%s: %s", files[i], strerror(errno));
		vt_check(vt_evict_all(&space), "evict");
		n = read(fd, space.mem + bytes(i) + 1, bytes(4));
		vt_check(n > 0, "%s: %zd (%s)", files[i], n, strerror(errno));
		close(fd);
	}
	return true;
}

/* Our read and write, their other side in a space too: this one and another. */
static bool test_own_read_write(void)
{
	struct vt_space two = vt_space_new(bytes(PAGES));
	const size_t half = bytes(PAGES / 2);
	ssize_t n;

	if (!all_out(5))
		return false;
	n = pwrite(two.fd, space.mem, space.length, 0);
	vt_check(n == (ssize_t)space.length, "write to another space: %zd (%s)", n,
		 strerror(errno));
	vt_check(vt_evict_all(&two), "evict");
	if (!all_out(6))
		return false;
	n = pread(two.fd, space.mem, space.length, 0);
	vt_check(n == (ssize_t)space.length, "read from another space: %zd (%s)", n,
		 strerror(errno));
	if (!all_there(5) || !vt_evict_all(&space))
		return false;
	n = pread(space.fd, space.mem + half, half, 0);
	vt_check(n == (ssize_t)half, "read of this space: %zd (%s)", n, strerror(errno));
	vt_check(check_range(space.mem + half, PAGES / 2, 5, 0), "copied within the space");
	/* appending holds the inode lock of the other space */
	vt_need(!fcntl(two.fd, F_SETFL, O_APPEND), "O_APPEND: %s", strerror(errno));
	vt_check(vt_evict_all(&space), "evict");
	n = write(two.fd, space.mem, half);
	vt_check(n == (ssize_t)half, "append to another space: %zd (%s)", n, strerror(errno));
	vt_check(!vt_set_size(two.fd, two.length), "SET_SIZE");
	vt_space_free(&two);
	return true;
}

/* Another process's memory, both of it in spaces. */
static bool test_other_process(void)
{
	struct vt_space two = vt_space_new(bytes(PAGES));

	if (!all_out(7))
		return false;
	for (unsigned int i = 0; i < PAGES; i += PINNED) {
		struct iovec from = { space.mem + bytes(i), bytes(PINNED) };
		struct iovec to = { two.mem + bytes(i), bytes(PINNED) };
		ssize_t n = process_vm_readv(getpid(), &to, 1, &from, 1, 0);

		vt_check(n == (ssize_t)bytes(PINNED), "process_vm_readv: %zd (%s)", n,
			 strerror(errno));
	}
	vt_check(check_range(two.mem, PAGES, 7, 0), "content");
	vt_space_free(&two);
	return true;
}

static const struct {
	const char *name;
	bool (*run)(void);
} nestings[] = {
	{ "file", test_file },
	{ "direct I/O", test_direct },
	{ "directory", test_directory },
	{ "pipe", test_pipe },
	{ "socket", test_socket },
	{ "sequence files", test_sequence_files },
	{ "own read and write", test_own_read_write },
	{ "other process", test_other_process },
};

static bool on_store(const char *(*make)(const char **other), bool block_io)
{
	if (!nest_load(make, block_io, POOL_MB, &other_dir))
		return vt_skip("no such file system");
	space = vt_space_new(bytes(PAGES));
	for (unsigned int i = 0; i < ARRAY_SIZE(nestings); i++)
		vt_check(nestings[i].run(), "under the locks of: %s", nestings[i].name);
	vt_check(!vt_stats_now(space.fd).bad, "bad pages");
	vt_space_free(&space);
	return true;
}

NEST_STORES(NEST_TEST)

static const struct vt_test tests[] = { NEST_STORES(NEST_ENTRY) };

int main(void)
{
	return nest_run(tests, ARRAY_SIZE(tests));
}
