// SPDX-License-Identifier: GPL-2.0
/*
 * VMDEV_IOC_GET_MAP: what it says about a page through the page's life, that frame
 * and slot numbers are the pool's and the store's, each held by one page, and how
 * the count of entries is limited.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

static const char *state_name(uint32_t state)
{
	static const char *const names[] = { "absent", "zero", "clean", "dirty", "reading",
		"writing", "swapped", "compressed", "bad" };

	return state < ARRAY_SIZE(names) ? names[state] : "unknown";
}

/* A page's state, and the numbers that the state must and must not have. */
static bool is_state(int fd, uint64_t page, uint32_t want)
{
	struct vmdev_map_entry e = vt_page_state(fd, page * vt_page_size());
	bool frame = want == VMDEV_MAP_CLEAN || want == VMDEV_MAP_DIRTY;
	bool slot = want == VMDEV_MAP_CLEAN || want == VMDEV_MAP_SWAPPED;

	vt_check(e.state == want, "page %" PRIu64 " is %s, expected %s", page, state_name(e.state),
		 state_name(want));
	vt_check(frame == (e.frame != VMDEV_MAP_NONE), "frame %u of a page that is %s", e.frame,
		 state_name(want));
	vt_check(!frame || e.frame < vt_pool_frames(), "frame %u of %" PRIu64, e.frame,
		 vt_pool_frames());
	vt_check(slot == (e.slot != VMDEV_MAP_NONE) || want == VMDEV_MAP_DIRTY,
		 "slot %u of a page that is %s", e.slot, state_name(want));
	vt_check(!slot || e.slot < vt_sysfs_u64("store/slots"), "slot %u of %" PRIu64, e.slot,
		 vt_sysfs_u64("store/slots"));
	vt_check(!e.reserved, "reserved is %u", e.reserved);
	return true;
}

static bool test_life(void)
{
	size_t page = vt_page_size();
	struct vt_space v = vt_space_new(3 * page);
	char *mem = v.mem + page;	/* page 1; its neighbours stay absent */

	vt_check(is_state(v.fd, 1, VMDEV_MAP_ABSENT), "untouched");
	fill_page(mem, 1, 1);
	vt_check(is_state(v.fd, 1, VMDEV_MAP_DIRTY), "written");
	vt_check(vt_evict_all(&v), "evict");
	vt_check(is_state(v.fd, 1, VMDEV_MAP_SWAPPED), "evicted");
	vt_check(check_page(mem, 1, 1), "content");
	vt_check(is_state(v.fd, 1, VMDEV_MAP_CLEAN), "read back");
	vt_check(vt_evict_all(&v), "evict");
	vt_check(is_state(v.fd, 1, VMDEV_MAP_SWAPPED), "evicted clean");
	vt_check(check_page(mem, 1, 1), "content");
	fill_page(mem, 2, 1);
	vt_check(is_state(v.fd, 1, VMDEV_MAP_DIRTY), "read back, then written");
	vt_check(vt_evict_all(&v), "evict");
	vt_check(is_state(v.fd, 1, VMDEV_MAP_SWAPPED), "evicted dirty");
	vt_check(check_page(mem, 2, 1), "content");
	memset(mem, 0, page);
	vt_check(vt_evict_all(&v), "evict");
	vt_check(is_state(v.fd, 1, VMDEV_MAP_ZERO), "zeroed and evicted");
	vt_check(check_zero(mem, page), "content");
	fill_page(mem, 3, 1);
	vt_check(vt_evict_all(&v), "evict");
	vt_check(is_state(v.fd, 1, VMDEV_MAP_SWAPPED), "written again");
	vt_check(vt_discard(v.fd, page, page) == 1, "DISCARD");
	vt_check(is_state(v.fd, 1, VMDEV_MAP_ABSENT), "discarded");
	vt_check(is_state(v.fd, 0, VMDEV_MAP_ABSENT) && is_state(v.fd, 2, VMDEV_MAP_ABSENT),
		 "the neighbours");
	vt_check(check_zero(v.mem, v.length), "content");
	vt_space_free(&v);
	return true;
}

/* The same through write(2), which maps nothing. */
static bool test_life_by_write(void)
{
	size_t page = vt_page_size();
	char *buf = malloc(page);
	int fd = vt_open();

	fill_page(buf, 4, 0);
	vt_check(pwrite(fd, buf, page, 0) == (ssize_t)page, "write: %s", strerror(errno));
	vt_check(is_state(fd, 0, VMDEV_MAP_DIRTY), "written");
	vt_check(vt_evict_range(fd, 0, page), "evict");
	vt_check(is_state(fd, 0, VMDEV_MAP_SWAPPED), "evicted");
	vt_check(pread(fd, buf, page, 0) == (ssize_t)page, "read: %s", strerror(errno));
	vt_check(check_page(buf, 4, 0), "content");
	vt_check(is_state(fd, 0, VMDEV_MAP_CLEAN), "read back");
	vt_check(pwrite(fd, "x", 1, 17) == 1, "write: %s", strerror(errno));
	vt_check(is_state(fd, 0, VMDEV_MAP_DIRTY), "written again");
	free(buf);
	close(fd);
	return true;
}

