// SPDX-License-Identifier: GPL-2.0
/*
 * VMDEV_IOC_DISCARD: a range reads as zero again wherever its pages were, for
 * everyone who maps or reads it, its frames and slots come back, and its
 * neighbours don't notice.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define PAGES	96

static uint64_t free_frames(void)
{
	return vt_sysfs_u64("pool/free");
}

static uint64_t used_slots(void)
{
	return vt_sysfs_u64("store/used");
}

/* Pages 0-31 dirty, 32-63 swapped, 64-95 clean. */
static struct vt_space mixed_space(void)
{
	struct vt_space v = vt_space_new(PAGES * vt_page_size());
	size_t third = v.length / 3;

	fill_range(v.mem, PAGES, 1, 0);
	vt_need(vt_evict_range(v.fd, third, 2 * third), "evict");
	/* One at a time from the end, so that read-ahead takes none of the second third. */
	for (int i = PAGES - 1; i >= 64; i--)
		vt_need(check_page(v.mem + i * vt_page_size(), 1, i), "content");
	vt_need(vt_evict_range(v.fd, third, third), "evict");
	vt_need(vt_count_states(v.fd, 0, 32, VT_STATE(DIRTY)) == 32, "dirty");
	vt_need(vt_count_states(v.fd, third, 32, VT_STATE(SWAPPED)) == 32, "swapped");
	vt_need(vt_count_states(v.fd, 2 * third, 32, VT_STATE(CLEAN)) == 32, "clean");
	return v;
}

static bool test_everything(void)
{
	uint64_t free = free_frames(), used = used_slots();
	struct vt_space v = mixed_space();
	int64_t n;

	vt_check(free_frames() == free - 64, "%" PRIu64 " frames taken by 64 resident pages",
		 free - free_frames());
	vt_check(used_slots() >= used + 64, "%" PRIu64 " slots taken by 64 evicted pages",
		 used_slots() - used);
	n = vt_discard(v.fd, 0, v.length);
	vt_check(n == PAGES, "DISCARD of %d pages: %" PRId64, PAGES, n);
	vt_check(free_frames() == free, "%" PRIu64 " frames gone", free - free_frames());
	vt_check(used_slots() == used, "%" PRIu64 " slots gone", used_slots() - used);
	vt_check(vt_stats_now(v.fd).touched == 0, "%llu touched", vt_stats_now(v.fd).touched);
	vt_check(vt_stats_now(v.fd).size == v.length, "the size changed");
	vt_check(vt_count_states(v.fd, 0, PAGES, VT_STATE(ABSENT)) == PAGES, "not all absent");
	n = vt_discard(v.fd, 0, v.length);
	vt_check(n == 0, "DISCARD of absent pages: %" PRId64, n);
	vt_check(check_zero(v.mem, v.length), "after DISCARD");
	fill_range(v.mem, PAGES, 2, 0);
	vt_check(vt_evict_all(&v), "pages stayed");
	vt_check(check_range(v.mem, PAGES, 2, 0), "written after DISCARD");
	vt_space_free(&v);
	return true;
}

/* Ranges across and within the thirds; all else keeps its content. */
static bool test_ranges(void)
{
	static const struct { unsigned int first, count; } ranges[] = {
		{ 0, 1 }, { 31, 2 }, { 5, 1 }, { 20, 50 }, { 63, 2 }, { 95, 1 }, { 70, 26 },
	};
	size_t page = vt_page_size();

	for (unsigned int r = 0; r < ARRAY_SIZE(ranges); r++) {
		unsigned int first = ranges[r].first, end = first + ranges[r].count;
		struct vt_space v = mixed_space();
		int64_t n = vt_discard(v.fd, first * page, ranges[r].count * page);

		vt_check(n == ranges[r].count, "DISCARD of %u pages at %u: %" PRId64,
			 ranges[r].count, first, n);
		vt_check(check_range(v.mem, first, 1, 0), "before pages %u-%u", first, end - 1);
		vt_check(check_zero(v.mem + first * page, ranges[r].count * page), "discarded");
		vt_check(check_range(v.mem + end * page, PAGES - end, 1, end),
			 "behind pages %u-%u", first, end - 1);
		vt_space_free(&v);
	}
	return true;
}

