// SPDX-License-Identifier: GPL-2.0
/*
 * The beginning and the end of volumes: removed while open, made again under the
 * same name, what is promised and given back, unload with and without users, and
 * creating, removing, opening and unloading at the same time.
 */
#define _GNU_SOURCE
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "vmdev_load.h"
#include "vmdev_volume.h"

#define PAGE		((uint64_t)vt_page_size())
#define PAGES		1500U		/* more than the pool */
#define SECONDS		8

static void load(void)
{
	vl_must_load("pool_mb=4 store=%s store_mb=32", vl_disk());
}

/* An open volume with PAGES of content. */
static struct vt_space fill_volume(const char *name, unsigned int seed)
{
	struct vt_space v = { .length = PAGES * PAGE };

	vv_must_create(name, v.length);
	v.fd = vv_open(name);
	v.mem = vt_map(v.fd, v.length, 0);
	fill_range(v.mem, PAGES, seed, 0);
	return v;
}

/* ---- removing ---- */

/* As with a file that was unlinked: its content, and opening it through /proc. */
static bool lives_on(struct vt_space *v, unsigned int seed)
{
	char path[32];
	int again;

	vt_check(check_range(v->mem, PAGES, seed, 0), "content of a removed volume");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", v->fd);
	again = open(path, O_RDWR | O_CLOEXEC);
	vt_check(again >= 0, "%s: %s", path, strerror(errno));
	vt_check(vt_discard(again, 0, PAGE) == 1 && check_zero(v->mem, PAGE), "another descriptor");
	vt_need(!close(again), "close: %s", strerror(errno));
	vt_check(check_range(v->mem + PAGE, PAGES - 1, seed, 1), "after its close");
	return true;
}

static bool test_removed_while_open(void)
{
	struct vt_space old, new;

	load();
	old = fill_volume("v", 1);
	vt_check(vv_gone("v"), "REMOVE while open");
	vt_check(vv_try_open("v", O_RDWR) == -ENOENT && vv_list(NULL, 0) == 0, "still there");
	vt_check(lives_on(&old, 1), "the old one");
	/* the name is another's now */
	vv_must_create("v", PAGES * PAGE);
	new.fd = vv_open("v");
	new.length = PAGES * PAGE;
	new.mem = vt_map(new.fd, new.length, 0);
	vt_check(check_zero(new.mem, 100 * PAGE), "old content in a new volume");
	fill_range(new.mem, PAGES, 2, 0);
	vt_check(check_range(old.mem + PAGE, PAGES - 1, 1, 1), "new content in an old volume");
	close(old.fd);
	vt_check(vt_sysfs_u64("spaces/count") == 2, "gone with the descriptor, but mapped");
	munmap(old.mem, old.length);
	vt_check(vt_sysfs_u64("spaces/count") == 1, "not gone with the last mapping");
	vt_check(check_range(new.mem, PAGES, 2, 0), "the new one's content");
	vt_space_free(&new);
	return vv_gone("v") && vt_nothing_left();
}

static bool test_given_back(void)
{
	uint64_t half;
	int fd;

	load();
	half = vt_pool_frames() / 2;
	for (unsigned int i = 0; i < 5; i++) {
		struct vt_space v = fill_volume("v", 3 + i);

		vt_check(check_range(v.mem, PAGES, 3 + i, 0), "content");
		vt_check(!vt_set_limit(v.fd, 0, half), "all of the minima");
		vt_space_free(&v);
		/* a limit is the volume's, not the descriptor's */
		v.fd = vt_open();
		vt_check(vt_set_limit(v.fd, 0, 1) == -ENOSPC, "a minimum more");
		close(v.fd);
		vt_check(vv_gone("v") && vt_nothing_left(), "round %u", i);
	}
	fd = vt_open();
	vt_check(!vt_set_limit(fd, 0, half), "the minima of removed volumes");
	close(fd);
	return true;
}

