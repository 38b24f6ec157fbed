// SPDX-License-Identifier: GPL-2.0
/*
 * Nothing that the module shows holds a kernel or a physical address: not the
 * output of an ioctl, not sysfs, not debugfs.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <sys/stat.h>

#include "vmdev_test.h"

#define PAGES	64

/* Kernel half of the address space: no counter and no size gets there. */
static bool is_kernel_address(uint64_t value)
{
	return value >= 0xffff000000000000ULL;
}

static bool check_words(const void *data, size_t size, const char *what)
{
	for (size_t i = 0; i + 8 <= size; i += 8) {
		uint64_t word;

		memcpy(&word, (const char *)data + i, 8);
		vt_check(!is_kernel_address(word), "%s holds %016" PRIx64 " at %zu", what, word, i);
	}
	return true;
}

static bool test_ioctls(void)
{
	struct vt_space v = vt_space_new(PAGES * vt_page_size());
	uint64_t frames = vt_pool_frames(), slots = vt_sysfs_u64("store/slots");
	struct vmdev_map_entry entries[PAGES];
	struct vmdev_info info;
	struct vmdev_stats stats;

	fill_range(v.mem, PAGES, 1, 0);
	vt_check(vt_evict_range(v.fd, 0, v.length / 2), "pages stayed");
	vt_check(!vt_info(v.fd, &info) && !vt_stats(v.fd, &stats), "GET_INFO and GET_STATS");
	vt_check(check_words(&info, sizeof(info), "GET_INFO") &&
		 check_words(&stats, sizeof(stats), "GET_STATS"), "addresses");
	vt_check(vt_get_map(v.fd, 0, PAGES, entries) == PAGES, "GET_MAP");
	for (int i = 0; i < PAGES; i++)
		vt_check((entries[i].frame < frames || entries[i].frame == VMDEV_MAP_NONE) &&
			 (entries[i].slot < slots || entries[i].slot == VMDEV_MAP_NONE),
			 "page %d: frame %u slot %u", i, entries[i].frame, entries[i].slot);
	vt_space_free(&v);
	return true;
}

/* A run of 16 hexadecimal digits that begins like a kernel address. */
static bool check_text(const char *path, const char *text)
{
	for (const char *p = text; *p;) {
		size_t n = strspn(p, "0123456789abcdefABCDEF");

		vt_check(n != 16 || strncasecmp(p, "ffff", 4), "%s shows %.16s", path, p);
		p += n ? n : 1;
	}
	return true;
}

static bool check_file(const char *path)
{
	static char text[1 << 20];
	ssize_t n, size = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	vt_check(fd >= 0, "%s: %s", path, strerror(errno));
	while ((n = read(fd, text + size, sizeof(text) - 1 - size)) > 0)
		size += n;
	close(fd);
	vt_check(n == 0, "%s: %s", path, strerror(errno));
	text[size] = '\0';
	return check_text(path, text);
}

/* Every file below a directory. */
static bool check_tree(const char *dir, unsigned int *files)
{
	struct dirent *entry;
	DIR *d = opendir(dir);
	bool ok = true;

	vt_check(d, "%s: %s", dir, strerror(errno));
	while (ok && (entry = readdir(d))) {
		char path[512];
		struct stat st;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		if (lstat(path, &st))
			continue;
		if (S_ISDIR(st.st_mode)) {
			ok = check_tree(path, files);
		} else if (S_ISREG(st.st_mode) && (st.st_mode & 0444)) {
			ok = check_file(path);
			(*files)++;
		}
	}
	closedir(d);
	return ok;
}

static bool test_files(void)
{
	struct vt_space v = vt_space_new(PAGES * vt_page_size());
	unsigned int sysfs = 0, debugfs = 0, parameters = 0;

	fill_range(v.mem, PAGES, 2, 0);
	vt_check(vt_evict_range(v.fd, 0, v.length / 2), "pages stayed");
	vt_check(check_tree(VT_SYSFS, &sysfs) && sysfs >= 30, "%u files in sysfs", sysfs);
	vt_check(check_tree("/sys/kernel/debug/vmdev", &debugfs) && debugfs >= 2,
		 "%u files in debugfs", debugfs);
	vt_check(check_tree("/sys/module/vmdev/parameters", &parameters) && parameters >= 7,
		 "%u parameters", parameters);
	vt_check(check_range(v.mem, PAGES, 2, 0), "content lost");
	vt_space_free(&v);
	return true;
}

/* What is for root alone is for root alone. */
static bool as_nobody(void *arg)
{
	(void)arg;
	vt_need(!setgid(65534) && !setuid(65534), "setuid: %s", strerror(errno));
	vt_check(open("/sys/kernel/debug/vmdev/spaces", O_RDONLY) < 0, "nobody reads debugfs");
	vt_check(vt_sysfs_write("pool/frames", "4096") < 0, "nobody sizes the pool");
	vt_check(vt_sysfs_write("policy/current", "fifo") < 0, "nobody sets the policy");
	return true;
}

static bool test_privilege(void)
{
	vt_check(vt_in_child(as_nobody, NULL), "in the child");
	return true;
}

static const struct vt_test tests[] = {
	{ "no address from an ioctl", test_ioctls },
	{ "no address in sysfs and debugfs", test_files },
	{ "what is root's is closed to others", test_privilege },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
