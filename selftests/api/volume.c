// SPDX-License-Identifier: GPL-2.0
/*
 * A volume and its node: type, mode and group; one content for all who open it, of
 * four times the pool, that lasts from one open to the next; a size that is fixed;
 * open flags; who may do what; every bad field of its ioctls; the list.
 */
#define _GNU_SOURCE
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "vmdev_load.h"
#include "vmdev_volume.h"

#define PAGE	((uint64_t)vt_page_size())
#define GROUP	4711U

/* A volume that a failed subtest leaves goes with the module. */
static void load(void)
{
	vl_must_load("pool_mb=4 store=%s store_mb=32", vl_disk());
}

static bool is(int ret, int want, const char *what)
{
	vt_check(ret == want, "%s: %s, expected %s", what, ret < 0 ? strerror(-ret) : "success",
		 want ? strerror(-want) : "success");
	return true;
}

/* 0 or a negative errno, of a call that gives -1. */
static int error_of(long ret)
{
	return ret < 0 ? -errno : 0;
}

/* ---- the node ---- */

static bool check_node(const char *path, mode_t mode, gid_t gid)
{
	char link[64], target[256];
	struct stat st;
	ssize_t n;

	vt_check(!stat(path, &st), "%s: %s", path, strerror(errno));
	vt_check(S_ISCHR(st.st_mode) && (st.st_mode & 07777) == mode, "%s: mode %o", path,
		 st.st_mode);
	vt_check(st.st_uid == 0 && st.st_gid == gid, "%s: uid %u, gid %u", path, st.st_uid,
		 st.st_gid);
	snprintf(link, sizeof(link), "/sys/dev/char/%u:%u", major(st.st_rdev), minor(st.st_rdev));
	n = readlink(link, target, sizeof(target) - 1);
	vt_check(n > 0, "%s: %s", link, strerror(errno));
	target[n] = '\0';
	vt_check(!strcmp(strrchr(target, '/'), strrchr(path, '/')), "%s is %s", link, target);
	snprintf(target, sizeof(target), "/sys/class/vmdev%s", strrchr(path, '/'));
	vt_check(!access(target, F_OK), "%s: %s", target, strerror(errno));
	return true;
}

static bool test_node(void)
{
	static const char longest[] = "a23456789.123456789_123456789-1";
	char path[64];

	load();
	vv_must_create("plain", PAGE);
	vt_check(check_node(VV_PREFIX "plain", 0600, 0), "what there is by default");
	vt_check(is(vv_create("shared", PAGE, 0660, GROUP), 0, "mode and group"), "CREATE");
	vt_check(check_node(VV_PREFIX "shared", 0660, GROUP), "mode and group");
	vt_check(is(vv_create(longest, PAGE, 0777, 0), 0, "the longest name"), "CREATE");
	snprintf(path, sizeof(path), VV_PREFIX "%s", longest);
	vt_check(check_node(path, 0777, 0), "the longest name");
	vt_check(vv_gone("plain") && vv_gone("shared") && vv_gone(longest), "REMOVE");
	vt_check(access(path, F_OK) && access(VV_PREFIX "plain", F_OK) &&
		 access("/sys/class/vmdev/vmdev-plain", F_OK), "a node is left");
	return true;
}

/* ---- content ---- */

