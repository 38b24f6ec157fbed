/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A store that fails on command: a device-mapper device over the first part of the
 * spare disk, whose table is changed under the module while it uses it, and direct
 * access to the disk beneath. It knows nothing of what is tested with it.
 */
#ifndef VMDEV_DM_STORE_H
#define VMDEV_DM_STORE_H

#include <linux/dm-ioctl.h>
#include <linux/fs.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "vmdev_load.h"

#define DM_CONTROL	"/dev/mapper/control"
#define DM_STORE_NAME	"vmdev-selftest"
#define DM_STORE_NODE	"/dev/vmdev-selftest"
#define DM_STORE_MB	32
#define DM_SECTORS	((uint64_t)DM_STORE_MB << 11)
#define PAGE_SECTORS	(vt_page_size() >> 9)

/* ---- The disk beneath ---- */

static inline int disk_open(void)
{
	int fd = open(vl_disk(), O_RDWR | O_DIRECT | O_CLOEXEC);

	vt_need(fd >= 0, "%s: %s", vl_disk(), strerror(errno));
	return fd;
}

static inline void *disk_buffer(size_t size)
{
	void *p = aligned_alloc(vt_page_size(), size);

	vt_need(p, "out of memory");
	return p;
}

/* So that nothing an earlier subtest wrote is found by the next. */
static inline void disk_wipe(void)
{
	uint64_t range[2] = { 0, DM_SECTORS << 9 };
	int fd = disk_open();

	vt_need(!ioctl(fd, BLKZEROOUT, range), "%s: %s", vl_disk(), strerror(errno));
	close(fd);
}

/* The sector where the disk holds a page of this pattern. */
static inline uint64_t disk_find(unsigned int seed, uint32_t index)
{
	const size_t chunk = 1 << 20;
	uint64_t word = page_word(seed, index, 0), found = UINT64_MAX;
	char *buf = disk_buffer(chunk);
	int fd = disk_open();

	for (uint64_t at = 0; at < DM_SECTORS << 9 && found == UINT64_MAX; at += chunk) {
		vt_need(pread(fd, buf, chunk, at) == (ssize_t)chunk, "%s: %s", vl_disk(),
			strerror(errno));
		for (size_t i = 0; i < chunk; i += vt_page_size())
			if (!memcmp(buf + i, &word, sizeof(word)))
				found = (at + i) >> 9;
	}
	vt_need(found != UINT64_MAX, "page %u is nowhere on %s", index, vl_disk());
	close(fd);
	free(buf);
	return found;
}

static inline void disk_read_page(uint64_t sector, void *page)
{
	int fd = disk_open();

	vt_need(pread(fd, page, vt_page_size(), sector << 9) == (ssize_t)vt_page_size(), "%s: %s",
		vl_disk(), strerror(errno));
	close(fd);
}

static inline void disk_write_page(uint64_t sector, const void *page)
{
	int fd = disk_open();

	vt_need(pwrite(fd, page, vt_page_size(), sector << 9) == (ssize_t)vt_page_size(), "%s: %s",
		vl_disk(), strerror(errno));
	close(fd);
}

/* Invert one bit of the byte at an offset of a page on the disk. */
static inline void disk_flip(uint64_t sector, size_t offset, unsigned int bit)
{
	unsigned char *page = disk_buffer(vt_page_size());

	disk_read_page(sector, page);
	page[offset] ^= 1U << bit;
	disk_write_page(sector, page);
	free(page);
}

/* ---- Tables ---- */

/* One line of a table. */
struct dm_line {
	uint64_t start, sectors;
	const char *type;
	char params[128];
};

struct dm_request {
	struct dm_ioctl head;
	char data[4096];
};

/* One ioctl on the device, flags and data already set: 0 or -errno. */
static inline int dm_call(unsigned long request, struct dm_request *r)
{
	int fd = open(DM_CONTROL, O_RDWR | O_CLOEXEC), ret;

	vt_need(fd >= 0, "%s: %s", DM_CONTROL, strerror(errno));
	r->head.version[0] = DM_VERSION_MAJOR;
	r->head.data_size = sizeof(*r);
	r->head.data_start = offsetof(struct dm_request, data);
	strcpy(r->head.name, DM_STORE_NAME);
	ret = ioctl(fd, request, r) ? -errno : 0;
	close(fd);
	return ret;
}

static inline int dm_simple(unsigned long request, uint32_t flags)
{
	struct dm_request r = { .head.flags = flags };

	return dm_call(request, &r);
}

/* Load a table and make it the one in use; I/O in flight ends by the old one. */
static inline void dm_set_table(const struct dm_line *lines, unsigned int count)
{
	struct dm_request r = { .head.target_count = count };
	size_t at = 0;
	int ret;

	for (unsigned int i = 0; i < count; i++) {
		struct dm_target_spec *spec = (void *)(r.data + at);
		size_t size = (sizeof(*spec) + strlen(lines[i].params) + 1 + 7) & ~7UL;

		vt_need(at + size <= sizeof(r.data), "table too long");
		spec->sector_start = lines[i].start;
		spec->length = lines[i].sectors;
		spec->next = size;
		strcpy(spec->target_type, lines[i].type);
		strcpy((char *)(spec + 1), lines[i].params);
		at += size;
	}
	ret = dm_call(DM_TABLE_LOAD, &r);
	vt_need(!ret, "device-mapper table: %s", strerror(-ret));
	/* without the suspend flag: resume */
	ret = dm_simple(DM_DEV_SUSPEND, DM_NOFLUSH_FLAG);
	vt_need(!ret, "device-mapper resume: %s", strerror(-ret));
}

