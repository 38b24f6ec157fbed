// SPDX-License-Identifier: GPL-2.0
/*
 * mremap of a mapping: moved whole, moved in part, shrunk, and moved while
 * another thread faults it in and a third evicts.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#include <sys/uio.h>

#define PAGES	64

/* Address space to move into, with nothing behind it. */
static char *reserve(size_t length)
{
	char *p = mmap(NULL, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	vt_need(p != MAP_FAILED, "mmap: %s", strerror(errno));
	return p;
}

static bool is_unmapped(char *p)
{
	unsigned char vec;

	return mincore(p, vt_page_size(), &vec) && errno == ENOMEM;
}

static bool move_whole(void)
{
	const size_t page = vt_page_size();
	struct vt_space s = vt_space_new(PAGES * page);
	char *old = s.mem, *to = reserve(s.length), *back = malloc(s.length);
	ssize_t n;

	vt_need(back, "malloc");
	fill_range(s.mem, PAGES, 1, 0);
	vt_check(vt_evict_range(s.fd, 0, s.length / 2), "not evicted");
	s.mem = mremap(old, s.length, s.length, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	vt_check(s.mem == to, "mremap: %s", strerror(errno));
	vt_check(is_unmapped(old), "the old address is still mapped");
	vt_check(check_range(s.mem, PAGES, 1, 0), "after the move");
	fill_range(s.mem, PAGES, 2, 0);
	vt_check(vt_evict_all(&s), "not evicted at the new address");
	n = pread(s.fd, back, s.length, 0);
	vt_check(n == (ssize_t)s.length, "pread: %zd", n);
	vt_check(check_range(back, PAGES, 2, 0), "what was written at the new address");
	vt_check(check_range(s.mem, PAGES, 2, 0), "read back at the new address");
	vt_space_free(&s);
	return true;
}

/* Pages 16..31 go elsewhere; offsets in the space stay what they were. */
static bool move_middle(void)
{
	const size_t page = vt_page_size();
	struct vt_space s = vt_space_new(PAGES * page);
	char *to = reserve(16 * page), *moved;

	fill_range(s.mem, PAGES, 3, 0);
	moved = mremap(s.mem + 16 * page, 16 * page, 16 * page, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	vt_check(moved == to, "mremap: %s", strerror(errno));
	vt_check(is_unmapped(s.mem + 16 * page), "the hole is still mapped");
	vt_check(vt_evict_all(&s), "not evicted");
	vt_check(check_range(moved, 16, 3, 16), "the moved part");
	vt_check(check_range(s.mem, 16, 3, 0), "below the hole");
	vt_check(check_range(s.mem + 32 * page, 32, 3, 32), "above the hole");
	munmap(moved, 16 * page);
	vt_space_free(&s);
	return true;
}

static bool shrink(void)
{
	const size_t page = vt_page_size();
	struct vt_space s = vt_space_new(PAGES * page);
	char *p, *again;

	fill_range(s.mem, PAGES, 4, 0);
	p = mremap(s.mem, s.length, 16 * page, 0);
	vt_check(p == s.mem, "mremap: %s", strerror(errno));
	vt_check(is_unmapped(s.mem + 16 * page), "what was cut off is still mapped");
	vt_check(vt_evict_all(&s), "not evicted");
	vt_check(check_range(s.mem, 16, 4, 0), "what was kept");
	again = vt_map(s.fd, s.length, 0);
	vt_check(check_range(again, PAGES, 4, 0), "the space after its mapping shrank");
	munmap(again, s.length);
	munmap(s.mem, 16 * page);
	close(s.fd);
	return true;
}

struct race {
	struct vt_space *s;
	char *places[2];
	char *fixed;		/* a second mapping, which stays */
	atomic_ullong hits;	/* reads that found the moving mapping */
};

/*
 * Read the moving mapping with process_vm_readv(), which takes the same faults
 * and gives EFAULT instead of a signal where nothing is mapped.
 */
static bool read_moving(struct vt_crew *crew, unsigned int id)
{
	const size_t page = vt_page_size();
	struct race *race = crew->arg;
	char *buf = malloc(page);
	uint64_t rnd = id;

	vt_need(buf, "malloc");
	while (!atomic_load(&crew->stop)) {
		unsigned int i = vt_random(&rnd) % PAGES;
		struct iovec local = { buf, page };
		struct iovec remote = { race->places[vt_random(&rnd) % 2] + i * page, page };
		ssize_t n;

		vt_check(check_page(race->fixed + i * page, 5, i), "in the mapping that stays");
		n = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
		if (n < 0 && errno == EFAULT)
			continue;
		vt_check(n == (ssize_t)page, "process_vm_readv: %zd (%s)", n, strerror(errno));
		vt_check(check_page(buf, 5, i), "in the mapping that moves");
		atomic_fetch_add(&race->hits, 1);
	}
	free(buf);
	return true;
}

static bool move_while_faulting(void)
{
	struct vt_space s = vt_space_new(PAGES * vt_page_size());
	struct race race = { .s = &s };
	struct vt_evictor ev;
	struct vt_crew crew;
	double end = vt_now() + 4;
	unsigned int moves = 0;

	fill_range(s.mem, PAGES, 5, 0);
	race.fixed = vt_map(s.fd, s.length, 0);
	race.places[0] = s.mem;
	race.places[1] = reserve(s.length);
	vt_evictor_start(&ev, s.fd, 0, s.length);
	vt_crew_start(&crew, 2, read_moving, &race);
	while (vt_now() < end) {
		char *to = race.places[!(moves & 1)];
		char *p = mremap(race.places[moves & 1], s.length, s.length,
				 MREMAP_MAYMOVE | MREMAP_FIXED, to);

		vt_check(p == to, "mremap number %u: %s", moves, strerror(errno));
		moves++;
		vt_sleep_ms(2);
	}
	vt_check(vt_crew_stop(&crew), "a reader failed after %u moves", moves);
	vt_check(vt_evictor_stop(&ev), "the evictor");
	vt_check(race.hits > 0, "nobody ever read the moving mapping");
	s.mem = race.places[moves & 1];
	vt_check(check_range(s.mem, PAGES, 5, 0), "after %u moves", moves);
	munmap(race.fixed, s.length);
	vt_space_free(&s);
	return true;
}

static const struct vt_test tests[] = {
	{ "move a mapping", move_whole },
	{ "move the middle of a mapping", move_middle },
	{ "shrink a mapping", shrink },
	{ "move while other threads fault and evict", move_while_faulting },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
