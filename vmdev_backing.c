// SPDX-License-Identifier: GPL-2.0
/*
 * The backing of the store: opening, checking, preallocating and guarding a
 * file or a block device, and moving pages to and from it. It must not know
 * which slots are in use or what is in them.
 *
 * Block I/O. A block device, or a file on a file system that leaves a file's
 * blocks where they are (ext2, 3 and 4, XFS), is read and written by bios of our
 * own, the way the kernel's swap does it: the file is written once, its blocks
 * are looked up with bmap() and it is marked S_SWAPFILE, which keeps everybody
 * from truncating, moving, reflinking or unlinking it. No lock of the file's is
 * taken after that, so a fault may submit I/O whatever it came from. Where the driver
 * sleeps when it is given a request, as nbd does in a socket, a worker submits it: the
 * locks a fault came with would nest with the driver's. A device stacked on such a one
 * doesn't show it: for it that is as with the kernel's own swap.
 *
 * File I/O. On any other file system requests go through the file from worker
 * threads, direct where it can be, buffered elsewhere. A fault must not do that
 * itself: it may come from inside another file's inode lock.
 */
#define pr_fmt(fmt) "vmdev: " fmt

#include <linux/bio.h>
#include <linux/blk-cgroup.h>
#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/fs.h>
#include <linux/ioprio.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/namei.h>
#include <linux/pagemap.h>
#include <linux/random.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/workqueue.h>

#include <vmdev/backing.h>
#include <vmdev/compat.h>
#include <vmdev/swap.h>
#include <uapi/linux/vmdev.h>

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC	0x58465342
#endif

#define SECTORS_PER_PAGE	(PAGE_SIZE >> SECTOR_SHIFT)
#define FILL_PAGES		256	/* of a write that fills the file */
#define SPARE_BIOS		8	/* with a page of vectors each, kept for want of memory */

struct extent {
	u32 slot;
	u32 nr;
	sector_t sector;
};

static struct backing {
	struct file *file;		/* NULL for a block device */
	struct vmdev_bdev bdev;		/* a block device as store */
	struct block_device *target;	/* of block I/O, NULL for file I/O */
	bool sleeps;			/* the target's driver does, when it gets requests */
	bool synchronous;		/* its requests have ended when they are submitted */
	struct extent *extent;
	unsigned int nr_extents;
	unsigned int max_extents;
	bool direct;			/* the file is open with O_DIRECT */
	bool named;			/* the file has a name */
	bool created;			/* that was made here and goes at close */
	bool guarded;
	struct bio_set bios;
	struct workqueue_struct *reads, *writes;	/* for what a task must not do itself */
	char *name;
} backing;

/* ---- opening ---- */

static void set_direct(struct file *file, bool direct)
{
	spin_lock(&file->f_lock);
	if (direct)
		file->f_flags |= O_DIRECT;
	else
		file->f_flags &= ~O_DIRECT;
	file->f_iocb_flags = iocb_flags(file);
	spin_unlock(&file->f_lock);
	backing.direct = direct;
}

/*
 * Open, then go over to direct I/O where the file can do it. Asking for it in the
 * open would leave, where it is refused (tmpfs until 6.5), a half-open file that
 * counts as a writer until the task is back in user mode.
 */
static struct file *open_file(const char *path, int flags)
{
	struct file *file = filp_open(path, O_RDWR | O_LARGEFILE | flags, 0600);

	if (IS_ERR(file))
		return file;
	set_direct(file, file->f_mode & FMODE_CAN_ODIRECT);
	return file;
}

/* Remove the name of an open file of ours. Context: process, no locks. */
static int unlink_file(struct file *file)
{
	struct dentry *dentry = file->f_path.dentry;
	struct dentry *parent = dget_parent(dentry);
	int err;

	/* a second reference, or unlinking would turn the file's own dentry negative */
	dget(dentry);

	err = mnt_want_write_file(file);
	if (err)
		goto out;
	inode_lock_nested(d_inode(parent), I_MUTEX_PARENT);
	if (d_unhashed(dentry) || dentry->d_parent != parent)
		err = -ENOENT;
	else
		err = vmdev_unlink(file, d_inode(parent));
	inode_unlock(d_inode(parent));
	mnt_drop_write_file(file);
out:
	dput(dentry);
	dput(parent);
	return err;
}

