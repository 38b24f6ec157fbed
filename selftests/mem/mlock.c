// SPDX-License-Identifier: GPL-2.0
/*
 * Locked pages stay in the pool under pressure, up to half of it; what is locked
 * beyond that works and stays evictable.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define FRAMES	1024	/* small, so that pressure is cheap */

static struct vt_space small_pool_space(uint64_t pages)
{
	vt_set_pool_frames(FRAMES);
	return vt_space_new(pages * vt_page_size());
}

/* Another space writes and verifies twice the pool. */
static bool pressure(void)
{
	struct vt_space s = vt_space_new(2 * FRAMES * vt_page_size());
	struct vmdev_stats stats;

	fill_range(s.mem, 2 * FRAMES, 90, 0);
	vt_check(check_range(s.mem, 2 * FRAMES, 90, 0), "content of the space that presses");
	stats = vt_stats_now(s.fd);
	vt_check(stats.evictions, "the pressure evicted nothing");
	vt_space_free(&s);
	return true;
}

static bool expect_resident(struct vt_space *s, uint64_t pages, const char *when)
{
	uint64_t resident = vt_count_states(s->fd, 0, pages, VT_RESIDENT);
	uint64_t locked = vt_sysfs_u64("pool/locked");

	vt_check(resident == pages, "%s: %" PRIu64 " of %" PRIu64 " locked pages are resident",
		 when, resident, pages);
	vt_check(locked <= FRAMES / 2, "%s: pool/locked is %" PRIu64 " of %d frames", when, locked,
		 FRAMES);
	return true;
}

/* Frames are counted as held by mlock when eviction first finds them so. */
static bool expect_not_evicted(struct vt_space *s, uint64_t pages)
{
	int64_t left = vt_evict(s->fd, 0, s->length);
	uint64_t locked = vt_sysfs_u64("pool/locked");

	vt_check(left == 0, "EVICT took %" PRId64 " locked pages", left);
	vt_check(locked == pages, "pool/locked is %" PRIu64 " after EVICT, %" PRIu64
		 " pages are locked", locked, pages);
	return expect_resident(s, pages, "after EVICT");
}

/* And no longer when they leave. */
static bool expect_unlocked(struct vt_space *s)
{
	uint64_t locked = 0;

	vt_check(vt_evict_all(s), "not evicted after they were unlocked");
	for (int i = 0; i < 100; i++) {
		locked = vt_sysfs_u64("pool/locked");
		if (!locked)
			return true;
		vt_sleep_ms(10);
	}
	vt_msg("pool/locked is still %" PRIu64, locked);
	return false;
}

static bool lock_quarter(void)
{
	const uint64_t pages = FRAMES / 4;
	struct vt_space s = small_pool_space(pages);

	fill_range(s.mem, pages, 1, 0);
	vt_check(vt_evict_all(&s), "not evicted");
	vt_check(!mlock(s.mem, s.length), "mlock: %s", strerror(errno));
	vt_check(expect_resident(&s, pages, "after mlock"), "mlock brings pages in");
	vt_check(pressure(), "pressure");
	vt_check(expect_resident(&s, pages, "after pressure"), "locked pages left");
	vt_check(expect_not_evicted(&s, pages), "EVICT of locked pages");
	vt_check(check_range(s.mem, pages, 1, 0), "content lost");
	vt_check(!munlock(s.mem, s.length), "munlock: %s", strerror(errno));
	vt_check(expect_unlocked(&s), "munlock");
	vt_check(check_range(s.mem, pages, 1, 0), "content lost after munlock");
	vt_space_free(&s);
	return true;
}

static bool map_locked(void)
{
	const uint64_t pages = FRAMES / 4;
	struct vt_space s = small_pool_space(pages);
	char *locked;

	fill_range(s.mem, pages, 2, 0);
	vt_check(vt_evict_all(&s), "not evicted");
	locked = mmap(NULL, s.length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_LOCKED, s.fd, 0);
	vt_check(locked != MAP_FAILED, "mmap MAP_LOCKED: %s", strerror(errno));
	vt_check(expect_resident(&s, pages, "after mmap"), "MAP_LOCKED brings pages in");
	vt_check(pressure(), "pressure");
	vt_check(expect_resident(&s, pages, "after pressure"), "locked pages left");
	vt_check(check_range(locked, pages, 2, 0), "content lost");
	munmap(locked, s.length);
	vt_check(expect_unlocked(&s), "munmap of a locked mapping");
	vt_space_free(&s);
	return true;
}

/* Twice the bound is locked: all of it works, some of it leaves, others can work. */
static bool beyond_half(void)
{
	const uint64_t pages = FRAMES;
	struct vt_space s = small_pool_space(pages);
	uint64_t before = vt_sysfs_u64("stats/locked_evictions"), after, locked;

	fill_range(s.mem, pages, 3, 0);
	vt_check(!mlock(s.mem, s.length), "mlock: %s", strerror(errno));
	vt_check(pressure(), "pressure");
	locked = vt_sysfs_u64("pool/locked");
	after = vt_sysfs_u64("stats/locked_evictions");
	vt_check(locked <= FRAMES / 2, "pool/locked is %" PRIu64 " of %d frames", locked, FRAMES);
	vt_check(locked >= FRAMES / 4, "pool/locked is only %" PRIu64 " of %d frames", locked,
		 FRAMES);
	vt_check(after > before, "no eviction of a locked page was counted");
	vt_check(check_range(s.mem, pages, 3, 0), "content lost");
	fill_range(s.mem, pages, 4, 0);
	vt_check(pressure(), "pressure");
	vt_check(check_range(s.mem, pages, 4, 0), "content lost after writing");
	vt_check(!munlock(s.mem, s.length), "munlock: %s", strerror(errno));
	vt_check(expect_unlocked(&s), "munlock");
	vt_space_free(&s);
	return true;
}

static bool lock_and_exit(void *arg)
{
	struct vt_space *s = arg;

	vt_check(!mlock(s->mem, s->length), "mlock: %s", strerror(errno));
	return expect_resident(s, s->length / vt_page_size(), "in the child");
}

/* The lock of a process that ends goes with it; that of another one stays. */
static bool exit_unlocks(void)
{
	const uint64_t pages = FRAMES / 8;
	struct vt_space s = small_pool_space(pages);

	fill_range(s.mem, pages, 5, 0);
	vt_check(vt_in_child(lock_and_exit, &s), "the child");
	vt_check(expect_unlocked(&s), "exit of the process that locked");
	vt_check(!mlock(s.mem, s.length), "mlock: %s", strerror(errno));
	vt_check(vt_in_child(lock_and_exit, &s), "the second child");
	vt_check(pressure(), "pressure");
	vt_check(expect_resident(&s, pages, "after another's exit"), "locked pages left");
	vt_check(check_range(s.mem, pages, 5, 0), "content lost");
	vt_space_free(&s);
	return true;
}

static const struct vt_test tests[] = {
	{ "a quarter of the pool locked", lock_quarter },
	{ "MAP_LOCKED", map_locked },
	{ "more locked than half of the pool", beyond_half },
	{ "locks end with their process", exit_unlocks },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
