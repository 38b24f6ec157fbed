// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs vmdev/pages and vmdev/mappings: the pages of a space as GET_MAP has them, for
 * as long as there is the space; each mapping of each process, with its space.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#define DEBUGFS	"/sys/kernel/debug/vmdev"
#define PAGES	200

static uint64_t id_of(int fd)
{
	struct vmdev_info info;

	vt_need(!vt_info(fd, &info), "GET_INFO");
	return info.space_id;
}

static int open_pages(uint64_t id)
{
	char path[64];

	snprintf(path, sizeof(path), DEBUGFS "/pages/%" PRIu64, id);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static bool test_pages(void)
{
	struct vmdev_map_entry want[PAGES], got[PAGES + 1];
	struct vt_space v = vt_space_new(PAGES * vt_page_size());
	const ssize_t size = sizeof(want[0]);
	void *none = mmap(NULL, vt_page_size(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open_pages(id_of(v.fd));

	vt_check(fd >= 0, "open: %m");
	fill_range(v.mem, PAGES / 2, 1, 0);
	vt_check(vt_evict_range(v.fd, 0, PAGES / 4 * vt_page_size()), "pages stayed");
	vt_check(vt_get_map(v.fd, 0, PAGES, want) == PAGES, "GET_MAP");
	vt_check(read(fd, got, sizeof(got)) == PAGES * size, "read: %m");
	vt_check(!memcmp(want, got, sizeof(want)), "another map than GET_MAP's");
	vt_check(read(fd, got, sizeof(got)) == 0, "there is more");
	vt_check(pread(fd, got, 3 * size + 1, 20 * size) == 3 * size &&
		 !memcmp(want + 20, got, 3 * size), "a part of it");
	vt_check(pread(fd, got, sizeof(got), (PAGES - 2) * size) == 2 * size, "the end of it");
	vt_check(pread(fd, got, sizeof(got), PAGES * size) == 0, "past the end");
	vt_check(pread(fd, got, size - 1, 0) < 0 && errno == EINVAL, "less than an entry: %m");
	vt_check(pread(fd, got, size, 1) < 0 && errno == EINVAL, "half an entry: %m");
	vt_check(pread(fd, got, 0, 0) == 0, "nothing: %m");
	vt_check(pread(fd, none, size, 0) < 0 && errno == EFAULT, "a bad buffer: %m");
	close(fd);
	vt_space_free(&v);
	return true;
}

/* The file goes with its space; one that is open shows that nothing is left. */
static bool test_end(void)
{
	struct vt_space v = vt_space_new(4 * vt_page_size());
	struct vmdev_map_entry got[4];
	uint64_t id = id_of(v.fd);
	int fd = open_pages(id);

	vt_check(fd >= 0, "open: %m");
	fill_range(v.mem, 4, 1, 0);
	vt_space_free(&v);
	vt_check(open_pages(id) < 0 && errno == ENOENT, "the file of a closed space: %m");
	vt_check(read(fd, got, sizeof(got)) == sizeof(got), "read: %m");
	for (int i = 0; i < 4; i++)
		vt_check(got[i].state == VMDEV_MAP_ABSENT && got[i].frame == VMDEV_MAP_NONE &&
			 got[i].slot == VMDEV_MAP_NONE, "page %d of a closed space: state %u", i,
			 got[i].state);
	close(fd);
	return true;
}

/* Lines of vmdev/mappings that are just this. */
static int count_lines(uint64_t space, pid_t pid, const void *start, size_t length, uint64_t offset)
{
	char want[128], line[128];
	FILE *file = fopen(DEBUGFS "/mappings", "re");
	int found = 0;

	vt_need(file && fgets(line, sizeof(line), file), "mappings: %s", strerror(errno));
	vt_need(!strcmp(line, "space pid start end offset\n"), "first line: %s", line);
	snprintf(want, sizeof(want), "%" PRIu64 " %d %" PRIxPTR " %" PRIxPTR " %" PRIu64 "\n",
		 space, pid, (uintptr_t)start, (uintptr_t)start + length, offset);
	while (fgets(line, sizeof(line), file))
		found += !strcmp(line, want);
	fclose(file);
	return found;
}

static bool test_mappings(void)
{
	const size_t page = vt_page_size();
	struct vt_space v = vt_space_new(8 * page), w = vt_space_new(2 * page);
	uint64_t id = id_of(v.fd);
	char *part = vt_map(v.fd, 3 * page, 5 * page);
	pid_t pid;

	vt_check(count_lines(id, getpid(), v.mem, 8 * page, 0) == 1 &&
		 count_lines(id, getpid(), part, 3 * page, 5 * page) == 1 &&
		 count_lines(id_of(w.fd), getpid(), w.mem, 2 * page, 0) == 1, "its own mappings");
	vt_check(!munmap(part, 3 * page), "munmap: %m");
	vt_check(count_lines(id, getpid(), part, 3 * page, 5 * page) == 0, "after munmap");
	vt_check(!munmap(v.mem + 2 * page, page), "munmap: %m");
	vt_check(count_lines(id, getpid(), v.mem, 2 * page, 0) == 1 &&
		 count_lines(id, getpid(), v.mem + 3 * page, 5 * page, 3 * page) == 1,
		 "with a hole");
	pid = vt_fork();
	if (!pid) {
		close(v.fd);
		for (;;)
			pause();
	}
	vt_check(count_lines(id, pid, v.mem, 2 * page, 0) == 1 &&
		 count_lines(id_of(w.fd), pid, w.mem, 2 * page, 0) == 1, "a child's mappings");
	vt_need(!kill(pid, SIGKILL) && waitpid(pid, NULL, 0) == pid, "kill: %s", strerror(errno));
	vt_check(count_lines(id, pid, v.mem, 2 * page, 0) == 0, "after its end");
	vt_space_free(&v);
	vt_check(count_lines(id, getpid(), v.mem, 2 * page, 0) == 0, "after the last close");
	vt_space_free(&w);
	return true;
}

static bool as_nobody(void *arg)
{
	(void)arg;
	vt_need(!setuid(65534), "setuid: %s", strerror(errno));
	vt_check(open(DEBUGFS "/mappings", O_RDONLY) < 0 && errno == EACCES, "mappings: %m");
	vt_check(open_pages(1) < 0 && errno == EACCES, "pages: %m");
	return true;
}

static bool test_nobody(void)
{
	return vt_in_child(as_nobody, NULL);
}

static const struct vt_test tests[] = {
	{ "pages are as GET_MAP has them", test_pages },
	{ "pages of a space that ends", test_end },
	{ "mappings", test_mappings },
	{ "nobody sees them", test_nobody },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
