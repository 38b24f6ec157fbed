// SPDX-License-Identifier: GPL-2.0
/*
 * Volumes: made, removed and listed through a descriptor of the device that is opened
 * for that alone. An open volume is a space as any other, see space.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <vmdev.h>

static int control(unsigned long request, void *arg)
{
	int fd, ret, err;

	fd = open(VMDEV_PATH, O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		/* ENOENT is for a volume that isn't there */
		if (errno == ENOENT)
			errno = ENODEV;
		return -1;
	}
	ret = ioctl(fd, request, arg);
	err = errno;
	close(fd);
	errno = err;
	return ret;
}

static int set_name(struct vmdev_volume *volume, const char *name)
{
	if (strlen(name) >= sizeof(volume->name)) {
		errno = EINVAL;
		return -1;
	}
	strcpy(volume->name, name);
	return 0;
}

int vmdev_volume_create(const char *name, uint64_t size, mode_t mode, gid_t gid)
{
	struct vmdev_volume volume = { .size = size, .mode = mode, .gid = gid };

	if (set_name(&volume, name))
		return -1;
	return control(VMDEV_IOC_VOLUME_CREATE, &volume);
}

int vmdev_volume_remove(const char *name)
{
	struct vmdev_volume volume = { .size = 0 };

	if (set_name(&volume, name))
		return -1;
	return control(VMDEV_IOC_VOLUME_REMOVE, &volume);
}

ssize_t vmdev_volume_list(struct vmdev_volume *volumes, size_t count)
{
	struct vmdev_volume_list list = { .count = count, .volumes = (uintptr_t)volumes };

	if (control(VMDEV_IOC_VOLUME_LIST, &list))
		return -1;
	return (ssize_t)list.count;
}
