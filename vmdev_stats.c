// SPDX-License-Identifier: GPL-2.0
/*
 * Counters and the fault latency histogram, one copy a CPU. It owns nothing
 * else and knows nobody. See include/vmdev/stats.h for the list.
 */
#include <linux/cpumask.h>
#include <linux/log2.h>
#include <linux/minmax.h>

#include <vmdev/stats.h>

DEFINE_PER_CPU(struct vmdev_cpu_stats, vmdev_cpu_stats);

/* Sum of one counter over all CPUs. Context: any. */
unsigned long vmdev_stats_sum(enum vmdev_counter counter)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(vmdev_cpu_stats, cpu).count[counter]);
	return sum;
}

/* Faults that took 2^@bucket to 2^(@bucket + 1) - 1 ns. Context: any. */
unsigned long vmdev_stats_latency(unsigned int bucket)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(vmdev_cpu_stats, cpu).latency[bucket]);
	return sum;
}

/* Nanoseconds that all faults took together. Context: any. */
u64 vmdev_stats_latency_sum(void)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(vmdev_cpu_stats, cpu).latency_ns);
	return sum;
}

/* Count a fault that began at @start and was served just now. Context: any. */
void vmdev_stats_took(ktime_t start)
{
	u64 ns = max_t(s64, ktime_to_ns(ktime_sub(ktime_get(), start)), 1);
	unsigned int bucket = min_t(unsigned int, ilog2(ns), VMDEV_LATENCY_BUCKETS - 1);

	this_cpu_inc(vmdev_cpu_stats.latency[bucket]);
	this_cpu_add(vmdev_cpu_stats.latency_ns, ns);
}
