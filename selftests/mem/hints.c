// SPDX-License-Identifier: GPL-2.0
/*
 * madvise and posix_fadvise: WILLNEED brings pages in, DONTNEED evicts,
 * SEQUENTIAL, RANDOM and NORMAL set the read-ahead, MADV_DONTNEED keeps data.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define PAGES	512
#define WANTED	32

static struct vt_space evicted_space(unsigned int seed)
{
	struct vt_space s = vt_space_new(PAGES * vt_page_size());

	fill_range(s.mem, PAGES, seed, 0);
	vt_need(vt_evict_all(&s), "not evicted");
	return s;
}

/* Pages 64 .. 64 + WANTED have been hinted at: they come without being touched. */
static bool expect_brought_in(struct vt_space *s, unsigned int seed)
{
	const size_t page = vt_page_size();
	struct vmdev_stats before, after;
	uint64_t resident = 0;

	for (int i = 0; i < 200 && resident < WANTED; i++) {
		vt_sleep_ms(10);
		resident = vt_count_states(s->fd, 64 * page, WANTED,
					   VT_STATE(CLEAN) | VT_STATE(DIRTY));
	}
	before = vt_stats_now(s->fd);
	vt_check(resident == WANTED, "%" PRIu64 " of %d pages came in", resident, WANTED);
	vt_check(before.readahead >= WANTED, "only %llu pages counted as read ahead",
		 before.readahead);
	vt_check(before.resident < PAGES / 2, "%llu pages came in for a hint at %d",
		 before.resident, WANTED);
	vt_check(check_range(s->mem + 64 * page, WANTED, seed, 64), "content lost");
	after = vt_stats_now(s->fd);
	vt_check(after.faults_major == before.faults_major,
		 "%llu major faults on pages that had been brought in",
		 after.faults_major - before.faults_major);
	vt_check(after.readahead_hits - before.readahead_hits >= WANTED / 2,
		 "only %llu of %d hits counted", after.readahead_hits - before.readahead_hits,
		 WANTED);
	return true;
}

static bool willneed_madvise(void)
{
	struct vt_space s = evicted_space(1);

	vt_check(!madvise(s.mem + 64 * vt_page_size(), WANTED * vt_page_size(), MADV_WILLNEED),
		 "madvise: %s", strerror(errno));
	vt_check(expect_brought_in(&s, 1), "MADV_WILLNEED");
	vt_space_free(&s);
	return true;
}

static bool willneed_fadvise(void)
{
	struct vt_space s = evicted_space(2);
	int ret = posix_fadvise(s.fd, 64 * vt_page_size(), WANTED * vt_page_size(),
				POSIX_FADV_WILLNEED);

	vt_check(!ret, "posix_fadvise: %s", strerror(ret));
	vt_check(expect_brought_in(&s, 2), "POSIX_FADV_WILLNEED");
	vt_space_free(&s);
	return true;
}

static bool dontneed_fadvise(void)
{
	const size_t page = vt_page_size();
	struct vt_space s = vt_space_new(PAGES * page);
	uint64_t left = PAGES, outside;

	fill_range(s.mem, PAGES, 3, 0);
	for (int i = 0; i < 100 && left; i++) {
		int ret = posix_fadvise(s.fd, 0, PAGES / 2 * page, POSIX_FADV_DONTNEED);

		vt_check(!ret, "posix_fadvise: %s", strerror(ret));
		left = vt_count_states(s.fd, 0, PAGES / 2, VT_RESIDENT);
		if (left)
			vt_sleep_ms(5);
	}
	vt_check(!left, "%" PRIu64 " pages of %d stayed", left, PAGES / 2);
	outside = vt_count_states(s.fd, PAGES / 2 * page, PAGES / 2, VT_RESIDENT);
	vt_check(outside == PAGES / 2, "%" PRIu64 " pages outside of the range left",
		 PAGES / 2 - outside);
	vt_check(check_range(s.mem, PAGES, 3, 0), "content lost");
	vt_space_free(&s);
	return true;
}