/* A file without a name in directory @path. */
static struct file *open_unnamed(const char *path)
{
	struct file *file = open_file(path, O_TMPFILE | O_EXCL);
	char *name;
	int err;

	if (!IS_ERR(file) || (PTR_ERR(file) != -EOPNOTSUPP && PTR_ERR(file) != -EISDIR))
		return file;

	name = kasprintf(GFP_KERNEL, "%s/.vmdev-%016llx", path, get_random_u64());
	if (!name)
		return ERR_PTR(-ENOMEM);
	file = open_file(name, O_CREAT | O_EXCL | O_NOFOLLOW);
	kfree(name);
	if (IS_ERR(file))
		return file;
	err = unlink_file(file);
	if (err) {
		filp_close(file, NULL);
		return ERR_PTR(err);
	}
	return file;
}

/* May @file be a store: nobody but root and the loader may write to it? */
static int check_file(const char *path, struct file *file)
{
	struct inode *inode = file_inode(file);

	if (!S_ISREG(inode->i_mode) || !file->f_op->read_iter || !file->f_op->write_iter) {
		pr_err("store=%s: not a directory, regular file or block device\n", path);
		return -EINVAL;
	}
	if ((inode->i_mode & 0022) || (!uid_eq(inode->i_uid, GLOBAL_ROOT_UID) &&
				       !uid_eq(inode->i_uid, current_fsuid()))) {
		pr_err("store=%s: others may write to it; it must belong to root with mode 0600\n",
		       path);
		return -EPERM;
	}
	if (IS_SWAPFILE(inode)) {
		pr_err("store=%s: in use as swap; give a file of its own\n", path);
		return -EBUSY;
	}
	return 0;
}

/* What spaces hold will be in the file: nobody but its owner may read it. */
static int close_to_readers(const char *path, struct file *file)
{
	struct inode *inode = file_inode(file);
	struct iattr attr = { .ia_valid = ATTR_MODE, .ia_mode = inode->i_mode & ~0077 };
	int err;

	if (!(inode->i_mode & 0077))
		return 0;
	err = mnt_want_write_file(file);
	if (err)
		return err;
	inode_lock(inode);
	err = vmdev_notify_change(file, &attr);
	inode_unlock(inode);
	mnt_drop_write_file(file);
	if (err)
		pr_err("store=%s: others may read it, and its mode can't be changed (error %d)\n",
		       path, err);
	else
		pr_info("store=%s: others could read it; its mode is 0600 now\n", path);
	return err;
}

/*
 * Keep others from opening the file for writing and from truncating it: our own
 * write access is taken off the inode's count, which can then be made negative.
 */
static int guard_file(const char *path, struct file *file)
{
	struct inode *inode = file_inode(file);
	int err;

	put_write_access(inode);
	err = deny_write_access(file);
	if (err) {
		/* the count can't be negative: somebody has it open for writing */
		WARN_ON_ONCE(get_write_access(inode));
		pr_err("store=%s: open for writing elsewhere; close it there first\n", path);
		return err;
	}
	backing.guarded = true;
	return 0;
}

static void unguard_file(struct file *file)
{
	if (!backing.guarded)
		return;
	allow_write_access(file);
	WARN_ON_ONCE(get_write_access(file_inode(file)));
	backing.guarded = false;
}

/* ---- file I/O ---- */

/* Move @nr pages at page number @page of the file. Return: 0 or a negative errno. */
static int file_rw(enum req_op op, struct bio_vec *bv, unsigned int nr, u64 page)
{
	bool write = op == REQ_OP_WRITE;
	struct file *file = backing.file;
	struct iov_iter iter;
	struct kiocb kiocb;
	ssize_t n = 0;

	init_sync_kiocb(&kiocb, file);
	kiocb.ki_pos = page << PAGE_SHIFT;
	iov_iter_bvec(&iter, write ? WRITE : READ, bv, nr, (size_t)nr << PAGE_SHIFT);

	if (write)
		vmdev_start_write(file);
	while (iov_iter_count(&iter)) {
		n = write ? vfs_iocb_iter_write(file, &kiocb, &iter) :
			    vfs_iocb_iter_read(file, &kiocb, &iter);
		if (n <= 0)
			break;
	}
	if (write)
		vmdev_end_write(file);
	/* nothing read or written without an error: the file has been cut off */
	return iov_iter_count(&iter) ? (n < 0 ? n : -EIO) : 0;
}

