// SPDX-License-Identifier: GPL-2.0
/*
 * Operations through ioctls and /sys/kernel/vmdev. What they return is compared
 * with the model as exactly as the interface promises.
 */
#include "fuzz.h"

#define MOST_MIN	12U	/* frames a space keeps from others at most */

bool op_set_size(struct fz *f)
{
	struct fz_space *s = fz_pick_space(f);
	uint64_t size;

	if (!s || s->part)
		return true;
	size = fz_rand(f, FZ_PAGES * FZ_PAGE + 1);
	/* often a little more or less, often whole pages, seldom nothing */
	if (fz_chance(f, 2)) {
		size = s->size + fz_rand(f, 64 * FZ_PAGE);
		size -= fz_rand(f, 64 * FZ_PAGE) < size ? fz_rand(f, 32 * FZ_PAGE) : 0;
	}
	if (size > FZ_PAGES * FZ_PAGE)
		size = FZ_PAGES * FZ_PAGE;
	if (fz_chance(f, 2))
		size &= ~(FZ_PAGE - 1);
	if (fz_chance(f, 40))
		size = 0;
	fz_note(f, "SET_SIZE of space %d from %#" PRIx64 " to %#" PRIx64, s->fd, s->size, size);
	vt_check(!vt_set_size(fz_fd(f, s), size), "SET_SIZE: %s", strerror(errno));
	if (size >= s->size)
		fz_grow(s, size, true);
	else
		fz_shrink(s, size);
	return true;
}

bool op_set_limit(struct fz *f)
{
	struct fz_space *s = fz_pick_space(f);
	uint64_t max, min;
	int ret, want = 0;

	if (!s || s->part)
		return true;
	max = fz_chance(f, 3) ? 0 : FZ_LEAST_LIMIT + fz_rand(f, 1024);
	min = fz_rand(f, MOST_MIN);
	switch (fz_rand(f, 12)) {
	case 0:
		max = 1 + fz_rand(f, VMDEV_LIMIT_MIN - 1);
		want = EINVAL;
		break;
	case 1:
		min = max + 1 + fz_rand(f, 100);
		want = max ? EINVAL : 0;
		min = max ? min : fz_rand(f, MOST_MIN);
		break;
	case 2:
		max = 0;
		min = 1ULL << 40;
		want = ENOSPC;
	}
	fz_note(f, "SET_LIMIT of space %d: at most %" PRIu64 ", at least %" PRIu64, s->fd, max,
		min);
	ret = vt_set_limit(fz_fd(f, s), max, min);
	vt_check(ret == -want, "SET_LIMIT: %s, expected %s", strerror(-ret), strerror(want));
	if (!want) {
		s->limit_max = max;
		s->limit_min = min;
	}
	return true;
}

bool op_discard(struct fz *f)
{
	uint64_t least, most;
	struct fz_range r;
	int64_t n;

	if (!fz_pick_range(f, &r, !fz_chance(f, 4)))
		return true;
	least = fz_count(r.s, r.first, r.n, FZ_TOUCHED);
	most = fz_count(r.s, r.first, r.n, FZ_MAYBE);
	fz_note(f, "DISCARD %u pages at %u of space %d", r.n, r.first, r.s->fd);
	fz_begin(f, r.s, r.first, r.n, true);
	n = vt_discard(fz_fd(f, r.s), (uint64_t)r.first * FZ_PAGE, r.n * FZ_PAGE);
	memset(r.s->data + r.first * FZ_PAGE, 0, r.n * FZ_PAGE);
	fz_touch(r.s, r.first, r.n, FZ_ABSENT);
	fz_end(f);
	vt_check(n >= (int64_t)least && n <= (int64_t)most,
		 "DISCARD gave back %" PRId64 " pages of %" PRIu64 " to %" PRIu64, n, least, most);
	return true;
}

