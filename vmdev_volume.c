// SPDX-License-Identifier: GPL-2.0
/*
 * Volumes: spaces with a name. Each has a character device of its own,
 * /dev/vmdev-NAME, and every open of that is the same space, so its content lasts
 * until it is removed or the module goes. This file owns the names, the device
 * numbers and the nodes with their modes. What can be done with an open one is in
 * vmdev.c, what a space is in vmdev_space.c.
 *
 * Life. The device owns the space. The cdev holds the device, and an open file,
 * of which a mapping has one, holds the cdev and the module. So a volume that is
 * removed while in use lives on without a name, as an unlinked file does, and one
 * that nobody uses is in nobody's way when the module is unloaded.
 */
#include <linux/cdev.h>
#include <linux/ctype.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include <vmdev/compat.h>
#include <vmdev/debugfs.h>
#include <vmdev/space.h>
#include <vmdev/volume.h>
#include <uapi/linux/vmdev.h>

/**
 * struct volume - a named space
 * @dev: /sys/class/vmdev/vmdev-NAME; its release frees the volume
 * @cdev: what an open file holds
 * @space: the content; has the name
 * @mode: of the node
 * @gid: of the node
 */
struct volume {
	struct device dev;
	struct cdev cdev;
	struct vmdev_space *space;
	umode_t mode;
	kgid_t gid;
};

static const struct file_operations *volume_fops;
static dev_t base;			/* MINORMASK + 1 numbers from here */
static DEFINE_MUTEX(volumes_mutex);	/* see include/vmdev/page.h */
static DEFINE_XARRAY_ALLOC(volumes);	/* those that have a name, by minor number */
static u32 next_minor;
static atomic_t nr_volumes;		/* with those that lost their name */

/*
 * The node is made with its mode and group, and udev is told of them: it is never
 * open to others than those it is for.
 */
static char *volume_devnode(vmdev_devnode_const struct device *dev, umode_t *mode, kuid_t *uid,
			    kgid_t *gid)
{
	struct volume *volume = container_of(dev, struct volume, dev);

	if (mode)
		*mode = volume->mode;
	if (gid)
		*gid = volume->gid;
	return NULL;
}

/* Context: process; waits for I/O under way on the volume's pages. */
static void volume_release(struct device *dev)
{
	struct volume *volume = container_of(dev, struct volume, dev);

	vmdev_debugfs_remove(volume->space);
	vmdev_space_release(volume->space);
	kfree(volume);
	/* vmdev_volume_exit() waits for this */
	atomic_dec(&nr_volumes);
}

static const struct device_type volume_type = {
	.name		= "volume",
	.devnode	= volume_devnode,
	.release	= volume_release,
};

static struct class volume_class = {
	.name		= "vmdev",
};

/* ---- names ---- */

/* Letters, digits, '.', '_' and '-', the first a letter or digit; zero behind it. */
static bool name_is_good(const char *name)
{
	size_t length = strnlen(name, VMDEV_VOLUME_NAME_SIZE), i;

	if (!length || length == VMDEV_VOLUME_NAME_SIZE ||
	    memchr_inv(name + length, 0, VMDEV_VOLUME_NAME_SIZE - length))
		return false;
	for (i = 0; i < length; i++) {
		if (!isascii(name[i]))
			return false;
		if (!isalnum(name[i]) && (!i || !strchr("._-", name[i])))
			return false;
	}
	return true;
}

static struct volume *find_locked(const char *name)
{
	struct volume *volume;
	unsigned long minor;

	lockdep_assert_held(&volumes_mutex);
	xa_for_each(&volumes, minor, volume)
		if (!strcmp(volume->space->volume, name))
			return volume;
	return NULL;
}

/* ---- making and removing ---- */

/* A volume without a number, to be given back with put_device(). */
static struct volume *make_volume(const struct vmdev_volume *arg)
{
	struct volume *volume = kzalloc(sizeof(*volume), GFP_KERNEL);

	if (!volume)
		return ERR_PTR(-ENOMEM);
	volume->space = vmdev_space_open_volume(arg->name, arg->size);
	if (IS_ERR(volume->space)) {
		void *err = volume->space;

		kfree(volume);
		return err;
	}
	volume->mode = arg->mode ?: 0600;
	volume->gid = make_kgid(current_user_ns(), arg->gid);
	atomic_inc(&nr_volumes);
	device_initialize(&volume->dev);
	volume->dev.class = &volume_class;
	volume->dev.type = &volume_type;
	cdev_init(&volume->cdev, volume_fops);
	volume->cdev.owner = volume_fops->owner;
	vmdev_debugfs_add(volume->space);
	return volume;
}

/* Numbers go round, so that who kept an old node doesn't soon find another's volume. */
static int add_locked(struct volume *volume)
{
	u32 minor;
	int err;

	lockdep_assert_held(&volumes_mutex);
	err = xa_alloc_cyclic(&volumes, &minor, volume, XA_LIMIT(0, MINORMASK), &next_minor,
			      GFP_KERNEL);
	if (err < 0)
		return err;
	volume->dev.devt = MKDEV(MAJOR(base), minor);
	err = dev_set_name(&volume->dev, "vmdev-%s", volume->space->volume);
	if (!err)
		err = cdev_device_add(&volume->cdev, &volume->dev);
	if (err)
		xa_erase(&volumes, minor);
	return err;
}

