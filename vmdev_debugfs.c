// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs vmdev, for root alone: the latency histogram, the list of spaces, which
 * mappings there are of them, and for each space where its pages are. It shows and
 * changes nothing. Each file is described in Documentation/ABI/testing/debugfs-vmdev.
 *
 * The file of a space goes with the space. Who has it open keeps what is behind it,
 * not the space's pages: those read as absent then.
 */
#include <linux/debugfs.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <vmdev/debugfs.h>
#include <vmdev/fault.h>
#include <vmdev/space.h>
#include <vmdev/stats.h>
#include <uapi/linux/vmdev.h>

static struct dentry *root, *pages;

static int latency_show(struct seq_file *m, void *unused)
{
	unsigned int i;

	seq_puts(m, "# ns_at_least faults\n");
	for (i = 0; i < VMDEV_LATENCY_BUCKETS; i++)
		seq_printf(m, "%llu %lu\n", 1ULL << i, vmdev_stats_latency(i));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(latency);

static int latency_sum_show(struct seq_file *m, void *unused)
{
	seq_printf(m, "%llu\n", vmdev_stats_latency_sum());
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(latency_sum);

static int spaces_show(struct seq_file *m, void *unused)
{
	return vmdev_space_show(m, unused);
}
DEFINE_SHOW_ATTRIBUTE(spaces);

/* ---- mappings ---- */

/* The memory of a process, of whichever thread still has it. */
static struct mm_struct *get_mm(struct task_struct *p)
{
	struct mm_struct *mm = NULL;
	struct task_struct *t;

	rcu_read_lock();
	for_each_thread(p, t) {
		mm = get_task_mm(t);
		if (mm)
			break;
	}
	rcu_read_unlock();
	return mm;
}

/* A line for each mapping of a space in one process. Return: 0 or -EINTR. */
static int show_process(struct seq_file *m, struct task_struct *p)
{
	pid_t pid = task_tgid_vnr(p);
	struct mm_struct *mm = pid ? get_mm(p) : NULL;
	struct vm_area_struct *vma;
	struct vmdev_space *space;
	int err;

	if (!mm)
		return 0;
	err = mmap_read_lock_killable(mm);
	if (!err) {
		VMA_ITERATOR(vmi, mm, 0);

		for_each_vma(vmi, vma) {
			if (vma->vm_ops != &vmdev_vm_ops)
				continue;
			space = vma->vm_file->private_data;
			seq_printf(m, "%llu %d %lx %lx %llu\n", space->id, pid, vma->vm_start,
				   vma->vm_end, (u64)vma->vm_pgoff << PAGE_SHIFT);
		}
		mmap_read_unlock(mm);
	}
	mmput(mm);
	return err;
}

/* All processes there are, each with a reference. Return: how many, or -ENOMEM. */
static long get_processes(struct task_struct ***tasks)
{
	struct task_struct *p;
	long max = 64, n = 0;

	rcu_read_lock();
	for_each_process(p)
		max++;
	rcu_read_unlock();
	*tasks = kvmalloc_array(max, sizeof(**tasks), GFP_KERNEL);
	if (!*tasks)
		return -ENOMEM;
	rcu_read_lock();
	for_each_process(p) {
		if (n == max)
			break;
		get_task_struct(p);
		(*tasks)[n++] = p;
	}
	rcu_read_unlock();
	return n;
}

/*
 * Process by process, not space by space: that takes no lock that reclaim waits for,
 * however many mappings a space has.
 */
static int mappings_show(struct seq_file *m, void *unused)
{
	struct task_struct **tasks;
	long i, n = get_processes(&tasks);
	int err = 0;

	if (n < 0)
		return n;
	seq_puts(m, "space pid start end offset\n");
	for (i = 0; i < n; i++) {
		if (!err && !seq_has_overflowed(m))
			err = show_process(m, tasks[i]);
		put_task_struct(tasks[i]);
		cond_resched();
	}
	kvfree(tasks);
	return err;
}
DEFINE_SHOW_ATTRIBUTE(mappings);

/* ---- pages ---- */

/* debugfs holds off vmdev_debugfs_remove() meanwhile, so the space is there. */
static int pages_open(struct inode *inode, struct file *file)
{
	vmdev_space_get(inode->i_private);
	file->private_data = inode->i_private;
	return 0;
}

static int pages_release(struct inode *inode, struct file *file)
{
	vmdev_space_put(file->private_data);
	return 0;
}

/* A struct vmdev_map_entry a page, up to the end of the space; whole ones only. */
static ssize_t pages_read(struct file *file, char __user *to, size_t count, loff_t *pos)
{
	struct vmdev_space *space = file->private_data;
	struct vmdev_map_entry entry;
	size_t done = 0;
	int err;

	if (*pos % sizeof(entry) || (count && count < sizeof(entry)))
		return -EINVAL;
	while (count - done >= sizeof(entry)) {
		pgoff_t index = *pos / sizeof(entry);

		if (index >= vmdev_space_end(space))
			break;
		err = vmdev_space_map_entry(space, index, &entry);
		if (err)
			return err;
		if (copy_to_user(to + done, &entry, sizeof(entry)))
			return -EFAULT;
		done += sizeof(entry);
		*pos += sizeof(entry);
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return done;
}

static const struct file_operations pages_fops = {
	.owner		= THIS_MODULE,
	.open		= pages_open,
	.release	= pages_release,
	.read		= pages_read,
	.llseek		= default_llseek,
};

/**
 * vmdev_debugfs_add() - show the pages of a space that was just opened
 * @space: the space
 *
 * Without debugfs or memory there is no file, which is nobody's loss.
 *
 * Context: process, no locks.
 */
void vmdev_debugfs_add(struct vmdev_space *space)
{
	char name[24];

	snprintf(name, sizeof(name), "%llu", space->id);
	/* it may be open for long; what it needs it holds itself */
	space->debug = debugfs_create_file_unsafe(name, 0400, pages, space, &pages_fops);
}

/* The space ends: nobody opens its file any more. Context: process, no locks. */
void vmdev_debugfs_remove(struct vmdev_space *space)
{
	debugfs_remove(space->debug);
}

/* debugfs is optional: nothing here fails. */
void vmdev_debugfs_init(void)
{
	root = debugfs_create_dir("vmdev", NULL);
	debugfs_create_file("latency", 0400, root, NULL, &latency_fops);
	debugfs_create_file("latency_sum", 0400, root, NULL, &latency_sum_fops);
	debugfs_create_file("spaces", 0400, root, NULL, &spaces_fops);
	debugfs_create_file("mappings", 0400, root, NULL, &mappings_fops);
	pages = debugfs_create_dir("pages", root);
}

/* No reader is left when this returns. */
void vmdev_debugfs_exit(void)
{
	debugfs_remove_recursive(root);
}
