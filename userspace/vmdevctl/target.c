// SPDX-License-Identifier: GPL-2.0
/*
 * Finds the space behind another process's mapping. /proc/PID/maps can't tell: all
 * mappings of the device look alike there, and opening the device through
 * /proc/PID/fd or map_files would make another space. Knows no output format.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include <vmdev.h>

#include "size.h"
#include "target.h"
#include "volume.h"

#define DEBUGFS		"/sys/kernel/debug/vmdev"
#define MAPPINGS_PATH	DEBUGFS "/mappings"
#define PAGES_PATH	DEBUGFS "/pages"
#define SPACES_FILE	DEBUGFS "/spaces"

#define COLUMNS	"space pid start end offset\n"
#define AS_ROOT	"run it as root, with debugfs mounted on /sys/kernel/debug"

bool pid_parse(const char *text, pid_t *pid)
{
	uint64_t number;

	if (number_parse(text, &number) || !number || number > INT_MAX)
		return false;
	*pid = (pid_t)number;
	return true;
}

static int add_mapping(struct mapping **list, size_t *count, const struct mapping *mapping)
{
	struct mapping *larger = realloc(*list, (*count + 1) * sizeof(*larger));

	if (!larger)
		return -ENOMEM;
	*list = larger;
	larger[(*count)++] = *mapping;
	return 0;
}

ssize_t mappings_read(FILE *file, struct mapping **list)
{
	struct mapping m;
	char *line = NULL;
	size_t size = 0;
	size_t count = 0;
	int err = 0;

	*list = NULL;
	if (getline(&line, &size, file) < 0 || strcmp(line, COLUMNS))
		err = -EPROTO;
	while (!err && getline(&line, &size, file) > 0) {
		if (sscanf(line, "%" SCNu64 " %d %" SCNx64 " %" SCNx64 " %" SCNu64, &m.space,
			   &m.pid, &m.start, &m.end, &m.offset) == 5)
			err = add_mapping(list, &count, &m);
		else
			err = -EPROTO;
	}
	free(line);
	if (!err)
		return (ssize_t)count;
	free(*list);
	*list = NULL;
	return err;
}

static int compare_start(const void *left, const void *right)
{
	const struct mapping *a = left, *b = right;

	return (a->start > b->start) - (a->start < b->start);
}

/* Of the list of all mappings, those of one process. Negative without debugfs. */
static ssize_t known_mappings(pid_t pid, struct mapping **list)
{
	FILE *file = fopen(MAPPINGS_PATH, "re");
	ssize_t count, i, kept = 0;

	if (!file)
		return -errno;
	count = mappings_read(file, list);
	fclose(file);
	for (i = 0; i < count; i++) {
		if ((*list)[i].pid == pid)
			(*list)[kept++] = (*list)[i];
	}
	if (kept)
		qsort(*list, (size_t)kept, sizeof(**list), compare_start);
	return count < 0 ? count : kept;
}

/* The same without the spaces' ids, from /proc. Negative with the reason in errno. */
static ssize_t plain_mappings(pid_t pid, struct mapping **list)
{
	char name[32];
	char *line = NULL;
	size_t size = 0;
	size_t count = 0;
	struct vma vma;
	int err = 0;
	FILE *maps;

	snprintf(name, sizeof(name), "/proc/%d/maps", pid);
	maps = fopen(name, "re");
	if (!maps)
		return -errno;
	while (!err && getline(&line, &size, maps) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (!maps_parse(line, &vma) || !maps_names(vma.name, VMDEV_PATH))
			continue;
		err = add_mapping(list, &count, &(struct mapping){
			.pid = pid, .start = vma.start, .end = vma.end, .offset = vma.offset });
	}
	free(line);
	fclose(maps);
	return err ? err : (ssize_t)count;
}

int target_check_loaded(struct ctl_result *result)
{
	/* one of them may be hidden in a container */
	if (access(VMDEV_SYSFS, F_OK) && access(VMDEV_PATH, F_OK))
		return ctl_fail(result, ENODEV, "vmdev isn't loaded; run 'vmdevctl load'");
	return CTL_OK;
}

ssize_t target_mappings(pid_t pid, struct mapping **list, struct ctl_result *result)
{
	ssize_t count;

	*list = NULL;
	count = known_mappings(pid, list);
	if (count <= 0) {
		free(*list);
		*list = NULL;
		count = plain_mappings(pid, list);
	}
	if (count >= 0)
		return count;
	free(*list);
	*list = NULL;
	if (count == -ENOENT || count == -ESRCH)
		ctl_fail(result, ESRCH, "there is no process %d; see 'vmdevctl status'", pid);
	else
		ctl_fail(result, (int)-count,
			 "cannot read the mappings of process %d: %s; run it as root", pid,
			 strerror((int)-count));
	return -1;
}

/* ---- which space ---- */

int target_open_space(struct target *target, uint64_t id, struct ctl_result *result)
{
	char name[sizeof(PAGES_PATH) + 24];

	*target = (struct target){ .space = id };
	snprintf(name, sizeof(name), PAGES_PATH "/%" PRIu64, id);
	target->fd = open(name, O_RDONLY | O_CLOEXEC);
	if (target->fd >= 0)
		return CTL_OK;
	if (errno == ENOENT && !access(PAGES_PATH, X_OK))
		return ctl_fail(result, ENOENT,
				"there is no space %" PRIu64 "; see 'vmdevctl status'", id);
	return ctl_fail(result, errno, "cannot see the pages of space %" PRIu64 ": %s; " AS_ROOT,
			id, strerror(errno));
}

/* Number of a space by its descriptor, 0 for any other. */
static uint64_t space_of(int fd)
{
	struct vmdev_info info = { 0 };

	if (ioctl(fd, VMDEV_IOC_GET_INFO, &info) || info.abi_version != VMDEV_ABI_VERSION)
		return 0;
	return info.space_id;
}

