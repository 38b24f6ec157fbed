// SPDX-License-Identifier: GPL-2.0
/*
 * Making, opening, listing and removing volumes while each allocation and each copy
 * from or to user space fails in turn: a volume is there as a whole or not at all,
 * and its content stays.
 */
#define _GNU_SOURCE
#include "fail.h"
#include "vmdev_volume.h"

#define PAGES	64U

static struct vt_space v;	/* the volume "kept", with pattern 1 */
static int fd = -1;

/* With the descriptor there is: opening one could fail. */
static int request(unsigned long what, const char *name, uint64_t size)
{
	struct vmdev_volume volume = { .size = size, .mode = size ? 0640 : 0 };

	snprintf(volume.name, sizeof(volume.name), "%s", name);
	return ioctl(v.fd, what, &volume) ? -errno : 0;
}

static bool kept(void)
{
	vt_check(check_range(v.mem, PAGES, 1, 0), "content lost");
	return true;
}

static int run_create(void)
{
	return request(VMDEV_IOC_VOLUME_CREATE, "fail", PAGES * vt_page_size());
}

static bool verify_create(int result)
{
	bool there = !access(VV_PREFIX "fail", F_OK);

	vt_check(there == !result && vv_list(NULL, 0) == 1 + there, "half a volume");
	vt_check(vt_sysfs_u64("spaces/count") == 1U + there, "%" PRIu64 " spaces",
		 vt_sysfs_u64("spaces/count"));
	if (there) {
		fd = vv_open("fail");
		vt_check(pwrite(fd, "x", 1, 0) == 1, "pwrite: %s", strerror(errno));
		close(fd);
		vt_check(vv_gone("fail"), "REMOVE");
	}
	return kept();
}

static void prepare_remove(void)
{
	char *mem;

	vv_must_create("fail", PAGES * vt_page_size());
	fd = vv_open("fail");
	mem = vt_map(fd, 8 * vt_page_size(), 0);
	fill_range(mem, 8, 2, 0);
	munmap(mem, 8 * vt_page_size());
	close(fd);
}

static int run_remove(void)
{
	return request(VMDEV_IOC_VOLUME_REMOVE, "fail", 0);
}

static bool verify_remove(int result)
{
	vt_check(!access(VV_PREFIX "fail", F_OK) == !!result, "half a volume");
	if (result)
		vt_check(vv_gone("fail"), "REMOVE");
	vt_check(vv_list(NULL, 0) == 1, "a volume is left");
	return kept();
}

static int run_list(void)
{
	struct vmdev_volume volumes[2];
	struct vmdev_volume_list list = { .count = 2, .volumes = (uintptr_t)volumes };

	return ioctl(v.fd, VMDEV_IOC_VOLUME_LIST, &list) ? -errno : 0;
}

static bool verify_list(int result)
{
	(void)result;
	return kept();
}

static int run_open(void)
{
	fd = open(VV_PREFIX "kept", O_RDWR | O_DIRECT | O_CLOEXEC);
	return fd < 0 ? -errno : 0;
}

static bool verify_open(int result)
{
	if (!result)
		close(fd);
	return kept();
}

static const struct fi_step steps[] = {
	{ "VOLUME_CREATE", NULL, run_create, verify_create, { 0 } },
	{ "VOLUME_REMOVE", prepare_remove, run_remove, verify_remove, { 0 } },
	{ "VOLUME_LIST", NULL, run_list, verify_list, { 0 } },
	{ "open of a volume", NULL, run_open, verify_open, { -ENFILE, -EMFILE } },
};

static bool test_steps(void)
{
	vl_must_load("pool_mb=4 store=%s store_mb=32", vl_disk());
	vv_must_create("kept", PAGES * vt_page_size());
	v.length = PAGES * vt_page_size();
	v.fd = vv_open("kept");
	v.mem = vt_map(v.fd, v.length, 0);
	fill_range(v.mem, PAGES, 1, 0);
	vt_check(fi_walk_all(steps, ARRAY_SIZE(steps)), "a step");
	vt_space_free(&v);
	vt_check(vv_gone("kept") && vt_nothing_left(), "after all");
	vt_check(!vl_unload_patiently(10), "unload");
	return true;
}

static const struct vt_test tests[] = {
	{ "volumes", test_steps },
	/* last: everything above is forgotten by now, or leaked */
	{ "no memory is lost (where there is kmemleak)", vm_no_leaks },
};

int main(void)
{
	const struct vl_suite suite = {
		.tests = tests,
		.count = ARRAY_SIZE(tests),
		.seconds = 600,
	};

	return fi_run(&suite);
}
