// SPDX-License-Identifier: GPL-2.0
/*
 * A page that was read back and not written since leaves without a write; one
 * that was written is written.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define PAGES	256

/* Evict all; exactly so many pages are written, and the others leave clean. */
static bool evict_expecting(struct vt_space *s, uint64_t dirty, const char *what)
{
	uint64_t written = vt_sysfs_u64("store/written_pages");
	uint64_t clean = vt_sysfs_u64("stats/evictions_clean");
	uint64_t all = vt_sysfs_u64("stats/evictions");

	vt_check(vt_evict_all(s), "%s: not evicted", what);
	written = vt_sysfs_u64("store/written_pages") - written;
	clean = vt_sysfs_u64("stats/evictions_clean") - clean;
	all = vt_sysfs_u64("stats/evictions") - all;
	vt_check(all == PAGES, "%s: %" PRIu64 " evictions, expected %d", what, all, PAGES);
	vt_check(written == dirty, "%s: %" PRIu64 " pages written, expected %" PRIu64, what,
		 written, dirty);
	vt_check(clean == PAGES - dirty, "%s: %" PRIu64 " clean evictions, expected %" PRIu64, what,
		 clean, PAGES - dirty);
	return true;
}

static bool by_mapping(void)
{
	const size_t page = vt_page_size();
	struct vt_space s = vt_space_new(PAGES * page);
	uint64_t used;

	fill_range(s.mem, PAGES, 1, 0);
	vt_check(evict_expecting(&s, PAGES, "new"), "all new");
	used = vt_sysfs_u64("store/used");
	vt_check(used == PAGES, "%" PRIu64 " slots used, expected %d", used, PAGES);
	for (int round = 0; round < 2; round++) {
		vt_check(check_range(s.mem, PAGES, 1, 0), "round %d", round);
		vt_check(evict_expecting(&s, 0, "read"), "only read, round %d", round);
	}
	/* Every eighth is written: one word of it is enough. */
	vt_check(check_range(s.mem, PAGES, 1, 0), "content lost");
	for (unsigned int i = 0; i < PAGES; i += 8)
		((uint64_t *)(s.mem + i * page))[i] = ~page_word(1, i, i);
	vt_check(evict_expecting(&s, PAGES / 8, "some written"), "every eighth written");
	for (unsigned int i = 0; i < PAGES; i++) {
		uint64_t *word = (uint64_t *)(s.mem + i * page) + i;

		if (i % 8 == 0) {
			vt_check(*word == ~page_word(1, i, i), "page %u word %u: expected %016"
				 PRIx64 ", found %016" PRIx64, i, i, ~page_word(1, i, i), *word);
			*word = page_word(1, i, i);
		}
		vt_check(check_page(s.mem + i * page, 1, i), "content lost");
	}
	vt_space_free(&s);
	return true;
}

/* The same by system call: read(2) leaves a page clean, write(2) makes it dirty. */
static bool by_call(void)
{
	const size_t page = vt_page_size();
	struct vt_space s = vt_space_new(PAGES * page);
	char *buf = malloc(s.length);

	vt_need(buf, "malloc");
	fill_range(buf, PAGES, 2, 0);
	vt_check(pwrite(s.fd, buf, s.length, 0) == (ssize_t)s.length, "pwrite: %s",
		 strerror(errno));
	vt_check(evict_expecting(&s, PAGES, "written"), "pwrite");
	memset(buf, 0, s.length);
	/* A short read is fine as long as it goes on. */
	for (size_t done = 0; done < s.length;) {
		ssize_t n = pread(s.fd, buf + done, s.length - done, done);

		vt_check(n > 0, "pread at %#zx: %zd (%s)", done, n, strerror(errno));
		done += n;
	}
	vt_check(check_range(buf, PAGES, 2, 0), "pread");
	for (unsigned int i = 0; i < PAGES; i++)
		(void)*(volatile char *)(s.mem + i * page);
	vt_check(evict_expecting(&s, 0, "read"), "pread");
	vt_check(check_range(s.mem, PAGES, 2, 0), "content lost");
	vt_check(pwrite(s.fd, buf + page, page, 0) == (ssize_t)page, "pwrite: %s", strerror(errno));
	vt_check(evict_expecting(&s, 1, "one written"), "pwrite of one page");
	vt_check(check_page(s.mem, 2, 1), "the page that was written");
	vt_check(check_range(s.mem + page, PAGES - 1, 2, 1), "the others");
	vt_space_free(&s);
	return true;
}

static const struct vt_test tests[] = {
	{ "pages used through a mapping", by_mapping },
	{ "pages used by read and write", by_call },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
