// SPDX-License-Identifier: GPL-2.0
/*
 * A block device that goes away while it is the store: what was in it is lost, page
 * by page, with SIGBUS; what is in memory stays right; nobody waits longer than said;
 * everything can be closed and the module unloaded, with the device gone.
 */
#define _GNU_SOURCE
#include <sys/mount.h>

#include "dm_store.h"
#include "nbd_store.h"
#include "vmdev_machine.h"

#define PAGES	200
#define HALF	(PAGES / 2)
#define BOUND	40.0	/* seconds: 10 without a frame, or a device's 5, and a slow machine */

static char *page_of(const struct vt_space *v, unsigned int index)
{
	return v->mem + index * vt_page_size();
}

/* The first half is in the store, the second in memory, and both are right. */
static struct vt_space two_halves(void)
{
	struct vt_space v = vt_space_new(PAGES * vt_page_size());

	fill_range(v.mem, PAGES, 1, 0);
	vt_need(vt_evict_range(v.fd, 0, HALF * vt_page_size()), "pages stayed");
	return v;
}

/* The device is gone. Everything that can be said of that, to the last unload. */
static bool lives_without(struct vt_space *v)
{
	double start = vt_now(), slowest = 0;
	struct vt_space more;
	int ret;

	for (unsigned int i = 0; i < HALF; i++) {
		double began = vt_now();

		vt_check(vt_touch_sigbus(page_of(v, i), i % 2, NULL),
			 "page %u of a device that is gone can be touched", i);
		if (vt_now() - began > slowest)
			slowest = vt_now() - began;
	}
	vt_msg("slowest SIGBUS %.2f s", slowest);
	vt_check(slowest < BOUND, "SIGBUS took %.0f s", slowest);
	vt_check(check_range(page_of(v, HALF), HALF, 1, HALF), "pages in memory");
	vt_check(vt_stats_now(v->fd).bad == HALF, "%llu bad pages", vt_stats_now(v->fd).bad);
	vt_check(vt_sysfs_u64("store/read_errors") >= 1, "no read error was counted");
	/* they can't be written either, and stay */
	vt_evict(v->fd, 0, v->length);
	vt_check(check_range(page_of(v, HALF), HALF, 1, HALF), "pages that can't be written");
	vt_check(vt_sysfs_u64("store/write_errors") >= 1, "no write error was counted");
	/* as long as there are frames, all goes on */
	more = vt_space_new(64 * vt_page_size());
	fill_range(more.mem, 64, 2, 0);
	vt_check(check_range(more.mem, 64, 2, 0), "a new space");
	vt_space_free(&more);
	vt_space_free(v);
	vt_check(vt_nothing_left(), "after close");
	ret = vl_unload_patiently(10);
	vt_check(!ret, "unload: %s", strerror(-ret));
	vt_check(vt_now() - start < 2 * BOUND, "all of it took %.0f s", vt_now() - start);
	return true;
}

/* ---- device-mapper ---- */

static bool test_dm_wiped(void)
{
	struct vt_space v;

	dm_modprobe();
	dm_load(4, "readahead=0");
	v = two_halves();
	vt_check(vl_run_command("dmsetup wipe_table --noflush " DM_STORE_NAME), "wipe_table");
	return lives_without(&v);
}

/* In use it can't be removed; removed when it is closed, it is there until then. */
static bool test_dm_removed(void)
{
	struct dm_request r = { 0 };
	struct vt_space v;
	int ret;

	dm_modprobe();
	dm_load(4, "%s", "");
	v = two_halves();
	ret = dm_simple(DM_DEV_REMOVE, 0);
	vt_check(ret == -EBUSY, "removing a device in use: %s", strerror(-ret));
	ret = dm_simple(DM_DEV_REMOVE, DM_DEFERRED_REMOVE);
	vt_check(!ret, "removing it later: %s", strerror(-ret));
	vt_check(check_range(v.mem, PAGES, 1, 0), "content lost");
	vt_check(vt_evict_all(&v) && check_range(v.mem, PAGES, 1, 0), "content lost");
	vt_space_free(&v);
	ret = vl_unload_patiently(10);
	vt_check(!ret, "unload: %s", strerror(-ret));
	for (int i = 0; i < 100 && !dm_call(DM_DEV_STATUS, &r); i++) {
		vt_sleep_ms(20);
		memset(&r, 0, sizeof(r));
	}
	memset(&r, 0, sizeof(r));
	vt_check(dm_call(DM_DEV_STATUS, &r) == -ENXIO, "the device outlives the module");
	return true;
}

/* ---- a device that is pulled out ---- */

#define NULLB_NAME	"vmdev-null"
#define NULLB		"/sys/kernel/config/nullb/" NULLB_NAME

static void null_off(void)
{
	if (access(NULLB, F_OK))
		return;
	vm_write(NULLB "/power", "0");
	rmdir(NULLB);
}

