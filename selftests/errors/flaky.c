// SPDX-License-Identifier: GPL-2.0
/*
 * A store that works and doesn't: writes it drops without a word, bytes it changes on
 * the way in or out, sectors and whole devices that fail for a while. Each page that
 * was hit gives SIGBUS for ever, also when the device is well again; no other does;
 * the counters say how many.
 */
#define _GNU_SOURCE
#include "dm_store.h"
#include "nbd_store.h"

#define PAGES	256
#define HALF	(PAGES / 2)

static char *page_of(const struct vt_space *v, unsigned int index)
{
	return v->mem + index * vt_page_size();
}

/*
 * Touch all pages from one on: each has its content or gives SIGBUS, for good. How
 * many give SIGBUS, or -1.
 */
static int64_t count_bad(const struct vt_space *v, unsigned int first, unsigned int pages)
{
	unsigned int bad = 0;

	for (unsigned int i = first; i < first + pages; i++) {
		if (vt_touch_sigbus(page_of(v, i), false, NULL)) {
			bad++;
			if (!vt_touch_sigbus(page_of(v, i), true, NULL))
				return -1;
		} else if (!check_page(page_of(v, i), 1, i)) {
			return -1;
		}
	}
	return bad;
}

/* The bad pages are what the counters say, and stay bad: the device is well again. */
static bool counted(const struct vt_space *v, int64_t bad, const char *counter)
{
	uint64_t errors = vt_sysfs_u64(counter);

	vt_check(bad >= 0, "a page has wrong content, or is bad at times");
	vt_check(vt_stats_now(v->fd).bad == (uint64_t)bad, "%llu pages are bad, %" PRId64
		 " gave SIGBUS", vt_stats_now(v->fd).bad, bad);
	vt_check(errors >= (uint64_t)bad, "%s is %" PRIu64 " with %" PRId64 " bad pages", counter,
		 errors, bad);
	vt_check(count_bad(v, 0, PAGES) == bad, "not the same pages when the device is well");
	return true;
}

/* Writes are acknowledged and dropped. */
static bool test_dropped_writes(void)
{
	struct vt_space v;

	dm_load(4, "%s", "");
	v = vt_space_new(PAGES * vt_page_size());
	fill_range(v.mem, HALF, 1, 0);
	vt_check(vt_evict_all(&v), "pages stayed");
	fill_range(page_of(&v, HALF), HALF, 1, HALF);
	dm_flakey(0, 1, "1 drop_writes");
	vt_check(vt_evict_all(&v), "pages stayed");
	dm_works();
	vt_check(count_bad(&v, 0, HALF) == 0, "pages written before");
	vt_check(count_bad(&v, HALF, HALF) == HALF, "pages whose write was dropped");
	vt_check(vt_sysfs_u64("store/write_errors") == 0, "a dropped write was an error");
	vt_check(vt_sysfs_u64("store/checksum_errors") == HALF, "%" PRIu64 " checksum errors",
		 vt_sysfs_u64("store/checksum_errors"));
	vt_check(counted(&v, HALF, "store/checksum_errors"), "counters");
	vt_check(vt_discard(v.fd, HALF * vt_page_size(), HALF * vt_page_size()) == HALF, "DISCARD");
	fill_range(page_of(&v, HALF), HALF, 1, HALF);
	vt_check(vt_evict_all(&v) && count_bad(&v, 0, PAGES) == 0, "written after DISCARD");
	vt_space_free(&v);
	return true;
}

/* A byte of each request is changed while it is written. */
static bool test_corrupted_writes(void)
{
	struct vt_space v;
	int64_t bad;

	dm_load(4, "readahead=8");
	v = vt_space_new(PAGES * vt_page_size());
	fill_range(v.mem, PAGES, 1, 0);
	dm_flakey(0, 1, "5 corrupt_bio_byte 99 w 1 0");
	vt_check(vt_evict_all(&v), "pages stayed");
	dm_works();
	bad = count_bad(&v, 0, PAGES);
	vt_msg("%" PRId64 " pages of %d", bad, PAGES);
	vt_check(bad > 0 && bad < PAGES, "%" PRId64 " bad pages", bad);
	vt_check(counted(&v, bad, "store/checksum_errors"), "counters");
	vt_check(vt_sysfs_u64("store/read_errors") == 0, "read errors");
	vt_space_free(&v);
	vt_check(vt_nothing_left(), "after close");
	return true;
}