static void file_work(struct work_struct *work)
{
	struct vmdev_request *req = container_of(work, struct vmdev_request, work);
	unsigned int noio = memalloc_noio_save();

	req->error = file_rw(req->op, req->bv, req->nr, req->slot);
	memalloc_noio_restore(noio);
	req->end(req);
}

/* ---- block I/O ---- */

static void part_done(struct vmdev_request *req, int error)
{
	/* parts may end on several CPUs: any one error is as good as another */
	if (error)
		WRITE_ONCE(req->error, error);
	if (atomic_dec_and_test(&req->pending))
		req->end(req);
}

static void bio_done(struct bio *bio)
{
	struct vmdev_request *req = bio->bi_private;
	int error = blk_status_to_errno(bio->bi_status);

	if (bio == &req->bio)
		bio_uninit(bio);
	else
		bio_put(bio);
	/* drivers may call this in a task that can be preempted: vmdev_io_exit() waits */
	rcu_read_lock();
	part_done(req, error);
	rcu_read_unlock();
}

static const struct extent *find_extent(u32 slot)
{
	unsigned int low = 0, high = backing.nr_extents;

	while (high - low > 1) {
		unsigned int mid = low + (high - low) / 2;

		if (backing.extent[mid].slot <= slot)
			low = mid;
		else
			high = mid;
	}
	return &backing.extent[low];
}

/*
 * Pages are written by whoever needs a frame, and not only his own; and frames that are
 * read into are nobody's until that is done. His cgroup's limits and his priority must
 * not keep others' frames for long.
 */
static void do_for_all(struct bio *bio)
{
	/* not by bio_set_dev(), which would charge the task first */
	bio->bi_bdev = backing.target;
#ifdef CONFIG_BLK_CGROUP
	bio_associate_blkg_from_css(bio, blkcg_root_css);
#endif
	bio->bi_ioprio = IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, IOPRIO_BE_NORM);
}

/* A bio for pages @i to @i + @nr - 1 of a request: mostly those are all of them. */
static struct bio *make_bio(struct vmdev_request *req, unsigned int i, unsigned int nr)
{
	/* Synchronous and not idle: write-back throttling takes it for direct I/O. */
	blk_opf_t opf = req->op | REQ_SYNC | (req->op == REQ_OP_WRITE ? REQ_IDLE : 0);
	struct bio *bio = &req->bio;
	unsigned int k;

	if (i)
		bio = bio_alloc_bioset(NULL, nr, opf, GFP_NOIO, &backing.bios);
	else
		bio_init(bio, NULL, req->bv, VMDEV_REQUEST_PAGES, opf);
	/* of the first, this writes over each page what it says already */
	for (k = 0; k < nr; k++)
		__bio_add_page(bio, req->bv[i + k].bv_page, PAGE_SIZE, 0);
	return bio;
}

static void submit_block(struct vmdev_request *req)
{
	unsigned int i = 0, n;
	struct bio *bio;

	atomic_set(&req->pending, 1);
	while (i < req->nr) {
		const struct extent *ext = find_extent(req->slot + i);
		u32 offset = req->slot + i - ext->slot;

		n = min(req->nr - i, ext->nr - offset);
		bio = make_bio(req, i, n);
		bio->bi_iter.bi_sector = ext->sector + (sector_t)offset * SECTORS_PER_PAGE;
		bio->bi_private = req;
		bio->bi_end_io = bio_done;
		do_for_all(bio);
		atomic_inc(&req->pending);
		submit_bio(bio);
		i += n;
	}
	part_done(req, 0);
}

static void block_work(struct work_struct *work)
{
	submit_block(container_of(work, struct vmdev_request, work));
}

static void set_target(struct block_device *bdev)
{
	struct request_queue *q = bdev_get_queue(bdev);

	backing.target = bdev;
	backing.sleeps = q->tag_set && q->tag_set->flags & BLK_MQ_F_BLOCKING;
	backing.synchronous = vmdev_bdev_synchronous(bdev);
}

