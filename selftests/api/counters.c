// SPDX-License-Identifier: GPL-2.0
/*
 * The statistics of the module under load and at rest: counters only go up, sums
 * hold, the pool is never overrun, and the spaces' own counters add up to the
 * module's.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define THREADS	4
#define SECONDS	10

/* All that only go up. */
static const char *const counters[] = {
	"store/read_pages", "store/read_ios", "store/written_pages", "store/written_ios",
	"store/read_errors", "store/write_errors", "store/checksum_errors",
	"stats/faults", "stats/faults_minor", "stats/faults_major", "stats/faults_zero",
	"stats/evictions", "stats/evictions_clean", "stats/refaults", "stats/readahead",
	"stats/readahead_hits", "stats/direct_reclaims", "stats/oom", "stats/same_filled",
	"pool/zeroed_on_free",
};

struct load {
	pthread_t thread;
	unsigned int seed;
	struct vt_space v;
	uint64_t pages;
	bool ok;
};

static atomic_bool stop;

/* Fill, then read and write at random, dropping a range now and then. */
static void *load_main(void *arg)
{
	struct load *l = arg;
	size_t page = vt_page_size();
	uint64_t rnd = l->seed;

	l->ok = true;
	fill_range(l->v.mem, l->pages, l->seed, 0);
	while (l->ok && !atomic_load(&stop)) {
		uint64_t i = vt_random(&rnd) % l->pages;

		switch (vt_random(&rnd) % 8) {
		case 0:
			l->ok = vt_discard(l->v.fd, i * page, page) >= 0;
			fill_page(l->v.mem + i * page, l->seed, i);
			break;
		case 1:
			l->ok = vt_evict(l->v.fd, i * page, 16 * page) >= 0;
			break;
		case 2:
		case 3:
			fill_page(l->v.mem + i * page, l->seed, i);
			break;
		default:
			for (uint64_t k = i; k < i + 8 && k < l->pages; k++)
				l->ok = l->ok && check_page(l->v.mem + k * page, l->seed, k);
		}
	}
	l->ok = l->ok && check_range(l->v.mem, l->pages, l->seed, 0);
	return NULL;
}

static void load_start(struct load *l, unsigned int count)
{
	uint64_t pages = vt_pool_frames() * 2 / count;

	atomic_store(&stop, false);
	for (unsigned int i = 0; i < count; i++) {
		l[i] = (struct load){ .seed = i + 1, .pages = pages };
		l[i].v = vt_space_new(pages * vt_page_size());
	}
	for (unsigned int i = 0; i < count; i++)
		vt_need(!pthread_create(&l[i].thread, NULL, load_main, &l[i]), "pthread_create");
}

static bool load_stop(struct load *l, unsigned int count)
{
	bool ok = true;

	atomic_store(&stop, true);
	for (unsigned int i = 0; i < count; i++) {
		pthread_join(l[i].thread, NULL);
		ok = ok && l[i].ok;
	}
	return ok;
}

static bool check_monotone(uint64_t *last)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(counters); i++) {
		uint64_t now = vt_sysfs_u64(counters[i]);

		vt_check(now >= last[i], "%s went from %" PRIu64 " to %" PRIu64, counters[i],
			 last[i], now);
		last[i] = now;
	}
	return true;
}

static uint64_t sum_of_kinds(void)
{
	return vt_sysfs_u64("stats/faults_minor") + vt_sysfs_u64("stats/faults_major") +
	       vt_sysfs_u64("stats/faults_zero");
}

/* One sample; the files are read one after another, so sums are bracketed. */
static bool sample(struct load *l, unsigned int count, uint64_t *last, unsigned int number)
{
	uint64_t frames = vt_pool_frames(), resident = 0, low, faults, high;

	low = sum_of_kinds();
	faults = vt_sysfs_u64("stats/faults");
	high = sum_of_kinds();
	vt_check(low <= faults && faults <= high, "faults %" PRIu64 ", kinds from %" PRIu64
		 " to %" PRIu64, faults, low, high);
	vt_check(check_monotone(last), "a counter went down");
	vt_check(vt_sysfs_u64("pool/free") <= frames, "more frames free than there are");
	vt_check(vt_sysfs_u64("pool/dirty") <= frames, "more frames dirty than there are");
	vt_check(vt_sysfs_u64("pool/pinned") <= frames, "more frames pinned than there are");
	vt_check(vt_sysfs_u64("store/used") <= vt_sysfs_u64("store/slots"),
		 "more slots used than there are");
	for (unsigned int i = 0; i < count; i++) {
		struct vmdev_stats s = vt_stats_now(l[i].v.fd);

		vt_check(s.resident <= frames, "%llu resident of %" PRIu64, s.resident, frames);
		resident += s.resident;
	}
	if (number % 20 == 0)
		vt_msg("faults %" PRIu64 ", resident %" PRIu64 " of %" PRIu64, faults, resident,
		       frames);
	return true;
}

