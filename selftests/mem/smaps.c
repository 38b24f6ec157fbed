// SPDX-License-Identifier: GPL-2.0
/*
 * The resident pages of a mapping count in Rss of /proc/self/smaps and in VmRSS,
 * no more and no less.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define PAGES	1024

/* The kernel brings VmRSS up to date with some delay: a quarter of the mapping. */
#define SLACK_KB	(PAGES * vt_page_size() / 1024 / 4)

/* One field of one mapping in KiB, or of /proc/self/status where mem is NULL. */
static uint64_t proc_kb(const char *mem, const char *field)
{
	FILE *f = fopen(mem ? "/proc/self/smaps" : "/proc/self/status", "r");
	unsigned long long value = 0;
	char line[512], format[64];
	bool inside = !mem, found = false;

	vt_need(f, "open: %s", strerror(errno));
	snprintf(format, sizeof(format), "%s: %%llu kB", field);
	while (!found && fgets(line, sizeof(line), f)) {
		unsigned long start, end;

		if (mem && sscanf(line, "%lx-%lx ", &start, &end) == 2)
			inside = start == (unsigned long)mem;
		else if (inside)
			found = sscanf(line, format, &value) == 1;
	}
	fclose(f);
	vt_need(found, "no %s for %p", field, mem);
	return value;
}

static bool expect_rss(struct vt_space *s, uint64_t pages, const char *when)
{
	const uint64_t expected = pages * vt_page_size() / 1024;
	uint64_t rss = proc_kb(s->mem, "Rss"), resident = vt_stats_now(s->fd).resident;

	vt_check(resident == pages, "%s: GET_STATS has %" PRIu64 " resident, expected %" PRIu64,
		 when, resident, pages);
	vt_check(rss == expected, "%s: Rss is %" PRIu64 " KiB, expected %" PRIu64, when, rss,
		 expected);
	return true;
}

static bool rss(void)
{
	const size_t page = vt_page_size();
	struct vt_space s = vt_space_new(PAGES * page);
	uint64_t vm_before = proc_kb(NULL, "VmRSS"), vm_after;

	vt_need(!posix_fadvise(s.fd, 0, 0, POSIX_FADV_RANDOM), "posix_fadvise");
	vt_check(expect_rss(&s, 0, "untouched"), "smaps");
	fill_range(s.mem, PAGES, 1, 0);
	vt_check(expect_rss(&s, PAGES, "written"), "smaps");
	vm_after = proc_kb(NULL, "VmRSS");
	vt_check(vm_after + SLACK_KB >= vm_before + PAGES * page / 1024,
		 "VmRSS went from %" PRIu64 " to %" PRIu64 " KiB for %d pages", vm_before, vm_after,
		 PAGES);
	vt_check(vt_evict_range(s.fd, 0, 100 * page), "not evicted");
	vt_check(expect_rss(&s, PAGES - 100, "100 pages evicted"), "smaps");
	vt_check(vt_evict_all(&s), "not evicted");
	vt_check(expect_rss(&s, 0, "all evicted"), "smaps");
	vt_check(check_range(s.mem, PAGES, 1, 0), "content lost");
	vt_check(expect_rss(&s, PAGES, "read again"), "smaps");
	vt_check(!munmap(s.mem, s.length), "munmap: %s", strerror(errno));
	vm_after = proc_kb(NULL, "VmRSS");
	vt_check(vm_after <= vm_before + SLACK_KB,
		 "VmRSS is %" PRIu64 " KiB after munmap, was %" PRIu64 " before", vm_after,
		 vm_before);
	close(s.fd);
	return true;
}

static const struct vt_test tests[] = {
	{ "resident pages count in Rss", rss },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