static bool test_content(void)
{
	uint64_t pages, half;
	int fd, other;
	char *mem, *p;

	load();
	pages = 4 * vt_pool_frames();
	half = pages / 2;
	vv_must_create("content", pages * PAGE);
	fd = vv_open("content");
	other = vv_open("content");
	mem = vt_map(fd, pages * PAGE, 0);
	p = vt_map(other, half * PAGE, half * PAGE);
	vt_check(check_zero(mem, 100 * PAGE) && check_zero(p, 100 * PAGE), "a new volume");
	fill_range(mem, half, 1, 0);
	fill_range(p, half, 1, half);
	vt_check(check_range(mem, pages, 1, 0), "four times the pool through two opens");
	munmap(mem, pages * PAGE);
	munmap(p, half * PAGE);
	close(fd);
	close(other);
	/* nobody has it open; another process comes */
	vt_check(vt_sysfs_u64("spaces/count") == 1, "%" PRIu64 " spaces",
		 vt_sysfs_u64("spaces/count"));
	fd = vv_open("content");
	mem = vt_map(fd, pages * PAGE, 0);
	vt_check(check_range(mem, pages, 1, 0), "content after the last close");
	vt_check(vt_evict_range(fd, 0, 500 * PAGE), "EVICT");
	vt_check(check_range(mem, 500, 1, 0), "content after EVICT");
	munmap(mem, pages * PAGE);
	close(fd);
	return vv_gone("content");
}

static bool write_seed(void *arg)
{
	int fd = vv_open("several");
	char *mem = vt_map(fd, 64 * PAGE, 0);

	fill_range(mem, 64, *(unsigned int *)arg, 0);
	return true;
}

/* Mappings, read and write of several processes are one content. */
static bool test_shared(void)
{
	unsigned int seed = 2;
	char buf[2 * 4096];
	int fd, reader;
	char *mem;

	load();
	vt_need(2 * PAGE == sizeof(buf), "page size %" PRIu64, PAGE);
	vv_must_create("several", 64 * PAGE);
	fd = vv_open("several");
	reader = vv_try_open("several", O_RDONLY);
	vt_need(reader >= 0, "open: %s", strerror(-reader));
	mem = mmap(NULL, 64 * PAGE, PROT_READ, MAP_SHARED, reader, 0);
	vt_need(mem != MAP_FAILED, "mmap: %s", strerror(errno));
	vt_check(vt_in_child(write_seed, &seed), "a child that writes");
	vt_check(check_range(mem, 64, 2, 0), "another's content");
	vt_check(vt_evict_range(fd, 0, 64 * PAGE), "EVICT");
	vt_check(pread(fd, buf, 2 * PAGE, 5 * PAGE) == (ssize_t)(2 * PAGE) &&
		 check_range(buf, 2, 2, 5), "pread");
	fill_range(buf, 2, 3, 5);
	vt_check(pwrite(fd, buf, 2 * PAGE, 5 * PAGE) == (ssize_t)(2 * PAGE), "pwrite");
	vt_check(check_range(mem + 5 * PAGE, 2, 3, 5) && check_range(mem, 5, 2, 0), "after pwrite");
	/* each open has an offset of its own */
	vt_check(lseek(fd, PAGE, SEEK_SET) == (off_t)PAGE && !lseek(reader, 0, SEEK_CUR), "lseek");
	vt_check(vt_discard(fd, 0, 64 * PAGE) == 64, "DISCARD");
	vt_check(check_zero(mem, 64 * PAGE), "after DISCARD");
	munmap(mem, 64 * PAGE);
	close(fd);
	close(reader);
	return vv_gone("several");
}

/* ---- size ---- */

