// SPDX-License-Identifier: GPL-2.0
/*
 * VMDEV_IOC_SET_LIMIT: a space never holds more than its maximum, not for a
 * moment, and others' pressure never takes it below its minimum.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

/* Samples a space's resident pages all the time. */
struct sampler {
	pthread_t thread;
	int fd;
	atomic_bool stop;
	atomic_ullong samples, highest, lowest;
};

static void *sampler_main(void *arg)
{
	struct sampler *s = arg;

	while (!atomic_load(&s->stop)) {
		uint64_t resident = vt_stats_now(s->fd).resident;

		if (resident > s->highest)
			s->highest = resident;
		if (resident < s->lowest)
			s->lowest = resident;
		s->samples++;
	}
	return NULL;
}

static void sampler_start(struct sampler *s, int fd)
{
	memset(s, 0, sizeof(*s));
	s->fd = fd;
	s->lowest = UINT64_MAX;
	vt_need(!pthread_create(&s->thread, NULL, sampler_main, s), "pthread_create");
}

static void sampler_stop(struct sampler *s)
{
	atomic_store(&s->stop, true);
	pthread_join(s->thread, NULL);
	vt_msg("resident between %llu and %llu in %llu samples", (unsigned long long)s->lowest,
	       (unsigned long long)s->highest, (unsigned long long)s->samples);
}

static bool set_limit(int fd, uint64_t max, uint64_t min)
{
	int ret = vt_set_limit(fd, max, min);
	struct vmdev_stats s;

	vt_check(!ret, "SET_LIMIT max %" PRIu64 " min %" PRIu64 ": %s", max, min, strerror(-ret));
	s = vt_stats_now(fd);
	vt_check(s.limit_max == max && s.limit_min == min, "reads back max %llu min %llu",
		 s.limit_max, s.limit_min);
	return true;
}

/* Sequential, then random, in one half of the space. */
static bool write_half(struct vt_crew *crew, unsigned int id)
{
	const struct vt_space *v = crew->arg;
	uint64_t pages = v->length / vt_page_size() / 2, first = id * pages, rnd = id;
	char *mem = v->mem + first * vt_page_size();

	fill_range(mem, pages, 1, first);
	for (int i = 0; i < 150; i++) {
		uint64_t at = vt_random(&rnd) % pages;

		fill_page(mem + at * vt_page_size(), 1, first + at);
	}
	return check_range(mem, pages, 1, first);
}

/* Two writers and a sampler under a maximum. */
static bool max_under_load(uint64_t max, uint64_t pages)
{
	struct vt_space v = vt_space_new(pages * vt_page_size());
	struct sampler s;
	bool ok;

	vt_check(set_limit(v.fd, max, 0), "setting the limit");
	sampler_start(&s, v.fd);
	ok = vt_crew_run(2, write_half, &v);
	sampler_stop(&s);
	vt_check(ok, "content lost");
	vt_check(s.highest <= max, "%llu pages resident under a maximum of %" PRIu64,
		 (unsigned long long)s.highest, max);
	vt_check(s.highest >= max / 2, "only %llu pages ever resident under a maximum of %" PRIu64,
		 (unsigned long long)s.highest, max);
	vt_check(check_range(v.mem, pages, 1, 0), "content lost");
	vt_space_free(&v);
	return true;
}

static bool test_max(void)
{
	return max_under_load(256, 768);
}

static bool test_smallest_max(void)
{
	return max_under_load(VMDEV_LIMIT_MIN, 200);
}

static bool test_lowering(void)
{
	struct vt_space v = vt_space_new(600 * vt_page_size());

	fill_range(v.mem, 600, 2, 0);
	vt_check(vt_stats_now(v.fd).resident == 600, "%llu resident", vt_stats_now(v.fd).resident);
	vt_check(set_limit(v.fd, 100, 0), "setting the limit");
	vt_check(vt_stats_now(v.fd).resident <= 100, "%llu resident after lowering to 100",
		 vt_stats_now(v.fd).resident);
	vt_check(check_range(v.mem, 600, 2, 0), "content lost");
	vt_check(vt_stats_now(v.fd).resident <= 100, "%llu resident after reading under 100",
		 vt_stats_now(v.fd).resident);
	vt_check(set_limit(v.fd, 0, 0), "removing the limit");
	vt_check(check_range(v.mem, 600, 2, 0), "content lost");
	vt_check(vt_stats_now(v.fd).resident == 600, "%llu of 600 resident without a limit",
		 vt_stats_now(v.fd).resident);
	vt_space_free(&v);
	return true;
}

