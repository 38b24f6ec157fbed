// SPDX-License-Identifier: GPL-2.0
/*
 * The replacement policy changes while threads write and verify more than the
 * pool holds.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define FRAMES		512
#define PAGES		(3 * FRAMES)
#define THREADS		3
#define MAX_POLICIES	8

static bool rewrite_until_stop(struct vt_crew *crew, unsigned int id)
{
	const size_t page = vt_page_size();
	char *mem = crew->arg;
	unsigned int seed = 1;

	for (unsigned int i = id; i < PAGES; i += THREADS)
		fill_page(mem + i * page, seed, i);
	for (; !atomic_load(&crew->stop); seed++) {
		for (unsigned int i = id; i < PAGES; i += THREADS) {
			vt_check(check_page(mem + i * page, seed, i), "thread %u, pass %u", id,
				 seed);
			fill_page(mem + i * page, seed + 1, i);
		}
	}
	return true;
}

static bool switch_to(const char *name)
{
	int ret = vt_sysfs_write("policy/current", name);
	char now[64];

	vt_check(!ret, "policy/current = %s: %s", name, strerror(-ret));
	ret = vt_sysfs_read("policy/current", now, sizeof(now));
	vt_check(!ret, "policy/current: %s", strerror(-ret));
	vt_check(!strcmp(now, name), "policy/current reads \"%s\" after writing \"%s\"", now, name);
	return true;
}

/* Names of the policies; 0 if there are none or too many. */
static unsigned int available(char *buf, size_t size, char *names[MAX_POLICIES])
{
	unsigned int count = 0;
	int ret = vt_sysfs_read("policy/available", buf, size);

	vt_need(!ret, "policy/available: %s", strerror(-ret));
	for (char *p = strtok(buf, " "); p; p = strtok(NULL, " ")) {
		if (count == MAX_POLICIES)
			return 0;
		names[count++] = p;
	}
	return count;
}

static bool under_load(void)
{
	char buf[256], *names[MAX_POLICIES];
	unsigned int count = available(buf, sizeof(buf), names), switches = 0;
	struct vt_space s;
	struct vt_crew crew;
	bool ok = true;
	double end, last;

	vt_check(count >= 2, "%u policies available, at least fifo and clock expected", count);
	vt_set_pool_frames(FRAMES);
	s = vt_space_new(PAGES * vt_page_size());
	vt_crew_start(&crew, THREADS, rewrite_until_stop, s.mem);
	/* for 8 s; longer, but not for ever, where the machine is slow */
	end = vt_now() + 8;
	last = end + 80;
	for (; ok && vt_now() < (switches > 2 * count ? end : last); switches++) {
		uint64_t before = vt_stats_now(s.fd).evictions;

		ok = switch_to(names[switches % count]);
		/* Long enough for the policy to have chosen pages, every third time. */
		if (switches % 3)
			vt_sleep_ms(1);
		while (switches % 3 == 0 && vt_now() < last &&
		       vt_stats_now(s.fd).evictions < before + FRAMES)
			vt_sleep_ms(20);
	}
	vt_check(vt_crew_stop(&crew) && ok, "after %u switches", switches);
	vt_check(switches > 2 * count, "only %u switches among %u policies", switches, count);
	vt_check(vt_stats_now(s.fd).resident <= FRAMES, "too many pages resident");
	vt_space_free(&s);
	return true;
}

/* Each policy alone gets through a pass without another's help. */
static bool each_alone(void)
{
	char buf[256], *names[MAX_POLICIES];
	unsigned int count = available(buf, sizeof(buf), names);

	vt_set_pool_frames(FRAMES);
	for (unsigned int i = 0; i < count; i++) {
		struct vt_space s = vt_space_new(PAGES * vt_page_size());

		vt_check(switch_to(names[i]), "%s", names[i]);
		fill_range(s.mem, PAGES, i + 1, 0);
		vt_check(check_range(s.mem, PAGES, i + 1, 0), "content lost under %s", names[i]);
		vt_space_free(&s);
	}
	return true;
}

static const struct vt_test tests[] = {
	{ "each policy alone", each_alone },
	{ "switching under load", under_load },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