/*
 * A bit of every third page is changed on the way back; the disk has them all right. (The
 * dm-flakey of 6.1 changes nothing that is read: it looks at what is left of a request,
 * which is nothing at its end.)
 */
static bool test_corrupted_reads(void)
{
	struct nbd_store nbd;
	struct vt_space v;
	int64_t bad;

	if (!nbd_start(&nbd, 0))
		return vt_skip("no nbd");
	vl_must_load("pool_mb=4 store=" NBD_NODE " store_mb=0 readahead=8");
	v = vt_space_new(PAGES * vt_page_size());
	fill_range(v.mem, PAGES, 1, 0);
	vt_check(vt_evict_all(&v), "pages stayed");
	*nbd.corrupt = 3;
	bad = count_bad(&v, 0, HALF);
	*nbd.corrupt = 0;
	vt_check(bad >= HALF / 3 && bad <= HALF / 3 + 1, "%" PRId64 " bad pages of %d", bad, HALF);
	/* read ahead, some of the others may have come changed too, and are as lost */
	bad += count_bad(&v, HALF, PAGES - HALF);
	vt_check(bad <= HALF / 3 + 9, "%" PRId64 " bad pages", bad);
	vt_check(counted(&v, bad, "store/checksum_errors"), "counters");
	vt_check(vt_sysfs_u64("store/read_errors") == 0, "read errors");
	vt_space_free(&v);
	vt_check(vt_nothing_left(), "after close");
	vt_check(!vl_unload_patiently(10), "unload");
	nbd_stop(&nbd);
	return true;
}

/* All reads fail for a moment. What was not touched then is none the worse for it. */
static bool test_transient_reads(void)
{
	struct vt_space v;

	dm_load(4, "readahead=0");
	v = vt_space_new(PAGES * vt_page_size());
	fill_range(v.mem, PAGES, 1, 0);
	vt_check(vt_evict_all(&v), "pages stayed");
	dm_fails();
	vt_check(count_bad(&v, 0, HALF) == HALF, "unreadable pages can be read");
	dm_works();
	vt_check(count_bad(&v, HALF, HALF) == 0, "pages that were not touched");
	vt_check(counted(&v, HALF, "store/read_errors"), "counters");
	vt_check(vt_sysfs_u64("store/read_errors") == HALF, "%" PRIu64 " read errors",
		 vt_sysfs_u64("store/read_errors"));
	vt_space_free(&v);
	return true;
}

/*
 * A device that is up and down by turns under a load: a page is right, or bad because
 * a read failed. One space's errors are not another's: the second stays in memory.
 */
#define LOAD_PAGES	2048U

static bool churn(struct vt_crew *crew, unsigned int id)
{
	const struct vt_space *v = crew->arg;
	uint64_t state = id;

	while (!atomic_load(&crew->stop)) {
		unsigned int i = vt_random(&state) % LOAD_PAGES;
		unsigned char byte = page_word(1, i, 0);

		/* written with what is there: dirty, and the same */
		if (i % 3 == 0)
			vt_touch_sigbus(page_of(v, i), true, &byte);
		else
			vt_check(vt_look_at_page(page_of(v, i), 1, i) != VT_WRONG, "page %u", i);
	}
	return true;
}

