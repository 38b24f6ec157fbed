/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only place that knows that kernels differ. Kbuild looks into the headers
 * and defines VMDEV_HAVE_*; each function below is the newer kernels' way with
 * the older ones' beside it.
 */
#ifndef _VMDEV_COMPAT_H
#define _VMDEV_COMPAT_H

#include <linux/blkdev.h>
#include <linux/crc32.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/splice.h>

/* vm_flags became read-only in 6.3. */
static inline void vmdev_vm_flags_clear(struct vm_area_struct *vma, unsigned long flags)
{
#ifdef VMDEV_HAVE_VM_FLAGS_CLEAR
	vm_flags_clear(vma, flags);
#else
	vma->vm_flags &= ~flags;
#endif
}

static inline void vmdev_vm_flags_set(struct vm_area_struct *vma, unsigned long flags)
{
#ifdef VMDEV_HAVE_VM_FLAGS_CLEAR
	vm_flags_set(vma, flags);
#else
	vma->vm_flags |= flags;
#endif
}

/* Drop the lock a fault came in with: mmap_lock, or the VMA's own from 6.4. */
static inline void vmdev_fault_unlock(struct vm_fault *vmf)
{
#ifdef VMDEV_HAVE_RELEASE_FAULT_LOCK
	release_fault_lock(vmf);
#else
	mmap_read_unlock(vmf->vma->vm_mm);
#endif
}

/* A page whose memory has failed is to leave the page cache; a folio from 6.8. */
#ifdef VMDEV_HAVE_ERROR_REMOVE_FOLIO
#define vmdev_error_remove	error_remove_folio
#define vmdev_error_page	folio	/* struct tag of what it gets */
#define vmdev_error_folio(p)	(p)
#else
#define vmdev_error_remove	error_remove_page
#define vmdev_error_page	page
#define vmdev_error_folio(p)	page_folio(p)
#endif

/* What a device_type's ->devnode gets is const from 6.3. */
#ifdef VMDEV_HAVE_CONST_DEVNODE
#define vmdev_devnode_const	const
#else
#define vmdev_devnode_const
#endif

/* Through ->read_iter; renamed in 6.5. */
#ifdef VMDEV_HAVE_COPY_SPLICE_READ
#define vmdev_splice_read	copy_splice_read
#else
#define vmdev_splice_read	generic_file_splice_read
#endif

/* An exclusively opened block device, whatever the kernel calls the handle. */
struct vmdev_bdev {
	struct block_device *bdev;
#if defined(VMDEV_HAVE_BDEV_FILE_OPEN)
	struct file *handle;
#elif defined(VMDEV_HAVE_BDEV_OPEN_HANDLE)
	struct bdev_handle *handle;
#endif
};

static inline int vmdev_bdev_open(struct vmdev_bdev *b, const char *path, void *holder)
{
#if defined(VMDEV_HAVE_BDEV_FILE_OPEN)
	b->handle = bdev_file_open_by_path(path, BLK_OPEN_READ | BLK_OPEN_WRITE, holder, NULL);
	if (IS_ERR(b->handle))
		return PTR_ERR(b->handle);
	b->bdev = file_bdev(b->handle);
#elif defined(VMDEV_HAVE_BDEV_OPEN_HANDLE)
	b->handle = bdev_open_by_path(path, BLK_OPEN_READ | BLK_OPEN_WRITE, holder, NULL);
	if (IS_ERR(b->handle))
		return PTR_ERR(b->handle);
	b->bdev = b->handle->bdev;
#else
	struct block_device *bdev;

	bdev = blkdev_get_by_path(path, FMODE_READ | FMODE_WRITE | FMODE_EXCL, holder);
	if (IS_ERR(bdev))
		return PTR_ERR(bdev);
	b->bdev = bdev;
#endif
	return 0;
}

static inline void vmdev_bdev_close(struct vmdev_bdev *b)
{
#if defined(VMDEV_HAVE_BDEV_FILE_OPEN)
	fput(b->handle);
#elif defined(VMDEV_HAVE_BDEV_OPEN_HANDLE)
	bdev_release(b->handle);
#else
	blkdev_put(b->bdev, FMODE_READ | FMODE_WRITE | FMODE_EXCL);
#endif
	b->bdev = NULL;
}

/* Has a request ended when it is submitted? A flag of the queue's from 6.3. */
static inline bool vmdev_bdev_synchronous(struct block_device *bdev)
{
#ifdef VMDEV_HAVE_BDEV_SYNCHRONOUS
	return bdev_synchronous(bdev);
#else
	return bdev->bd_disk->fops->rw_page;
#endif
}

static inline int vmdev_unlink(struct file *file, struct inode *dir)
{
#ifdef VMDEV_HAVE_FILE_MNT_IDMAP
	return vfs_unlink(file_mnt_idmap(file), dir, file->f_path.dentry, NULL);
#else
	return vfs_unlink(file_mnt_user_ns(file), dir, file->f_path.dentry, NULL);
#endif
}

static inline int vmdev_notify_change(struct file *file, struct iattr *attr)
{
#ifdef VMDEV_HAVE_FILE_MNT_IDMAP
	return notify_change(file_mnt_idmap(file), file->f_path.dentry, attr, NULL);
#else
	return notify_change(file_mnt_user_ns(file), file->f_path.dentry, attr, NULL);
#endif
}

/* From 6.8 vfs_iocb_iter_write() holds off a freeze itself. */
static inline void vmdev_start_write(struct file *file)
{
#ifndef VMDEV_HAVE_KIOCB_START_WRITE
	file_start_write(file);
#endif
}

static inline void vmdev_end_write(struct file *file)
{
#ifndef VMDEV_HAVE_KIOCB_START_WRITE
	file_end_write(file);
#endif
}

#endif /* _VMDEV_COMPAT_H */
