// SPDX-License-Identifier: GPL-2.0
/*
 * vmdev: a memory device bigger than RAM. This file has the parameters, the
 * order in which things are set up and torn down, and /dev/vmdev: open, mmap,
 * read, write and ioctl, each passed on to the file that does it. A volume's node
 * is opened to the volume's space, and does the same otherwise. No policy, no
 * I/O and no page states here.
 */
#define pr_fmt(fmt) "vmdev: " fmt

#include <linux/capability.h>
#include <linux/compat.h>
#include <linux/fadvise.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include <vmdev/access.h>
#include <vmdev/compat.h>
#include <vmdev/debugfs.h>
#include <vmdev/evict.h>
#include <vmdev/fault.h>
#include <vmdev/io.h>
#include <vmdev/page.h>
#include <vmdev/policy.h>
#include <vmdev/poison.h>
#include <vmdev/pool.h>
#include <vmdev/reclaim.h>
#include <vmdev/space.h>
#include <vmdev/swap.h>
#include <vmdev/sysfs.h>
#include <vmdev/volume.h>
#include <uapi/linux/vmdev.h>

/* ---- parameters ---- */

#define POOL_MB_MAX	(VMDEV_FRAME_NONE >> (20 - PAGE_SHIFT))
#define STORE_MB_MAX	(VMDEV_SLOT_NONE >> (20 - PAGE_SHIFT))

/* A number with bounds; a bad value is refused with what would be accepted. */
struct number {
	unsigned int *value;
	unsigned int min;
	unsigned int max;
};

static int number_set(const char *val, const struct kernel_param *kp)
{
	const struct number *n = kp->arg;
	unsigned int value;

	if (!val || kstrtouint(val, 0, &value) || value < n->min || value > n->max) {
		pr_err("%s=%s: accepted are %u to %u\n", kp->name, val ? val : "", n->min, n->max);
		return -EINVAL;
	}
	*n->value = value;
	return 0;
}

static int number_get(char *buffer, const struct kernel_param *kp)
{
	const struct number *n = kp->arg;

	return sysfs_emit(buffer, "%u\n", *n->value);
}

static const struct kernel_param_ops number_ops = {
	.set	= number_set,
	.get	= number_get,
};

