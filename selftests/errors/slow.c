// SPDX-License-Identifier: GPL-2.0
/*
 * A store so slow that whatever is being written is used again before it is written:
 * threads go round pages that are a few more than the frames. They get frames all the
 * same, at the store's pace, and the pool can be shrunk.
 */
#define _GNU_SOURCE
#include "dm_store.h"

#define PAGES		264U	/* of 256 frames */
#define THREADS		2
#define DELAY_MS	300
#define SECONDS		15

struct load {
	struct vt_space space;
	atomic_ulong rounds;
};

static bool rewrite(struct vt_crew *crew, unsigned int id)
{
	struct load *load = crew->arg;
	unsigned int seed = 1;

	for (unsigned int i = id; i < PAGES; i += THREADS)
		fill_page(load->space.mem + i * vt_page_size(), seed, i);
	for (; !atomic_load(&crew->stop); seed++) {
		for (unsigned int i = id; i < PAGES; i += THREADS) {
			char *page = load->space.mem + i * vt_page_size();

			vt_check(check_page(page, seed, i), "page %u, round %u", i, seed);
			fill_page(page, seed + 1, i);
		}
		atomic_fetch_add(&load->rounds, 1);
	}
	return true;
}

static bool slow_writes(bool stable)
{
	struct load load = { 0 };
	struct vt_crew crew;

	dm_load(1, "%s", "");
	dm_slow_writes(DELAY_MS);
	if (stable && !dm_wants_stable_pages())
		return vt_skip("no queue/stable_writes");
	load.space = vt_space_new(PAGES * vt_page_size());
	vt_crew_start(&crew, THREADS, rewrite, &load);
	vt_sleep_ms(SECONDS * 1000);
	vt_check(vt_crew_stop(&crew), "a page was lost");
	vt_msg("%lu rounds, %" PRIu64 " evictions", atomic_load(&load.rounds),
	       vt_sysfs_u64("stats/evictions"));
	vt_check(vt_sysfs_u64("stats/oom") == 0, "no frame was found");
	vt_check(atomic_load(&load.rounds) > 0, "no round was finished");
	vt_space_free(&load.space);
	return true;
}

static bool test_slow_writes(void)
{
	return slow_writes(false);
}

/* Nothing is changed while it is written: each use of such a page waits. */
static bool test_stable_writes(void)
{
	return slow_writes(true);
}

/* Everything fits: nobody waits for a frame but who shrinks the pool. */
static bool test_shrink(void)
{
	struct load load = { 0 };
	struct vt_crew crew;
	int ret;

	dm_load(2, "%s", "");
	dm_slow_writes(DELAY_MS);
	load.space = vt_space_new(PAGES * vt_page_size());
	vt_crew_start(&crew, THREADS, rewrite, &load);
	vt_sleep_ms(1000);
	ret = vt_try_pool_frames(200);
	vt_check(!ret, "pool/frames = 200: %s", strerror(-ret));
	vt_check(vt_crew_stop(&crew), "a page was lost");
	vt_space_free(&load.space);
	return true;
}

static const struct vt_test tests[] = {
	{ "more than the pool, writes slower than its use", test_slow_writes },
	{ "the same with a device that asks for stable pages", test_stable_writes },
	{ "shrink a pool in use, writes slower than its use", test_shrink },
};

int main(void)
{
	return dm_run(tests, ARRAY_SIZE(tests), 100);
}
