// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that fails: the page in it comes back from the store if the store has it,
 * and gives SIGBUS otherwise, it alone; the memory is never used again; the pool
 * has as many frames as before and can be unloaded.
 */
#define _GNU_SOURCE
#include <sys/uio.h>

#include "vmdev_test.h"

#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE	101
#endif

#define PAGES	256
#define VICTIM	100
#define SECONDS	20	/* until the module has noticed; it takes milliseconds */

static char *page_of(const struct vt_space *v, unsigned int index)
{
	return v->mem + index * vt_page_size();
}

/* Physical page number of a resident page. */
static uint64_t pfn_of(const void *p)
{
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	off_t at = (uintptr_t)p / vt_page_size() * sizeof(entry);

	(void)*(const volatile char *)p;
	vt_need(fd >= 0 && pread(fd, &entry, sizeof(entry), at) == sizeof(entry), "pagemap: %s",
		strerror(errno));
	close(fd);
	vt_need(entry >> 63 && (entry & ((1ULL << 55) - 1)), "pagemap shows no page number");
	return entry & ((1ULL << 55) - 1);
}

/* Break the memory that a page is in; false where the kernel can't. */
static bool poison(void *p)
{
	int ret = madvise(p, vt_page_size(), MADV_HWPOISON);

	if (ret && errno == EINVAL) {
		vt_skip("no MADV_HWPOISON in this kernel (CONFIG_MEMORY_FAILURE)");
		return false;
	}
	/* EBUSY: the kernel has marked the page and leaves the rest to us */
	vt_need(!ret || errno == EBUSY, "MADV_HWPOISON: %s", strerror(errno));
	return true;
}

/* Wait until the module has taken the frame away. */
static bool gone(const struct vt_space *v, unsigned int index)
{
	double start = vt_now();

	while (vt_count_states(v->fd, index * vt_page_size(), 1, VT_RESIDENT)) {
		vt_check(vt_now() < start + SECONDS, "page %u is in its frame after %d s", index,
			 SECONDS);
		vt_sleep_ms(1);
	}
	vt_msg("noticed after %.0f ms", (vt_now() - start) * 1000);
	return true;
}

static bool is_among(const void *page, const uint64_t *pfn, unsigned int count)
{
	uint64_t found = pfn_of(page);

	for (unsigned int i = 0; i < count; i++)
		if (pfn[i] == found)
			return true;
	return false;
}

/* Nothing the space has is in that memory, nor what all of the pool can hold. */
static bool never_again(const struct vt_space *v, const uint64_t *pfn, unsigned int count)
{
	uint64_t frames = vt_pool_frames();
	struct vt_space all = vt_space_new(2 * frames * vt_page_size());

	for (uint64_t i = 0; i < 2 * frames; i++) {
		fill_page(page_of(&all, i), 7, i);
		vt_check(!is_among(page_of(&all, i), pfn, count),
			 "page %" PRIu64 " is in broken memory", i);
	}
	vt_check(check_range(all.mem, 2 * frames, 7, 0), "content lost");
	for (unsigned int i = 0; i < PAGES; i++)
		vt_check(i == VICTIM || !is_among(page_of(v, i), pfn, count),
			 "page %u is in broken memory", i);
	vt_space_free(&all);
	return true;
}

static bool others_are_good(const struct vt_space *v)
{
	const unsigned int next = VICTIM + 1;

	return check_range(v->mem, VICTIM, 1, 0) &&
	       check_range(page_of(v, next), PAGES - next, 1, next);
}

static bool victim_is_bad(const struct vt_space *v)
{
	for (int i = 0; i < 3; i++) {
		vt_check(vt_touch_sigbus(page_of(v, VICTIM), false, NULL), "reading it works");
		vt_check(vt_touch_sigbus(page_of(v, VICTIM) + 99, true, NULL), "writing it works");
	}
	return true;
}

static bool child_sees_it(void *arg)
{
	struct vt_space *v = arg, own = *v;

	vt_check(victim_is_bad(v), "the inherited mapping");
	own.mem = vt_map(v->fd, v->length, 0);
	return victim_is_bad(&own) && others_are_good(&own);
}

static bool pool_is_whole(uint64_t frames)
{
	double end = vt_now() + 10;

	while (vt_sysfs_u64("pool/free") != frames && vt_now() < end)
		vt_sleep_ms(10);
	vt_check(vt_pool_frames() == frames, "pool/frames is %" PRIu64 ", was %" PRIu64,
		 vt_pool_frames(), frames);
	vt_check(vt_sysfs_u64("pool/free") == frames, "%" PRIu64 " of %" PRIu64
		 " frames are free with nothing in them", vt_sysfs_u64("pool/free"), frames);
	return true;
}