/* Must a page not be changed while it is written, as with checksums on the wire? */
bool vmdev_backing_stable(void)
{
	return backing.target && bdev_stable_writes(backing.target);
}

/* Has a request ended when it is submitted, as with a RAM disk or persistent memory? */
bool vmdev_backing_synchronous(void)
{
	return backing.synchronous;
}

/**
 * vmdev_backing_submit() - start a request
 * @req: op, slot, nr, bv and end are set
 *
 * Context: process, may sleep for a bio but for nothing else; @req->end is
 * called when all is done, maybe before this returns.
 */
void vmdev_backing_submit(struct vmdev_request *req)
{
	req->error = 0;
	if (backing.target && !backing.sleeps) {
		submit_block(req);
		return;
	}
	INIT_WORK(&req->work, backing.target ? block_work : file_work);
	/* apart, so that a read doesn't queue behind much write-back */
	queue_work(req->op == REQ_OP_READ ? backing.reads : backing.writes, &req->work);
}

/* ---- preparing a file ---- */

/*
 * Some promise direct I/O and refuse it when it comes to it: overlayfs, whatever is below
 * it, does nothing at all then; CIFS, with the page cache on. Return: it is worth a try
 * without.
 */
static bool can_do_without_direct(int err)
{
	if (err != -EINVAL || !backing.direct)
		return false;
	set_direct(backing.file, false);
	return true;
}

/* Have the file system find a place for all of the file. */
static int allocate(u64 pages)
{
	int err;

	do {
		err = vfs_fallocate(backing.file, 0, 0, pages << PAGE_SHIFT);
	} while (can_do_without_direct(err));
	return err;
}

/* Write zeroes to all of the file, so that its blocks are there and in use. */
static int fill_file(u64 pages)
{
	struct bio_vec *bv;
	unsigned int i;
	u64 page, n;
	int err = 0;

	bv = kcalloc(FILL_PAGES, sizeof(*bv), GFP_KERNEL);
	if (!bv)
		return -ENOMEM;
	for (i = 0; i < FILL_PAGES; i++)
		bv[i] = (struct bio_vec){ .bv_page = ZERO_PAGE(0), .bv_len = PAGE_SIZE };

	for (page = 0; page < pages && !err; page += n) {
		n = min_t(u64, pages - page, FILL_PAGES);
		do {
			err = file_rw(REQ_OP_WRITE, bv, n, page);
		} while (!page && can_do_without_direct(err));
		if (fatal_signal_pending(current))
			err = -EINTR;
		cond_resched();
	}
	kfree(bv);
	return err ? err : vfs_fsync(backing.file, 0);
}

static int add_extent(u32 slot, sector_t sector)
{
	struct extent *last = backing.extent + backing.nr_extents - 1;

	if (backing.nr_extents &&
	    sector == last->sector + (sector_t)last->nr * SECTORS_PER_PAGE) {
		last->nr++;
		return 0;
	}
	if (backing.nr_extents == backing.max_extents) {
		unsigned int max = max(2 * backing.max_extents, 64U);
		struct extent *more = kvmalloc_array(max, sizeof(*more), GFP_KERNEL);

		if (!more)
			return -ENOMEM;
		if (backing.nr_extents)
			memcpy(more, backing.extent, backing.nr_extents * sizeof(*more));
		kvfree(backing.extent);
		backing.extent = more;
		backing.max_extents = max;
	}
	backing.extent[backing.nr_extents++] = (struct extent){ slot, 1, sector };
	return 0;
}

/* Sector of a page of the file; 0 where it has no block or is cut in pieces. */
static sector_t page_sector(struct inode *inode, u64 page)
{
	unsigned int i, blocks = PAGE_SIZE >> inode->i_blkbits;
	sector_t first = 0;

	for (i = 0; i < blocks; i++) {
		sector_t block = page * blocks + i;

		if (bmap(inode, &block) || !block || (i && block != first + i))
			return 0;
		if (!i)
			first = block;
	}
	return first << (inode->i_blkbits - SECTOR_SHIFT);
}

