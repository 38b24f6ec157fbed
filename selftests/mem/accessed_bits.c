// SPDX-License-Identifier: GPL-2.0
/*
 * Pages in use survive a scan of many others under the policies that see use,
 * and don't under fifo. Counted, not timed.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define FRAMES	512
#define HOT	128
#define COLD	4096
#define BURST	32	/* cold pages from one use of the hot ones to the next */

static bool available(const char *policy)
{
	char buf[256];
	int ret = vt_sysfs_read("policy/available", buf, sizeof(buf));

	vt_need(!ret, "policy/available: %s", strerror(-ret));
	for (char *p = strtok(buf, " "); p; p = strtok(NULL, " "))
		if (!strcmp(p, policy))
			return true;
	return false;
}

/* How often pages of the hot set had to come back during a scan. */
static bool scan(const char *policy, uint64_t *refaults)
{
	const size_t page = vt_page_size();
	struct vt_space hot, cold;
	int ret = vt_sysfs_write("policy/current", policy);

	vt_check(!ret, "policy/current = %s: %s", policy, strerror(-ret));
	hot = vt_space_new(HOT * page);
	cold = vt_space_new(COLD * page);
	/* Each fault brings in one page, so that only replacement decides. */
	vt_need(!posix_fadvise(hot.fd, 0, 0, POSIX_FADV_RANDOM), "posix_fadvise");
	vt_need(!posix_fadvise(cold.fd, 0, 0, POSIX_FADV_RANDOM), "posix_fadvise");
	fill_range(cold.mem, COLD, 2, 0);
	fill_range(hot.mem, HOT, 1, 0);
	*refaults = vt_stats_now(hot.fd).refaults;
	for (unsigned int i = 0; i < COLD; i++) {
		vt_check(check_page(cold.mem + i * page, 2, i), "cold page under %s", policy);
		if (i % BURST)
			continue;
		for (unsigned int h = 0; h < HOT; h++) {
			uint64_t word = *(volatile uint64_t *)(hot.mem + h * page);

			if (word == page_word(1, h, 0))
				continue;
			vt_report_word("hot page", h, 0, page_word(1, h, 0), word);
			return false;
		}
	}
	*refaults = vt_stats_now(hot.fd).refaults - *refaults;
	vt_check(check_range(hot.mem, HOT, 1, 0), "hot pages under %s", policy);
	vt_msg("%s: %" PRIu64 " refaults of %d hot pages during a scan of %d", policy, *refaults,
	       HOT, COLD);
	vt_space_free(&hot);
	vt_space_free(&cold);
	return true;
}

static bool compare(const char *policy)
{
	uint64_t fifo, other;

	vt_check(available("fifo") && available(policy), "no fifo or no %s", policy);
	vt_set_pool_frames(FRAMES);
	vt_check(scan("fifo", &fifo), "fifo");
	vt_check(scan(policy, &other), "%s", policy);
	/* A frame in fifo order lives for FRAMES insertions, so fifo loses all hot
	 * pages COLD / FRAMES times at least, but for the last round.
	 */
	vt_check(fifo >= HOT * (COLD / FRAMES - 2), "fifo: only %" PRIu64
		 " refaults; this test sees nothing", fifo);
	vt_check(other <= fifo / 4, "%s: %" PRIu64 " refaults of hot pages, fifo %" PRIu64, policy,
		 other, fifo);
	return true;
}

static bool s3fifo_policy(void) { return compare("s3fifo"); }
static bool clock_policy(void) { return compare("clock"); }
static bool refault_policy(void) { return compare("clock-refault"); }

static const struct vt_test tests[] = {
	{ "hot pages under s3fifo", s3fifo_policy },
	{ "hot pages under clock", clock_policy },
	{ "hot pages under clock-refault", refault_policy },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