bool op_evict(struct fz *f)
{
	struct fz_range r;
	uint64_t most;
	int64_t n;

	if (!fz_pick_range(f, &r, !fz_chance(f, 4)))
		return true;
	most = fz_count(r.s, r.first, r.n, FZ_MAYBE);
	fz_note(f, "EVICT %u pages at %u of space %d", r.n, r.first, r.s->fd);
	n = vt_evict(fz_fd(f, r.s), (uint64_t)r.first * FZ_PAGE, r.n * FZ_PAGE);
	vt_check(n >= 0 && n <= (int64_t)most, "EVICT: %" PRId64 " pages of %" PRIu64, n, most);
	return true;
}

static bool entry_ok(const struct fz_space *s, unsigned int page, const struct vmdev_map_entry *e,
		     uint64_t slots)
{
	bool frame = (VT_RESIDENT & (1U << e->state));

	vt_check(e->state <= VMDEV_MAP_SWAPPED, "page %u: state %u", page, e->state);
	vt_check(!e->reserved, "page %u: reserved %#x", page, e->reserved);
	vt_check(s->touched[page] == FZ_MAYBE ||
		 (e->state == VMDEV_MAP_ABSENT) == (s->touched[page] == FZ_ABSENT),
		 "page %u: state %u, touched %u", page, e->state, s->touched[page]);
	/* a pool of 32 MiB has been the largest, in chunks of 512 */
	vt_check(frame ? e->frame < 8192 + 512 : e->frame == VMDEV_MAP_NONE,
		 "page %u: state %u, frame %u", page, e->state, e->frame);
	vt_check(e->slot == VMDEV_MAP_NONE || e->slot < slots, "page %u: slot %u", page, e->slot);
	vt_check((e->state != VMDEV_MAP_SWAPPED) || e->slot != VMDEV_MAP_NONE,
		 "page %u: swapped without a slot", page);
	vt_check((e->state != VMDEV_MAP_ABSENT && e->state != VMDEV_MAP_ZERO &&
		  e->state != VMDEV_MAP_DIRTY) || e->slot == VMDEV_MAP_NONE,
		 "page %u: state %u, slot %u", page, e->state, e->slot);
	return true;
}

bool op_get_map(struct fz *f)
{
	static struct vmdev_map_entry entries[FZ_RUN + 1];
	uint64_t slots = vt_sysfs_u64("store/slots");
	unsigned int pages, want;
	struct fz_range r;
	int64_t n;

	if (!fz_pick_range(f, &r, !fz_chance(f, 4)))
		return true;
	pages = fz_pages_of(r.s);
	want = r.first >= pages ? 0 : pages - r.first < r.n ? pages - r.first : r.n;
	fz_note(f, "GET_MAP of %u pages at %u of space %d", r.n, r.first, r.s->fd);
	memset(&entries[r.n], 0xa5, sizeof(entries[0]));
	n = vt_get_map(fz_fd(f, r.s), (uint64_t)r.first * FZ_PAGE, r.n, entries);
	vt_check(n == want, "GET_MAP: %" PRId64 " entries, expected %u", n, want);
	vt_check(entries[r.n].state == 0xa5a5a5a5, "GET_MAP wrote behind its entries");
	for (unsigned int i = 0; i < want; i++)
		if (!entry_ok(r.s, r.first + i, &entries[i], slots))
			return false;
	return true;
}

/* Counters, the 9 from faults_minor on, only go up. */
static bool counters_ok(struct fz_space *s, const struct vmdev_stats *now)
{
	const __u64 *a = &s->last.faults_minor, *b = &now->faults_minor;

	for (unsigned int i = 0; i < 9; i++)
		vt_check(a[i] <= b[i], "GET_STATS: counter %u went from %llu to %llu", i, a[i],
			 b[i]);
	s->last = *now;
	return true;
}