static bool test_size(void)
{
	uint64_t bytes = 0, size = 8 * PAGE;
	char buf[64] = "end";
	void *p;
	int fd;

	load();
	vv_must_create("size", size);
	fd = vv_open("size");
	vt_check(lseek(fd, 0, SEEK_END) == (off_t)size, "SEEK_END");
	vt_check(!ioctl(fd, BLKGETSIZE64, &bytes) && bytes == size, "BLKGETSIZE64: %" PRIu64,
		 bytes);
	vt_check(vt_stats_now(fd).size == size && vt_stats_now(fd).reserved_pages == 8,
		 "GET_STATS: size %llu, reserved %llu", vt_stats_now(fd).size,
		 vt_stats_now(fd).reserved_pages);
	vt_check(is(vt_set_size(fd, 0), -EPERM, "SET_SIZE 0") &&
		 is(vt_set_size(fd, size), -EPERM, "SET_SIZE to what it is") &&
		 is(vt_set_size(fd, 2 * size), -EPERM, "SET_SIZE up"), "a fixed size");
	vt_check(pwrite(fd, buf, sizeof(buf), size - 7) == 7, "a write over the end");
	vt_check(is(error_of(pwrite(fd, buf, 1, size)), -ENOSPC, "a write at the end") &&
		 is(error_of(pwrite(fd, buf, 1, 1ULL << 40)), -ENOSPC, "a write past it"), "end");
	vt_check(pread(fd, buf, sizeof(buf), size - 7) == 7 && !memcmp(buf, "end", 4) &&
		 !pread(fd, buf, sizeof(buf), size), "reads over and at the end");
	p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, size - PAGE);
	vt_check(p == MAP_FAILED && errno == ENXIO, "mmap over the end: %s", strerror(errno));
	p = mmap(NULL, size + 1, PROT_READ, MAP_SHARED | MAP_NORESERVE, fd, 0);
	vt_check(p == MAP_FAILED && errno == ENXIO, "mmap of a byte more: %s", strerror(errno));
	vt_check(lseek(fd, 0, SEEK_END) == (off_t)size, "something moved the end");
	close(fd);
	fd = vv_try_open("size", O_WRONLY | O_APPEND);
	vt_check(fd >= 0 && is(error_of(write(fd, buf, 1)), -ENOSPC, "append"), "O_APPEND");
	close(fd);
	return vv_gone("size");
}

static bool test_open_flags(void)
{
	static const int flags[] = { O_TRUNC, O_CREAT, O_CREAT | O_TRUNC, O_SYNC, O_DSYNC,
		O_NONBLOCK, O_NOCTTY, O_DIRECT, O_DIRECT | O_TRUNC | O_SYNC | O_CREAT };
	char buf[4096] __attribute__((aligned(4096)));
	int fd;

	load();
	vv_must_create("flags", 4 * PAGE);
	for (unsigned int i = 0; i < ARRAY_SIZE(flags); i++) {
		fill_page(buf, 4, i);
		fd = vv_try_open("flags", O_RDWR | flags[i]);
		vt_check(fd >= 0, "flags %#o: %s", flags[i], strerror(-fd));
		vt_check(pwrite(fd, buf, PAGE, PAGE) == (ssize_t)PAGE && !fsync(fd), "flags %#o",
			 flags[i]);
		close(fd);
		fd = vv_try_open("flags", O_RDWR | flags[i]);
		vt_check(fd >= 0, "flags %#o again: %s", flags[i], strerror(-fd));
		memset(buf, 0, sizeof(buf));
		vt_check(pread(fd, buf, PAGE, PAGE) == (ssize_t)PAGE && check_page(buf, 4, i),
			 "flags %#o: content", flags[i]);
		/* not aligned to anything: nothing behind it would mind */
		vt_check(pread(fd, buf + 1, 5, 1) == 5, "flags %#o: unaligned", flags[i]);
		close(fd);
	}
	fd = vv_open("flags");
	vt_check(!fcntl(fd, F_SETFL, O_DIRECT), "F_SETFL O_DIRECT: %s", strerror(errno));
	vt_check(is(error_of(ftruncate(fd, 0)), -EINVAL, "ftruncate"), "a device");
	close(fd);
	return vv_gone("flags");
}

/* ---- who may do what ---- */

static bool as_member(void *arg)
{
	char *mem;
	int fd;

	(void)arg;
	vt_become(VT_NOBODY, GROUP);
	fd = vv_open("team");
	fill_page(vt_map(fd, PAGE, 0), 5, 0);
	vt_check(is(vv_try_open("private", O_RDONLY), -EACCES, "root's"), "open");
	fd = vv_try_open("read", O_RDONLY);
	vt_check(fd >= 0, "a volume to read: %s", strerror(-fd));
	vt_check(is(vv_try_open("read", O_RDWR), -EACCES, "for writing"), "open");
	vt_check(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EACCES,
		 "a reader's mapping for writing: %s", strerror(errno));
	vt_check(vt_discard(fd, 0, PAGE) == -EBADF && vt_set_limit(fd, 100, 0) == -EBADF,
		 "a reader changes it");
	vt_check(vt_evict(fd, 0, PAGE) == -EBADF &&
		 is(error_of(ioctl(fd, VMDEV_IOC_GET_MAP, NULL)), -EBADF, "GET_MAP"),
		 "a reader disturbs or watches others");
	mem = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	vt_check(mem != MAP_FAILED && vt_stats_now(fd).touched == 1 && check_page(mem, 6, 0),
		 "what a reader may");
	return true;
}