/* Lowest number of resident pages of an idle space while another takes 2x the pool. */
static bool pressure(uint64_t min, uint64_t *lowest)
{
	uint64_t frames = vt_pool_frames(), pages = min ? min : frames / 4;
	struct vt_space a = vt_space_new(pages * vt_page_size());
	struct vt_space b = vt_space_new(2 * frames * vt_page_size());
	struct sampler s;

	if (min)
		vt_check(set_limit(a.fd, 0, min), "setting the limit");
	fill_range(a.mem, pages, 3, 0);
	sampler_start(&s, a.fd);
	fill_range(b.mem, 2 * frames, 4, 0);
	sampler_stop(&s);
	*lowest = s.lowest;
	vt_check(check_range(a.mem, pages, 3, 0), "the idle space lost content");
	vt_check(check_range(b.mem, 2 * frames, 4, 0), "the busy space lost content");
	vt_space_free(&a);
	vt_space_free(&b);
	return true;
}

static bool test_min(void)
{
	uint64_t min, lowest;

	vt_set_pool_frames(1024);
	vt_check(pressure(0, &lowest), "without a minimum");
	vt_check(lowest < 1024 / 4, "nothing was taken without a minimum: the test tests nothing");
	min = 1024 / 2;
	vt_check(pressure(min, &lowest), "with a minimum");
	vt_check(lowest >= min, "%" PRIu64 " pages left of a minimum of %" PRIu64, lowest, min);
	vt_set_pool_frames(4096);
	return true;
}

/* A minimum protects from others, not from the space's own needs. */
static bool test_min_own_use(void)
{
	uint64_t frames = 1024, pages = 2 * frames;
	struct vt_space v;

	vt_set_pool_frames(frames);
	v = vt_space_new(pages * vt_page_size());
	vt_check(set_limit(v.fd, 0, frames / 2), "setting the limit");
	fill_range(v.mem, pages, 5, 0);
	vt_check(check_range(v.mem, pages, 5, 0), "content lost");
	vt_check(set_limit(v.fd, frames / 2, frames / 2), "maximum and minimum alike");
	vt_check(check_range(v.mem, pages, 5, 0), "content lost");
	vt_check(vt_evict_all(&v), "its own EVICT");
	vt_space_free(&v);
	vt_set_pool_frames(4096);
	return true;
}

static bool refused(int fd, uint64_t max, uint64_t min, int want)
{
	struct vmdev_stats before = vt_stats_now(fd), after;
	int ret = vt_set_limit(fd, max, min);

	vt_check(ret == -want, "SET_LIMIT max %" PRIu64 " min %" PRIu64 ": %s, expected %s", max,
		 min, strerror(-ret), strerror(want));
	after = vt_stats_now(fd);
	vt_check(before.limit_max == after.limit_max && before.limit_min == after.limit_min,
		 "a refused limit changed it");
	return true;
}

static bool test_bounds(void)
{
	uint64_t half = vt_pool_frames() / 2;
	int a = vt_open(), b = vt_open();

	vt_check(set_limit(a, VMDEV_LIMIT_MIN, 0) && set_limit(a, UINT32_MAX, 0) &&
		 set_limit(a, 100, 100) && set_limit(a, 0, 0), "good limits");
	vt_check(refused(a, VMDEV_LIMIT_MIN - 1, 0, EINVAL) && refused(a, 1, 0, EINVAL) &&
		 refused(a, 100, 101, EINVAL), "bad limits");
	vt_check(refused(a, 0, half + 1, ENOSPC) && refused(a, 0, UINT64_MAX, ENOSPC),
		 "a minimum over half of the pool");
	vt_check(set_limit(a, 0, half - 100) && set_limit(b, 0, 100), "half of the pool");
	vt_check(refused(b, 0, 101, ENOSPC) && refused(a, 0, half - 99, ENOSPC),
		 "a sum over half of the pool");
	vt_check(set_limit(a, 0, half - 200) && set_limit(b, 0, 200), "moving between spaces");
	close(a);
	vt_check(set_limit(b, 0, half), "what a closed space had");
	close(b);
	return true;
}

static const struct vt_test tests[] = {
	{ "never above the maximum", test_max },
	{ "never above the smallest maximum", test_smallest_max },
	{ "lowering the maximum takes effect at once", test_lowering },
	{ "others never take the minimum", test_min },
	{ "a minimum doesn't stand in its owner's way", test_min_own_use },
	{ "bounds of the limits", test_bounds },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
