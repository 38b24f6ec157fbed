// SPDX-License-Identifier: GPL-2.0
/*
 * The statistics of the whole module: reads /sys/kernel/vmdev into one
 * structure. Knows the names of the files and what they hold, and no device.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

#define NUMBER(name, file)	{ file, offsetof(struct vmdev_module_stats, name), false }
#define COUNTER(name, file)	{ file, offsetof(struct vmdev_module_stats, name), true }

const struct vmdev_number_file vmdev_number_files[] = {
	NUMBER(pool_frames,		"pool/frames"),
	NUMBER(pool_free,		"pool/free"),
	NUMBER(pool_dirty,		"pool/dirty"),
	NUMBER(pool_pinned,		"pool/pinned"),
	NUMBER(pool_locked,		"pool/locked"),
	COUNTER(pool_zeroed_on_free,	"pool/zeroed_on_free"),
	COUNTER(pool_poisoned,		"pool/poisoned"),
	NUMBER(store_slots,		"store/slots"),
	NUMBER(store_used,		"store/used"),
	COUNTER(store_read_pages,	"store/read_pages"),
	COUNTER(store_read_ios,		"store/read_ios"),
	COUNTER(store_written_pages,	"store/written_pages"),
	COUNTER(store_written_ios,	"store/written_ios"),
	COUNTER(store_read_errors,	"store/read_errors"),
	COUNTER(store_write_errors,	"store/write_errors"),
	COUNTER(store_checksum_errors,	"store/checksum_errors"),
	COUNTER(faults,			"stats/faults"),
	COUNTER(faults_minor,		"stats/faults_minor"),
	COUNTER(faults_major,		"stats/faults_major"),
	COUNTER(faults_zero,		"stats/faults_zero"),
	COUNTER(evictions,		"stats/evictions"),
	COUNTER(evictions_clean,	"stats/evictions_clean"),
	COUNTER(refaults,		"stats/refaults"),
	COUNTER(readahead,		"stats/readahead"),
	COUNTER(readahead_hits,		"stats/readahead_hits"),
	COUNTER(direct_reclaims,	"stats/direct_reclaims"),
	COUNTER(oom,			"stats/oom"),
	COUNTER(locked_evictions,	"stats/locked_evictions"),
	COUNTER(same_filled,		"stats/same_filled"),
	NUMBER(spaces_count,		"spaces/count"),
};

const size_t vmdev_number_files_count =
	sizeof(vmdev_number_files) / sizeof(vmdev_number_files[0]);

/*
 * Read a file that holds one line into @buf, without the line's end. A file
 * that isn't there or isn't for this user reads as empty: a module may have
 * fewer files than this library knows.
 */
static int read_line(int root, const char *path, char *buf, size_t size)
{
	size_t used = 0;
	ssize_t got;
	int fd, err;

	buf[0] = '\0';
	fd = openat(root, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == EACCES ? 0 : -1;
	do {
		got = read(fd, buf + used, size - 1 - used);
		if (got > 0)
			used += (size_t)got;
	} while (got > 0 || (got < 0 && errno == EINTR));
	err = errno;
	close(fd);
	if (got < 0) {
		errno = err;
		return -1;
	}
	if (used && buf[used - 1] == '\n')
		used--;
	buf[used] = '\0';
	return 0;
}

static int read_number(int root, const char *path, uint64_t *value)
{
	char buf[32];
	char *end;

	if (read_line(root, path, buf, sizeof(buf)))
		return -1;
	if (!buf[0]) {
		*value = VMDEV_UNKNOWN;
		return 0;
	}
	errno = 0;
	*value = strtoull(buf, &end, 10);
	if (errno || *end || buf[0] < '0' || buf[0] > '9') {
		errno = EINVAL;
		return -1;
	}
	return 0;
}

static int read_all(int root, struct vmdev_module_stats *stats)
{
	const struct vmdev_number_file *file = vmdev_number_files;
	const struct vmdev_number_file *end = file + vmdev_number_files_count;

	for (; file < end; file++) {
		uint64_t value;

		if (read_number(root, file->path, &value))
			return -1;
		memcpy((char *)stats + file->member, &value, sizeof(value));
	}
	if (read_line(root, "policy/current", stats->policy_current,
		      sizeof(stats->policy_current)))
		return -1;
	if (read_line(root, "policy/available", stats->policy_available,
		      sizeof(stats->policy_available)))
		return -1;
	return read_line(root, "store/path", stats->store_path, sizeof(stats->store_path));
}

int vmdev_read_module_stats(const char *root, struct vmdev_module_stats *stats)
{
	int fd, ret, err;

	fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		if (errno == ENOENT)
			errno = ENODEV;
		return -1;
	}
	memset(stats, 0, sizeof(*stats));
	ret = read_all(fd, stats);
	err = errno;
	close(fd);
	errno = err;
	return ret;
}

int vmdev_get_module_stats(struct vmdev_module_stats *stats, size_t size)
{
	struct vmdev_module_stats all;

	if (!size || size > sizeof(all)) {
		errno = EINVAL;
		return -1;
	}
	if (vmdev_read_module_stats(VMDEV_SYSFS, &all))
		return -1;
	memcpy(stats, &all, size);
	return 0;
}