bool op_get_stats(struct fz *f)
{
	struct fz_space *s = fz_pick_space(f);
	struct vmdev_stats now;
	uint64_t least, most;

	if (!s)
		return true;
	fz_note(f, "GET_STATS of space %d", s->fd);
	vt_check(!vt_stats(fz_fd(f, s), &now), "GET_STATS: %s", strerror(errno));
	vt_check(now.size == s->size, "size %llu, expected %" PRIu64, now.size, s->size);
	vt_check(!now.bad, "%llu bad pages", now.bad);
	vt_check(now.resident <= now.touched && now.dirty <= now.resident,
		 "touched %llu, resident %llu, dirty %llu", now.touched, now.resident, now.dirty);
	for (unsigned int i = 0; i < ARRAY_SIZE(now.reserved); i++)
		vt_check(!now.reserved[i], "reserved[%u] %#llx", i, now.reserved[i]);
	if (s->part)
		return true;
	least = fz_count(s, 0, FZ_PAGES, FZ_TOUCHED);
	most = fz_count(s, 0, FZ_PAGES, FZ_MAYBE);
	vt_check(now.limit_max == s->limit_max && now.limit_min == s->limit_min,
		 "limits %llu and %llu, expected %" PRIu64 " and %" PRIu64, now.limit_max,
		 now.limit_min, s->limit_max, s->limit_min);
	vt_check(now.reserved_pages == s->reserved, "reserved %llu, expected %" PRIu64,
		 now.reserved_pages, s->reserved);
	/* pages that reclaim is at change their state while they are counted */
	if (now.touched < least || now.touched > most) {
		vt_sleep_ms(50);
		now.touched = vt_stats_now(s->fd).touched;
	}
	vt_check(now.touched >= least && now.touched <= most,
		 "touched %llu, expected %" PRIu64 " to %" PRIu64, now.touched, least, most);
	return counters_ok(s, &now);
}

bool op_get_info(struct fz *f)
{
	struct fz_space *s = fz_pick_space(f);
	struct vmdev_info info;

	if (!s)
		return true;
	fz_note(f, "GET_INFO of space %d", s->fd);
	vt_check(!vt_info(fz_fd(f, s), &info), "GET_INFO: %s", strerror(errno));
	vt_check(info.abi_version == VMDEV_ABI_VERSION && info.page_size == FZ_PAGE,
		 "version %u, page size %u", info.abi_version, info.page_size);
	vt_check(info.space_id && info.store_slots == vt_sysfs_u64("store/slots"),
		 "space %llu, %llu slots", info.space_id, info.store_slots);
	vt_check(!f->alone || info.pool_frames == vt_pool_frames(), "%llu frames",
		 info.pool_frames);
	return true;
}

/* ---- sysfs ---- */

bool op_pool(struct fz *f)
{
	/* 1 to 32 MiB, the lower end more often */
	uint64_t frames = 256 + fz_rand(f, fz_chance(f, 2) ? 1024 : 7936);
	double start = vt_now();
	int ret;

	fz_note(f, "pool/frames = %" PRIu64, frames);
	if (fz_chance(f, 8)) {
		ret = vt_try_pool_frames(fz_rand(f, 16));
		vt_check(ret == -EINVAL, "a pool of less than 16 frames: %s", strerror(-ret));
		ret = vt_sysfs_write("pool/frames", "many");
		vt_check(ret == -EINVAL, "a pool of many frames: %s", strerror(-ret));
	}
	ret = vt_try_pool_frames(frames);
	/* what this machine could not free in 10 s and more is no error */
	if (ret == -EBUSY && vt_now() - start > 9) {
		vt_msg("pool/frames = %" PRIu64 ": busy after %.0f s", frames, vt_now() - start);
		return true;
	}
	vt_check(!ret, "pool/frames = %" PRIu64 ": %s after %.1f s", frames, strerror(-ret),
		 vt_now() - start);
	vt_check(!f->alone || vt_pool_frames() == frames, "pool/frames reads %" PRIu64,
		 vt_pool_frames());
	return true;
}

bool op_policy(struct fz *f)
{
	static const char *const name[] = { "s3fifo", "clock", "clock-refault", "fifo", "clock\n",
					    "lifo", "" };
	unsigned int i = fz_rand(f, ARRAY_SIZE(name));
	int ret;

	fz_note(f, "policy/current = %s", name[i]);
	/* nothing at all is nothing written */
	if (!*name[i])
		return true;
	ret = vt_sysfs_write("policy/current", name[i]);
	vt_check(ret == (i < 5 ? 0 : -EINVAL), "policy/current = %s: %s", name[i], strerror(-ret));
	return true;
}

static bool rises(const char *name, uint64_t *before)
{
	uint64_t now = vt_sysfs_u64(name);

	vt_check(now >= *before, "%s went from %" PRIu64 " to %" PRIu64, name, *before, now);
	*before = now;
	return true;
}