/* ---- What the device does ---- */

static inline struct dm_line dm_linear(uint64_t start, uint64_t sectors)
{
	struct dm_line line = { .start = start, .sectors = sectors, .type = "linear" };

	snprintf(line.params, sizeof(line.params), "%s %" PRIu64, vl_disk(), start);
	return line;
}

static inline struct dm_line dm_error(uint64_t start, uint64_t sectors)
{
	return (struct dm_line){ .start = start, .sectors = sectors, .type = "error" };
}

/* All good. */
static inline void dm_works(void)
{
	struct dm_line line = dm_linear(0, DM_SECTORS);

	dm_set_table(&line, 1);
}

/* Nothing works. */
static inline void dm_fails(void)
{
	struct dm_line line = dm_error(0, DM_SECTORS);

	dm_set_table(&line, 1);
}

/* Some sectors don't work. */
static inline void dm_fails_at(uint64_t start, uint64_t sectors)
{
	const struct dm_line lines[] = {
		dm_linear(0, start),
		dm_error(start, sectors),
		dm_linear(start + sectors, DM_SECTORS - start - sectors),
	};
	unsigned int first = start ? 0 : 1;

	dm_set_table(lines + first, ARRAY_SIZE(lines) - first);
}

/*
 * dm-flakey: all good for some seconds, then what the features say for some seconds.
 * Features are a count and words, "0" for errors.
 */
static inline void dm_flakey(unsigned int up, unsigned int down, const char *features)
{
	struct dm_line line = { .sectors = DM_SECTORS, .type = "flakey" };

	snprintf(line.params, sizeof(line.params), "%s 0 %u %u %s", vl_disk(), up, down, features);
	dm_set_table(&line, 1);
}

/* Reads work, writes fail: dm-flakey, always down. */
static inline void dm_fails_writes(void)
{
	dm_flakey(0, 1, "1 error_writes");
}

/* Writes take so long; what is written is read from memory at the end of it. */
static inline void dm_slow_writes(unsigned int ms)
{
	struct dm_line line = { .sectors = DM_SECTORS, .type = "delay" };

	snprintf(line.params, sizeof(line.params), "%s 0 0 %s 0 %u", vl_disk(), vl_disk(), ms);
	dm_set_table(&line, 1);
}

/*
 * The device asks that pages aren't changed while they are written, until its table
 * is changed. False where it can't be told to.
 */
static inline bool dm_wants_stable_pages(void)
{
	char path[64];
	struct stat st;
	int fd;
	bool ok;

	vt_need(!stat(DM_STORE_NODE, &st), "%s: %s", DM_STORE_NODE, strerror(errno));
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/queue/stable_writes",
		 major(st.st_rdev), minor(st.st_rdev));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ok = write(fd, "1", 1) == 1;
	close(fd);
	return ok;
}

/* I/O neither works nor fails: it waits for dm_works(). */
static inline void dm_hangs(void)
{
	int ret = dm_simple(DM_DEV_SUSPEND,
			    DM_SUSPEND_FLAG | DM_NOFLUSH_FLAG | DM_SKIP_LOCKFS_FLAG);

	vt_need(!ret, "device-mapper suspend: %s", strerror(-ret));
}

/* ---- Making and removing it ---- */

static inline void dm_remove(void)
{
	dm_simple(DM_DEV_REMOVE, 0);
	unlink(DM_STORE_NODE);
}

/* For the runner: whatever a subtest left must not keep its unload waiting. */
static inline void dm_before_unload(void)
{
	struct dm_request r = { 0 };

	if (!dm_call(DM_DEV_STATUS, &r))
		dm_works();
}

static inline void dm_create(void)
{
	struct dm_request r = { 0 };
	dev_t dev;
	int ret;

	disk_wipe();
	ret = dm_call(DM_DEV_CREATE, &r);
	vt_need(!ret, "device-mapper device: %s", strerror(-ret));
	unlink(DM_STORE_NODE);
	dev = makedev(major(r.head.dev), minor(r.head.dev));
	vt_need(!mknod(DM_STORE_NODE, S_IFBLK | 0600, dev), "mknod %s: %s", DM_STORE_NODE,
		strerror(errno));
	dm_works();
}

/* Before the first subtest: the modules that all of them need. */
static inline void dm_modprobe(void)
{
	if (!vl_run_command("modprobe dm-mod") || !vl_run_command("modprobe dm-flakey"))
		ksft_exit_skip("no device-mapper\n");
}

/* Run a table of subtests that have at most so many seconds each and leave a device. */
static inline int dm_run(const struct vt_test *tests, unsigned int count, unsigned int seconds)
{
	const struct vl_suite suite = {
		.tests = tests,
		.count = count,
		.seconds = seconds,
		.before_unload = dm_before_unload,
		.after_unload = dm_remove,
	};

	dm_modprobe();
	return vl_run(&suite);
}

/* A working device and the module on it; more is appended to the parameters. */
#define dm_load(pool_mb, fmt, ...) do {					\
	dm_create();							\
	vl_must_load("pool_mb=%d store=%s store_mb=0 " fmt, pool_mb, DM_STORE_NODE, \
		     ##__VA_ARGS__);					\
} while (0)

#endif /* VMDEV_DM_STORE_H */
