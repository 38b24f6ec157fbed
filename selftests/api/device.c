// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/vmdev itself: what kind of node it is, lseek, how mmap and write move the
 * end of a space, and which mappings are refused.
 */
#define _GNU_SOURCE
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "vmdev_test.h"

#define MISC_MAJOR	10

static bool test_node(void)
{
	struct stat st;
	char dev[64], want[64];
	int fd;
	ssize_t n;

	vt_check(!stat(VT_DEVICE, &st), "%s: %s", VT_DEVICE, strerror(errno));
	vt_check(S_ISCHR(st.st_mode) && major(st.st_rdev) == MISC_MAJOR,
		 "%s is no misc device: mode %o, device %u:%u", VT_DEVICE, st.st_mode,
		 major(st.st_rdev), minor(st.st_rdev));
	vt_check((st.st_mode & 07777) == 0600 && st.st_uid == 0, "%s: mode %04o, uid %u", VT_DEVICE,
		 st.st_mode & 07777, st.st_uid);
	fd = open("/sys/class/misc/vmdev/dev", O_RDONLY | O_CLOEXEC);
	vt_check(fd >= 0, "/sys/class/misc/vmdev/dev: %s", strerror(errno));
	n = read(fd, dev, sizeof(dev) - 1);
	close(fd);
	dev[n > 0 ? n : 0] = '\0';
	snprintf(want, sizeof(want), "%u:%u\n", major(st.st_rdev), minor(st.st_rdev));
	vt_check(!strcmp(dev, want), "class device says %s", dev);
	return true;
}

/* No privilege but the node's mode. */
static bool as_nobody(void *arg)
{
	int fd = *(int *)arg, own;
	char *mem;

	vt_need(!setgid(65534) && !setuid(65534), "setuid: %s", strerror(errno));
	own = open(VT_DEVICE, O_RDWR);
	vt_check(own < 0 && errno == EACCES, "opening works as nobody");
	mem = vt_map(fd, 4 * vt_page_size(), 0);
	fill_range(mem, 4, 1, 0);
	vt_check(vt_evict_range(fd, 0, 4 * vt_page_size()), "EVICT as nobody");
	vt_check(vt_stats_now(fd).touched == 4, "GET_STATS as nobody");
	vt_check(!vt_set_limit(fd, 100, 0) && !vt_set_size(fd, 3 * vt_page_size()), "as nobody");
	vt_check(check_range(mem, 3, 1, 0), "content");
	vt_check(vt_discard(fd, 0, vt_page_size()) == 1, "DISCARD as nobody");
	return true;
}

static bool test_no_privilege(void)
{
	int fd = vt_open();

	vt_check(vt_in_child(as_nobody, &fd), "in the child");
	close(fd);
	return true;
}

static bool seeks(int fd, off_t offset, int whence, off_t want)
{
	off_t got = lseek(fd, offset, whence);

	vt_check(got == want || (want < 0 && got == -1 && errno == -want),
		 "lseek by %jd from %d: %jd %s", (intmax_t)offset, whence, (intmax_t)got,
		 got < 0 ? strerror(errno) : "");
	return true;
}

static bool test_lseek(void)
{
	int fd = vt_open();

	vt_check(!vt_set_size(fd, 10000), "SET_SIZE");
	vt_check(seeks(fd, 0, SEEK_CUR, 0) && seeks(fd, 0, SEEK_END, 10000) &&
		 seeks(fd, 0, SEEK_CUR, 10000) && seeks(fd, -1, SEEK_CUR, 9999) &&
		 seeks(fd, -10000, SEEK_END, 0) && seeks(fd, 5, SEEK_SET, 5) &&
		 seeks(fd, 1LL << 40, SEEK_SET, 1LL << 40) && seeks(fd, 7, SEEK_SET, 7), "good");
	vt_check(seeks(fd, -1, SEEK_SET, -EINVAL) && seeks(fd, -8, SEEK_CUR, -EINVAL) &&
		 seeks(fd, -10001, SEEK_END, -EINVAL) && seeks(fd, 0, 17, -EINVAL), "bad");
	vt_check(seeks(fd, 0, SEEK_CUR, 7), "a refused lseek moved the offset");
	close(fd);
	return true;
}