/* At rest: what is held is what isn't free, and the store holds what was swapped. */
static bool check_rest(struct load *l, unsigned int count)
{
	uint64_t frames = vt_pool_frames(), free, resident, dirty, swapped, evictions;
	double end = vt_now() + 5 * vt_time_scale();

	do {
		/* nor does the reclaim thread go on */
		evictions = vt_sysfs_u64("stats/evictions");
		vt_sleep_ms(20 * vt_time_scale());
		free = vt_sysfs_u64("pool/free");
		resident = 0;
		dirty = 0;
		swapped = 0;
		for (unsigned int i = 0; i < count; i++) {
			struct vmdev_stats s = vt_stats_now(l[i].v.fd);

			resident += s.resident;
			dirty += s.dirty;
			swapped += s.swapped;
			vt_check(s.touched == s.resident + s.swapped + s.zero + s.bad,
				 "touched %llu is not resident %llu + swapped %llu + zero %llu",
				 s.touched, s.resident, s.swapped, s.zero);
		}
		/* an eviction on its last steps holds its pages for a moment */
		if (free + resident == frames && !vt_sysfs_u64("pool/pinned") &&
		    evictions == vt_sysfs_u64("stats/evictions"))
			break;
	} while (vt_now() < end);
	vt_check(evictions == vt_sysfs_u64("stats/evictions"), "reclaim doesn't come to rest");
	vt_check(free + resident == frames, "free %" PRIu64 " + resident %" PRIu64
		 " is not %" PRIu64 " frames", free, resident, frames);
	vt_check(vt_sysfs_u64("pool/dirty") == dirty, "pool/dirty %" PRIu64 ", spaces say %" PRIu64,
		 vt_sysfs_u64("pool/dirty"), dirty);
	vt_check(vt_sysfs_u64("pool/pinned") == 0, "pool/pinned %" PRIu64,
		 vt_sysfs_u64("pool/pinned"));
	vt_check(vt_sysfs_u64("store/used") >= swapped, "%" PRIu64 " slots hold %" PRIu64 " pages",
		 vt_sysfs_u64("store/used"), swapped);
	vt_check(vt_sysfs_u64("stats/faults") == sum_of_kinds(), "faults %" PRIu64 ", kinds %"
		 PRIu64, vt_sysfs_u64("stats/faults"), sum_of_kinds());
	return true;
}

static const char *const summed[] = {
	"stats/faults_minor", "stats/faults_major", "stats/faults_zero", "stats/refaults",
	"stats/evictions", "stats/readahead", "stats/readahead_hits", "store/read_pages",
	"store/written_pages",
};

static void add_up(struct load *l, unsigned int count, uint64_t *sums)
{
	memset(sums, 0, ARRAY_SIZE(summed) * sizeof(*sums));
	for (unsigned int i = 0; i < count; i++) {
		struct vmdev_stats s = vt_stats_now(l[i].v.fd);
		const uint64_t of_it[ARRAY_SIZE(summed)] = {
			s.faults_minor, s.faults_major, s.faults_zero, s.refaults, s.evictions,
			s.readahead, s.readahead_hits, s.read_pages, s.written_pages,
		};

		for (unsigned int k = 0; k < ARRAY_SIZE(summed); k++)
			sums[k] += of_it[k];
	}
}

/* What each space counted, against what the module counted meanwhile. */
static bool check_sums(struct load *l, unsigned int count, const uint64_t *before)
{
	uint64_t sums[ARRAY_SIZE(summed)];

	add_up(l, count, sums);
	for (unsigned int p = 0; p < ARRAY_SIZE(summed); p++) {
		uint64_t module = vt_sysfs_u64(summed[p]);

		for (unsigned int i = 0; i < ARRAY_SIZE(counters); i++)
			if (!strcmp(counters[i], summed[p]))
				module -= before[i];
		vt_check(module == sums[p], "%s rose by %" PRIu64 ", the spaces' by %" PRIu64,
			 summed[p], module, sums[p]);
	}
	return true;
}

static bool test_load(void)
{
	uint64_t before[ARRAY_SIZE(counters)] = { 0 }, last[ARRAY_SIZE(counters)];
	double end = vt_now() + SECONDS;
	struct load l[THREADS];
	unsigned int samples = 0;
	bool ok = true;

	check_monotone(before);
	memcpy(last, before, sizeof(last));
	load_start(l, THREADS);
	while (ok && (vt_now() < end || samples <= 10)) {
		ok = sample(l, THREADS, last, samples++);
		vt_sleep_ms(50);
	}
	vt_check(load_stop(l, THREADS), "content lost under load");
	vt_check(ok && samples > 10, "%u samples", samples);
	vt_check(check_rest(l, THREADS), "at rest");
	vt_check(check_sums(l, THREADS, before), "sums over the spaces");
	vt_check(vt_sysfs_u64("stats/evictions") > before[11] && vt_sysfs_u64("store/read_pages") >
		 before[0], "the load evicted nothing");
	for (unsigned int i = 0; i < THREADS; i++)
		vt_space_free(&l[i].v);
	vt_check(check_monotone(last), "after the spaces closed");
	return true;
}

/* Parts are never more than the whole. */
static bool test_parts(void)
{
	static const char *const pairs[][2] = {
		{ "stats/evictions_clean", "stats/evictions" },
		{ "stats/readahead_hits", "stats/readahead" },
		{ "stats/readahead", "store/read_pages" },
		{ "stats/same_filled", "stats/evictions" },
		{ "store/read_ios", "store/read_pages" },
		{ "store/written_ios", "store/written_pages" },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(pairs); i++)
		vt_check(vt_sysfs_u64(pairs[i][0]) <= vt_sysfs_u64(pairs[i][1]),
			 "%s %" PRIu64 " is more than %s %" PRIu64, pairs[i][0],
			 vt_sysfs_u64(pairs[i][0]), pairs[i][1], vt_sysfs_u64(pairs[i][1]));
	vt_check(!vt_sysfs_u64("store/read_errors") && !vt_sysfs_u64("store/write_errors") &&
		 !vt_sysfs_u64("store/checksum_errors") && !vt_sysfs_u64("stats/oom"),
		 "errors were counted and there were none");
	return true;
}

static const struct vt_test tests[] = {
	{ "four spaces under load", test_load },
	{ "parts and wholes", test_parts },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
