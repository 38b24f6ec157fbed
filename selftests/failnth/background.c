// SPDX-License-Identifier: GPL-2.0
/*
 * Allocations fail at random where nobody waits for the result: in the reclaim thread
 * and in workers, then everywhere. Paging goes on, content is right, nothing is lost
 * when memory is to be had again.
 */
#define _GNU_SOURCE
#include <dirent.h>

#include "fail.h"

#define PAGES	2048U
#define SECONDS	6

/* Set an attribute of a failure, again while the write itself is hit by it. */
static void set(const char *capability, const char *name, const char *value)
{
	char path[128];
	int ret = -ENOMEM;

	snprintf(path, sizeof(path), FI_DEBUG "%s/%s", capability, name);
	for (int i = 0; ret && i < 1000; i++)
		ret = vm_write(path, "%s", value);
	vt_need(!ret, "%s: %s", path, strerror(-ret));
}

#define TIMES	"1000000"	/* more than there will be, each takes one off */

static unsigned int slabs_failed(void)
{
	char left[32];

	vt_need(vm_read(FI_DEBUG "failslab/times", left, sizeof(left)) > 0, "failslab/times");
	return atoi(TIMES) - atoi(left);
}

static void begin(const char *slab, const char *pages, const char *filter)
{
	set("failslab", "task-filter", filter);
	set("failslab", "interval", "1");
	set("failslab", "times", TIMES);
	set("fail_page_alloc", "task-filter", filter);
	set("fail_page_alloc", "interval", "1");
	set("fail_page_alloc", "times", "-1");
	set("fail_page_alloc", "probability", pages);
	set("failslab", "probability", slab);
}

static void end(void)
{
	set("failslab", "probability", "0");
	set("fail_page_alloc", "probability", "0");
}

/* Mark the kernel threads whose name begins so as those that it happens to. */
static unsigned int mark(const char *begin)
{
	char path[300], name[64];
	unsigned int n = 0;
	struct dirent *d;
	DIR *dir = opendir("/proc");

	vt_need(dir, "/proc");
	while ((d = readdir(dir))) {
		if (d->d_name[0] < '0' || d->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", d->d_name);
		if (vm_read(path, name, sizeof(name)) <= 0 || strncmp(name, begin, strlen(begin)))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/make-it-fail", d->d_name);
		n += !vm_write(path, "1");
	}
	closedir(dir);
	return n;
}

static bool strict;	/* faults of ours must not fail */

/* A page that can't be had now must be right when it can. */
static bool churn(struct vt_crew *crew, unsigned int id)
{
	const struct vt_space *v = crew->arg;
	uint64_t state = id, failed = 0;

	while (!atomic_load(&crew->stop)) {
		unsigned int i = vt_random(&state) % PAGES;
		char *page = v->mem + i * vt_page_size();
		unsigned char byte = page_word(1, i, 0);

		if (vt_touch_sigbus(page, i % 2, &byte)) {
			failed++;
			vt_check(!strict, "SIGBUS");
			continue;
		}
		/* it may be evicted before it is looked at: no check where that may fail */
		if (strict)
			vt_check(check_page(page, 1, i), "page %u", i);
	}
	vt_msg("%" PRIu64 " faults failed", failed);
	return true;
}

static bool under_load(const char *store, const char *slab, const char *pages, const char *filter)
{
	struct vt_space v;
	struct vt_crew crew;
	bool ok;

	vl_must_load("pool_mb=2 store=%s store_mb=32", store);
	v = vt_space_new(PAGES * vt_page_size());
	fill_range(v.mem, PAGES, 1, 0);
	if (filter[0] == 'Y') {
		vt_check(mark("vmdev_reclaim"), "no reclaim thread");
		vt_check(mark("kworker/"), "no workers");
	}
	vt_crew_start(&crew, 3, churn, &v);
	begin(slab, pages, filter);
	vt_sleep_ms(SECONDS * 1000);
	end();
	vt_msg("%u slab allocations failed", slabs_failed());
	ok = vt_crew_stop(&crew);
	vt_check(ok, "in a thread");
	vt_check(slabs_failed() > 0, "nothing failed");
	vt_check(vt_sysfs_u64("stats/evictions") > PAGES, "little was paged");
	vt_check(check_range(v.mem, PAGES, 1, 0), "content lost");
	vt_check(vt_evict_all(&v) && check_range(v.mem, PAGES, 1, 0), "content lost");
	vt_check(vt_stats_now(v.fd).bad == 0, "%llu bad pages", vt_stats_now(v.fd).bad);
	vt_check(vm_quiet_look(&fi_quiet), "the kernel reported a bug");
	vt_space_free(&v);
	vt_check(vt_nothing_left(), "after close");
	return true;
}

static bool test_kernel_threads(void)
{
	strict = true;
	return under_load(vl_disk(), "50", "50", "Y");
}

static bool test_kernel_threads_file(void)
{
	strict = true;
	return under_load("/dev/shm", "30", "0", "Y");
}

static bool test_everybody(void)
{
	strict = false;
	return under_load(vl_disk(), "5", "2", "N");
}

static const struct vt_test tests[] = {
	{ "in the reclaim thread and workers", test_kernel_threads },
	{ "the same with file I/O", test_kernel_threads_file },
	{ "everywhere", test_everybody },
	/* last: everything above is forgotten by now, or leaked */
	{ "no memory is lost (where there is kmemleak)", vm_no_leaks },
};

int main(void)
{
	const struct vl_suite suite = {
		.tests = tests,
		.count = ARRAY_SIZE(tests),
		.seconds = 120,
		.before_unload = end,
	};

	return fi_run(&suite);
}
