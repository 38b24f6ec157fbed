// SPDX-License-Identifier: GPL-2.0
/*
 * Nobody sees another space's data: not of one that is open, and not of one that
 * was closed, in the frames that it left (for its slots: old_slots.c).
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define PAGES	256

/* Note the frames that a space has; how many of them were noted before. */
static unsigned int note_frames(struct vt_space *s, unsigned char *noted, unsigned int frames)
{
	static struct vmdev_map_entry map[PAGES];
	int64_t n = vt_get_map(s->fd, 0, PAGES, map);
	unsigned int common = 0;

	vt_need(n == PAGES, "GET_MAP: %" PRId64, n);
	for (unsigned int i = 0; i < PAGES; i++) {
		if (map[i].frame == VMDEV_MAP_NONE)
			continue;
		vt_need(map[i].frame < frames, "frame %u of %u", map[i].frame, frames);
		common += noted[map[i].frame];
		noted[map[i].frame] = 1;
	}
	return common;
}

static bool both_open(void)
{
	struct vt_space a = vt_space_new(PAGES * vt_page_size());
	struct vt_space b = vt_space_new(PAGES * vt_page_size());
	struct vmdev_info info_a, info_b;

	vt_need(!vt_info(a.fd, &info_a) && !vt_info(b.fd, &info_b), "GET_INFO");
	vt_check(info_a.space_id != info_b.space_id, "both spaces are number %llu",
		 info_a.space_id);
	fill_range(a.mem, PAGES, 1, 0);
	vt_check(check_zero(b.mem, b.length), "the second space shows the first");
	fill_range(b.mem, PAGES, 2, 0);
	vt_check(check_range(a.mem, PAGES, 1, 0), "the first space after the second was written");
	vt_check(vt_evict_all(&a) && vt_evict_all(&b), "not evicted");
	vt_check(check_range(a.mem, PAGES, 1, 0), "the first space, evicted");
	vt_check(check_range(b.mem, PAGES, 2, 0), "the second space, evicted");
	vt_check(vt_discard(a.fd, 0, a.length) >= 0, "DISCARD");
	vt_check(check_range(b.mem, PAGES, 2, 0), "the second space, the first discarded");
	vt_check(check_zero(a.mem, a.length), "the first space, discarded");
	vt_space_free(&a);
	vt_space_free(&b);
	return true;
}

/* A pool that the first space fills: the second can only get what it left. */
static bool old_frames(void)
{
	static unsigned char noted[1 << 16];
	char *buf = malloc(PAGES * vt_page_size());
	unsigned int common = 0;

	vt_need(buf, "malloc");
	vt_set_pool_frames(PAGES);
	for (unsigned int round = 0; round < 8; round++) {
		struct vt_space s = vt_space_new(PAGES * vt_page_size());

		if (round) {
			/* Half by mapping; half by read(2), then the same by mapping. */
			vt_check(check_zero(s.mem, s.length / 2), "mapped, round %u", round);
			vt_check(pread(s.fd, buf, s.length / 2, s.length / 2) ==
				 (ssize_t)s.length / 2, "pread: %s", strerror(errno));
			vt_check(check_zero(buf, s.length / 2), "pread, round %u", round);
			vt_check(check_zero(s.mem, s.length), "mapped, round %u", round);
		}
		fill_range(s.mem, PAGES, 10 + round, 0);
		common += note_frames(&s, noted, sizeof(noted));
		vt_space_free(&s);
	}
	vt_check(common, "no frame was used twice: nothing was tested");
	free(buf);
	return true;
}

/* A short write into a fresh page must not show what its frame held before. */
static bool short_writes(void)
{
	const size_t page = vt_page_size();
	struct vt_space s;

	vt_set_pool_frames(PAGES);
	s = vt_space_new(PAGES * page);
	fill_range(s.mem, PAGES, 20, 0);
	vt_space_free(&s);
	s = vt_space_new(PAGES * page);
	for (unsigned int i = 0; i < PAGES / 2; i++) {
		size_t at = i * page + i * 16;

		vt_check(pwrite(s.fd, "x", 1, at) == 1, "pwrite: %s", strerror(errno));
		vt_check(check_zero(s.mem + i * page, i * 16), "before the byte in page %u", i);
		vt_check(s.mem[at] == 'x', "page %u: expected 'x', found %#x", i, s.mem[at]);
		vt_check(check_zero(s.mem + at + 1, page - i * 16 - 1), "after the byte in page %u",
			 i);
	}
	vt_space_free(&s);
	return true;
}

/* What was cut off or discarded doesn't come back to its own space either. */
static bool own_past(void)
{
	const size_t page = vt_page_size();
	struct vt_space s = vt_space_new(PAGES * page);

	for (int evicted = 0; evicted < 2; evicted++) {
		fill_range(s.mem, PAGES, 40, 0);
		if (evicted)
			vt_check(vt_evict_all(&s), "not evicted");
		vt_check(!vt_set_size(s.fd, PAGES / 2 * page), "SET_SIZE down");
		vt_check(!vt_set_size(s.fd, PAGES * page), "SET_SIZE up");
		vt_check(check_zero(s.mem + s.length / 2, s.length / 2), "cut off, evicted %d",
			 evicted);
		vt_check(vt_discard(s.fd, 0, s.length / 2) == PAGES / 2, "DISCARD");
		vt_check(check_zero(s.mem, s.length / 2), "discarded, evicted %d", evicted);
	}
	vt_space_free(&s);
	return true;
}

/* The same by chance: spaces come and go in processes side by side. */
static bool come_and_go(void *arg)
{
	const unsigned int seed = *(unsigned int *)arg;
	double end = vt_now() + 4;
	uint64_t rnd = seed;
	unsigned int rounds;

	for (rounds = 0; vt_now() < end; rounds++) {
		unsigned int pages = 1 + vt_random(&rnd) % PAGES;
		struct vt_space s = vt_space_new(pages * vt_page_size());

		vt_check(check_zero(s.mem, s.length), "process %u, round %u", seed, rounds);
		fill_range(s.mem, pages, seed, rounds);
		vt_check(check_range(s.mem, pages, seed, rounds), "process %u, round %u", seed,
			 rounds);
		vt_space_free(&s);
	}
	vt_check(rounds > 1, "only %u rounds", rounds);
	return true;
}

static bool side_by_side(void)
{
	pid_t pids[3];
	bool ok = true;

	vt_set_pool_frames(PAGES);
	for (unsigned int i = 0; i < ARRAY_SIZE(pids); i++) {
		unsigned int seed = 50 + i;

		pids[i] = vt_fork();
		if (!pids[i])
			_exit(come_and_go(&seed) ? KSFT_PASS : KSFT_FAIL);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(pids); i++)
		ok = vt_wait_ok(pids[i]) && ok;
	return ok;
}

static const struct vt_test tests[] = {
	{ "two open spaces", both_open },
	{ "frames of a closed space", old_frames },
	{ "short writes into fresh pages", short_writes },
	{ "a space's own past", own_past },
	{ "spaces come and go side by side", side_by_side },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