static bool as_other(void *arg)
{
	int fd = *(int *)arg;
	struct vmdev_volume volume = { .name = "team" };
	struct vmdev_volume_list list = { 0 };

	vt_become(VT_NOBODY, VT_NOBODY);
	vt_check(is(vv_try_open("team", O_RDONLY), -EACCES, "another group's"), "open");
	/* through a descriptor of the device, which needs no privilege of its own */
	vt_check(is(error_of(ioctl(fd, VMDEV_IOC_VOLUME_REMOVE, &volume)), -EPERM, "REMOVE") &&
		 is(error_of(ioctl(fd, VMDEV_IOC_VOLUME_REMOVE, NULL)), -EPERM, "REMOVE NULL"),
		 "without privilege");
	volume = (struct vmdev_volume){ .name = "mine", .size = PAGE };
	vt_check(is(error_of(ioctl(fd, VMDEV_IOC_VOLUME_CREATE, &volume)), -EPERM, "CREATE"),
		 "without privilege");
	vt_check(!ioctl(fd, VMDEV_IOC_VOLUME_LIST, &list) && list.count == 3, "LIST: %llu",
		 list.count);
	return true;
}

static bool test_permissions(void)
{
	int fd, page;
	char *mem;

	load();
	fd = vt_open();
	vt_check(is(vv_create("team", PAGE, 0660, GROUP), 0, "CREATE") &&
		 is(vv_create("read", PAGE, 0640, GROUP), 0, "CREATE"), "volumes of a group");
	vv_must_create("private", PAGE);
	page = vv_open("read");
	fill_page(vt_map(page, PAGE, 0), 6, 0);
	vt_check(vt_in_child(as_member, NULL), "a member of the group");
	vt_check(vt_in_child(as_other, &fd), "another");
	mem = vt_map(vv_open("team"), PAGE, 0);
	vt_check(check_page(mem, 5, 0), "what the member wrote");
	vt_check(check_page(vt_map(page, PAGE, 0), 6, 0), "what was to be read");
	close(fd);
	return vv_gone("team") && vv_gone("read") && vv_gone("private");
}

/* ---- bad arguments ---- */

static bool test_names(void)
{
	static const char *const bad[] = { "", ".", "..", ".a", "-a", "_a", "a/b", "a b", "a!b",
		"a\n", "a:b", "\xc3\xa4", "a\x7f", "a%s", "../shm/a", "a\\b", "/" };
	static const char *const good[] = { "0", "a", "Z9", "a.", "a-", "a_", "a..b", "vmdev" };
	struct vmdev_volume volume;

	load();
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		vt_check(is(vv_create(bad[i], PAGE, 0, 0), -EINVAL, bad[i]), "CREATE");
		vt_check(is(vv_remove(bad[i]), -EINVAL, bad[i]), "REMOVE");
	}
	/* no end, and something behind the end */
	memset(&volume, 0, sizeof(volume));
	memset(volume.name, 'a', sizeof(volume.name));
	vt_check(is(vv_ioctl(VMDEV_IOC_VOLUME_REMOVE, &volume), -EINVAL, "no end"), "REMOVE");
	volume.size = PAGE;
	vt_check(is(vv_ioctl(VMDEV_IOC_VOLUME_CREATE, &volume), -EINVAL, "no end"), "CREATE");
	volume.name[5] = '\0';
	vt_check(is(vv_ioctl(VMDEV_IOC_VOLUME_CREATE, &volume), -EINVAL, "behind it"), "CREATE");
	vt_check(vv_list(NULL, 0) == 0, "a refused volume is there");
	for (unsigned int i = 0; i < ARRAY_SIZE(good); i++)
		vt_check(is(vv_create(good[i], PAGE, 0, 0), 0, good[i]), "CREATE");
	for (unsigned int i = 0; i < ARRAY_SIZE(good); i++)
		vt_check(vv_gone(good[i]), "REMOVE");
	return true;
}

