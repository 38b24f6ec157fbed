// SPDX-License-Identifier: GPL-2.0
/*
 * A page that is touched while it is being written out is taken back without a
 * read, and what is written to it then is not lost.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define PAGES	2048
#define ENOUGH	30	/* pages caught while being written */

struct hunt {
	struct vt_space s;
	unsigned int seed[PAGES];	/* what each page holds */
	unsigned int caught;		/* pages touched that had just been in writing */
	unsigned int no_read;		/* of these, got without a read */
};

static void *evict_once(void *arg)
{
	struct hunt *h = arg;

	vt_evict(h->s.fd, 0, h->s.length);
	return NULL;
}

/*
 * Touch the page that went into writing last; every second one is rewritten. The
 * write may end between the look and the touch, so one page proves nothing.
 */
static bool catch_one(struct hunt *h, unsigned int new_seed)
{
	static struct vmdev_map_entry map[PAGES];
	const size_t page = vt_page_size();
	int64_t i = vt_get_map(h->s.fd, 0, PAGES, map) - 1;
	uint64_t reads;

	vt_check(i == PAGES - 1, "GET_MAP gave %" PRId64 " entries", i + 1);
	while (i >= 0 && map[i].state != VMDEV_MAP_WRITING)
		i--;
	if (i < 0)
		return true;
	reads = vt_sysfs_u64("store/read_pages");
	vt_check(check_page(h->s.mem + i * page, h->seed[i], i), "taken back");
	h->no_read += vt_sysfs_u64("store/read_pages") == reads;
	if (h->caught++ & 1) {
		fill_page(h->s.mem + i * page, new_seed, i);
		h->seed[i] = new_seed;
	}
	return true;
}

static bool evict_and_catch(struct hunt *h, unsigned int round)
{
	const size_t page = vt_page_size();
	double end = vt_now() + 5;
	pthread_t thread;

	for (unsigned int i = 0; i < PAGES; i++) {
		h->seed[i] = 2 * round + 1;
		fill_page(h->s.mem + i * page, h->seed[i], i);
	}
	vt_need(!pthread_create(&thread, NULL, evict_once, h), "pthread_create");
	while (vt_now() < end && pthread_tryjoin_np(thread, NULL) == EBUSY)
		vt_check(catch_one(h, 2 * round + 2), "round %u", round);
	if (vt_now() >= end)
		pthread_join(thread, NULL);
	vt_check(vt_evict_all(&h->s), "not evicted");
	for (unsigned int i = 0; i < PAGES; i++)
		vt_check(check_page(h->s.mem + i * page, h->seed[i], i), "after round %u", round);
	return true;
}

static bool taken_back(void)
{
	static struct hunt h;
	unsigned int round = 0;

	h.s = vt_space_new(PAGES * vt_page_size());
	for (double end = vt_now() + 15; h.caught < ENOUGH && vt_now() < end; round++)
		vt_check(evict_and_catch(&h, round), "%u pages caught so far", h.caught);
	vt_msg("%u pages caught in writing in %u rounds, %u of them without a read", h.caught,
	       round, h.no_read);
	vt_check(h.caught, "no page was ever seen being written");
	vt_check(h.no_read, "not one page was taken back without a read");
	vt_space_free(&h.s);
	return true;
}

/* Threads dirty pages as fast as an evictor takes them; the last write counts. */
static bool rewrite_until_stop(struct vt_crew *crew, unsigned int id)
{
	struct vt_space *s = crew->arg;
	const size_t page = vt_page_size();
	const unsigned int own = 64 / crew->count;

	for (uint64_t pass = 1; !atomic_load(&crew->stop); pass++) {
		for (unsigned int i = 0; i < own; i++) {
			volatile uint64_t *word = (uint64_t *)(s->mem + (id * own + i) * page);
			uint64_t first = pass == 1 ? 0 : page_word(pass - 1, id, i);
			uint64_t last = pass == 1 ? 0 : ~first;

			vt_check(word[0] == first && word[511] == last, "thread %u pass %" PRIu64
				 " page %u: expected %016" PRIx64 " and %016" PRIx64 ", found %016"
				 PRIx64 " and %016" PRIx64, id, pass, i, first, last, word[0],
				 word[511]);
			word[0] = page_word(pass, id, i);
			word[511] = ~page_word(pass, id, i);
		}
	}
	return true;
}

static bool redirtied(void)
{
	struct vt_space s = vt_space_new(64 * vt_page_size());
	struct vt_evictor ev;
	struct vt_crew crew;

	vt_evictor_start(&ev, s.fd, 0, s.length);
	ev.pause_us = 0;
	vt_crew_start(&crew, 4, rewrite_until_stop, &s);
	vt_sleep_ms(5000);
	vt_check(vt_crew_stop(&crew), "a write was lost");
	vt_check(vt_evictor_stop(&ev), "the evictor");
	vt_space_free(&s);
	return true;
}

static const struct vt_test tests[] = {
	{ "pages being written are taken back", taken_back },
	{ "pages written again and again under eviction", redirtied },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