/* read and write move the offset; the end moves with what is written past it. */
static bool test_offset_and_end(void)
{
	void *volatile bad = (void *)1;
	char buf[64], *edge;
	int fd = vt_open();

	vt_check(read(fd, buf, sizeof(buf)) == 0, "reading an empty space");
	vt_check(write(fd, "hello", 5) == 5, "write: %s", strerror(errno));
	vt_check(seeks(fd, 0, SEEK_CUR, 5) && seeks(fd, 0, SEEK_END, 5), "after write");
	vt_check(pwrite(fd, "world", 5, 100) == 5 && seeks(fd, 0, SEEK_CUR, 5), "after pwrite");
	vt_check(seeks(fd, 0, SEEK_END, 105) && seeks(fd, 0, SEEK_SET, 0), "the end");
	vt_check(read(fd, buf, 10) == 10 && !memcmp(buf, "hello\0\0\0\0\0", 10), "read");
	vt_check(seeks(fd, 0, SEEK_CUR, 10), "after read");
	vt_check(pread(fd, buf, sizeof(buf), 95) == 10 && !memcmp(buf, "\0\0\0\0\0world", 10),
		 "pread up to the end");
	vt_check(pread(fd, buf, sizeof(buf), 105) == 0, "pread at the end");
	vt_check(pread(fd, buf, sizeof(buf), 1LL << 40) == 0, "pread past the end");
	vt_check(read(fd, buf, 0) == 0 && write(fd, buf, 0) == 0, "nothing");
	vt_check(pread(fd, buf, 1, -1) == -1 && errno == EINVAL, "pread at -1");
	vt_check(pwrite(fd, buf, 1, INT64_MAX) == -1, "pwrite at the end of all works");
	vt_check(errno == EFBIG || errno == EINVAL || errno == EOVERFLOW || errno == ENOSPC,
		 "pwrite at the end of all: %s", strerror(errno));
	vt_check(write(fd, bad, 100) == -1 && errno == EFAULT, "write from a bad address");
	vt_check(pread(fd, bad, 100, 0) == -1 && errno == EFAULT, "read to a bad address");
	vt_check(seeks(fd, 0, SEEK_END, 105), "a refused call moved the end");
	edge = mmap(NULL, 2 * vt_page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		    -1, 0);
	vt_need(edge != MAP_FAILED && !mprotect(edge + vt_page_size(), vt_page_size(), PROT_NONE),
		"mmap: %s", strerror(errno));
	vt_check(pwrite(fd, edge + vt_page_size() - 7, 100, 105) == 7,
		 "write of 100 bytes of which 7 can be read");
	vt_check(seeks(fd, 0, SEEK_END, 112), "the end after a short write");
	munmap(edge, 2 * vt_page_size());
	vt_check(fsync(fd) == 0 && fdatasync(fd) == 0, "fsync: %s", strerror(errno));
	close(fd);
	return true;
}

static bool test_mmap_grows(void)
{
	size_t page = vt_page_size();
	int fd = vt_open();
	char *a = vt_map(fd, 3 * page, 0), *b, *c;

	vt_check(seeks(fd, 0, SEEK_END, 3 * page), "the first mapping");
	b = vt_map(fd, page, 9 * page);
	vt_check(seeks(fd, 0, SEEK_END, 10 * page), "a mapping behind the end");
	c = vt_map(fd, 100, 20 * page);
	vt_check(seeks(fd, 0, SEEK_END, 21 * page), "a mapping of 100 bytes");
	munmap(c, 100);
	munmap(b, page);
	vt_check(seeks(fd, 0, SEEK_END, 21 * page), "munmap shrank the space");
	fill_range(a, 3, 1, 0);
	munmap(a, 3 * page);
	a = vt_map(fd, 3 * page, 0);
	vt_check(check_range(a, 3, 1, 0), "content after munmap");
	munmap(a, 3 * page);
	close(fd);
	return true;
}

static bool refuses(int fd, size_t length, int prot, int flags, off_t offset, int want, int or)
{
	void *p = mmap(NULL, length, prot, flags, fd, offset);

	vt_check(p == MAP_FAILED, "mmap of %zu at %#jx works", length, (intmax_t)offset);
	vt_check(errno == want || errno == or, "mmap of %zu at %#jx: %s", length, (intmax_t)offset,
		 strerror(errno));
	return true;
}

static bool test_mmap_refused(void)
{
	size_t page = vt_page_size();
	int rw = PROT_READ | PROT_WRITE, fd = vt_open(), read_only;

	vt_check(refuses(fd, page, rw, MAP_PRIVATE, 0, EINVAL, EINVAL), "writable and private");
	vt_check(refuses(fd, page, rw, MAP_SHARED, 17, EINVAL, EINVAL), "unaligned offset");
	vt_check(refuses(fd, 0, rw, MAP_SHARED, 0, EINVAL, EINVAL), "length 0");
	vt_check(refuses(fd, page, rw, MAP_SHARED, -(off_t)page, EOVERFLOW, EINVAL),
		 "offset of -1 page");
	vt_check(refuses(fd, 1ULL << 42, rw, MAP_SHARED, 0, ENOMEM, ENOMEM), "more than is there");
	vt_check(refuses(fd, 2 * page, rw, MAP_SHARED, INT64_MAX - page + 1, EOVERFLOW, ENOMEM),
		 "behind the end of all");
	vt_check(seeks(fd, 0, SEEK_END, 0), "a refused mapping moved the end");
	vt_check(vt_stats_now(fd).reserved_pages == 0, "a refused mapping keeps %llu reserved",
		 vt_stats_now(fd).reserved_pages);
	read_only = open(VT_DEVICE, O_RDONLY | O_CLOEXEC);
	vt_check(read_only >= 0, "open read-only: %s", strerror(errno));
	vt_check(refuses(read_only, page, rw, MAP_SHARED, 0, EACCES, EACCES),
		 "a read-only descriptor");
	vt_check(write(read_only, "x", 1) == -1 && errno == EBADF,
		 "write to a read-only descriptor");
	close(read_only);
	close(fd);
	return true;
}

static const struct vt_test tests[] = {
	{ "the node", test_node },
	{ "no privilege is needed for one's own space", test_no_privilege },
	{ "lseek", test_lseek },
	{ "offset and end under read and write", test_offset_and_end },
	{ "mmap grows a space, munmap keeps it", test_mmap_grows },
	{ "mappings that are refused", test_mmap_refused },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