static bool refuses(struct vmdev_volume volume, int want, const char *what)
{
	snprintf(volume.name, sizeof(volume.name), "bad");
	return is(vv_ioctl(VMDEV_IOC_VOLUME_CREATE, &volume), want, what);
}

static bool test_fields(void)
{
	const struct { struct vmdev_volume volume; int want; const char *what; } bad[] = {
		{ { .size = 0 }, -EINVAL, "size 0" },
		{ { .size = 1 }, -EINVAL, "size 1" },
		{ { .size = PAGE + 512 }, -EINVAL, "a size that is no multiple" },
		{ { .size = UINT64_MAX }, -EINVAL, "a size of all ones" },
		{ { .size = -PAGE }, -EFBIG, "the largest multiple" },
		{ { .size = (1ULL << 52) + PAGE }, -EFBIG, "larger than a space" },
		{ { .size = 1ULL << 52 }, -ENOSPC, "as large as a space" },
		{ { .size = PAGE, .mode = 01777 }, -EINVAL, "a sticky bit" },
		{ { .size = PAGE, .mode = 04755 }, -EINVAL, "setuid" },
		{ { .size = PAGE, .mode = S_IFBLK | 0600 }, -EINVAL, "a block device" },
		{ { .size = PAGE, .mode = 1U << 31 }, -EINVAL, "mode 2^31" },
		{ { .size = PAGE, .gid = UINT32_MAX }, -EINVAL, "no group" },
		{ { .size = PAGE, .major = 1 }, -EINVAL, "major" },
		{ { .size = PAGE, .minor = 1 }, -EINVAL, "minor" },
		{ { .size = PAGE, .space_id = 1 }, -EINVAL, "space_id" },
		{ { .size = PAGE, .resident = 1ULL << 63 }, -EINVAL, "resident" },
		{ { .size = PAGE, .swapped = 1 }, -EINVAL, "swapped" },
		{ { .size = PAGE, .reserved = { 1 } }, -EINVAL, "reserved[0]" },
		{ { .size = PAGE, .reserved = { 0, 0, 1 } }, -EINVAL, "reserved[2]" },
	};
	struct vmdev_volume remove = { .name = "good", .size = PAGE };
	struct vmdev_volume_list list = { .reserved = { 0, 1 } };
	struct vmdev_info info;
	int fd;

	load();
	fd = vt_open();
	vt_need(!vt_info(fd, &info) && info.features & VMDEV_FEATURE_VOLUMES, "no volumes");
	close(fd);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		vt_check(refuses(bad[i].volume, bad[i].want, bad[i].what), "CREATE");
	vv_must_create("good", PAGE);
	vt_check(is(vv_create("good", PAGE, 0, 0), -EEXIST, "the same name"), "CREATE");
	vt_check(is(vv_ioctl(VMDEV_IOC_VOLUME_REMOVE, &remove), -EINVAL, "a size"), "REMOVE");
	vt_check(is(vv_ioctl(VMDEV_IOC_VOLUME_LIST, &list), -EINVAL, "reserved"), "LIST");
	vt_check(is(vv_remove("goo"), -ENOENT, "half a name") &&
		 is(vv_remove("Good"), -ENOENT, "another name"), "REMOVE");
	vt_check(vv_gone("good") && is(vv_remove("good"), -ENOENT, "twice"), "REMOVE");
	return true;
}