/* Who kept a node of a volume that is gone doesn't get another's. */
static bool test_numbers(void)
{
	unsigned int last = 0, major_of = 0;
	struct stat st;

	load();
	for (unsigned int i = 0; i < 300; i++) {
		vv_must_create("n", PAGE);
		vt_need(!stat(VV_PREFIX "n", &st), "stat: %s", strerror(errno));
		vt_check(!i || (minor(st.st_rdev) == last + 1 && major(st.st_rdev) == major_of),
			 "round %u: %u:%u after %u:%u", i, major(st.st_rdev), minor(st.st_rdev),
			 major_of, last);
		last = minor(st.st_rdev);
		major_of = major(st.st_rdev);
		vt_check(vv_gone("n"), "REMOVE");
	}
	vt_need(!mknod("/dev/old-node", S_IFCHR | 0600, makedev(major_of, last)), "mknod");
	vt_check(open("/dev/old-node", O_RDWR) < 0 && errno == ENXIO, "an old node: %s",
		 strerror(errno));
	unlink("/dev/old-node");
	return true;
}

/* ---- what is promised ---- */

static int map_error(uint64_t pages)
{
	int fd = vt_open();
	void *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	int err = p == MAP_FAILED ? errno : 0;

	if (!err)
		munmap(p, pages * PAGE);
	close(fd);
	return err;
}

static bool test_promise(void)
{
	uint64_t slots;
	int ret;

	load();
	slots = vt_sysfs_u64("store/slots");
	ret = vv_create("much", (slots + vt_pool_frames() + 1) * PAGE, 0, 0);
	vt_check(ret == -ENOSPC, "more than there is: %s", strerror(-ret));
	vv_must_create("most", slots * PAGE);
	ret = vv_create("more", slots / 2 * PAGE, 0, 0);
	vt_check(ret == -ENOSPC, "what is promised already: %s", strerror(-ret));
	vt_check(vv_list(NULL, 0) == 1 && vt_sysfs_u64("spaces/count") == 1, "left of a refusal");
	vt_check(map_error(slots / 2) == ENOMEM, "a space gets what a volume was promised");
	vt_check(vv_gone("most") && !map_error(slots / 2), "not given back");
	vv_must_create("more", slots / 2 * PAGE);
	return vv_gone("more");
}

static bool test_overcommit(void)
{
	uint64_t pages = 1ULL << 30;
	struct vt_space v;

	vl_must_load("pool_mb=4 store=%s store_mb=32 overcommit=1", vl_disk());
	vv_must_create("sparse", pages * PAGE);
	v.fd = vv_open("sparse");
	v.length = PAGES * PAGE;
	v.mem = vt_map(v.fd, v.length, (pages - PAGES) * PAGE);
	fill_range(v.mem, PAGES, 4, 0);
	vt_check(check_range(v.mem, PAGES, 4, 0), "the end of 4 TiB");
	vt_check(!vt_stats_now(v.fd).reserved_pages, "%llu pages reserved",
		 vt_stats_now(v.fd).reserved_pages);
	vt_space_free(&v);
	return vv_gone("sparse") && vt_nothing_left();
}

/* ---- unload ---- */

static bool busy(void)
{
	int ret = vl_unload();

	vt_check(vl_is_busy(ret), "unload: %s", ret ? strerror(-ret) : "success while in use");
	return true;
}

static bool test_unload(void)
{
	struct vt_space v, w;
	int ret;

	load();
	v = fill_volume("v", 5);
	w = fill_volume("w", 6);
	vt_check(vv_gone("w"), "REMOVE");
	close(v.fd);
	munmap(w.mem, w.length);
	vt_check(busy(), "with a mapping of one and a descriptor of one that was removed");
	vt_check(check_range(v.mem, PAGES, 5, 0), "content");
	munmap(v.mem, v.length);
	vt_check(busy(), "with a descriptor of one that was removed");
	close(w.fd);
	/* content that nobody has open is in nobody's way */
	ret = vl_unload_patiently(5);
	vt_check(!ret, "unload: %s", strerror(-ret));
	vt_check(access(VV_PREFIX "v", F_OK) && access("/sys/class/vmdev", F_OK), "left behind");
	load();
	vt_check(vv_list(NULL, 0) == 0 && vt_nothing_left(), "volumes after a reload");
	v = fill_volume("v", 7);
	vt_check(check_range(v.mem, PAGES, 7, 0), "content after a reload");
	return true;
}

/* ---- at the same time ---- */

static atomic_ulong created, removed, opened;

