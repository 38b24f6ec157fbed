/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters of the whole module, per CPU, from one list. They only go up while
 * the module is loaded; a reading sums over the CPUs without stopping them.
 */
#ifndef _VMDEV_STATS_H
#define _VMDEV_STATS_H

#include <linux/percpu.h>
#include <linux/ktime.h>

#define VMDEV_COUNTERS(X)						\
	X(faults_minor)							\
	X(faults_major)							\
	X(faults_zero)							\
	X(evictions)							\
	X(evictions_clean)						\
	X(same_filled)							\
	X(refaults)							\
	X(readahead)							\
	X(readahead_hits)						\
	X(direct_reclaims)						\
	X(locked_evictions)						\
	X(oom)								\
	X(zeroed_on_free)						\
	X(poisoned)							\
	X(read_pages)							\
	X(read_ios)							\
	X(written_pages)						\
	X(written_ios)							\
	X(read_errors)							\
	X(write_errors)							\
	X(checksum_errors)

#define VMDEV_COUNTER_ENUM(name)	VMDEV_COUNT_##name,
enum vmdev_counter { VMDEV_COUNTERS(VMDEV_COUNTER_ENUM) VMDEV_COUNTS };

#define VMDEV_LATENCY_BUCKETS	40

struct vmdev_cpu_stats {
	unsigned long count[VMDEV_COUNTS];
	unsigned long latency[VMDEV_LATENCY_BUCKETS];
	u64 latency_ns;
};

DECLARE_PER_CPU(struct vmdev_cpu_stats, vmdev_cpu_stats);

#define vmdev_count_add(name, n) \
	this_cpu_add(vmdev_cpu_stats.count[VMDEV_COUNT_##name], (n))
#define vmdev_count(name)	vmdev_count_add(name, 1)

unsigned long vmdev_stats_sum(enum vmdev_counter counter);
unsigned long vmdev_stats_latency(unsigned int bucket);
u64 vmdev_stats_latency_sum(void);
void vmdev_stats_took(ktime_t start);

#endif /* _VMDEV_STATS_H */