static bool test_pointers(void)
{
	static const unsigned long requests[] = { VMDEV_IOC_VOLUME_CREATE, VMDEV_IOC_VOLUME_REMOVE,
		VMDEV_IOC_VOLUME_LIST };
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct vmdev_volume *one;

	load();
	vt_need(p != MAP_FAILED && !mprotect(p + PAGE, PAGE, PROT_NONE), "mmap");
	for (unsigned int i = 0; i < ARRAY_SIZE(requests); i++)
		vt_check(is(vv_ioctl(requests[i], NULL), -EFAULT, "NULL") &&
			 is(vv_ioctl(requests[i], p + PAGE - 8), -EFAULT, "over the edge"),
			 "request %u", i);
	vv_must_create("a", PAGE);
	vv_must_create("b", PAGE);
	one = (void *)(p + PAGE - sizeof(*one));
	vt_check(vv_list(one, 1) == 2 && !strcmp(one->name, "a"), "an array up to the edge");
	vt_check(vv_list(one, 2) == -EFAULT && vv_list(NULL, 1) == -EFAULT, "an array over it");
	munmap(p, 2 * PAGE);
	return vv_gone("a") && vv_gone("b");
}

/* ---- the list ---- */

static bool test_list(void)
{
	struct vmdev_volume v[4];
	struct stat st;
	int fd;

	load();
	vt_check(vv_list(NULL, 0) == 0 && vv_list(v, 4) == 0, "an empty list");
	vv_must_create("one", 100 * PAGE);
	vt_check(is(vv_create("two", 7 * PAGE, 0640, GROUP), 0, "CREATE"), "two");
	fd = vv_open("one");
	/* nothing is filled ahead */
	vt_need(!posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM), "posix_fadvise");
	fill_range(vt_map(fd, 100 * PAGE, 0), 50, 8, 0);
	vt_check(vt_evict_range(fd, 0, 20 * PAGE), "EVICT");
	memset(v, 0xa5, sizeof(v));
	vt_check(vv_list(v, 4) == 2, "two volumes");
	vt_check(!strcmp(v[0].name, "one") && !strcmp(v[1].name, "two"), "names");
	vt_check(v[0].size == 100 * PAGE && v[1].size == 7 * PAGE, "sizes");
	vt_check(v[0].mode == 0600 && !v[0].gid && v[1].mode == 0640 && v[1].gid == GROUP, "modes");
	vt_check(v[0].resident == 30 && v[0].swapped == 20 && !v[1].resident && !v[1].swapped,
		 "%llu resident, %llu swapped", v[0].resident, v[0].swapped);
	vt_check(!stat(VV_PREFIX "two", &st) && v[1].major == major(st.st_rdev) &&
		 v[1].minor == minor(st.st_rdev), "device %u:%u", v[1].major, v[1].minor);
	vt_check(v[0].space_id && v[0].space_id != v[1].space_id, "ids");
	for (unsigned int i = 0; i < sizeof(v[0].reserved); i++)
		vt_check(!((char *)v[0].reserved)[i], "reserved");
	vt_check(v[2].size == 0xa5a5a5a5a5a5a5a5ULL, "an entry too many was written");
	memset(v, 0xa5, sizeof(v));
	vt_check(vv_list(v, 1) == 2 && !strcmp(v[0].name, "one") && v[1].name[0] == (char)0xa5,
		 "room for one");
	close(fd);
	return vv_gone("one") && vv_list(v, 4) == 1 && !strcmp(v[0].name, "two") && vv_gone("two");
}

static const struct vt_test tests[] = {
	{ "the node", test_node },
	{ "content lasts, at four times the pool", test_content },
	{ "one content for all", test_shared },
	{ "the size is fixed", test_size },
	{ "open flags", test_open_flags },
	{ "who may do what", test_permissions },
	{ "names", test_names },
	{ "fields", test_fields },
	{ "pointers", test_pointers },
	{ "the list", test_list },
};

int main(void)
{
	const struct vl_suite suite = { .tests = tests, .count = ARRAY_SIZE(tests) };

	return vl_run(&suite);
}
