/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The numbers that are watched: the module's from /sys/kernel/vmdev, a space's
 * from its descriptor, an ordinary process's from /proc.
 */
#ifndef DEMO_GAUGE_H
#define DEMO_GAUGE_H

#include <linux/vmdev.h>
#include <stdint.h>
#include <sys/types.h>

struct gauge {
	uint64_t frames;
	uint64_t free;
	uint64_t dirty;
	uint64_t slots;
	uint64_t used;
	uint64_t read_pages;
	uint64_t read_ios;
	uint64_t written_pages;
	uint64_t written_ios;
	uint64_t read_errors;
	uint64_t write_errors;
	uint64_t checksum_errors;
	uint64_t faults;
	uint64_t faults_minor;
	uint64_t faults_major;
	uint64_t faults_zero;
	uint64_t evictions;
};

void gauge_module(struct gauge *gauge);
void gauge_space(struct vmdev_stats *stats, int space);
uint64_t gauge_process(pid_t pid);	/* resident bytes of its own, 0 when it's gone */

#endif /* DEMO_GAUGE_H */