/* For writing: who may only read isn't told where pages are. */
int target_open_volume(struct target *target, const char *name, struct ctl_result *result)
{
	char path[VOLUME_PATH];

	*target = (struct target){ .descriptor = true };
	snprintf(path, sizeof(path), VOLUME_NODE "%s", name);
	target->fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);
	/* the node can be one that was made by hand, and outlive the volume */
	if (target->fd < 0 && (errno == ENOENT || errno == ENXIO || errno == ENODEV))
		return volume_explain(result, access(VMDEV_PATH, F_OK) ? ENODEV : ENOENT,
				      &(struct volume_request){ .name = name });
	if (target->fd < 0)
		return ctl_fail(result, errno, "cannot open %s: %s; run it as root", path,
				strerror(errno));
	target->space = space_of(target->fd);
	if (target->space)
		return CTL_OK;
	target_close(target);
	return ctl_fail(result, ENOTTY, "%s is no volume; see 'vmdevctl volume list'", path);
}

/* Get a copy of descriptor @number of a process if it is one of the device, or -1. */
static int copy_descriptor(int pidfd, DIR *dir, const char *number)
{
	char path[PATH_MAX];
	ssize_t length = readlinkat(dirfd(dir), number, path, sizeof(path) - 1);

	if (length < 0)
		return -1;
	path[length] = '\0';
	if (!maps_names(path, VMDEV_PATH))
		return -1;
	return pidfd_getfd(pidfd, atoi(number), 0);
}

/*
 * Look for spaces in the descriptors of a process. Returns 0, 1 or more as there
 * are different ones, the first of them in @target.
 */
static int find_descriptor(struct target *target, int pidfd, DIR *dir)
{
	struct dirent *entry;
	int spaces = 0;

	*target = (struct target){ .fd = -1, .descriptor = true, .assumed = true };
	while ((entry = readdir(dir))) {
		int fd = copy_descriptor(pidfd, dir, entry->d_name);
		uint64_t space = fd < 0 ? 0 : space_of(fd);

		if (!space || space == target->space) {
			if (fd >= 0)
				close(fd);
			continue;
		}
		spaces++;
		if (target->fd >= 0) {
			close(fd);
			continue;
		}
		target->fd = fd;
		target->space = space;
	}
	return spaces;
}

static int open_descriptor(struct target *target, pid_t pid, struct ctl_result *result)
{
	char name[32];
	int pidfd, spaces;
	DIR *dir;

	/* first: when this process has ended no descriptor can be had of another by its number */
	pidfd = pidfd_open(pid, 0);
	snprintf(name, sizeof(name), "/proc/%d/fd", pid);
	dir = pidfd < 0 ? NULL : opendir(name);
	if (!dir) {
		ctl_fail(result, errno,
			 "cannot look at the descriptors of process %d: %s; run it as root", pid,
			 strerror(errno));
		if (pidfd >= 0)
			close(pidfd);
		return CTL_FAILED;
	}
	spaces = find_descriptor(target, pidfd, dir);
	closedir(dir);
	close(pidfd);
	if (spaces == 1)
		return CTL_OK;
	target_close(target);
	if (!spaces)
		return ctl_fail(result, EBADF,
				"process %d has no descriptor of vmdev to look through; " AS_ROOT,
				pid);
	return ctl_fail(result, EBADF,
			"process %d has descriptors of several spaces, which one is mapped can't be told; "
			AS_ROOT, pid);
}

int target_open(struct target *target, const struct mapping *mapping, struct ctl_result *result)
{
	if (mapping->space)
		return target_open_space(target, mapping->space, result);
	return open_descriptor(target, mapping->pid, result);
}

void target_close(struct target *target)
{
	if (target->fd >= 0)
		close(target->fd);
	target->fd = -1;
}

/* ---- what is in it ---- */

ssize_t target_pages(const struct target *target, uint64_t first, struct vmdev_map_entry *entries,
		     size_t count)
{
	struct vmdev_map map = { .count = count, .entries = (uintptr_t)entries };
	ssize_t got;

	if (target->descriptor) {
		map.offset = first * (uint64_t)sysconf(_SC_PAGESIZE);
		return ioctl(target->fd, VMDEV_IOC_GET_MAP, &map) ? -errno : (ssize_t)map.count;
	}
	got = pread(target->fd, entries, count * sizeof(*entries),
		    (off_t)(first * sizeof(*entries)));
	return got < 0 ? -errno : got / (ssize_t)sizeof(*entries);
}

static int look_at_descriptor(const struct target *target, struct space *space)
{
	struct vmdev_stats stats;

	if (ioctl(target->fd, VMDEV_IOC_GET_STATS, &stats))
		return -errno;
	*space = (struct space){
		.id = target->space,
		.size = stats.size,
		.resident = stats.resident,
		.swapped = stats.swapped,
		.dirty = stats.dirty,
		.faults_minor = stats.faults_minor,
		.faults_major = stats.faults_major,
		.faults_zero = stats.faults_zero,
		.limit_max = stats.limit_max,
		.limit_min = stats.limit_min,
	};
	return 0;
}

int target_look(const struct target *target, struct space *space)
{
	struct space *list;
	ssize_t count, i;
	int err = -ENOENT;
	FILE *file;

	if (target->descriptor)
		return look_at_descriptor(target, space);
	file = fopen(SPACES_FILE, "re");
	if (!file)
		return -errno;
	count = spaces_read(file, &list);
	fclose(file);
	if (count < 0)
		return (int)count;
	for (i = 0; i < count; i++) {
		if (list[i].id == target->space) {
			*space = list[i];
			err = 0;
		}
	}
	free(list);
	return err;
}