bool op_sysfs(struct fz *f)
{
	static const char *const counter[] = {
		"stats/faults_minor", "stats/faults_major", "stats/faults_zero", "stats/evictions",
		"stats/evictions_clean", "stats/same_filled", "stats/refaults", "stats/readahead",
		"stats/readahead_hits", "stats/direct_reclaims", "store/read_pages",
		"store/read_ios", "store/written_pages", "store/written_ios",
		"pool/zeroed_on_free", "stats/locked_evictions", "stats/faults",
	};
	static const char *const never[] = {
		"stats/oom", "store/read_errors", "store/write_errors", "store/checksum_errors",
	};
	static uint64_t before[ARRAY_SIZE(counter)];
	uint64_t used, slots, frames, free;

	fz_note(f, "/sys/kernel/vmdev");
	for (unsigned int i = 0; i < ARRAY_SIZE(counter); i++)
		if (!rises(counter[i], &before[i]))
			return false;
	for (unsigned int i = 0; i < ARRAY_SIZE(never); i++)
		vt_check(!vt_sysfs_u64(never[i]), "%s is %" PRIu64, never[i],
			 vt_sysfs_u64(never[i]));
	slots = vt_sysfs_u64("store/slots");
	used = vt_sysfs_u64("store/used");
	vt_check(used <= slots, "%" PRIu64 " of %" PRIu64 " slots used", used, slots);
	frames = vt_pool_frames();
	free = vt_sysfs_u64("pool/free");
	vt_check(!f->alone || free <= frames, "%" PRIu64 " of %" PRIu64 " frames free", free,
		 frames);
	return true;
}

/* ---- what can be promised ---- */

static uint64_t promised(const struct fz *f, int how)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < f->spaces; i++) {
		const struct fz_space *s = f->space[i];
		uint64_t used = fz_count(s, 0, FZ_PAGES, how);

		if (s->fd >= 0 || fz_mapped(f, s))
			sum += used > s->reserved ? used : s->reserved;
	}
	return sum;
}

/* As Documentation/design.md says: slots and frames less what reclaim works with. */
static uint64_t capacity(void)
{
	uint64_t frames = vt_pool_frames(), head = frames / 32;

	head = head < 4 ? 4 : head > 1024 ? 1024 : head;
	return vt_sysfs_u64("store/slots") + frames - (head + 4 < 8 ? 8 : head + 4);
}

/* A mapping of about all that is left is refused exactly when it is more than that. */
bool op_reserve(struct fz *f)
{
	uint64_t most = capacity() - promised(f, FZ_TOUCHED);
	uint64_t least = capacity() - promised(f, FZ_MAYBE);
	uint64_t pages = least + fz_rand(f, 9) - 4;
	int flags = fz_chance(f, 8) ? MAP_NORESERVE : 0, fd;
	bool ok;
	char *p;

	if (fz_chance(f, 2))
		pages = 1 + fz_rand(f, 2 * least);
	fz_note(f, "mmap of %" PRIu64 " pages where %" PRIu64 " to %" PRIu64 " are left", pages,
		least, most);
	fd = vt_open();
	p = mmap(NULL, pages * FZ_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | flags, fd, 0);
	ok = p != MAP_FAILED;
	vt_check(ok || errno == ENOMEM, "mmap: %s", strerror(errno));
	vt_check(ok || !flags, "MAP_NORESERVE was refused");
	vt_check(flags || (ok ? pages <= most : pages > least),
		 "%" PRIu64 " pages were %s where %" PRIu64 " to %" PRIu64 " are left", pages,
		 ok ? "promised" : "refused", least, most);
	if (ok) {
		uint64_t at = (uint64_t)fz_rand(f, pages) * FZ_PAGE;

		vt_check(!fz_copy(f->buf, p + at, FZ_PAGE), "a signal");
		vt_check(check_zero(f->buf, FZ_PAGE), "a new space is not zero");
		vt_check(!munmap(p, pages * FZ_PAGE), "munmap: %s", strerror(errno));
	}
	close(fd);
	return true;
}