/* The page that was in it is lost. */
static bool lost(struct vt_space *v)
{
	uint64_t frames = vt_pool_frames(), before = vt_sysfs_u64("pool/poisoned");
	size_t page = vt_page_size();
	uint64_t pfn = pfn_of(page_of(v, VICTIM));
	char *buf = malloc(page);
	ssize_t n;

	if (!poison(page_of(v, VICTIM)))
		return true;
	vt_check(gone(v, VICTIM), "not noticed");
	vt_check(victim_is_bad(v), "the page");
	vt_check(others_are_good(v), "the others");
	vt_check(vt_in_child(child_sees_it, v), "in a child");
	vt_check(vt_page_state(v->fd, VICTIM * page).state == VMDEV_MAP_BAD, "GET_MAP says %u",
		 vt_page_state(v->fd, VICTIM * page).state);
	vt_check(vt_stats_now(v->fd).bad == 1, "%llu bad pages", vt_stats_now(v->fd).bad);
	vt_check(vt_sysfs_u64("pool/poisoned") == before + 1, "pool/poisoned went up by %" PRIu64,
		 vt_sysfs_u64("pool/poisoned") - before);
	n = pread(v->fd, buf, page, VICTIM * page);
	vt_check(n == -1 && errno == EIO, "pread: %zd %s", n, strerror(errno));
	n = pwrite(v->fd, buf, 1, VICTIM * page);
	vt_check(n == -1 && errno == EIO, "pwrite: %zd %s", n, strerror(errno));
	vt_check(never_again(v, &pfn, 1), "the memory");
	vt_check(vt_evict_range(v->fd, 0, v->length), "pages stayed");
	vt_check(others_are_good(v) && victim_is_bad(v), "after eviction");
	munlock(v->mem, v->length);
	vt_check(vt_discard(v->fd, VICTIM * page, page) == 1, "DISCARD");
	vt_check(check_zero(page_of(v, VICTIM), page), "after DISCARD");
	fill_page(page_of(v, VICTIM), 1, VICTIM);
	vt_check(vt_evict_all(v) && check_range(v->mem, PAGES, 1, 0), "written after DISCARD");
	vt_space_free(v);
	vt_check(pool_is_whole(frames), "at the end");
	free(buf);
	return true;
}

static bool test_dirty(void)
{
	struct vt_space v = vt_space_new(PAGES * vt_page_size());

	fill_range(v.mem, PAGES, 1, 0);
	return lost(&v);
}

/* The store has an older content: that must not come back. */
static bool test_rewritten(void)
{
	struct vt_space v = vt_space_new(PAGES * vt_page_size());

	fill_range(v.mem, PAGES, 2, 0);
	vt_check(vt_evict_all(&v), "pages stayed");
	vt_check(check_range(v.mem, PAGES, 2, 0), "content lost");
	fill_range(v.mem, PAGES, 1, 0);
	return lost(&v);
}

/* The page comes back, whoever touches it and however often its memory breaks. */
static bool survives(struct vt_space *v, const void *expected)
{
	uint64_t frames = vt_pool_frames(), pfn = 0;
	size_t page = vt_page_size();

	for (int i = 0; i < 3; i++) {
		vt_check(!memcmp(page_of(v, VICTIM), expected, page), "content lost, %d", i);
		pfn = pfn_of(page_of(v, VICTIM));
		if (!poison(page_of(v, VICTIM)))
			return true;
		vt_check(gone(v, VICTIM), "not noticed");
	}
	vt_check(!memcmp(page_of(v, VICTIM), expected, page), "content lost");
	vt_check(vt_stats_now(v->fd).bad == 0, "%llu bad pages", vt_stats_now(v->fd).bad);
	vt_check(never_again(v, &pfn, 1), "the memory");
	vt_check(others_are_good(v) && !memcmp(page_of(v, VICTIM), expected, page), "later");
	vt_space_free(v);
	vt_check(pool_is_whole(frames), "at the end");
	return true;
}

static bool test_clean(void)
{
	struct vt_space v = vt_space_new(PAGES * vt_page_size());
	char *expected = malloc(vt_page_size());

	fill_page(expected, 1, VICTIM);
	fill_range(v.mem, PAGES, 1, 0);
	vt_check(vt_evict_all(&v), "pages stayed");
	return survives(&v, expected);
}

