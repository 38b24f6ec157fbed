// SPDX-License-Identifier: GPL-2.0
/*
 * Pools of 16 and 64 frames: more threads than the frames comfortably serve,
 * system calls that want several pages at once, accesses that cross pages.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define PAGES	512

static bool write_and_verify(struct vt_crew *crew, unsigned int id)
{
	const size_t page = vt_page_size();
	char *mem = crew->arg;

	for (unsigned int seed = 1; seed <= 2; seed++) {
		for (unsigned int i = id; i < PAGES; i += crew->count)
			fill_page(mem + i * page, seed, i);
		for (unsigned int i = id; i < PAGES; i += crew->count)
			vt_check(check_page(mem + i * page, seed, i), "pass %u thread %u", seed,
				 id);
	}
	return true;
}

static bool tiny(uint64_t frames, unsigned int threads)
{
	struct vt_space s;
	struct vmdev_stats stats;

	vt_set_pool_frames(frames);
	s = vt_space_new(PAGES * vt_page_size());
	vt_check(vt_crew_run(threads, write_and_verify, s.mem), "content lost");
	stats = vt_stats_now(s.fd);
	vt_check(stats.resident <= frames, "%llu pages resident in %" PRIu64 " frames",
		 stats.resident, frames);
	vt_space_free(&s);
	return true;
}

static bool f16_t1(void) { return tiny(16, 1); }
static bool f16_t8(void) { return tiny(16, 8); }
static bool f64_t1(void) { return tiny(64, 1); }
static bool f64_t8(void) { return tiny(64, 8); }

/* One read or write of four times the pool, and its buffer in the pool as well. */
static bool large_calls(void)
{
	const size_t length = 64 * vt_page_size();
	struct vt_space from, to;

	vt_set_pool_frames(16);
	from = vt_space_new(length);
	to = vt_space_new(length);
	fill_range(from.mem, 64, 1, 0);
	for (size_t done = 0; done < length;) {
		ssize_t n = pwrite(to.fd, from.mem + done, length - done, done);

		vt_check(n > 0, "pwrite at %#zx: %zd (%s)", done, n, strerror(errno));
		done += n;
	}
	vt_check(check_range(to.mem, 64, 1, 0), "after pwrite from one space to another");
	fill_range(to.mem, 64, 2, 0);
	for (size_t done = 0; done < length;) {
		ssize_t n = pread(to.fd, from.mem + done, length - done, done);

		vt_check(n > 0, "pread at %#zx: %zd (%s)", done, n, strerror(errno));
		done += n;
	}
	vt_check(check_range(from.mem, 64, 2, 0), "after pread from one space to another");
	vt_space_free(&from);
	vt_space_free(&to);
	return true;
}

/* Words across every page boundary, copied onto other boundaries. */
static bool straddling(void)
{
	const size_t page = vt_page_size();
	struct vt_space s;

	vt_set_pool_frames(16);
	s = vt_space_new(PAGES * page);
	for (unsigned int i = 1; i < PAGES; i++) {
		uint64_t word = page_word(1, i, 0);

		memcpy(s.mem + i * page - 4, &word, 8);
	}
	for (unsigned int i = 1; i < PAGES; i++) {
		uint64_t word;

		memcpy(&word, s.mem + i * page - 4, 8);
		if (word == page_word(1, i, 0))
			continue;
		vt_report_word("across the start of page", i, 0, page_word(1, i, 0), word);
		return false;
	}
	vt_space_free(&s);
	return true;
}

static const struct vt_test tests[] = {
	{ "16 frames, 1 thread", f16_t1 },
	{ "16 frames, 8 threads", f16_t8 },
	{ "64 frames, 1 thread", f64_t1 },
	{ "64 frames, 8 threads", f64_t8 },
	{ "reads and writes of 4 times the pool", large_calls },
	{ "accesses across pages", straddling },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
