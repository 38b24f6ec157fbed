/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For selftests with volumes: create, remove, list and open them. Functions return
 * 0 or a negative errno where they don't say otherwise.
 */
#ifndef VMDEV_VOLUME_H
#define VMDEV_VOLUME_H

#include "vmdev_test.h"

#define VV_PREFIX	"/dev/vmdev-"

/* An ioctl that has nothing to do with any one space. */
static inline int vv_ioctl(unsigned long request, void *arg)
{
	int fd = vt_open();
	int ret = ioctl(fd, request, arg) ? -errno : 0;

	close(fd);
	return ret;
}

static inline int vv_create(const char *name, uint64_t size, uint32_t mode, uint32_t gid)
{
	struct vmdev_volume volume = { .size = size, .mode = mode, .gid = gid };

	snprintf(volume.name, sizeof(volume.name), "%s", name);
	return vv_ioctl(VMDEV_IOC_VOLUME_CREATE, &volume);
}

static inline int vv_remove(const char *name)
{
	struct vmdev_volume volume = { .size = 0 };

	snprintf(volume.name, sizeof(volume.name), "%s", name);
	return vv_ioctl(VMDEV_IOC_VOLUME_REMOVE, &volume);
}

/* Fill in as many as @count has room for; how many there are, or a negative errno. */
static inline int64_t vv_list(struct vmdev_volume *volumes, uint64_t count)
{
	struct vmdev_volume_list list = { .count = count, .volumes = (uintptr_t)volumes };
	int ret = vv_ioctl(VMDEV_IOC_VOLUME_LIST, &list);

	return ret ? ret : (int64_t)list.count;
}

/* A descriptor or a negative errno. */
static inline int vv_try_open(const char *name, int flags)
{
	char path[sizeof(VV_PREFIX) + VMDEV_VOLUME_NAME_SIZE];
	int fd;

	snprintf(path, sizeof(path), VV_PREFIX "%s", name);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static inline int vv_open(const char *name)
{
	int fd = vv_try_open(name, O_RDWR);

	vt_need(fd >= 0, "open " VV_PREFIX "%s: %s", name, strerror(-fd));
	return fd;
}

static inline void vv_must_create(const char *name, uint64_t size)
{
	int ret = vv_create(name, size, 0, 0);

	vt_need(!ret, "VOLUME_CREATE %s: %s", name, strerror(-ret));
}

static inline bool vv_gone(const char *name)
{
	int ret = vv_remove(name);

	vt_check(!ret, "VOLUME_REMOVE %s: %s", name, strerror(-ret));
	return true;
}

/* What a failed subtest may have left. */
static inline void vv_remove_all(void)
{
	struct vmdev_volume volume;

	while (vv_list(&volume, 1) > 0 && !vv_remove(volume.name))
		;
}

#endif /* VMDEV_VOLUME_H */