/* Read the whole space in order after a hint; what was read ahead meanwhile. */
static uint64_t read_ahead_under(int advice, unsigned int seed)
{
	struct vt_space s = evicted_space(seed);
	struct vmdev_stats before = vt_stats_now(s.fd), after;
	int ret = posix_fadvise(s.fd, 0, 0, advice);

	vt_need(!ret, "posix_fadvise(%d): %s", advice, strerror(ret));
	vt_need(check_range(s.mem, PAGES, seed, 0), "content lost");
	after = vt_stats_now(s.fd);
	vt_space_free(&s);
	return after.readahead - before.readahead;
}

static bool window(void)
{
	uint64_t normal = read_ahead_under(POSIX_FADV_NORMAL, 4);
	uint64_t sequential = read_ahead_under(POSIX_FADV_SEQUENTIAL, 5);
	uint64_t random = read_ahead_under(POSIX_FADV_RANDOM, 6);

	vt_msg("read ahead of %d: normal %" PRIu64 ", sequential %" PRIu64 ", random %" PRIu64,
	       PAGES, normal, sequential, random);
	vt_check(!random, "%" PRIu64 " pages read ahead under RANDOM", random);
	vt_check(normal, "nothing read ahead under NORMAL");
	vt_check(sequential >= normal, "SEQUENTIAL reads less ahead (%" PRIu64
		 ") than NORMAL (%" PRIu64 ")", sequential, normal);
	return true;
}

/* The hint is the space's: a later one replaces it, another space's doesn't. */
static bool window_changes(void)
{
	const size_t page = vt_page_size();
	struct vt_space s = evicted_space(7), other = evicted_space(8);
	uint64_t ahead;

	vt_check(!posix_fadvise(s.fd, 0, 0, POSIX_FADV_RANDOM), "RANDOM");
	vt_check(check_range(s.mem, PAGES / 2, 7, 0), "content lost");
	vt_check(!vt_stats_now(s.fd).readahead, "read ahead under RANDOM");
	vt_check(check_range(other.mem, PAGES, 8, 0), "content lost");
	vt_check(vt_stats_now(other.fd).readahead, "RANDOM of one space stopped another");
	vt_check(!posix_fadvise(s.fd, 0, 0, POSIX_FADV_NORMAL), "NORMAL");
	vt_check(check_range(s.mem + PAGES / 2 * page, PAGES / 2, 7, PAGES / 2), "content lost");
	ahead = vt_stats_now(s.fd).readahead;
	vt_check(ahead, "nothing read ahead after NORMAL");
	vt_space_free(&s);
	vt_space_free(&other);
	return true;
}

static bool madvise_keeps(void)
{
	static const int advice[] = { MADV_DONTNEED, MADV_COLD, MADV_PAGEOUT, MADV_RANDOM,
				      MADV_SEQUENTIAL, MADV_NORMAL };
	struct vt_space s = vt_space_new(PAGES * vt_page_size());

	for (unsigned int i = 0; i < ARRAY_SIZE(advice); i++) {
		fill_range(s.mem, PAGES, 10 + i, 0);
		vt_check(!madvise(s.mem, s.length, advice[i]), "madvise(%d): %s", advice[i],
			 strerror(errno));
		vt_check(vt_evict_all(&s), "not evicted");
		vt_check(check_range(s.mem, PAGES, 10 + i, 0), "content lost by madvise(%d)",
			 advice[i]);
	}
	vt_space_free(&s);
	return true;
}

static const struct vt_test tests[] = {
	{ "MADV_WILLNEED reads ahead", willneed_madvise },
	{ "POSIX_FADV_WILLNEED reads ahead", willneed_fadvise },
	{ "POSIX_FADV_DONTNEED evicts", dontneed_fadvise },
	{ "NORMAL, SEQUENTIAL and RANDOM", window },
	{ "a hint belongs to its space and can be replaced", window_changes },
	{ "madvise keeps data", madvise_keeps },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
