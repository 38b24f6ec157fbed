// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/vmdev: getters and setters, nothing else. Each
 * file is described in Documentation/ABI/testing/sysfs-kernel-vmdev.
 */
#include <linux/kobject.h>
#include <linux/kstrtox.h>
#include <linux/sysfs.h>

#include <vmdev/domain.h>
#include <vmdev/policy.h>
#include <vmdev/pool.h>
#include <vmdev/reclaim.h>
#include <vmdev/space.h>
#include <vmdev/stats.h>
#include <vmdev/swap.h>
#include <vmdev/sysfs.h>

static struct kobject *root;

#define SHOW(name, format, value)						\
	static ssize_t name##_show(struct kobject *kobj, struct kobj_attribute *attr, \
				   char *buf)					\
	{									\
		return sysfs_emit(buf, format "\n", value);			\
	}
#define RO(name, format, value)							\
	SHOW(name, format, value)						\
	static struct kobj_attribute name##_attr = __ATTR_RO(name)
#define COUNTER(name)	RO(name, "%lu", vmdev_stats_sum(VMDEV_COUNT_##name))

/* pool */

SHOW(frames, "%lu", vmdev_pool_frames())

static ssize_t frames_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			    size_t count)
{
	unsigned long frames;
	int err = kstrtoul(buf, 0, &frames);

	if (err)
		return err;
	if (frames < VMDEV_POOL_MIN)
		return -EINVAL;
	if (mutex_lock_killable(&vmdev_ctl))
		return -EINTR;
	err = vmdev_reclaim_resize(frames);
	mutex_unlock(&vmdev_ctl);
	return err ? err : count;
}

static struct kobj_attribute frames_attr = __ATTR_RW(frames);

RO(free, "%lu", vmdev_pool_free_frames());
RO(dirty, "%lu", vmdev_space_sum(VMDEV_PAGE_DIRTY));
RO(pinned, "%lu", vmdev_pool_pinned(NULL));
RO(locked, "%ld", atomic_long_read(&vmdev_pool.nr_locked));
COUNTER(zeroed_on_free);
COUNTER(poisoned);

static struct attribute *pool_attrs[] = {
	&frames_attr.attr, &free_attr.attr, &dirty_attr.attr, &pinned_attr.attr,
	&locked_attr.attr, &zeroed_on_free_attr.attr, &poisoned_attr.attr, NULL
};

/* store */

RO(path, "%s", vmdev_store_path());
RO(slots, "%lu", vmdev_store_slots());
RO(used, "%lu", vmdev_store_used());
COUNTER(read_pages);
COUNTER(read_ios);
COUNTER(written_pages);
COUNTER(written_ios);
COUNTER(read_errors);
COUNTER(write_errors);
COUNTER(checksum_errors);

static struct attribute *store_attrs[] = {
	&path_attr.attr, &slots_attr.attr, &used_attr.attr, &read_pages_attr.attr,
	&read_ios_attr.attr, &written_pages_attr.attr, &written_ios_attr.attr,
	&read_errors_attr.attr, &write_errors_attr.attr, &checksum_errors_attr.attr, NULL
};

/* stats */

static unsigned long all_faults(void)
{
	return vmdev_stats_sum(VMDEV_COUNT_faults_minor) +
	       vmdev_stats_sum(VMDEV_COUNT_faults_major) +
	       vmdev_stats_sum(VMDEV_COUNT_faults_zero);
}

RO(faults, "%lu", all_faults());
COUNTER(faults_minor);
COUNTER(faults_major);
COUNTER(faults_zero);
COUNTER(evictions);
COUNTER(evictions_clean);
COUNTER(same_filled);
COUNTER(refaults);
COUNTER(readahead);
COUNTER(readahead_hits);
COUNTER(direct_reclaims);
COUNTER(locked_evictions);
COUNTER(oom);

static struct attribute *stats_attrs[] = {
	&faults_attr.attr, &faults_minor_attr.attr, &faults_major_attr.attr,
	&faults_zero_attr.attr, &evictions_attr.attr, &evictions_clean_attr.attr,
	&same_filled_attr.attr, &refaults_attr.attr, &readahead_attr.attr,
	&readahead_hits_attr.attr, &direct_reclaims_attr.attr,
	&locked_evictions_attr.attr, &oom_attr.attr, NULL
};

/* policy */

static ssize_t available_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return vmdev_policy_list(buf);
}

static struct kobj_attribute available_attr = __ATTR_RO(available);

static ssize_t current_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", vmdev_domain_policy_name());
}

static ssize_t current_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			     size_t count)
{
	const struct vmdev_policy_ops *ops = vmdev_policy_find(buf);

	if (!ops)
		return -EINVAL;
	if (mutex_lock_killable(&vmdev_ctl))
		return -EINTR;
	vmdev_domain_policy(ops);
	mutex_unlock(&vmdev_ctl);
	return count;
}

static struct kobj_attribute policy_current_attr = {
	/* not __ATTR: "current" is a macro */
	.attr	= { .name = "current", .mode = 0644 },
	.show	= current_show,
	.store	= current_store,
};

static struct attribute *policy_attrs[] = {
	&available_attr.attr, &policy_current_attr.attr, NULL
};

/* spaces */

RO(count, "%lu", vmdev_space_number());

static struct attribute *spaces_attrs[] = { &count_attr.attr, NULL };

static const struct attribute_group groups[] = {
	{ .name = "pool",	.attrs = pool_attrs },
	{ .name = "store",	.attrs = store_attrs },
	{ .name = "stats",	.attrs = stats_attrs },
	{ .name = "policy",	.attrs = policy_attrs },
	{ .name = "spaces",	.attrs = spaces_attrs },
};

static const struct attribute_group *group_list[ARRAY_SIZE(groups) + 1];

/* Return: 0 or a negative errno. */
int vmdev_sysfs_init(void)
{
	unsigned int i;
	int err;

	root = kobject_create_and_add("vmdev", kernel_kobj);
	if (!root)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(groups); i++)
		group_list[i] = &groups[i];
	err = sysfs_create_groups(root, group_list);
	if (err) {
		kobject_put(root);
		return err;
	}
	return 0;
}

/* No reader is left when this returns. */
void vmdev_sysfs_exit(void)
{
	sysfs_remove_groups(root, group_list);
	kobject_put(root);
}
