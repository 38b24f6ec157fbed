// SPDX-License-Identifier: GPL-2.0
/*
 * A duplicated descriptor is the same space with the same file offset, and keeps
 * it alive.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define PAGES	64

static bool same_space(void)
{
	const size_t page = vt_page_size();
	struct vt_space s = vt_space_new(PAGES * page);
	struct vmdev_info a, b;
	int copy = dup(s.fd);
	char *mem, *buf = malloc(page);

	vt_need(copy >= 0 && buf, "dup: %s", strerror(errno));
	vt_need(!vt_info(s.fd, &a) && !vt_info(copy, &b), "GET_INFO");
	vt_check(a.space_id == b.space_id, "space %llu became %llu", a.space_id, b.space_id);
	mem = vt_map(copy, s.length, 0);
	fill_range(s.mem, PAGES, 1, 0);
	vt_check(vt_evict_all(&s), "not evicted");
	vt_check(check_range(mem, PAGES, 1, 0), "through the copy's mapping");
	fill_range(mem, PAGES, 2, 0);
	vt_check(check_range(s.mem, PAGES, 2, 0), "written through the copy's mapping");

	vt_check(lseek(s.fd, 3 * page, SEEK_SET) == (off_t)(3 * page), "lseek: %s",
		 strerror(errno));
	vt_check(read(copy, buf, page) == (ssize_t)page, "read: %s", strerror(errno));
	vt_check(check_page(buf, 2, 3), "read at the offset set through the other descriptor");
	vt_check(lseek(s.fd, 0, SEEK_CUR) == (off_t)(4 * page), "the offset is %jd",
		 (intmax_t)lseek(s.fd, 0, SEEK_CUR));
	munmap(mem, s.length);
	close(copy);
	vt_space_free(&s);
	return true;
}

static bool keeps_alive(void)
{
	struct vt_space s = vt_space_new(PAGES * vt_page_size());
	int copy = dup(s.fd);
	char *mem;

	vt_need(copy >= 0, "dup: %s", strerror(errno));
	fill_range(s.mem, PAGES, 3, 0);
	vt_check(vt_evict_range(s.fd, 0, s.length / 2), "not evicted");
	vt_space_free(&s);
	vt_check(vt_sysfs_u64("spaces/count") == 1, "%" PRIu64 " spaces, expected 1",
		 vt_sysfs_u64("spaces/count"));
	mem = vt_map(copy, PAGES * vt_page_size(), 0);
	vt_check(check_range(mem, PAGES, 3, 0), "through the copy alone");
	munmap(mem, PAGES * vt_page_size());
	close(copy);
	vt_check(vt_nothing_left(), "after the last descriptor");
	return true;
}

static const struct vt_test tests[] = {
	{ "a copy is the same space", same_space },
	{ "a copy keeps the space alive", keeps_alive },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
