// SPDX-License-Identifier: GPL-2.0
/*
 * VMDEV_IOC_EVICT: pages out a range now, says how many pages left, and touches
 * no page outside the range and no byte inside it.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define PAGES	200

/* EVICT until nothing of the range is resident; the sum of what it returned. */
static int64_t evict_counted(int fd, uint64_t offset, uint64_t length)
{
	int64_t n, sum = 0;

	for (int i = 0; i < 200; i++) {
		n = vt_evict(fd, offset, length);
		if (n < 0)
			return n;
		sum += n;
		if (!vt_count_states(fd, offset, length / vt_page_size(), VT_RESIDENT))
			break;
		vt_sleep_ms(5);
	}
	return sum;
}

static bool test_count(void)
{
	struct vt_space v = vt_space_new(PAGES * vt_page_size());
	int64_t n;

	n = vt_evict(v.fd, 0, v.length);
	vt_check(n == 0, "EVICT of untouched pages: %" PRId64, n);
	fill_range(v.mem, PAGES, 1, 0);
	n = evict_counted(v.fd, 0, v.length);
	vt_check(n == PAGES, "EVICT of %d dirty pages: %" PRId64, PAGES, n);
	vt_check(vt_count_states(v.fd, 0, PAGES, VT_STATE(SWAPPED)) == PAGES, "not all swapped");
	n = vt_evict(v.fd, 0, v.length);
	vt_check(n == 0, "EVICT of swapped pages: %" PRId64, n);
	vt_check(check_range(v.mem, PAGES, 1, 0), "content lost");
	n = evict_counted(v.fd, 0, v.length);
	vt_check(n == PAGES, "EVICT of %d clean pages: %" PRId64, PAGES, n);
	vt_check(vt_stats_now(v.fd).written_pages == PAGES, "%llu pages written for %d",
		 vt_stats_now(v.fd).written_pages, PAGES);
	vt_check(check_range(v.mem, PAGES, 1, 0), "content lost");
	vt_space_free(&v);
	return true;
}

static bool test_range(void)
{
	size_t page = vt_page_size();
	struct vt_space v = vt_space_new(PAGES * page);
	int64_t n;

	fill_range(v.mem, PAGES, 2, 0);
	n = evict_counted(v.fd, 50 * page, 100 * page);
	vt_check(n == 100, "EVICT of 100 pages: %" PRId64, n);
	vt_check(vt_count_states(v.fd, 0, 50, VT_STATE(DIRTY)) == 50, "pages before the range");
	vt_check(vt_count_states(v.fd, 150 * page, 50, VT_STATE(DIRTY)) == 50,
		 "pages behind the range");
	n = vt_evict(v.fd, 0, 0);
	vt_check(n == 0, "EVICT of nothing: %" PRId64, n);
	n = vt_evict(v.fd, PAGES * page, page);
	vt_check(n == 0, "EVICT past the end: %" PRId64, n);
	n = evict_counted(v.fd, 0, 1ULL << 40);
	vt_check(n == 100, "EVICT of the rest and past the end: %" PRId64, n);
	vt_check(check_range(v.mem, PAGES, 2, 0), "content lost");
	vt_space_free(&v);
	return true;
}

static void *write_main(void *arg)
{
	struct vt_space *v = arg;

	for (unsigned int turn = 0; turn < 60; turn++)
		fill_range(v->mem, PAGES, 3 + turn % 2, 0);
	return NULL;
}

/* A page dirtied while it is being written keeps the later content. */
static bool test_redirty(void)
{
	struct vt_space v = vt_space_new(PAGES * vt_page_size());
	struct vt_evictor ev;
	pthread_t writer;

	vt_evictor_start(&ev, v.fd, 0, v.length);
	vt_need(!pthread_create(&writer, NULL, write_main, &v), "pthread_create");
	pthread_join(writer, NULL);
	vt_check(vt_evictor_stop(&ev), "evicting");
	vt_msg("%llu pages evicted under the writer", (unsigned long long)ev.pages);
	vt_check(check_range(v.mem, PAGES, 4, 0), "content lost");
	vt_check(vt_evict_all(&v), "pages stayed");
	vt_check(check_range(v.mem, PAGES, 4, 0), "content lost");
	vt_space_free(&v);
	return true;
}

static const struct vt_test tests[] = {
	{ "returns how many pages left", test_count },
	{ "only the range", test_range },
	{ "pages dirtied while they are written", test_redirty },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
