// SPDX-License-Identifier: GPL-2.0
/*
 * VMDEV_IOC_GET_INFO: every field says what the module was loaded with and what
 * sysfs says, spaces have numbers of their own, and nothing of the caller's or the
 * kernel's memory is left in the reserved fields.
 */
#define _GNU_SOURCE
#include "vmdev_load.h"

#define PAGES_PER_MB	256

static uint64_t param_u64(const char *name)
{
	char value[64];
	int ret = vl_param(name, value, sizeof(value));

	vt_need(!ret, "parameter %s: %s", name, strerror(-ret));
	return strtoull(value, NULL, 10);
}

static bool test_fields(void)
{
	uint64_t known = VMDEV_FEATURE_DIRECT_IO | VMDEV_FEATURE_CHECKSUM | VMDEV_FEATURE_ACCESSED |
			 VMDEV_FEATURE_BLOCK_IO | VMDEV_FEATURE_VOLUMES;
	uint64_t wanted_slots = param_u64("store_mb") * PAGES_PER_MB;
	struct vmdev_info info;
	int fd = vt_open();
	int ret = vt_info(fd, &info);

	vt_check(!ret, "GET_INFO: %s", strerror(-ret));
	vt_check(info.abi_version == VMDEV_ABI_VERSION, "ABI version %u", info.abi_version);
	vt_check(info.page_size == vt_page_size(), "page size %u", info.page_size);
	vt_check(info.pool_frames == param_u64("pool_mb") * PAGES_PER_MB,
		 "%llu pool frames", info.pool_frames);
	vt_check(info.pool_frames == vt_pool_frames(), "%llu pool frames, sysfs says %" PRIu64,
		 info.pool_frames, vt_pool_frames());
	vt_check(info.store_slots == vt_sysfs_u64("store/slots"), "%llu slots, sysfs says %" PRIu64,
		 info.store_slots, vt_sysfs_u64("store/slots"));
	vt_check(info.store_slots <= wanted_slots && info.store_slots + 16 >= wanted_slots,
		 "%llu slots in a store of %" PRIu64 " pages", info.store_slots, wanted_slots);
	vt_check(!(info.features & ~known), "unknown features %#llx", info.features & ~known);
	vt_check(!!(info.features & VMDEV_FEATURE_CHECKSUM) == !!param_u64("checksum"),
		 "features %#llx, checksum=%" PRIu64, info.features, param_u64("checksum"));
	vt_check(info.features & VMDEV_FEATURE_BLOCK_IO, "no block I/O to a store on ext4");
	for (unsigned int i = 0; i < ARRAY_SIZE(info.reserved); i++)
		vt_check(!info.reserved[i], "reserved[%u] is %#llx", i, info.reserved[i]);
	close(fd);
	return true;
}

/* An _IOR structure is output alone: what was in it doesn't matter and doesn't stay. */
static bool test_garbage_in(void)
{
	struct vmdev_info info;
	struct vmdev_stats stats;
	int fd = vt_open();

	memset(&info, 0xa5, sizeof(info));
	vt_check(!ioctl(fd, VMDEV_IOC_GET_INFO, &info), "GET_INFO: %s", strerror(errno));
	for (unsigned int i = 0; i < ARRAY_SIZE(info.reserved); i++)
		vt_check(!info.reserved[i], "info.reserved[%u] is %#llx", i, info.reserved[i]);
	memset(&stats, 0xa5, sizeof(stats));
	vt_check(!ioctl(fd, VMDEV_IOC_GET_STATS, &stats), "GET_STATS: %s", strerror(errno));
	for (unsigned int i = 0; i < ARRAY_SIZE(stats.reserved); i++)
		vt_check(!stats.reserved[i], "stats.reserved[%u] is %#llx", i, stats.reserved[i]);
	vt_check(!stats.size && !stats.resident && !stats.touched, "a new space isn't empty");
	close(fd);
	return true;
}

static uint64_t id_of(int fd)
{
	struct vmdev_info info;
	int ret = vt_info(fd, &info);

	vt_need(!ret, "GET_INFO: %s", strerror(-ret));
	return info.space_id;
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static bool test_ids_unique(void)
{
	uint64_t ids[1000];
	int kept[50];

	for (unsigned int i = 0; i < ARRAY_SIZE(ids); i++) {
		int fd = vt_open();

		ids[i] = id_of(fd);
		if (i < ARRAY_SIZE(kept))
			kept[i] = fd;
		else
			close(fd);
	}
	vt_check(vt_sysfs_u64("spaces/count") == ARRAY_SIZE(kept), "spaces/count is %" PRIu64,
		 vt_sysfs_u64("spaces/count"));
	for (unsigned int i = 0; i < ARRAY_SIZE(kept); i++) {
		vt_check(id_of(kept[i]) == ids[i], "space %u changed its number", i);
		close(kept[i]);
	}
	qsort(ids, ARRAY_SIZE(ids), sizeof(*ids), compare_u64);
	for (unsigned int i = 1; i < ARRAY_SIZE(ids); i++)
		vt_check(ids[i] != ids[i - 1], "two spaces are number %" PRIu64, ids[i]);
	return true;
}

static bool child_has_id(void *arg)
{
	int *fd = arg;

	return id_of(fd[0]) == id_of(fd[1]);
}

static bool test_id_shared(void)
{
	int fd[2] = { vt_open() };

	fd[1] = dup(fd[0]);
	vt_check(id_of(fd[0]) == id_of(fd[1]), "dup() made another space");
	vt_check(vt_in_child(child_has_id, fd), "fork() made another space");
	close(fd[0]);
	vt_check(id_of(fd[1]), "no number after the first descriptor closed");
	close(fd[1]);
	return true;
}

static bool test_follows_resize(void)
{
	uint64_t frames = vt_pool_frames();
	struct vmdev_info info;
	int fd = vt_open();

	vt_set_pool_frames(frames / 2);
	vt_check(!vt_info(fd, &info) && info.pool_frames == frames / 2,
		 "%llu frames after a resize to %" PRIu64, info.pool_frames, frames / 2);
	vt_set_pool_frames(frames);
	vt_check(!vt_info(fd, &info) && info.pool_frames == frames,
		 "%llu frames after a resize to %" PRIu64, info.pool_frames, frames);
	close(fd);
	return true;
}

static const struct vt_test tests[] = {
	{ "the fields say what was loaded", test_fields },
	{ "output structures need no clearing", test_garbage_in },
	{ "a thousand spaces have a thousand numbers", test_ids_unique },
	{ "dup and fork share the number", test_id_shared },
	{ "pool_frames follows a resize", test_follows_resize },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
