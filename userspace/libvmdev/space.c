// SPDX-License-Identifier: GPL-2.0
/*
 * One space of libvmdev: a descriptor of /dev/vmdev and the calls on it. Knows
 * the ioctls and no sysfs. A handle doesn't change between open and close, so
 * that no call on it needs a lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <vmdev.h>

#define MAP_FLAGS_ALLOWED	(MAP_NORESERVE | MAP_POPULATE | MAP_LOCKED)

struct vmdev {
	int fd;
	size_t page_size;
};

const char *vmdev_version(void)
{
	return VMDEV_VERSION;
}

struct vmdev *vmdev_from_fd(int fd)
{
	struct vmdev_info info = { 0 };
	struct vmdev *space;

	if (ioctl(fd, VMDEV_IOC_GET_INFO, &info))
		return NULL;
	if (info.abi_version != VMDEV_ABI_VERSION || !info.page_size) {
		errno = EPROTO;
		return NULL;
	}
	space = malloc(sizeof(*space));
	if (!space)
		return NULL;
	space->fd = fd;
	space->page_size = info.page_size;
	return space;
}

struct vmdev *vmdev_open(const char *path)
{
	struct vmdev *space;
	int fd, err;

	fd = open(path ? path : VMDEV_PATH, O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return NULL;
	space = vmdev_from_fd(fd);
	if (!space) {
		err = errno;
		close(fd);
		errno = err;
	}
	return space;
}

void vmdev_close(struct vmdev *space)
{
	int err = errno;

	if (!space)
		return;
	close(space->fd);
	free(space);
	errno = err;
}

int vmdev_fd(const struct vmdev *space)
{
	return space->fd;
}

size_t vmdev_page_size(const struct vmdev *space)
{
	return space->page_size;
}

void *vmdev_mmap(struct vmdev *space, uint64_t offset, size_t length, int prot,
		 int flags)
{
	void *addr;

	if (flags & ~MAP_FLAGS_ALLOWED) {
		errno = EINVAL;
		return NULL;
	}
	/* off_t is signed: a larger offset would arrive as another number. */
	if (offset > INT64_MAX || length > INT64_MAX - offset) {
		errno = EOVERFLOW;
		return NULL;
	}
	addr = mmap(NULL, length, prot, MAP_SHARED | flags, space->fd, (off_t)offset);
	return addr == MAP_FAILED ? NULL : addr;
}

int vmdev_munmap(void *addr, size_t length)
{
	return munmap(addr, length);
}

int vmdev_set_size(struct vmdev *space, uint64_t size)
{
	struct vmdev_size arg = { .size = size };

	return ioctl(space->fd, VMDEV_IOC_SET_SIZE, &arg);
}

int vmdev_get_size(struct vmdev *space, uint64_t *size)
{
	struct vmdev_stats stats;

	/* Not lseek(SEEK_END): that moves an offset which others may share. */
	if (vmdev_get_stats(space, &stats))
		return -1;
	*size = stats.size;
	return 0;
}

int vmdev_set_limit(struct vmdev *space, uint64_t max_pages, uint64_t min_pages)
{
	struct vmdev_limit arg = { .max_frames = max_pages, .min_frames = min_pages };

	return ioctl(space->fd, VMDEV_IOC_SET_LIMIT, &arg);
}

static int64_t range_ioctl(struct vmdev *space, unsigned long request,
			   uint64_t offset, uint64_t length)
{
	struct vmdev_range arg = { .offset = offset, .length = length };

	if (ioctl(space->fd, request, &arg))
		return -1;
	return (int64_t)arg.pages;
}

int64_t vmdev_discard(struct vmdev *space, uint64_t offset, uint64_t length)
{
	return range_ioctl(space, VMDEV_IOC_DISCARD, offset, length);
}

int64_t vmdev_evict(struct vmdev *space, uint64_t offset, uint64_t length)
{
	return range_ioctl(space, VMDEV_IOC_EVICT, offset, length);
}

ssize_t vmdev_page_map(struct vmdev *space, uint64_t offset,
		       struct vmdev_map_entry *entries, size_t count)
{
	struct vmdev_map arg = {
		.offset = offset,
		.count = count,
		.entries = (uintptr_t)entries,
	};

	if (ioctl(space->fd, VMDEV_IOC_GET_MAP, &arg))
		return -1;
	return (ssize_t)arg.count;
}

const char *vmdev_map_state_name(uint32_t state)
{
	static const char *const names[] = {
		[VMDEV_MAP_ABSENT]	= "absent",
		[VMDEV_MAP_ZERO]	= "zero",
		[VMDEV_MAP_CLEAN]	= "clean",
		[VMDEV_MAP_DIRTY]	= "dirty",
		[VMDEV_MAP_READING]	= "reading",
		[VMDEV_MAP_WRITING]	= "writing",
		[VMDEV_MAP_SWAPPED]	= "swapped",
		[VMDEV_MAP_COMPRESSED]	= "compressed",
		[VMDEV_MAP_BAD]		= "bad",
	};

	if (state >= sizeof(names) / sizeof(names[0]))
		return "unknown";
	return names[state];
}

int vmdev_get_stats(struct vmdev *space, struct vmdev_stats *stats)
{
	return ioctl(space->fd, VMDEV_IOC_GET_STATS, stats);
}

int vmdev_get_info(struct vmdev *space, struct vmdev_info *info)
{
	return ioctl(space->fd, VMDEV_IOC_GET_INFO, info);
}