/* Nobody can open it any more. The caller drops the reference. */
static void remove_locked(struct volume *volume)
{
	xa_erase(&volumes, MINOR(volume->dev.devt));
	cdev_device_del(&volume->cdev, &volume->dev);
}

/**
 * vmdev_volume_create() - make a volume and its node
 * @arg: name, size, mode and group; not checked yet
 *
 * Context: process, no locks.
 * Return: 0; -EINVAL for a bad name, size, mode or group; -EFBIG; -EEXIST; -ENOSPC
 * when the size can't be promised; -ENOMEM; -EINTR when the task is being killed.
 */
int vmdev_volume_create(const struct vmdev_volume *arg)
{
	struct volume *volume;
	int err;

	if (!name_is_good(arg->name) || !arg->size || !PAGE_ALIGNED(arg->size) ||
	    arg->mode & ~0777 || !gid_valid(make_kgid(current_user_ns(), arg->gid)))
		return -EINVAL;
	if (arg->size > VMDEV_INDEX_MAX << PAGE_SHIFT)
		return -EFBIG;
	if (mutex_lock_killable(&volumes_mutex))
		return -EINTR;
	if (find_locked(arg->name)) {
		err = -EEXIST;
		goto out;
	}
	volume = make_volume(arg);
	if (IS_ERR(volume)) {
		err = PTR_ERR(volume);
		goto out;
	}
	err = add_locked(volume);
	if (err)
		put_device(&volume->dev);
out:
	mutex_unlock(&volumes_mutex);
	return err;
}

/**
 * vmdev_volume_remove() - take a volume's name and node away
 * @name: its name, in VMDEV_VOLUME_NAME_SIZE bytes
 *
 * Its content goes at once if nobody has it open, otherwise with the last who has.
 *
 * Context: process, no locks; waits for I/O under way on the volume's pages.
 * Return: 0, -EINVAL for a bad name, -ENOENT, or -EINTR when the task is being killed.
 */
int vmdev_volume_remove(const char *name)
{
	struct volume *volume;

	if (!name_is_good(name))
		return -EINVAL;
	if (mutex_lock_killable(&volumes_mutex))
		return -EINTR;
	volume = find_locked(name);
	if (volume)
		remove_locked(volume);
	mutex_unlock(&volumes_mutex);
	if (!volume)
		return -ENOENT;
	put_device(&volume->dev);
	return 0;
}

/* ---- looking at volumes ---- */

/**
 * vmdev_volume_next() - go through the volumes
 * @minor: where to begin, 0 for the first; where it was found
 * @info: filled in
 *
 * Context: process, no locks.
 * Return: 0, -ENOENT when there is none from @minor on, or -EINTR when the task is
 * being killed.
 */
int vmdev_volume_next(unsigned long *minor, struct vmdev_volume *info)
{
	struct vmdev_space *space;
	struct volume *volume;
	int err = -ENOENT;

	if (mutex_lock_killable(&volumes_mutex))
		return -EINTR;
	volume = xa_find(&volumes, minor, ULONG_MAX, XA_PRESENT);
	if (volume) {
		space = volume->space;
		*info = (struct vmdev_volume){
			.size		= i_size_read(space->inode),
			.mode		= volume->mode,
			.gid		= from_kgid_munged(current_user_ns(), volume->gid),
			.major		= MAJOR(volume->dev.devt),
			.minor		= MINOR(volume->dev.devt),
			.space_id	= space->id,
			.resident	= atomic_long_read(&space->frames),
			.swapped	= vmdev_space_pages(space, VMDEV_PAGE_SWAPPED),
		};
		strscpy(info->name, space->volume, sizeof(info->name));
		err = 0;
	}
	mutex_unlock(&volumes_mutex);
	return err;
}

/**
 * vmdev_volume_space() - the space behind a volume's node
 * @inode: a node of this driver that is being opened
 *
 * Return: the space, which lives as long as the open file, or NULL where the node
 * is no volume's.
 */
struct vmdev_space *vmdev_volume_space(struct inode *inode)
{
	if (imajor(inode) != MAJOR(base))
		return NULL;
	return container_of(inode->i_cdev, struct volume, cdev)->space;
}

/* ---- load and unload ---- */

/**
 * vmdev_volume_init() - get ready for volumes
 * @fops: what their nodes do; opening asks vmdev_volume_space()
 *
 * Return: 0 or a negative errno.
 */
int vmdev_volume_init(const struct file_operations *fops)
{
	int err;

	volume_fops = fops;
	err = alloc_chrdev_region(&base, 0, MINORMASK + 1, "vmdev");
	if (err)
		return err;
	err = class_register(&volume_class);
	if (err)
		unregister_chrdev_region(base, MINORMASK + 1);
	return err;
}

/* No node is open: who has one holds the module. So each goes with its last reference here. */
void vmdev_volume_exit(void)
{
	struct volume *volume;
	unsigned long minor;

	xa_for_each(&volumes, minor, volume) {
		remove_locked(volume);
		put_device(&volume->dev);
	}
	/* their devices may be released a moment later */
	while (atomic_read(&nr_volumes))
		msleep(20);
	class_unregister(&volume_class);
	unregister_chrdev_region(base, MINORMASK + 1);
}
