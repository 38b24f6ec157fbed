// SPDX-License-Identifier: GPL-2.0
/*
 * Content that changed in the store is noticed: SIGBUS on that page alone, every
 * time, counted. With checksum=0 the wrong content comes through, which shows that
 * the store really was changed.
 */
#define _GNU_SOURCE
#include "dm_store.h"
#include "vmdev_machine.h"

#define PAGES	128

static struct vt_space evicted_space(void)
{
	struct vt_space v = vt_space_new(PAGES * vt_page_size());

	fill_range(v.mem, PAGES, 1, 0);
	vt_need(vt_evict_all(&v), "pages stayed");
	return v;
}

static char *page_of(const struct vt_space *v, unsigned int index)
{
	return v->mem + index * vt_page_size();
}

/* SIGBUS on just the pages of a sorted list, and counted. */
static bool only_bad(const struct vt_space *v, const unsigned int *bad, unsigned int count)
{
	unsigned int next = 0;

	for (unsigned int i = 0; i < PAGES; i++) {
		if (next < count && bad[next] == i) {
			for (int turn = 0; turn < 3; turn++)
				vt_check(vt_touch_sigbus(page_of(v, i), turn == 1, NULL),
					 "changed page %u can be touched", i);
			next++;
		} else {
			vt_check(check_page(page_of(v, i), 1, i), "page %u", i);
		}
	}
	vt_check(vt_stats_now(v->fd).bad == count, "%llu bad pages, expected %u",
		 vt_stats_now(v->fd).bad, count);
	vt_check(vt_sysfs_u64("store/checksum_errors") >= count, "%" PRIu64
		 " checksum errors, expected %u", vt_sysfs_u64("store/checksum_errors"), count);
	vt_check(vt_sysfs_u64("store/read_errors") == 0, "%" PRIu64 " read errors",
		 vt_sysfs_u64("store/read_errors"));
	return true;
}

/* One bit, anywhere in the page. */
static bool test_one_bit(void)
{
	static const unsigned int bad[] = { 0, 17, 18, 63, 100, PAGES - 1 };
	static const size_t offset[] = { 0, 1, 2048, 4095, 4088, 777 };
	struct vt_space v;

	dm_load(4, "%s", "");
	v = evicted_space();
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		disk_flip(disk_find(1, bad[i]), offset[i], i);
	vt_check(only_bad(&v, bad, ARRAY_SIZE(bad)), "after one bit in each of six pages");
	vt_space_free(&v);
	vt_check(vt_nothing_left(), "after close");
	return true;
}

/* Both pages are what was once written, each in the other's place. */
static bool test_exchanged(void)
{
	static const unsigned int bad[] = { 40, 80 };
	void *a = disk_buffer(vt_page_size()), *b = disk_buffer(vt_page_size());
	uint64_t sector_a, sector_b;
	struct vt_space v;

	dm_load(4, "%s", "");
	v = evicted_space();
	sector_a = disk_find(1, bad[0]);
	sector_b = disk_find(1, bad[1]);
	disk_read_page(sector_a, a);
	disk_read_page(sector_b, b);
	disk_write_page(sector_a, b);
	disk_write_page(sector_b, a);
	vt_check(only_bad(&v, bad, ARRAY_SIZE(bad)), "after exchanging two pages");
	vt_space_free(&v);
	return true;
}

/* A write that the device lost: the page's older content is there. */
static bool test_lost_write(void)
{
	static const unsigned int bad[] = { 55 };
	void *old = disk_buffer(vt_page_size());
	struct vt_space v;

	dm_load(4, "%s", "");
	v = vt_space_new(PAGES * vt_page_size());
	fill_range(v.mem, PAGES, 2, 0);
	vt_check(vt_evict_all(&v), "pages stayed");
	disk_read_page(disk_find(2, bad[0]), old);
	fill_range(v.mem, PAGES, 1, 0);
	vt_check(vt_evict_all(&v), "pages stayed");
	disk_write_page(disk_find(1, bad[0]), old);
	vt_check(only_bad(&v, bad, ARRAY_SIZE(bad)), "after a lost write");
	vt_space_free(&v);
	return true;
}