#define NUMBER_PARAM(name, var, lowest, highest, text)				\
	static const struct number name##_number = { &(var), (lowest), (highest) };	\
	module_param_cb(name, &number_ops, (void *)&name##_number, 0444);		\
	__MODULE_PARM_TYPE(name, "uint");						\
	MODULE_PARM_DESC(name, text)

static unsigned int pool_mb = 64;
NUMBER_PARAM(pool_mb, pool_mb, 1, POOL_MB_MAX, "frames in the pool, in MiB (default 64)");

static char *store = "/var/tmp";
module_param(store, charp, 0444);
MODULE_PARM_DESC(store, "directory, regular file or block device to page to (default /var/tmp)");

static unsigned int store_mb = 1024;
NUMBER_PARAM(store_mb, store_mb, 0, STORE_MB_MAX,
	     "size of the store, in MiB; 0: all of an existing file or device (default 1024)");

static char *policy = VMDEV_POLICY_DEFAULT;
module_param(policy, charp, 0444);
MODULE_PARM_DESC(policy, "replacement policy: s3fifo, clock, clock-refault or fifo (default s3fifo)");

NUMBER_PARAM(overcommit, vmdev_overcommit, 0, 1,
	     "0: refuse an mmap that can't be backed; 1: never refuse (default 0)");
NUMBER_PARAM(readahead, vmdev_readahead, 0, VMDEV_RA_MAX,
	     "pages read ahead at most for one fault, 0: off (default 64)");
NUMBER_PARAM(checksum, vmdev_checksum, 0, 1,
	     "1: verify every page read back from the store (default 1)");

/* ---- the device ---- */

static int vmdev_open(struct inode *inode, struct file *file)
{
	struct vmdev_space *space = vmdev_volume_space(inode);

	if (!space) {
		space = vmdev_space_open();
		if (IS_ERR(space))
			return PTR_ERR(space);
		vmdev_debugfs_add(space);
	}
	file->private_data = space;
	/* mappings, futexes and the page cache are the space's, not the node's */
	file->f_mapping = space->inode->i_mapping;
	/* tasks that share the descriptor share its offset, as with a regular file */
	file->f_mode |= FMODE_ATOMIC_POS;
	/* there is no cache to bypass: O_DIRECT means nothing */
	file->f_mode |= FMODE_CAN_ODIRECT;
	return 0;
}

static int vmdev_release(struct inode *inode, struct file *file)
{
	struct vmdev_space *space = file->private_data;

	/* a volume's space goes with the volume, which the file holds until after this */
	if (vmdev_space_is_volume(space))
		return 0;
	vmdev_debugfs_remove(space);
	vmdev_space_release(space);
	return 0;
}

static int vmdev_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct vmdev_space *space = file->private_data;
	u64 end = (u64)vma->vm_pgoff + vma_pages(vma);
	int err;

	if (!(vma->vm_flags & VM_SHARED)) {
		/* its copies would be the kernel's pages, not the pool's */
		if (vma->vm_flags & VM_WRITE)
			return -EINVAL;
		vmdev_vm_flags_clear(vma, VM_MAYWRITE);
	}
	if (end > VMDEV_INDEX_MAX)
		return -EOVERFLOW;
	err = vmdev_space_grow(space, end << PAGE_SHIFT, !(vma->vm_flags & VM_NORESERVE));
	if (err == -ENOSPC)
		return vmdev_space_is_volume(space) ? -ENXIO : -ENOMEM;
	if (err)
		return err;
	/*
	 * So that the kernel doesn't take the next mapping of this file for a part of
	 * this one before it has asked us: it would neither grow nor reserve the space.
	 */
	vmdev_vm_flags_set(vma, VM_NOHUGEPAGE);
	vma->vm_ops = &vmdev_vm_ops;
	return 0;
}

static loff_t vmdev_llseek(struct file *file, loff_t offset, int whence)
{
	struct vmdev_space *space = file->private_data;

	if (whence != SEEK_SET && whence != SEEK_CUR && whence != SEEK_END)
		return -EINVAL;
	return generic_file_llseek_size(file, offset, whence, VMDEV_INDEX_MAX << PAGE_SHIFT,
					i_size_read(space->inode));
}

static ssize_t vmdev_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct vmdev_space *space = iocb->ki_filp->private_data;
	struct folio *folio;
	ssize_t done = 0;
	int err = 0;

	while (iov_iter_count(to)) {
		pgoff_t index = iocb->ki_pos >> PAGE_SHIFT;
		size_t offset = offset_in_page(iocb->ki_pos), n, copied;
		loff_t size = i_size_read(space->inode);

		if (iocb->ki_pos >= size)
			break;
		n = min_t(u64, PAGE_SIZE - offset, size - iocb->ki_pos);
		n = min(n, iov_iter_count(to));
		if (vmdev_fault_reads_zero(space, index)) {
			copied = iov_iter_zero(n, to);
		} else {
			folio = vmdev_fault_get(space, index, false);
			if (IS_ERR(folio)) {
				err = PTR_ERR(folio);
				break;
			}
			/* no lock is held: the buffer may be a mapping of this very page */
			copied = copy_page_to_iter(folio_page(folio, 0), offset, n, to);
			folio_put(folio);
		}
		iocb->ki_pos += copied;
		done += copied;
		if (copied < n) {
			err = -EFAULT;
			break;
		}
		cond_resched();
	}
	/* the size went down meanwhile: that is the end of the file */
	return done || err == -ERANGE ? done : err;
}

