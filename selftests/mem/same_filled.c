// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of zeroes or of one repeated 64-bit word take no slot and no I/O;
 * pages that only nearly are do, and nothing is lost either way.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define PAGES	128

struct use {
	uint64_t slots, written, same_filled;
};

static struct use use_now(void)
{
	return (struct use) {
		vt_sysfs_u64("store/used"),
		vt_sysfs_u64("store/written_pages"),
		vt_sysfs_u64("stats/same_filled"),
	};
}

/* Evict all; exactly so many pages got a slot and were written. */
static bool evict_expecting(struct vt_space *s, uint64_t stored, const char *what)
{
	struct use before = use_now(), after;
	uint64_t pages = s->length / vt_page_size(), zero;

	vt_check(vt_evict_all(s), "%s: not evicted", what);
	after = use_now();
	vt_check(after.slots - before.slots == stored, "%s: %" PRId64 " slots taken, expected %"
		 PRIu64, what, (int64_t)(after.slots - before.slots), stored);
	vt_check(after.written - before.written == stored, "%s: %" PRIu64
		 " pages written, expected %" PRIu64, what, after.written - before.written, stored);
	vt_check(after.same_filled - before.same_filled == pages - stored,
		 "%s: stats/same_filled grew by %" PRIu64 ", expected %" PRIu64, what,
		 after.same_filled - before.same_filled, pages - stored);
	zero = vt_count_states(s->fd, 0, pages, VT_STATE(ZERO));
	vt_check(zero == pages - stored, "%s: %" PRIu64 " pages in state zero, expected %" PRIu64,
		 what, zero, pages - stored);
	vt_check(vt_stats_now(s->fd).zero == zero, "%s: GET_STATS says %llu", what,
		 vt_stats_now(s->fd).zero);
	return true;
}

static void fill_words(char *page, uint64_t word)
{
	uint64_t *p = (uint64_t *)page;

	for (size_t i = 0; i < vt_page_size() / sizeof(word); i++)
		p[i] = word;
}

static bool check_words(const char *page, uint64_t word, unsigned int index)
{
	const uint64_t *p = (const uint64_t *)page;

	for (size_t i = 0; i < vt_page_size() / sizeof(word); i++) {
		if (p[i] == word)
			continue;
		vt_report_word("page", index, i * sizeof(word), word, p[i]);
		return false;
	}
	return true;
}

static bool zeroes(void)
{
	const size_t page = vt_page_size();
	struct vt_space s = vt_space_new(PAGES * page);

	memset(s.mem, 0, s.length);
	vt_check(evict_expecting(&s, 0, "zeroes"), "pages of zeroes");
	vt_check(check_zero(s.mem, s.length), "pages of zeroes");
	vt_space_free(&s);
	return true;
}

static bool words(void)
{
	const size_t page = vt_page_size();
	struct vt_space s = vt_space_new(PAGES * page);

	for (unsigned int i = 0; i < PAGES; i++)
		fill_words(s.mem + i * page, page_word(1, i, 5));
	vt_check(evict_expecting(&s, 0, "words"), "pages of one word");
	for (unsigned int i = 0; i < PAGES; i++)
		vt_check(check_words(s.mem + i * page, page_word(1, i, 5), i), "pages of one word");
	vt_space_free(&s);
	return true;
}

/* Every page differs from a same-filled one in a single byte, always elsewhere. */
static bool nearly(void)
{
	const size_t page = vt_page_size();
	struct vt_space s = vt_space_new(PAGES * page);

	for (unsigned int i = 0; i < PAGES; i++) {
		fill_words(s.mem + i * page, i & 1 ? ~0ULL : 0);
		s.mem[i * page + i * (page - 1) / (PAGES - 1)] = 0x42;
	}
	vt_check(evict_expecting(&s, PAGES, "nearly same"), "pages but for one byte of one word");
	for (unsigned int i = 0; i < PAGES; i++) {
		char *odd = &s.mem[i * page + i * (page - 1) / (PAGES - 1)];

		vt_check(*odd == 0x42, "page %u: expected 0x42, found %#x", i, *odd);
		*odd = i & 1 ? 0xff : 0;
		vt_check(check_words(s.mem + i * page, i & 1 ? ~0ULL : 0, i), "the rest");
	}
	vt_space_free(&s);
	return true;
}

/* A page becomes ordinary and same-filled again; its slot comes and goes. */
static bool back_and_forth(void)
{
	struct vt_space s = vt_space_new(PAGES * vt_page_size());

	for (unsigned int round = 0; round < 3; round++) {
		fill_range(s.mem, PAGES, 2 + round, 0);
		vt_check(evict_expecting(&s, PAGES, "ordinary"), "round %u", round);
		vt_check(check_range(s.mem, PAGES, 2 + round, 0), "round %u", round);
		memset(s.mem, round, s.length);
		vt_check(vt_evict_all(&s), "not evicted");
		vt_check(!vt_sysfs_u64("store/used"), "%" PRIu64 " slots used by same-filled pages",
			 vt_sysfs_u64("store/used"));
		for (size_t i = 0; i < s.length; i++)
			vt_check(s.mem[i] == (char)round, "byte %#zx: expected %u, found %#x", i,
				 round, s.mem[i]);
	}
	vt_space_free(&s);
	return true;
}

/* Reading an untouched page leaves nothing behind. */
static bool read_untouched(void)
{
	struct vt_space s = vt_space_new(PAGES * vt_page_size());
	struct use before = use_now(), after;

	vt_check(check_zero(s.mem, s.length), "a new space");
	vt_check(vt_evict_all(&s), "not evicted");
	after = use_now();
	vt_check(after.slots == before.slots && after.written == before.written,
		 "%" PRIu64 " slots and %" PRIu64 " writes for untouched pages",
		 after.slots - before.slots, after.written - before.written);
	vt_check(check_zero(s.mem, s.length), "read again");
	vt_space_free(&s);
	return true;
}

static const struct vt_test tests[] = {
	{ "pages of zeroes", zeroes },
	{ "pages of one word", words },
	{ "pages that only nearly are", nearly },
	{ "ordinary and same-filled in turn", back_and_forth },
	{ "untouched pages that were read", read_untouched },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