/* A page of one repeated word has no slot and is known all the same. */
static bool test_same_filled(void)
{
	struct vt_space v = vt_space_new(PAGES * vt_page_size());
	char *expected = malloc(vt_page_size());

	memset(expected, 0x5a, vt_page_size());
	fill_range(v.mem, PAGES, 1, 0);
	memcpy(page_of(&v, VICTIM), expected, vt_page_size());
	vt_check(vt_evict_all(&v), "pages stayed");
	return survives(&v, expected);
}

/* Taken by a system call before the module has looked: the same. */
static bool test_system_call(void)
{
	struct vt_space v = vt_space_new(PAGES * vt_page_size());
	char *buf = malloc(vt_page_size());

	fill_range(v.mem, PAGES, 1, 0);
	vt_check(vt_evict_all(&v), "pages stayed");
	for (unsigned int i = 0; i < 16; i++) {
		vt_check(check_page(page_of(&v, i), 1, i), "page %u", i);
		if (!poison(page_of(&v, i)))
			return true;
		vt_check(pread(v.fd, buf, vt_page_size(), i * vt_page_size()) ==
			 (ssize_t)vt_page_size() && check_page(buf, 1, i), "read(2)");
	}
	vt_check(check_range(v.mem, PAGES, 1, 0), "content lost");
	vt_space_free(&v);
	free(buf);
	return true;
}

/* The kernel treats mlocked pages differently; nobody may notice. */
static bool test_mlocked(void)
{
	struct vt_space v = vt_space_new(PAGES * vt_page_size());

	fill_range(v.mem, PAGES, 1, 0);
	vt_need(!mlock(page_of(&v, VICTIM), vt_page_size()), "mlock: %s", strerror(errno));
	return lost(&v);
}

/* The broken page is in a pipe: who holds it keeps it, the space doesn't. */
static bool test_held(void)
{
	struct vt_space v = vt_space_new(PAGES * vt_page_size());
	uint64_t frames = vt_pool_frames();
	struct iovec iov = { page_of(&v, VICTIM), vt_page_size() };
	int fds[2];

	fill_range(v.mem, PAGES, 1, 0);
	vt_need(!pipe(fds), "pipe");
	vt_need(vmsplice(fds[1], &iov, 1, 0) == (ssize_t)vt_page_size(), "vmsplice: %s",
		strerror(errno));
	if (!poison(iov.iov_base))
		return true;
	vt_check(gone(&v, VICTIM), "not noticed");
	vt_check(victim_is_bad(&v) && others_are_good(&v), "while it is held");
	vt_space_free(&v);
	vt_check(pool_is_whole(frames), "while it is held");
	close(fds[0]);
	close(fds[1]);
	vt_check(pool_is_whole(frames), "after it was let go");
	return true;
}

/* Closing, or DISCARD, right after the failure. */
static bool test_close_at_once(void)
{
	uint64_t frames = vt_pool_frames();

	for (int i = 0; i < 10; i++) {
		struct vt_space v = vt_space_new(PAGES * vt_page_size());

		fill_range(v.mem, PAGES, 1, 0);
		if (!poison(page_of(&v, i)))
			return true;
		if (i % 2)
			vt_check(vt_discard(v.fd, 0, v.length) > 0, "DISCARD");
		vt_space_free(&v);
	}
	vt_check(pool_is_whole(frames), "at the end");
	return true;
}

/* A frame that holds nothing: it must not be handed out any more. */
static bool test_free_frame(void)
{
	const char *file = "/sys/kernel/debug/hwpoison/corrupt-pfn";
	struct vt_space v = vt_space_new(PAGES * vt_page_size());
	uint64_t frames = vt_pool_frames(), before = vt_sysfs_u64("pool/poisoned"), pfn[8];
	char text[32];
	int fd;

	if (system("modprobe hwpoison-inject 2>/dev/null") || access(file, W_OK))
		return vt_skip("no hwpoison-inject in this kernel");
	fill_range(v.mem, PAGES, 1, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(pfn); i++)
		pfn[i] = pfn_of(page_of(&v, VICTIM + i));
	vt_check(vt_discard(v.fd, VICTIM * vt_page_size(), ARRAY_SIZE(pfn) * vt_page_size()) > 0,
		 "DISCARD");
	fd = open(file, O_WRONLY);
	vt_need(fd >= 0, "%s: %s", file, strerror(errno));
	for (unsigned int i = 0; i < ARRAY_SIZE(pfn); i++) {
		snprintf(text, sizeof(text), "%" PRIu64, pfn[i]);
		if (write(fd, text, strlen(text)) < 0 && errno != EBUSY)
			vt_die("%s: %s", file, strerror(errno));
	}
	close(fd);
	fill_range(page_of(&v, VICTIM), ARRAY_SIZE(pfn), 1, VICTIM);
	vt_check(never_again(&v, pfn, ARRAY_SIZE(pfn)), "the memory");
	vt_check(vt_sysfs_u64("pool/poisoned") == before + ARRAY_SIZE(pfn),
		 "pool/poisoned went up by %" PRIu64, vt_sysfs_u64("pool/poisoned") - before);
	vt_check(check_range(v.mem, PAGES, 1, 0), "content lost");
	vt_space_free(&v);
	vt_check(pool_is_whole(frames), "at the end");
	return true;
}