/* The space is at least @pos + @n bytes large from now on, if the page at @pos can be had. */
static int make_room(struct vmdev_space *space, loff_t pos, size_t n)
{
	struct folio *folio;

	if (pos + n <= i_size_read(space->inode))
		return 0;
	/* a write that fails for a bad last page must not move the end */
	if (pos >> PAGE_SHIFT < vmdev_space_end(space)) {
		folio = vmdev_fault_get(space, pos >> PAGE_SHIFT, false);
		if (!IS_ERR(folio))
			folio_put(folio);
		else if (PTR_ERR(folio) != -ERANGE)
			return PTR_ERR(folio);
	}
	return vmdev_space_grow(space, pos + n, true);
}

static ssize_t write_pages(struct kiocb *iocb, struct iov_iter *from)
{
	struct vmdev_space *space = iocb->ki_filp->private_data;
	loff_t limit = (loff_t)(VMDEV_INDEX_MAX << PAGE_SHIFT);
	struct folio *folio;
	ssize_t done = 0;
	int err = 0;

	if (iocb->ki_pos >= limit && iov_iter_count(from))
		return -EFBIG;

	while (iov_iter_count(from)) {
		size_t offset = offset_in_page(iocb->ki_pos), n, copied;

		n = min(PAGE_SIZE - offset, iov_iter_count(from));
		/* what can't be read of a buffer must not make the space larger */
		n -= fault_in_iov_iter_readable(from, n);
		if (!n) {
			err = -EFAULT;
			break;
		}
		err = make_room(space, iocb->ki_pos, n);
		if (err)
			break;
		folio = vmdev_fault_get(space, iocb->ki_pos >> PAGE_SHIFT, true);
		if (IS_ERR(folio)) {
			err = PTR_ERR(folio);
			/* the size went down meanwhile: up with it again */
			if (err == -ERANGE)
				continue;
			break;
		}
		copied = copy_page_from_iter(folio_page(folio, 0), offset, n, from);
		folio_mark_dirty(folio);
		folio_put(folio);
		iocb->ki_pos += copied;
		done += copied;
		if (copied < n) {
			err = -EFAULT;
			break;
		}
		cond_resched();
	}
	return done ? done : err;
}

static ssize_t vmdev_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct vmdev_space *space = iocb->ki_filp->private_data;
	ssize_t ret;

	if (!(iocb->ki_flags & IOCB_APPEND))
		return write_pages(iocb, from);
	/* the end must stay where it is until this write has moved it */
	if (down_write_killable(&space->inode->i_rwsem))
		return -EINTR;
	iocb->ki_pos = i_size_read(space->inode);
	ret = write_pages(iocb, from);
	inode_unlock(space->inode);
	return ret;
}

static int vmdev_fsync(struct file *file, loff_t start, loff_t end, int datasync)
{
	return 0;	/* memory: there is nothing behind it to bring up to date */
}

/*
 * A space of one's own is its owner's. A volume has readers who may not change it, nor
 * page it out under others, nor see when others use it.
 */
static bool may_change(struct file *file)
{
	return file->f_mode & FMODE_WRITE || !vmdev_space_is_volume(file->private_data);
}

static int vmdev_fadvise(struct file *file, loff_t offset, loff_t len, int advice)
{
	struct vmdev_space *space = file->private_data;
	u64 last = len > 0 ? offset + (u64)len : (u64)LLONG_MAX, pages = 0;
	pgoff_t first, end;

	if (offset < 0 || len < 0)
		return -EINVAL;
	switch (advice) {
	case POSIX_FADV_NORMAL:
	case POSIX_FADV_SEQUENTIAL:
	case POSIX_FADV_RANDOM:
		if (may_change(file))
			WRITE_ONCE(space->ra_mode, advice);
		return 0;
	case POSIX_FADV_WILLNEED:
		first = offset >> PAGE_SHIFT;
		end = min_t(u64, DIV_ROUND_UP_ULL(last, PAGE_SIZE), vmdev_space_end(space));
		vmdev_io_prefetch(space, first, end);
		return 0;
	case POSIX_FADV_DONTNEED:
		/* the kernel too passes over pages of a file one can't write */
		if (!may_change(file))
			return 0;
		/* whole pages only, as the page cache does it */
		first = DIV_ROUND_UP_ULL(offset, PAGE_SIZE);
		end = last >= (u64)i_size_read(space->inode) ? vmdev_space_end(space) :
							       last >> PAGE_SHIFT;
		return vmdev_evict_range(space, first, end, &pages);
	case POSIX_FADV_NOREUSE:
		return 0;
	default:
		return -EINVAL;
	}
}

