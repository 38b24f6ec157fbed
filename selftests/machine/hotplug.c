// SPDX-License-Identifier: GPL-2.0
/*
 * A CPU goes offline and comes back, again and again, while others page: content is
 * right, and what the CPU had of free frames can be had by all.
 *
 * VMDEV_HOTPLUG_SECONDS: how long, 10 if it is not set.
 */
#define _GNU_SOURCE
#include <sched.h>

#include "vmdev_machine.h"

#define CPU	"/sys/devices/system/cpu/cpu1/online"
#define PAGES	2048U
#define POOL	512U

static int online(bool on)
{
	int ret;

	/* EBUSY: somebody's work is bound to it right now */
	for (int i = 0; i < 100; i++) {
		ret = vm_write(CPU, on ? "1" : "0");
		if (ret != -EBUSY && ret != -EAGAIN)
			break;
		vt_sleep_ms(10);
	}
	return ret;
}

static bool have_cpu(void)
{
	return !access(CPU, W_OK) && !online(true);
}

static bool fill_and_check(struct vt_crew *crew, unsigned int id)
{
	const struct vt_space *v = crew->arg;
	unsigned int part = PAGES / crew->count, first = id * part;
	char *mem = v->mem + first * vt_page_size();

	for (unsigned int seed = 1; !atomic_load(&crew->stop) || seed < 3; seed++) {
		fill_range(mem, part, seed, first);
		vt_check(check_range(mem, part, seed, first), "content lost in round %u", seed);
	}
	return true;
}

static bool test_loop(void)
{
	struct vt_space v = vt_space_new(PAGES * vt_page_size());
	double end = vt_now() + vm_seconds("VMDEV_HOTPLUG_SECONDS", 10);
	unsigned int turns = 0;
	struct vt_crew crew;
	int ret = 0;

	if (!have_cpu())
		return vt_skip("no CPU that can go offline");
	vt_set_pool_frames(POOL);
	vt_crew_start(&crew, 4, fill_and_check, &v);
	while (vt_now() < end && !ret) {
		ret = online(turns % 2);
		vt_sleep_ms(20);
		turns++;
	}
	online(true);
	vt_check(vt_crew_stop(&crew), "in a thread");
	vt_check(!ret, "%s: %s", CPU, strerror(-ret));
	vt_msg("%u times offline or online", turns);
	vt_check(turns > 4, "too few turns");
	vt_check(vt_sysfs_u64("stats/evictions") > POOL, "little was paged");
	vt_space_free(&v);
	return true;
}

/* Frames freed by a CPU that is gone since are not gone with it. */
static bool test_cached_frames(void)
{
	struct vt_space v = vt_space_new(POOL * vt_page_size());
	double end = vt_now() + 10;
	uint64_t state = 1, most = 0;
	cpu_set_t one, all;

	if (!have_cpu())
		return vt_skip("no CPU that can go offline");
	vt_set_pool_frames(POOL);
	vt_need(!sched_getaffinity(0, sizeof(all), &all), "affinity");
	CPU_ZERO(&one);
	CPU_SET(1, &one);
	vt_need(!sched_setaffinity(0, sizeof(one), &one), "affinity: %s", strerror(errno));
	fill_range(v.mem, POOL, 1, 0);
	vt_check(vt_discard(v.fd, 0, v.length) > 0, "DISCARD");
	vt_need(!sched_setaffinity(0, sizeof(all), &all), "affinity: %s", strerror(errno));
	vt_check(!online(false), "%s", CPU);
	vt_check(vt_sysfs_u64("pool/free") == POOL, "%" PRIu64 " of %u frames are free",
		 vt_sysfs_u64("pool/free"), POOL);
	/* reclaim keeps a few free, but takes none away that it need not */
	while (most < POOL - POOL / 32 && vt_now() < end) {
		uint64_t i = vt_random(&state) % POOL;

		fill_page(v.mem + i * vt_page_size(), 1, i);
		if (vt_stats_now(v.fd).resident > most)
			most = vt_stats_now(v.fd).resident;
	}
	vt_check(most >= POOL - POOL / 32, "never more than %" PRIu64 " of %u frames in use", most,
		 POOL);
	vt_space_free(&v);
	vt_check(vt_sysfs_u64("pool/free") == POOL, "%" PRIu64 " of %u frames are free",
		 vt_sysfs_u64("pool/free"), POOL);
	/* a smaller pool takes the CPU's too */
	vt_set_pool_frames(16);
	vt_check(vt_sysfs_u64("pool/free") == 16, "%" PRIu64 " of 16 frames are free",
		 vt_sysfs_u64("pool/free"));
	vt_check(!online(true), "%s", CPU);
	return true;
}

static const struct vt_test tests[] = {
	{ "a CPU goes and comes while others page", test_loop },
	{ "free frames of a CPU that is gone", test_cached_frames },
};

int main(void)
{
	vt_timeout = vm_seconds("VMDEV_HOTPLUG_SECONDS", 10) + 100;
	return vt_run(tests, ARRAY_SIZE(tests));
}