static bool test_up_and_down(void)
{
	struct vt_space v, own;
	struct vt_crew crew;
	unsigned int bad = 0;

	dm_load(4, "%s", "");
	own = vt_space_new(64 * vt_page_size());
	vt_check(!vt_set_limit(own.fd, 0, 64), "SET_LIMIT");
	fill_range(own.mem, 64, 2, 0);
	v = vt_space_new(LOAD_PAGES * vt_page_size());
	fill_range(v.mem, LOAD_PAGES, 1, 0);
	dm_flakey(1, 1, "0");
	vt_crew_start(&crew, 3, churn, &v);
	for (int i = 0; i < 60; i++) {
		vt_check(check_range(own.mem, 64, 2, 0), "another space");
		vt_sleep_ms(100);
	}
	vt_check(vt_crew_stop(&crew), "in a thread");
	dm_works();
	for (unsigned int i = 0; i < LOAD_PAGES; i++) {
		if (vt_touch_sigbus(page_of(&v, i), false, NULL))
			bad++;
		else
			vt_check(check_page(page_of(&v, i), 1, i), "page %u", i);
	}
	vt_msg("%u of %u pages lost to %" PRIu64 " read errors, %" PRIu64 " write errors", bad,
	       LOAD_PAGES, vt_sysfs_u64("store/read_errors"), vt_sysfs_u64("store/write_errors"));
	vt_check(bad, "no error hit anything: nothing was tested");
	vt_check(vt_stats_now(v.fd).bad == bad && vt_sysfs_u64("store/read_errors") == bad,
		 "%llu bad pages, %" PRIu64 " read errors, %u with SIGBUS", vt_stats_now(v.fd).bad,
		 vt_sysfs_u64("store/read_errors"), bad);
	vt_check(vt_sysfs_u64("store/checksum_errors") == 0, "checksum errors");
	vt_check(vt_stats_now(own.fd).bad == 0, "bad pages in the other space");
	vt_check(vt_evict_all(&own) && check_range(own.mem, 64, 2, 0), "the other space, later");
	vt_space_free(&v);
	vt_space_free(&own);
	vt_check(vt_nothing_left(), "after close");
	return true;
}

/* Single bad sectors that heal when they are written, as on a disk (dm-dust). */
static void dust(const char *message)
{
	vt_need(vl_run_command("dmsetup message " DM_STORE_NAME " 0 %s", message),
		"dmsetup message %s", message);
}

static bool test_dust(void)
{
	static const unsigned int victims[] = { 3, 64, 65, 200 };
	struct dm_line line = { .sectors = DM_SECTORS, .type = "dust" };
	struct vt_space v;
	char text[64];

	if (!vl_run_command("modprobe dm-dust"))
		return vt_skip("no dm-dust in this kernel (CONFIG_DM_DUST)");
	dm_load(4, "%s", "");
	v = vt_space_new(PAGES * vt_page_size());
	fill_range(v.mem, PAGES, 1, 0);
	vt_check(vt_evict_all(&v), "pages stayed");
	snprintf(line.params, sizeof(line.params), "%s 0 512", vl_disk());
	dm_set_table(&line, 1);
	for (unsigned int i = 0; i < ARRAY_SIZE(victims); i++) {
		/* one sector of the eight that the page has */
		snprintf(text, sizeof(text), "addbadblock %" PRIu64, disk_find(1, victims[i]) + i);
		dust(text);
	}
	dust("enable");
	vt_check(count_bad(&v, 0, PAGES) == ARRAY_SIZE(victims), "bad pages");
	for (unsigned int i = 0; i < ARRAY_SIZE(victims); i++)
		vt_check(vt_touch_sigbus(page_of(&v, victims[i]), false, NULL), "page %u",
			 victims[i]);
	dm_works();
	vt_check(counted(&v, ARRAY_SIZE(victims), "store/read_errors"), "counters");
	vt_space_free(&v);
	return true;
}

static const struct vt_test tests[] = {
	{ "dropped writes", test_dropped_writes },
	{ "bytes changed while they are written", test_corrupted_writes },
	{ "bytes changed while they are read", test_corrupted_reads },
	{ "all reads fail for a while", test_transient_reads },
	{ "up and down by turns, under load", test_up_and_down },
	{ "single bad sectors", test_dust },
};

int main(void)
{
	return dm_run(tests, ARRAY_SIZE(tests), 60);
}