static bool test_pulled_out(void)
{
	struct vt_space v;

	if (!vl_run_command("modprobe configfs; modprobe null_blk nr_devices=0"))
		return vt_skip("no null_blk");
	mount("configfs", "/sys/kernel/config", "configfs", 0, NULL);
	null_off();
	if (mkdir(NULLB, 0755))
		return vt_skip("no null_blk by configfs");
	if (vm_write(NULLB "/size", "32") || vm_write(NULLB "/memory_backed", "1") ||
	    vm_write(NULLB "/blocksize", "4096") || vm_write(NULLB "/power", "1"))
		return vt_skip("no null_blk with memory");
	/* its name is that of the folder, in older kernels a number */
	vl_must_load("pool_mb=4 store=%s store_mb=0 readahead=0",
		     access("/dev/" NULLB_NAME, F_OK) ? "/dev/nullb0" : "/dev/" NULLB_NAME);
	v = two_halves();
	vt_check(!vm_write(NULLB "/power", "0"), "power off");
	return lives_without(&v);
}

/* ---- nbd ---- */

static struct nbd_store nbd;

static bool start_nbd(unsigned int timeout)
{
	if (!nbd_start(&nbd, timeout)) {
		vt_skip("no nbd");
		return false;
	}
	vl_must_load("pool_mb=4 store=" NBD_NODE " store_mb=0 readahead=0");
	return true;
}

static bool test_nbd_works(void)
{
	struct vt_space v;

	if (!start_nbd(10))
		return true;
	vt_set_pool_frames(256);
	v = vt_space_new(600 * vt_page_size());
	fill_range(v.mem, 600, 1, 0);
	vt_check(check_range(v.mem, 600, 1, 0), "content lost");
	vt_space_free(&v);
	vt_check(!vl_unload_patiently(10), "unload");
	nbd_stop(&nbd);
	return true;
}

static bool test_nbd_disconnected(void)
{
	struct vt_space v;
	bool ok;

	if (!start_nbd(10))
		return true;
	v = two_halves();
	nbd_disconnect(&nbd);
	ok = lives_without(&v);
	nbd_stop(&nbd);
	return ok;
}

static bool test_nbd_server_killed(void)
{
	struct vt_space v;
	bool ok;

	if (!start_nbd(10))
		return true;
	v = two_halves();
	kill(nbd.server, SIGKILL);
	ok = lives_without(&v);
	nbd_stop(&nbd);
	return ok;
}

/* It answers nothing: the driver's time limit is what ends the waiting. */
static bool test_nbd_server_hangs(void)
{
	struct vt_space v;
	bool ok;

	if (!start_nbd(5))
		return true;
	v = two_halves();
	kill(nbd.server, SIGSTOP);
	ok = lives_without(&v);
	nbd_stop(&nbd);
	return ok;
}

/* Cut off with reads and writes under way. */
static bool use_it(struct vt_crew *crew, unsigned int id)
{
	const struct vt_space *v = crew->arg;
	uint64_t state = id, pages = v->length / vt_page_size();

	while (!atomic_load(&crew->stop)) {
		uint64_t i = vt_random(&state) % pages;
		unsigned char byte = page_word(1, i, 0);

		if (id)
			vt_touch_sigbus(page_of(v, i), true, &byte);
		else
			vt_check(vt_look_at_page(page_of(v, i), 1, i) != VT_WRONG,
				 "page %" PRIu64, i);
	}
	return true;
}

static bool test_nbd_cut_off(void)
{
	struct vt_crew crew;
	struct vt_space v;
	double start;
	int ret;

	if (!start_nbd(5))
		return true;
	v = vt_space_new(3000 * vt_page_size());
	fill_range(v.mem, 3000, 1, 0);
	vt_crew_start(&crew, 3, use_it, &v);
	vt_sleep_ms(1000);
	kill(nbd.server, SIGKILL);
	vt_sleep_ms(3000);
	atomic_store(&crew.stop, true);
	start = vt_now();
	vt_check(vt_crew_join(&crew), "in a thread");
	vt_msg("the last thread was back after %.1f s", vt_now() - start);
	vt_check(vt_now() - start < BOUND, "a thread took %.0f s", vt_now() - start);
	vt_check(vt_sysfs_u64("store/read_errors") >= 1, "no read error");
	vt_space_free(&v);
	vt_check(vt_nothing_left(), "after close");
	ret = vl_unload_patiently(10);
	vt_check(!ret, "unload: %s", strerror(-ret));
	nbd_stop(&nbd);
	return true;
}

static const struct vt_test tests[] = {
	{ "dmsetup wipe_table", test_dm_wiped },
	{ "dmsetup remove", test_dm_removed },
	{ "a device that is pulled out", test_pulled_out },
	{ "nbd as a store", test_nbd_works },
	{ "nbd, disconnected", test_nbd_disconnected },
	{ "nbd, its server killed", test_nbd_server_killed },
	{ "nbd, its server hangs", test_nbd_server_hangs },
	{ "nbd, cut off under load", test_nbd_cut_off },
};

static void remove_all(void)
{
	dm_remove();
	null_off();
}

int main(void)
{
	const struct vl_suite suite = {
		.tests = tests,
		.count = ARRAY_SIZE(tests),
		.seconds = 120,
		.before_unload = dm_before_unload,
		.after_unload = remove_all,
	};

	dm_modprobe();
	return vl_run(&suite);
}