static bool test_zeroed(void)
{
	static const unsigned int bad[] = { 5, 6, 7 };
	void *zero = disk_buffer(vt_page_size());
	struct vt_space v;

	memset(zero, 0, vt_page_size());
	dm_load(4, "%s", "");
	v = evicted_space();
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		disk_write_page(disk_find(1, bad[i]), zero);
	vt_check(only_bad(&v, bad, ARRAY_SIZE(bad)), "after three pages were zeroed");
	vt_space_free(&v);
	return true;
}

/* read(2) of a changed page gives EIO. */
static bool test_read(void)
{
	char *buf = malloc(vt_page_size());
	struct vt_space v;
	ssize_t n;

	dm_load(4, "%s", "");
	v = evicted_space();
	disk_flip(disk_find(1, 3), 100, 0);
	n = pread(v.fd, buf, vt_page_size(), 3 * vt_page_size());
	vt_check(n == -1 && errno == EIO, "pread: %zd %s", n, strerror(errno));
	vt_check(pread(v.fd, buf, vt_page_size(), 4 * vt_page_size()) == (ssize_t)vt_page_size() &&
		 check_page(buf, 1, 4), "the next page");
	vt_space_free(&v);
	free(buf);
	return true;
}

static bool test_off(void)
{
	const unsigned int index = 17;
	struct vt_space v;
	uint64_t word;

	dm_load(4, "checksum=0");
	v = evicted_space();
	disk_flip(disk_find(1, index), 8, 3);
	word = *(uint64_t *)(page_of(&v, index) + 8);
	vt_check(word == (page_word(1, index, 1) ^ 8), "word is %#" PRIx64 ", the disk holds %#"
		 PRIx64, word, page_word(1, index, 1) ^ 8);
	vt_check(vt_sysfs_u64("store/checksum_errors") == 0 && vt_stats_now(v.fd).bad == 0,
		 "checksum errors with checksum=0");
	vt_space_free(&v);
	return true;
}

/* Users of the kernel's driver @name for a checksum, or -1 where there is none. */
static int64_t driver_users(const char *name)
{
	static char text[65536];
	char *entry, *line;

	vt_need(vm_read("/proc/crypto", text, sizeof(text)) > 0, "/proc/crypto");
	for (entry = text; (entry = strstr(entry, "driver "));) {
		entry += strcspn(entry, ":");
		line = strstr(entry, "\nrefcnt ");
		if (line && !strncmp(entry + 2, name, strlen(name)))
			return strtoll(line + strcspn(line, ":") + 1, NULL, 10);
	}
	return -1;
}

/* Where the processor has an instruction for it, that is what is used. */
static bool test_hardware(void)
{
	static char cpu[65536];
	int64_t before;

	vt_need(vm_read("/proc/cpuinfo", cpu, sizeof(cpu)) > 0, "/proc/cpuinfo");
	if (!strstr(cpu, " sse4_2"))
		return vt_skip("no instruction for it");
	vl_must_load("pool_mb=2 store=%s store_mb=4 checksum=0", vl_disk());
	before = driver_users("crc32c-intel");
	vt_check(!vl_unload(), "unload");
	vl_must_load("pool_mb=2 store=%s store_mb=4", vl_disk());
	vt_check(driver_users("crc32c-intel") > before, "%" PRId64 " users, %" PRId64 " without us",
		 driver_users("crc32c-intel"), before);
	return true;
}

static const struct vt_test tests[] = {
	{ "one changed bit", test_one_bit },
	{ "two pages exchanged", test_exchanged },
	{ "a lost write", test_lost_write },
	{ "zeroed pages", test_zeroed },
	{ "read(2) of a changed page", test_read },
	{ "checksum=0 lets it through", test_off },
	{ "the processor's instruction is used", test_hardware },
};

int main(void)
{
	return dm_run(tests, ARRAY_SIZE(tests), 60);
}
