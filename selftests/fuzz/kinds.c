// SPDX-License-Identifier: GPL-2.0
/*
 * The operations there are, how often each is drawn, and in which processes.
 */
#include "fuzz.h"

#define HERE	0
#define CHILD	FZ_IN_CHILD
#define ANY	(FZ_IN_CHILD | FZ_IN_VICTIM)

const struct fz_kind fz_kinds[] = {
	{ "load", 60, ANY, op_load },
	{ "store", 80, ANY, op_store },
	{ "mmap", 40, ANY, op_mmap },
	{ "mmap_bad", 2, CHILD, op_mmap_bad },
	{ "munmap", 14, ANY, op_munmap },
	{ "mprotect", 20, ANY, op_mprotect },
	{ "mremap", 24, ANY, op_mremap },
	{ "madvise", 30, ANY, op_madvise },
	{ "mlock", 8, HERE, op_mlock },
	{ "munlock", 2, HERE, op_munlock },
	{ "mincore", 6, ANY, op_mincore },
	{ "msync", 6, ANY, op_msync },
	{ "pread", 30, ANY, op_pread },
	{ "pwrite", 40, ANY, op_pwrite },
	{ "read", 14, CHILD, op_read },
	{ "write", 14, CHILD, op_write },
	{ "append", 6, CHILD, op_append },
	{ "readv", 8, ANY, op_readv },
	{ "writev", 8, ANY, op_writev },
	{ "lseek", 10, CHILD, op_lseek },
	{ "fsync", 3, ANY, op_sync },
	{ "fadvise", 20, ANY, op_fadvise },
	{ "refused", 4, CHILD, op_refused },
	{ "splice_out", 8, ANY, op_splice_out },
	{ "splice_in", 8, ANY, op_splice_in },
	{ "sendfile", 8, CHILD, op_sendfile },
	{ "read_mapped", 12, ANY, op_read_mapped },
	{ "write_mapped", 12, ANY, op_write_mapped },
	{ "direct", 8, ANY, op_direct },
	{ "proc_mem", 6, ANY, op_proc_mem },
	{ "set_size", 16, CHILD, op_set_size },
	{ "set_limit", 6, CHILD, op_set_limit },
	{ "discard", 16, ANY, op_discard },
	{ "evict", 30, ANY, op_evict },
	{ "get_map", 10, CHILD, op_get_map },
	{ "get_stats", 10, CHILD, op_get_stats },
	{ "get_info", 3, CHILD, op_get_info },
	{ "pool", 2, CHILD, op_pool },
	{ "policy", 3, CHILD, op_policy },
	{ "sysfs", 3, CHILD, op_sysfs },
	{ "reserve", 4, FZ_ALONE, op_reserve },
	{ "open", 8, HERE, op_open },
	{ "close", 5, HERE, op_close },
	{ "dup", 4, HERE, op_dup },
	{ "fork", 4, HERE, op_fork },
	{ "kill", 4, HERE, op_kill },
};

const unsigned int fz_nr_kinds = ARRAY_SIZE(fz_kinds);