/* ---- ioctls ---- */

/* What a 32-bit program's size_t makes of BLKGETSIZE64. */
#define BLKGETSIZE64_32	_IOR(0x12, 114, int)

static bool all_zero(const u64 *word, size_t n)
{
	return !memchr_inv(word, 0, n * sizeof(*word));
}

static int get_info(struct vmdev_space *space, void __user *arg)
{
	struct vmdev_info info = {
		.abi_version	= VMDEV_ABI_VERSION,
		.page_size	= PAGE_SIZE,
		.pool_frames	= vmdev_pool_frames(),
		.store_slots	= vmdev_store_slots(),
		.features	= vmdev_store_features() | VMDEV_FEATURE_VOLUMES,
		.space_id	= space->id,
	};

	if (vmdev_access_best(VMDEV_ACCESS_HARDWARE) == VMDEV_ACCESS_HARDWARE)
		info.features |= VMDEV_FEATURE_ACCESSED;
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static int get_stats(struct vmdev_space *space, void __user *arg)
{
	struct vmdev_stats stats;

	vmdev_space_stats(space, &stats);
	return copy_to_user(arg, &stats, sizeof(stats)) ? -EFAULT : 0;
}

static int set_size(struct vmdev_space *space, void __user *arg)
{
	struct vmdev_size size;

	if (copy_from_user(&size, arg, sizeof(size)))
		return -EFAULT;
	if (size.reserved)
		return -EINVAL;
	if (size.size > VMDEV_INDEX_MAX << PAGE_SHIFT)
		return -EFBIG;
	return vmdev_space_resize(space, size.size);
}

static int set_limit(struct vmdev_space *space, void __user *arg)
{
	struct vmdev_limit limit;

	if (copy_from_user(&limit, arg, sizeof(limit)))
		return -EFAULT;
	if (!all_zero(limit.reserved, ARRAY_SIZE(limit.reserved)))
		return -EINVAL;
	return vmdev_space_limit(space, limit.max_frames, limit.min_frames);
}

/* Pages of a byte range, cut at the end of the space. Return: 0 or -EINVAL. */
static int to_pages(struct vmdev_space *space, u64 offset, u64 length, pgoff_t *first,
		    pgoff_t *end)
{
	u64 last;

	if (!PAGE_ALIGNED(offset) || !PAGE_ALIGNED(length) ||
	    check_add_overflow(offset, length, &last))
		return -EINVAL;
	*first = offset >> PAGE_SHIFT;
	*end = min_t(u64, last >> PAGE_SHIFT, vmdev_space_end(space));
	return 0;
}

static int do_range(struct vmdev_space *space, void __user *arg, bool discard)
{
	struct vmdev_range range;
	pgoff_t first, end;
	int err;

	if (copy_from_user(&range, arg, sizeof(range)))
		return -EFAULT;
	if (range.reserved)
		return -EINVAL;
	err = to_pages(space, range.offset, range.length, &first, &end);
	if (err)
		return err;
	range.pages = 0;
	if (discard) {
		if (mutex_lock_killable(&space->size_mutex))
			return -EINTR;
		err = vmdev_space_discard(space, first, end, &range.pages);
		mutex_unlock(&space->size_mutex);
	} else {
		err = vmdev_evict_range(space, first, end, &range.pages);
	}
	if (err)
		return err;
	return copy_to_user(arg, &range, sizeof(range)) ? -EFAULT : 0;
}

static int get_map(struct vmdev_space *space, void __user *arg)
{
	struct vmdev_map_entry __user *to;
	struct vmdev_map_entry buf[32];
	struct vmdev_map map;
	pgoff_t index, end;
	unsigned int n;
	int err;

	if (copy_from_user(&map, arg, sizeof(map)))
		return -EFAULT;
	if (map.reserved || map.count > U64_MAX >> PAGE_SHIFT)
		return -EINVAL;
	err = to_pages(space, map.offset, map.count << PAGE_SHIFT, &index, &end);
	if (err)
		return err;
	to = u64_to_user_ptr(map.entries);

	map.count = 0;
	while (index < end) {
		for (n = 0; n < ARRAY_SIZE(buf) && index < end; n++, index++) {
			err = vmdev_space_map_entry(space, index, &buf[n]);
			if (err)
				return err;
		}
		if (copy_to_user(to + map.count, buf, n * sizeof(*buf)))
			return -EFAULT;
		map.count += n;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return copy_to_user(arg, &map, sizeof(map)) ? -EFAULT : 0;
}

/* The argument's fields up to @taken, an offset; what is behind them must be zero. */
static int get_volume(struct vmdev_volume *volume, void __user *arg, size_t taken)
{
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (copy_from_user(volume, arg, sizeof(*volume)))
		return -EFAULT;
	if (memchr_inv((char *)volume + taken, 0, sizeof(*volume) - taken))
		return -EINVAL;
	return 0;
}

static int volume_create(void __user *arg)
{
	struct vmdev_volume volume;
	int err = get_volume(&volume, arg, offsetof(struct vmdev_volume, major));

	return err ? err : vmdev_volume_create(&volume);
}

static int volume_remove(void __user *arg)
{
	struct vmdev_volume volume;
	int err = get_volume(&volume, arg, offsetof(struct vmdev_volume, size));

	return err ? err : vmdev_volume_remove(volume.name);
}

static int volume_list(void __user *arg)
{
	struct vmdev_volume_list list;
	struct vmdev_volume __user *to;
	struct vmdev_volume volume;
	unsigned long minor = 0;
	bool admin;
	u64 n = 0;
	int err;

	if (copy_from_user(&list, arg, sizeof(list)))
		return -EFAULT;
	if (!all_zero(list.reserved, ARRAY_SIZE(list.reserved)))
		return -EINVAL;
	to = u64_to_user_ptr(list.volumes);
	admin = capable(CAP_SYS_ADMIN);
	for (;; n++, minor++) {
		err = vmdev_volume_next(&minor, &volume);
		if (err)
			break;
		/* not for everybody to watch */
		if (!admin) {
			volume.resident = 0;
			volume.swapped = 0;
		}
		if (n < list.count && copy_to_user(to + n, &volume, sizeof(volume)))
			return -EFAULT;
	}
	if (err != -ENOENT)
		return err;
	list.count = n;
	return copy_to_user(arg, &list, sizeof(list)) ? -EFAULT : 0;
}

/* Is @cmd not for who may only read a volume? */
static bool changes_or_watches(unsigned int cmd)
{
	return cmd == VMDEV_IOC_SET_LIMIT || cmd == VMDEV_IOC_DISCARD ||
	       cmd == VMDEV_IOC_EVICT || cmd == VMDEV_IOC_GET_MAP;
}

static long vmdev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct vmdev_space *space = file->private_data;
	void __user *p = (void __user *)arg;

	if (changes_or_watches(cmd) && !may_change(file))
		return -EBADF;
	switch (cmd) {
	case VMDEV_IOC_GET_INFO:
		return get_info(space, p);
	case VMDEV_IOC_GET_STATS:
		return get_stats(space, p);
	case VMDEV_IOC_SET_SIZE:
		return set_size(space, p);
	case VMDEV_IOC_SET_LIMIT:
		return set_limit(space, p);
	case VMDEV_IOC_DISCARD:
		return do_range(space, p, true);
	case VMDEV_IOC_EVICT:
		return do_range(space, p, false);
	case VMDEV_IOC_GET_MAP:
		return get_map(space, p);
	case VMDEV_IOC_VOLUME_CREATE:
		return volume_create(p);
	case VMDEV_IOC_VOLUME_REMOVE:
		return volume_remove(p);
	case VMDEV_IOC_VOLUME_LIST:
		return volume_list(p);
	case BLKGETSIZE64:
	case BLKGETSIZE64_32:
		return put_user((u64)i_size_read(space->inode), (u64 __user *)p);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations vmdev_fops = {
	.owner		= THIS_MODULE,
	.open		= vmdev_open,
	.release	= vmdev_release,
	.mmap		= vmdev_mmap,
	.llseek		= vmdev_llseek,
	.read_iter	= vmdev_read_iter,
	.write_iter	= vmdev_write_iter,
	.splice_read	= vmdev_splice_read,
	.splice_write	= iter_file_splice_write,
	.fsync		= vmdev_fsync,
	.fadvise	= vmdev_fadvise,
	.unlocked_ioctl	= vmdev_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

static struct miscdevice vmdev_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "vmdev",
	.fops	= &vmdev_fops,
	.mode	= 0600,
};

/* ---- load and unload ---- */

static int __init vmdev_init(void)
{
	const struct vmdev_policy_ops *ops = vmdev_policy_find(policy);
	unsigned long frames = (unsigned long)pool_mb << (20 - PAGE_SHIFT);
	int err;

	if (!ops) {
		pr_err("policy=%s: accepted are s3fifo, clock, clock-refault and fifo\n", policy);
		return -EINVAL;
	}
	err = vmdev_page_init();
	if (err)
		return err;
	err = vmdev_io_init();
	if (err)
		goto err_page;
	err = vmdev_pool_init(frames);
	if (err) {
		pr_err("pool_mb=%u: doesn't fit in free memory; %ld MiB are available now\n",
		       pool_mb, si_mem_available() >> (20 - PAGE_SHIFT));
		goto err_io;
	}
	err = vmdev_store_open(store, store_mb);
	if (err)
		goto err_pool;
	err = vmdev_space_init();
	if (err)
		goto err_store;
	err = vmdev_reclaim_init(ops);
	if (err)
		goto err_space;
	vmdev_poison_init();
	err = vmdev_sysfs_init();
	if (err)
		goto err_evict;
	vmdev_debugfs_init();
	err = vmdev_volume_init(&vmdev_fops);
	if (err)
		goto err_debugfs;
	err = misc_register(&vmdev_misc);
	if (err)
		goto err_volume;
	pr_info("%lu frames, %lu slots in %s\n", vmdev_pool_frames(), vmdev_store_slots(), store);
	return 0;

err_volume:
	vmdev_volume_exit();
err_debugfs:
	vmdev_debugfs_exit();
	vmdev_sysfs_exit();
err_evict:
	vmdev_poison_exit();
	vmdev_reclaim_exit();
err_space:
	vmdev_space_exit();
err_store:
	vmdev_store_close();
err_pool:
	vmdev_pool_exit();
err_io:
	vmdev_io_exit();
err_page:
	vmdev_page_exit();
	return err;
}

static void __exit vmdev_exit(void)
{
	misc_deregister(&vmdev_misc);
	vmdev_volume_exit();
	vmdev_debugfs_exit();
	vmdev_sysfs_exit();
	vmdev_poison_exit();
	/* the reclaim thread may hold the last reference to a closed space */
	vmdev_reclaim_exit();
	vmdev_space_exit();
	vmdev_pool_exit();
	vmdev_store_close();
	vmdev_io_exit();
	vmdev_page_exit();
}

module_init(vmdev_init);
module_exit(vmdev_exit);

MODULE_DESCRIPTION("A memory device bigger than RAM");
MODULE_AUTHOR("The vmdev developers");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1");
MODULE_SOFTDEP("pre: crc32c");
