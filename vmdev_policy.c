// SPDX-License-Identifier: GPL-2.0
/*
 * The registry of replacement policies: by name, nothing more.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include <vmdev/policy.h>

static const struct vmdev_policy_ops *const policies[] = {
	&vmdev_policy_s3fifo,
	&vmdev_policy_clock,
	&vmdev_policy_clock_refault,
	&vmdev_policy_fifo,
};

/**
 * vmdev_policy_find() - look a policy up
 * @name: its name, a newline at the end is ignored
 *
 * Return: the policy or NULL.
 */
const struct vmdev_policy_ops *vmdev_policy_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(policies); i++) {
		if (sysfs_streq(name, policies[i]->name))
			return policies[i];
	}
	return NULL;
}

/**
 * vmdev_policy_list() - write all names, separated by spaces, and a newline
 * @buf: a sysfs buffer
 *
 * Return: bytes written.
 */
int vmdev_policy_list(char *buf)
{
	unsigned int i;
	int n = 0;

	for (i = 0; i < ARRAY_SIZE(policies); i++)
		n += sysfs_emit_at(buf, n, "%s%s", i ? " " : "", policies[i]->name);
	return n + sysfs_emit_at(buf, n, "\n");
}