/* Return: 0 when every page of the file has its place, -EOPNOTSUPP when not. */
static int map_file(struct inode *inode, u64 pages)
{
	u64 page;
	int err;

	backing.nr_extents = 0;
	for (page = 0; page < pages; page++) {
		sector_t sector = page_sector(inode, page);

		if (!sector)
			return -EOPNOTSUPP;
		err = add_extent(page, sector);
		if (err)
			return err;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

/* Does this file's file system leave its blocks alone, as swap needs it? */
static bool blocks_stay(struct inode *inode)
{
	struct super_block *sb = inode->i_sb;

	return (sb->s_magic == EXT4_SUPER_MAGIC || sb->s_magic == XFS_SUPER_MAGIC) &&
	       inode->i_mapping->a_ops->bmap && sb->s_bdev && !IS_DAX(inode) &&
	       !IS_ENCRYPTED(inode) && inode->i_blkbits <= PAGE_SHIFT;
}

static int mark_swapfile(struct inode *inode, bool on)
{
	int err = 0;

	inode_lock(inode);
	if (on && IS_SWAPFILE(inode))
		err = -EBUSY;
	else if (on)
		inode->i_flags |= S_SWAPFILE;
	else
		inode->i_flags &= ~S_SWAPFILE;
	inode_unlock(inode);
	return err;
}

/* Go over to block I/O where the file allows it; otherwise stay with file I/O. */
static int try_block_io(struct inode *inode, u64 pages)
{
	int err;

	if (!blocks_stay(inode))
		return 0;
	/* nothing of it may be left in the page cache, dirty or not */
	err = filemap_write_and_wait(inode->i_mapping);
	if (err)
		return err;
	if (invalidate_inode_pages2(inode->i_mapping))
		return 0;
	err = mark_swapfile(inode, true);
	if (err)
		return err;
	err = map_file(inode, pages);
	if (err) {
		mark_swapfile(inode, false);
		return err == -EOPNOTSUPP ? 0 : err;
	}
	set_target(inode->i_sb->s_bdev);
	return 0;
}

static int prepare_file(const char *path, u64 pages)
{
	struct inode *inode = file_inode(backing.file);
	bool whole;
	int err;

	/* all blocks first: what can't be had is refused now, not when it's needed */
	err = allocate(pages);
	if (err && err != -EOPNOTSUPP) {
		pr_err("store=%s: can't allocate %llu MiB (error %d); free space or lower store_mb\n",
		       path, pages >> (20 - PAGE_SHIFT), err);
		return err;
	}
	/* a file that was a store before needs no filling, only its map */
	err = try_block_io(inode, pages);
	whole = backing.target;
	if (!err && !whole) {
		err = fill_file(pages);
		if (!err)
			err = try_block_io(inode, pages);
	}
	if (err)
		pr_err("store=%s: can't be prepared (error %d)\n", path, err);
	return err;
}

static int open_regular(const char *path, u64 pages, u64 *found, bool dir, bool create)
{
	u64 size;
	int err;

	backing.file = dir ? open_unnamed(path) :
			     open_file(path, create ? O_CREAT | O_EXCL : 0);
	if (IS_ERR(backing.file)) {
		err = PTR_ERR(backing.file);
		backing.file = NULL;
		pr_err("store=%s: can't be opened (error %d)\n", path, err);
		return err;
	}
	backing.named = !dir;
	backing.created = create;
	err = check_file(path, backing.file);
	if (err)
		return err;
	err = guard_file(path, backing.file);
	if (!err)
		err = close_to_readers(path, backing.file);
	if (err)
		return err;
	size = i_size_read(file_inode(backing.file)) >> PAGE_SHIFT;
	if (!pages)
		pages = size;
	*found = pages;
	if (!pages)
		return 0;	/* the caller says that it's too small */
	return prepare_file(path, pages);
}

static int open_block(const char *path, u64 pages, u64 *found)
{
	u64 size;
	int err;

	err = vmdev_bdev_open(&backing.bdev, path, &backing);
	if (err) {
		pr_err("store=%s: %s (error %d)\n", path,
		       err == -EBUSY ? "mounted or in use" : "can't be opened for writing", err);
		return err;
	}
	if (bdev_logical_block_size(backing.bdev.bdev) > PAGE_SIZE) {
		pr_err("store=%s: its blocks are larger than a page\n", path);
		return -EINVAL;
	}
	size = bdev_nr_bytes(backing.bdev.bdev) >> PAGE_SHIFT;
	if (pages > size) {
		pr_err("store_mb=%llu: %s has %llu MiB; give at most that, or 0 for all of it\n",
		       pages >> (20 - PAGE_SHIFT), path, size >> (20 - PAGE_SHIFT));
		return -ENOSPC;
	}
	*found = pages ? pages : size;
	if (*found > U32_MAX)
		*found = U32_MAX;

	/* what the page cache has of the device would hide what we write */
	err = sync_blockdev(backing.bdev.bdev);
	if (err)
		return err;
	invalidate_bdev(backing.bdev.bdev);
	backing.extent = kvmalloc_array(1, sizeof(*backing.extent), GFP_KERNEL);
	if (!backing.extent)
		return -ENOMEM;
	backing.extent[0] = (struct extent){ 0, *found, 0 };
	backing.nr_extents = 1;
	set_target(backing.bdev.bdev);
	return 0;
}

/**
 * vmdev_backing_open() - open what @path names and make it ready
 * @path: a directory, a regular file (made where there is none) or a block device
 * @pages: size wanted, 0 for all there is
 * @found: out: pages there are, 0 when an existing file is empty
 *
 * Says in the log what is wrong with it. On an error vmdev_backing_close()
 * must be called all the same.
 *
 * Context: process, of whoever loads the module.
 * Return: 0 or a negative errno.
 */
int vmdev_backing_open(const char *path, u64 pages, u64 *found)
{
	struct path where;
	umode_t mode = 0;
	int err;

	*found = 0;
	backing.name = kstrdup(path, GFP_KERNEL);
	backing.reads = alloc_workqueue("vmdev_read", WQ_UNBOUND | WQ_MEM_RECLAIM, 16);
	backing.writes = alloc_workqueue("vmdev_write", WQ_UNBOUND | WQ_MEM_RECLAIM, 16);
	if (!backing.name || !backing.reads || !backing.writes)
		return -ENOMEM;
	err = bioset_init(&backing.bios, SPARE_BIOS, 0, BIOSET_NEED_BVECS);
	if (err)
		return err;

	err = *path ? kern_path(path, LOOKUP_FOLLOW, &where) : -EINVAL;
	if (!err) {
		mode = d_inode(where.dentry)->i_mode;
		path_put(&where);
	} else if (err != -ENOENT) {
		pr_err("store=%s: can't be looked up (error %d)\n", path, err);
		return err;
	}
	if (!pages && (!mode || S_ISDIR(mode))) {
		pr_err("store_mb=0: needs an existing file or device in store, not %s\n", path);
		return -EINVAL;
	}
	if (mode && !S_ISDIR(mode) && !S_ISREG(mode) && !S_ISBLK(mode)) {
		pr_err("store=%s: not a directory, regular file or block device\n", path);
		return -EINVAL;
	}
	if (S_ISBLK(mode))
		return open_block(path, pages, found);
	return open_regular(path, pages, found, S_ISDIR(mode), !mode);
}

/* Close it; nothing is under way any more. Context: process. */
void vmdev_backing_close(void)
{
	struct file *file = backing.file;

	if (backing.bdev.bdev)
		vmdev_bdev_close(&backing.bdev);
	if (file) {
		if (backing.target)
			mark_swapfile(file_inode(file), false);
		unguard_file(file);
		if (backing.named && !file_inode(file)->i_nlink)
			pr_warn("store=%s: has been removed while in use\n", backing.name);
		else if (backing.created)
			unlink_file(file);
		filp_close(file, NULL);
	}
	bioset_exit(&backing.bios);
	if (backing.reads)
		destroy_workqueue(backing.reads);
	if (backing.writes)
		destroy_workqueue(backing.writes);
	kvfree(backing.extent);
	kfree(backing.name);
	memset(&backing, 0, sizeof(backing));
}

/* What the parameter store named. */
const char *vmdev_backing_path(void)
{
	return backing.name;
}

/* VMDEV_FEATURE_* bits of the way pages go. */
u64 vmdev_backing_features(void)
{
	if (backing.target)
		return VMDEV_FEATURE_DIRECT_IO | VMDEV_FEATURE_BLOCK_IO;
	return backing.direct ? VMDEV_FEATURE_DIRECT_IO : 0;
}