static bool make_and_remove(struct vt_crew *crew, unsigned int id)
{
	int ret;

	(void)id;
	while (!atomic_load(&crew->stop)) {
		ret = vv_create("race", 32 * PAGE, 0, 0);
		vt_check(!ret || ret == -EEXIST, "CREATE: %s", strerror(-ret));
		atomic_fetch_add(&created, !ret);
		ret = vv_remove("race");
		vt_check(!ret || ret == -ENOENT, "REMOVE: %s", strerror(-ret));
		atomic_fetch_add(&removed, !ret);
	}
	return true;
}

/* Removed or not, an open volume keeps what was put in it. */
static bool use(struct vt_crew *crew, unsigned int id)
{
	for (unsigned int i = 0; !atomic_load(&crew->stop); i++) {
		int fd = vv_try_open("race", O_RDWR);
		char *page;

		/* its node was there, its device no more */
		vt_check(fd >= 0 || fd == -ENOENT || fd == -ENXIO, "open: %s", strerror(-fd));
		if (fd < 0)
			continue;
		page = vt_map(fd, PAGE, id * PAGE);
		fill_page(page, id + 1, i);
		vt_check(vt_evict(fd, 0, 32 * PAGE) >= 0, "EVICT");
		vt_check(check_page(page, id + 1, i), "thread %u, round %u", id, i);
		munmap(page, PAGE);
		close(fd);
		atomic_fetch_add(&opened, 1);
	}
	return true;
}

static bool list(struct vt_crew *crew)
{
	struct vmdev_volume v[2];

	while (!atomic_load(&crew->stop)) {
		int64_t n = vv_list(v, 2);

		/* not one moment's picture: one may be removed and made while it is taken */
		vt_check(n >= 0, "LIST: %s", strerror(-n));
		if (n)
			vt_check(!strcmp(v[0].name, "race") && v[0].size == 32 * PAGE,
				 "LIST gives %s of %llu", v[0].name, v[0].size);
	}
	return true;
}

static bool race(struct vt_crew *crew, unsigned int id)
{
	if (id < 2)
		return make_and_remove(crew, id);
	return id < 4 ? use(crew, id) : list(crew);
}

static bool test_race(void)
{
	struct vt_crew crew;

	load();
	vt_crew_start(&crew, 5, race, NULL);
	for (double end = vt_now() + SECONDS; vt_now() < end || !opened;)
		vt_sleep_ms(10);
	vt_check(vt_crew_stop(&crew), "in a thread");
	vt_msg("%lu created, %lu removed, %lu opened", created, removed, opened);
	vt_check(created == removed + vv_list(NULL, 0) && created > 10, "created and removed");
	vv_remove_all();
	return vt_nothing_left();
}

static bool open_all_the_time(struct vt_crew *crew, unsigned int id)
{
	(void)id;
	while (!atomic_load(&crew->stop)) {
		int fd = vv_try_open("v", O_RDWR);

		if (fd < 0)
			continue;
		vt_check(pwrite(fd, "x", 1, 0) == 1, "write: %s", strerror(errno));
		close(fd);
		atomic_fetch_add(&opened, 1);
	}
	return true;
}

/* Whoever opens one either has the module or gets none. */
static bool test_unload_race(void)
{
	struct vt_crew crew;

	vt_crew_start(&crew, 2, open_all_the_time, NULL);
	for (unsigned int i = 0; i < 5; i++) {
		struct vt_space v;
		int ret;

		load();
		v = fill_volume("v", 8);
		vt_sleep_ms(50);
		vt_space_free(&v);
		ret = vl_unload_patiently(20);
		vt_check(!ret, "unload in round %u: %s", i, strerror(-ret));
	}
	vt_check(vt_crew_stop(&crew), "in a thread");
	vt_check(opened > 10, "opened %lu times", opened);
	return true;
}

static const struct vt_test tests[] = {
	{ "removed while open", test_removed_while_open },
	{ "all is given back", test_given_back },
	{ "numbers are not used again soon", test_numbers },
	{ "its size is promised", test_promise },
	{ "overcommit", test_overcommit },
	{ "unload", test_unload },
	{ "create, remove, open and list at once", test_race },
	{ "unload while volumes are opened", test_unload_race },
};

int main(void)
{
	const struct vl_suite suite = { .tests = tests, .count = ARRAY_SIZE(tests) };

	return vl_run(&suite);
}