/* In the midst of paging: content is right or gives SIGBUS, once for a failure at most. */
#define LOAD_PAGES	1024U
#define FAILURES	40U

static bool churn(struct vt_crew *crew, unsigned int id)
{
	const struct vt_space *v = crew->arg;
	uint64_t state = id, pages = LOAD_PAGES;

	while (!atomic_load(&crew->stop)) {
		uint64_t i = vt_random(&state) % pages;
		unsigned char byte = page_word(1, i, 0);

		/* some are written, with what is there */
		if (i % 3 == 0)
			vt_touch_sigbus(page_of(v, i), true, &byte);
		else
			vt_check(vt_look_at_page(page_of(v, i), 1, i) != VT_WRONG,
				 "page %" PRIu64, i);
	}
	return true;
}

static bool test_under_load(void)
{
	struct vt_space v = vt_space_new(LOAD_PAGES * vt_page_size());
	uint64_t frames = vt_pool_frames(), state = 99;
	uint64_t poisoned = vt_sysfs_u64("pool/poisoned");
	unsigned int bad = 0;
	struct vt_crew crew;

	vt_set_pool_frames(LOAD_PAGES / 4);
	fill_range(v.mem, LOAD_PAGES, 1, 0);
	vt_crew_start(&crew, 3, churn, &v);
	for (unsigned int i = 0; i < FAILURES; i++) {
		char *page = page_of(&v, vt_random(&state) % LOAD_PAGES);

		/* EFAULT: that page is lost already */
		if (madvise(page, vt_page_size(), MADV_HWPOISON) && errno == EINVAL) {
			vt_crew_stop(&crew);
			return vt_skip("no MADV_HWPOISON in this kernel");
		}
		vt_sleep_ms(20);
	}
	vt_check(vt_crew_stop(&crew), "in a thread");
	for (unsigned int i = 0; i < LOAD_PAGES; i++) {
		if (vt_touch_sigbus(page_of(&v, i), false, NULL))
			bad++;
		else
			vt_check(check_page(page_of(&v, i), 1, i), "page %u", i);
	}
	vt_msg("%u of %u failures lost a page", bad, FAILURES);
	vt_check(bad <= FAILURES, "%u pages are lost", bad);
	vt_check(vt_sysfs_u64("pool/poisoned") > poisoned, "no failure was noticed");
	vt_space_free(&v);
	vt_set_pool_frames(frames);
	vt_check(pool_is_whole(frames), "at the end");
	return true;
}

/* Memory that is to be taken out of use while it works: not ours to give, no harm. */
static bool test_soft_offline(void)
{
	struct vt_space v = vt_space_new(PAGES * vt_page_size());

	fill_range(v.mem, PAGES, 1, 0);
	if (madvise(page_of(&v, VICTIM), vt_page_size(), MADV_SOFT_OFFLINE) && errno == EINVAL)
		return vt_skip("no MADV_SOFT_OFFLINE in this kernel");
	vt_check(check_range(v.mem, PAGES, 1, 0), "content lost");
	vt_check(vt_evict_all(&v) && check_range(v.mem, PAGES, 1, 0), "after eviction");
	vt_space_free(&v);
	return true;
}

static const struct vt_test tests[] = {
	{ "a page that was written is lost, alone", test_dirty },
	{ "older content doesn't come back", test_rewritten },
	{ "a clean page comes back", test_clean },
	{ "a page of one word comes back", test_same_filled },
	{ "read(2) right after the failure", test_system_call },
	{ "an mlocked page", test_mlocked },
	{ "a page in a pipe", test_held },
	{ "close and DISCARD right after the failure", test_close_at_once },
	{ "a free frame", test_free_frame },
	{ "in the midst of paging", test_under_load },
	{ "soft offline does no harm", test_soft_offline },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