/* 3000 pages in every state; no frame and no slot belongs to two of two spaces. */
static bool test_numbers_unique(void)
{
	uint64_t frames = vt_pool_frames(), slots = vt_sysfs_u64("store/slots"), pages = 3000;
	unsigned char *frame_seen = calloc(frames, 1), *slot_seen = calloc(slots, 1);
	struct vmdev_map_entry *e = calloc(pages, sizeof(*e));
	struct vt_space v[2];

	for (int s = 0; s < 2; s++) {
		uint64_t third = pages / 3 * vt_page_size();

		v[s] = vt_space_new(pages * vt_page_size());
		fill_range(v[s].mem, pages, 5 + s, 0);
		vt_check(vt_evict_range(v[s].fd, 0, 2 * third), "evict");
		vt_check(check_range(v[s].mem, pages / 3, 5 + s, 0), "content");
	}
	for (int s = 0; s < 2; s++) {
		int64_t n = vt_get_map(v[s].fd, 0, pages, e);

		vt_check(n == (int64_t)pages, "%" PRId64 " of %" PRIu64 " entries", n, pages);
		for (uint64_t i = 0; i < pages; i++) {
			vt_check(e[i].frame == VMDEV_MAP_NONE || e[i].frame < frames,
				 "frame %u of %" PRIu64, e[i].frame, frames);
			vt_check(e[i].slot == VMDEV_MAP_NONE || e[i].slot < slots,
				 "slot %u of %" PRIu64, e[i].slot, slots);
			vt_check(e[i].frame == VMDEV_MAP_NONE || !frame_seen[e[i].frame]++,
				 "frame %u belongs to two pages", e[i].frame);
			vt_check(e[i].slot == VMDEV_MAP_NONE || !slot_seen[e[i].slot]++,
				 "slot %u belongs to two pages", e[i].slot);
			vt_check(!e[i].reserved, "reserved is %u", e[i].reserved);
		}
	}
	for (int s = 0; s < 2; s++) {
		vt_check(check_range(v[s].mem, pages, 5 + s, 0), "content");
		vt_space_free(&v[s]);
	}
	free(frame_seen);
	free(slot_seen);
	free(e);
	return true;
}

static bool test_count(void)
{
	size_t page = vt_page_size();
	struct vt_space v = vt_space_new(10 * page);
	struct vmdev_map_entry e[20];

	fill_range(v.mem, 10, 7, 0);
	memset(e, 0xee, sizeof(e));
	vt_check(vt_get_map(v.fd, 0, 20, e) == 10, "20 entries asked of 10 pages");
	for (int i = 0; i < 10; i++)
		vt_check(e[i].state == VMDEV_MAP_DIRTY, "page %d is %s", i, state_name(e[i].state));
	vt_check(e[10].state == 0xeeeeeeee && e[19].reserved == 0xeeeeeeee,
		 "entries past the end of the space were written");
	memset(e, 0xee, sizeof(e));
	vt_check(vt_get_map(v.fd, 2 * page, 3, e) == 3, "3 entries asked");
	vt_check(e[2].state == VMDEV_MAP_DIRTY && e[3].state == 0xeeeeeeee, "other than 3 written");
	vt_check(vt_get_map(v.fd, 9 * page, 5, e) == 1, "5 entries asked at the last page");
	vt_check(vt_get_map(v.fd, 10 * page, 5, e) == 0, "5 entries asked at the end");
	vt_check(vt_get_map(v.fd, 1ULL << 40, 5, e) == 0, "5 entries asked past the end");
	vt_check(vt_get_map(v.fd, 0, 0, e) == 0, "no entries asked");
	vt_check(vt_set_size(v.fd, 3 * page + 1) == 0, "SET_SIZE");
	vt_check(vt_get_map(v.fd, 0, 20, e) == 4, "a started page is a page");
	vt_space_free(&v);
	return true;
}

static const struct vt_test tests[] = {
	{ "a page's life by its mapping", test_life },
	{ "a page's life by read and write", test_life_by_write },
	{ "frames and slots belong to one page", test_numbers_unique },
	{ "count and the end of the space", test_count },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
