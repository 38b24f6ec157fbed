// SPDX-License-Identifier: GPL-2.0
/*
 * A failed write keeps the page in the pool, dirty, and is retried; no data is
 * dropped for it, whatever the store does meanwhile.
 */
#define _GNU_SOURCE
#include "dm_store.h"

#define PAGES	300

/* EVICT may say that nothing left, or that writing failed; both are true. */
static bool evict_in_vain(int fd, uint64_t length)
{
	int64_t n = vt_evict(fd, 0, length);

	vt_check(n == 0 || n == -EIO, "EVICT while writes fail: %" PRId64, n);
	return true;
}

static bool stays_in_pool(void (*fail)(void))
{
	struct vt_space v;
	uint64_t errors, dirty;

	dm_load(4, "%s", "");
	v = vt_space_new(PAGES * vt_page_size());
	fill_range(v.mem, PAGES, 1, 0);
	fail();
	for (int i = 0; i < 5; i++)
		vt_check(evict_in_vain(v.fd, v.length), "round %d", i);
	errors = vt_sysfs_u64("store/write_errors");
	vt_check(errors >= 1, "store/write_errors is 0");
	dirty = vt_count_states(v.fd, 0, PAGES, VT_STATE(DIRTY) | VT_STATE(WRITING));
	vt_check(dirty == PAGES, "%" PRIu64 " of %d pages stayed dirty", dirty, PAGES);
	vt_check(check_range(v.mem, PAGES, 1, 0), "content lost");
	fill_range(v.mem, PAGES / 2, 2, 0);
	vt_check(evict_in_vain(v.fd, v.length), "after writing");
	dm_works();
	vt_check(vt_evict_all(&v), "pages stayed after writes work again");
	vt_check(check_range(v.mem, PAGES / 2, 2, 0) &&
		 check_range(v.mem + PAGES / 2 * vt_page_size(), PAGES / 2, 1, PAGES / 2),
		 "content lost");
	vt_check(vt_sysfs_u64("store/read_errors") == 0 && vt_stats_now(v.fd).bad == 0,
		 "a failed write made a page bad");
	vt_space_free(&v);
	vt_check(vt_nothing_left(), "after close");
	return true;
}

static bool test_writes_fail(void)
{
	return stays_in_pool(dm_fails_writes);
}

static bool test_all_fails(void)
{
	return stays_in_pool(dm_fails);
}

/* The store of a page that was clean, is dirty again and can't be written. */
static bool test_rewritten(void)
{
	struct vt_space v;

	dm_load(4, "%s", "");
	v = vt_space_new(PAGES * vt_page_size());
	fill_range(v.mem, PAGES, 1, 0);
	vt_check(vt_evict_all(&v), "pages stayed");
	vt_check(check_range(v.mem, PAGES, 1, 0), "content lost");
	fill_range(v.mem, PAGES, 2, 0);
	dm_fails_writes();
	for (int i = 0; i < 5; i++)
		vt_check(evict_in_vain(v.fd, v.length), "round %d", i);
	vt_check(check_range(v.mem, PAGES, 2, 0), "old content came back");
	dm_works();
	vt_check(vt_evict_all(&v), "pages stayed after writes work again");
	vt_check(check_range(v.mem, PAGES, 2, 0), "old content came back");
	vt_space_free(&v);
	return true;
}

/* Clean pages still leave without I/O when nothing can be written. */
static bool test_clean_leave(void)
{
	struct vt_space v;

	dm_load(4, "%s", "");
	v = vt_space_new(PAGES * vt_page_size());
	fill_range(v.mem, PAGES, 1, 0);
	vt_check(vt_evict_all(&v), "pages stayed");
	vt_check(check_range(v.mem, PAGES, 1, 0), "content lost");
	dm_fails_writes();
	vt_check(vt_evict_all(&v), "clean pages stayed");
	vt_check(check_range(v.mem, PAGES, 1, 0), "content lost");
	dm_works();
	vt_space_free(&v);
	return true;
}

/* Part of the store fails: pages leave all the same, to other slots. */
static bool test_some_sectors(void)
{
	const unsigned int staying = VT_STATE(DIRTY) | VT_STATE(WRITING);
	struct vt_space v;
	int64_t n;

	dm_load(4, "%s", "");
	dm_fails_at(0, 16 * PAGE_SECTORS);
	v = vt_space_new(PAGES * vt_page_size());
	fill_range(v.mem, PAGES, 1, 0);
	for (int i = 0; i < 100 && vt_count_states(v.fd, 0, PAGES, staying); i++) {
		n = vt_evict(v.fd, 0, v.length);
		vt_check(n >= 0 || n == -EIO, "EVICT: %" PRId64, n);
		vt_sleep_ms(50);
	}
	vt_check(!vt_count_states(v.fd, 0, PAGES, staying), "pages stayed");
	vt_check(vt_sysfs_u64("store/write_errors") >= 1, "no write failed: nothing was tested");
	vt_check(check_range(v.mem, PAGES, 1, 0), "content lost");
	vt_check(vt_sysfs_u64("store/read_errors") == 0 && vt_stats_now(v.fd).bad == 0,
		 "a page was left where it can't be read");
	vt_space_free(&v);
	vt_check(vt_nothing_left(), "after close");
	return true;
}

/* Three seconds of failing writes in the middle of a load of 2x the pool. */
static bool fill_and_check(struct vt_crew *crew, unsigned int id)
{
	const struct vt_space *v = crew->arg;
	uint64_t pages = v->length / vt_page_size() / 2, first = id * pages;
	char *mem = v->mem + first * vt_page_size();

	for (unsigned int seed = 1; !atomic_load(&crew->stop) || seed < 4; seed++) {
		fill_range(mem, pages, seed, first);
		vt_check(check_range(mem, pages, seed, first), "content lost in round %u", seed);
	}
	return true;
}

static bool test_under_load(void)
{
	struct vt_crew crew;
	struct vt_space v;

	dm_load(4, "%s", "");
	v = vt_space_new(2048 * vt_page_size());
	fill_range(v.mem, 2048, 9, 0);
	vt_crew_start(&crew, 2, fill_and_check, &v);
	for (int i = 0; i < 3; i++) {
		vt_sleep_ms(500);
		dm_fails_writes();
		vt_sleep_ms(2500);
		dm_works();
	}
	vt_sleep_ms(500);
	vt_check(vt_crew_stop(&crew), "in a thread");
	vt_check(vt_sysfs_u64("store/write_errors") >= 1, "no write failed: nothing was tested");
	vt_check(vt_sysfs_u64("store/read_errors") == 0 && vt_sysfs_u64("stats/oom") == 0,
		 "%" PRIu64 " read errors, %" PRIu64 " faults without a frame",
		 vt_sysfs_u64("store/read_errors"), vt_sysfs_u64("stats/oom"));
	vt_space_free(&v);
	vt_check(vt_nothing_left(), "after close");
	return true;
}

static const struct vt_test tests[] = {
	{ "pages stay while writes fail", test_writes_fail },
	{ "pages stay while all fails", test_all_fails },
	{ "rewritten pages keep the new content", test_rewritten },
	{ "clean pages leave while writes fail", test_clean_leave },
	{ "writes to some sectors fail", test_some_sectors },
	{ "writes that fail for a while under load", test_under_load },
};

int main(void)
{
	return dm_run(tests, ARRAY_SIZE(tests), 90);
}