/* Pages of zeroes count as content; what lies past the end is ignored. */
static bool test_zero_and_end(void)
{
	size_t page = vt_page_size();
	struct vt_space v = vt_space_new(8 * page);
	int64_t n;

	for (int i = 0; i < 4; i++)
		v.mem[i * page] = 0;
	vt_check(vt_evict_all(&v), "pages stayed");
	vt_check(vt_stats_now(v.fd).zero == 4, "%llu pages of zeroes", vt_stats_now(v.fd).zero);
	n = vt_discard(v.fd, 0, 1ULL << 40);
	vt_check(n == 4, "DISCARD of 4 pages of zeroes and all past the end: %" PRId64, n);
	vt_check(vt_stats_now(v.fd).touched == 0, "%llu touched", vt_stats_now(v.fd).touched);
	vt_check(vt_stats_now(v.fd).size == v.length, "the size changed");
	n = vt_discard(v.fd, 1ULL << 40, page);
	vt_check(n == 0, "DISCARD past the end: %" PRId64, n);
	n = vt_discard(v.fd, 0, 0);
	vt_check(n == 0, "DISCARD of nothing: %" PRId64, n);
	vt_space_free(&v);
	return true;
}

struct shared {
	struct vt_space v;
	atomic_int *stage;
};

static void wait_stage(atomic_int *stage, int want)
{
	double end = vt_now() + 20;

	while (atomic_load(stage) < want && vt_now() < end)
		vt_sleep_ms(1);
}

/* A process that has the pages mapped before the parent discards them. */
static int other_process(const struct shared *s)
{
	char *again = vt_map(s->v.fd, s->v.length, 0);
	char *buf = malloc(s->v.length);
	bool ok = check_range(again, PAGES, 1, 0) && check_range(s->v.mem, PAGES, 1, 0);

	atomic_store(s->stage, 1);
	wait_stage(s->stage, 2);
	ok = ok && check_zero(again, s->v.length) && check_zero(s->v.mem, s->v.length);
	ok = ok && pread(s->v.fd, buf, s->v.length, 0) == (ssize_t)s->v.length &&
	     check_zero(buf, s->v.length);
	return ok ? 0 : 1;
}

static bool test_everyone_sees_it(void)
{
	struct shared s = { .v = mixed_space() };
	pid_t pid;

	s.stage = mmap(NULL, sizeof(*s.stage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	vt_need(s.stage != MAP_FAILED, "mmap");
	pid = vt_fork();
	if (!pid)
		_exit(other_process(&s));
	wait_stage(s.stage, 1);
	vt_check(vt_discard(s.v.fd, 0, s.v.length) == PAGES, "DISCARD");
	atomic_store(s.stage, 2);
	vt_check(vt_wait_ok(pid), "the other process");
	munmap(s.stage, sizeof(*s.stage));
	vt_space_free(&s.v);
	return true;
}

/* Each thread owns every second page: it finds there zero or what it wrote last. */
static bool rewrite(struct vt_crew *crew, unsigned int id)
{
	const struct vt_space *v = crew->arg;
	uint64_t rnd = id, last[PAGES] = { 0 }, turn = 0;

	while (!atomic_load(&crew->stop)) {
		unsigned int i = vt_random(&rnd) % (PAGES / 2) * 2 + id;
		volatile uint64_t *word = (void *)(v->mem + i * vt_page_size() + 64);
		uint64_t found = *word;

		vt_check(!found || found == last[i], "page %u holds %#" PRIx64 ", expected %#"
			 PRIx64 " or 0", i, found, last[i]);
		last[i] = (uint64_t)i << 40 | ++turn;
		*word = last[i];
	}
	vt_check(turn > 10, "only %" PRIu64 " writes", turn);
	return true;
}

static bool test_under_writers(void)
{
	struct vt_space v = vt_space_new(PAGES * vt_page_size());
	double end = vt_now() + 5;
	uint64_t rnd = 3, rounds = 0;
	struct vt_crew crew;

	vt_crew_start(&crew, 2, rewrite, &v);
	for (; vt_now() < end; rounds++) {
		uint64_t first = vt_random(&rnd) % PAGES;
		uint64_t count = vt_random(&rnd) % (PAGES - first) + 1;
		uint64_t offset = first * vt_page_size(), length = count * vt_page_size();

		if (rounds % 3 == 2)
			vt_need(vt_evict(v.fd, offset, length) >= 0, "EVICT");
		else
			vt_need(vt_discard(v.fd, offset, length) >= 0, "DISCARD");
	}
	vt_check(vt_crew_stop(&crew), "in a thread");
	vt_check(rounds > 10, "only %" PRIu64 " rounds", rounds);
	vt_space_free(&v);
	return true;
}

static const struct vt_test tests[] = {
	{ "dirty, swapped and clean pages", test_everything },
	{ "only the range", test_ranges },
	{ "pages of zeroes, and past the end", test_zero_and_end },
	{ "every process and read(2) see zero", test_everyone_sees_it },
	{ "under writers and eviction", test_under_writers },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
