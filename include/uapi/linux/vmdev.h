/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * vmdev: a memory device bigger than RAM - the interface of /dev/vmdev.
 *
 * Every open(2) of /dev/vmdev makes a new, empty, zero-filled memory object, a
 * space. It is mapped with mmap(2), read and written with read(2) and
 * write(2), and told about with the ioctls below. A space made with
 * VMDEV_IOC_VOLUME_CREATE is a volume: it has a name, a node /dev/vmdev-NAME, and a
 * fixed size, every open of that node is the same space, and it lives until it is
 * removed or the module is unloaded.
 *
 * All offsets and lengths are in bytes unless a field says pages. Every field named
 * reserved must be zero (EINVAL otherwise) and is written back as zero. All
 * structures have the same layout for 32-bit and 64-bit programs.
 */
#ifndef _UAPI_LINUX_VMDEV_H
#define _UAPI_LINUX_VMDEV_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Raised when a structure or a meaning below changes. */
#define VMDEV_ABI_VERSION	1

/* vmdev_info.features */
#define VMDEV_FEATURE_DIRECT_IO	(1ULL << 0)	/* the store bypasses the page cache */
#define VMDEV_FEATURE_CHECKSUM	(1ULL << 1)	/* pages read back are verified */
#define VMDEV_FEATURE_ACCESSED	(1ULL << 2)	/* use is read from page tables */
#define VMDEV_FEATURE_BLOCK_IO	(1ULL << 3)	/* the store is written by block I/O */
#define VMDEV_FEATURE_VOLUMES	(1ULL << 4)	/* VMDEV_IOC_VOLUME_* are there */

/**
 * struct vmdev_info - what the module is and which space this is
 * @abi_version: VMDEV_ABI_VERSION of the module
 * @page_size: bytes in a page, the unit of frames and slots
 * @pool_frames: frames in the pool
 * @store_slots: slots in the store, one page each
 * @features: VMDEV_FEATURE_* bits
 * @space_id: number of this space, unique while the module is loaded
 * @reserved: zero
 */
struct vmdev_info {
	__u32 abi_version;
	__u32 page_size;
	__u64 pool_frames;
	__u64 store_slots;
	__u64 features;
	__u64 space_id;
	__u64 reserved[3];
};

/**
 * struct vmdev_stats - counters of one space
 * @size: its size, bytes
 * @reserved_pages: pages promised a frame or a slot by mmap
 * @touched: pages with any content, wherever that is
 * @resident: pages in frames of the pool now
 * @dirty: of these, known to differ from the store
 * @swapped: pages that are only in the store
 * @zero: pages that are one repeated 64-bit word, held in no frame and no slot
 * @pinned: resident pages the kernel holds for I/O now
 * @bad: pages whose content the store could not give back
 * @limit_max: most frames this space may hold, 0 for no limit
 * @limit_min: frames that other spaces can't take from it
 * @faults_minor: faults served from the pool without I/O
 * @faults_major: faults that waited for the store
 * @faults_zero: faults served by filling a frame
 * @refaults: faults on pages that had been evicted
 * @evictions: pages evicted
 * @read_pages: pages read from the store
 * @written_pages: pages written to the store
 * @readahead: pages read before they were asked for
 * @readahead_hits: of these, touched later
 * @reserved: zero
 *
 * faults_* and the fields after it only go up; the others are a snapshot.
 */
struct vmdev_stats {
	__u64 size;
	__u64 reserved_pages;
	__u64 touched;
	__u64 resident;
	__u64 dirty;
	__u64 swapped;
	__u64 zero;
	__u64 pinned;
	__u64 bad;
	__u64 limit_max;
	__u64 limit_min;
	__u64 faults_minor;
	__u64 faults_major;
	__u64 faults_zero;
	__u64 refaults;
	__u64 evictions;
	__u64 read_pages;
	__u64 written_pages;
	__u64 readahead;
	__u64 readahead_hits;
	__u64 reserved[4];
};

/**
 * struct vmdev_size - argument of VMDEV_IOC_SET_SIZE
 * @size: new size in bytes; what is cut off is gone and reads as zero later
 * @reserved: zero
 */
struct vmdev_size {
	__u64 size;
	__u64 reserved;
};

/**
 * struct vmdev_limit - argument of VMDEV_IOC_SET_LIMIT
 * @max_frames: most frames this space may hold; 0 for no limit, otherwise at
 *	least VMDEV_LIMIT_MIN
 * @min_frames: frames that other spaces can't take from it; the sum over all
 *	spaces is at most half of the pool
 * @reserved: zero
 */
struct vmdev_limit {
	__u64 max_frames;
	__u64 min_frames;
	__u64 reserved[2];
};

#define VMDEV_LIMIT_MIN		16

/**
 * struct vmdev_range - argument of VMDEV_IOC_DISCARD and VMDEV_IOC_EVICT
 * @offset: first byte, a multiple of the page size
 * @length: bytes, a multiple of the page size; what lies past the end of the
 *	space is ignored
 * @pages: out: EVICT: pages that left the pool; DISCARD: pages given back
 * @reserved: zero
 */
struct vmdev_range {
	__u64 offset;
	__u64 length;
	__u64 pages;
	__u64 reserved;
};

/* vmdev_map_entry.state */
enum vmdev_map_state {
	VMDEV_MAP_ABSENT	= 0,	/* never touched, reads as zero */
	VMDEV_MAP_ZERO		= 1,	/* zero or one repeated word, no frame, no slot */
	VMDEV_MAP_CLEAN		= 2,	/* in a frame, as it is in the store */
	VMDEV_MAP_DIRTY		= 3,	/* in a frame, not in the store */
	VMDEV_MAP_READING	= 4,	/* in I/O: being read into a frame */
	VMDEV_MAP_WRITING	= 5,	/* in I/O: being written to a slot */
	VMDEV_MAP_SWAPPED	= 6,	/* in a slot only */
	VMDEV_MAP_COMPRESSED	= 7,	/* compressed in memory */
	VMDEV_MAP_BAD		= 8,	/* lost: a touch gives SIGBUS */
};

#define VMDEV_MAP_NONE		0xffffffffU	/* no frame, no slot */

/**
 * struct vmdev_map_entry - where one page is
 * @state: enum vmdev_map_state
 * @frame: pool-relative frame number or VMDEV_MAP_NONE
 * @slot: slot number in the store or VMDEV_MAP_NONE
 * @reserved: zero
 */
struct vmdev_map_entry {
	__u32 state;
	__u32 frame;
	__u32 slot;
	__u32 reserved;
};

/**
 * struct vmdev_map - argument of VMDEV_IOC_GET_MAP
 * @offset: first byte, a multiple of the page size
 * @count: in: entries @entries has room for; out: entries written, fewer
 *	where the space ends
 * @entries: address of an array of struct vmdev_map_entry
 * @reserved: zero
 */
struct vmdev_map {
	__u64 offset;
	__u64 count;
	__u64 entries;
	__u64 reserved;
};

/* Bytes of a volume's name, with the zero that ends it. */
#define VMDEV_VOLUME_NAME_SIZE	32

/**
 * struct vmdev_volume - a volume: argument of VMDEV_IOC_VOLUME_CREATE and
 *	VMDEV_IOC_VOLUME_REMOVE, result of VMDEV_IOC_VOLUME_LIST
 * @name: letters, digits, '.', '_' and '-', the first a letter or a digit; zero
 *	from its end on
 * @size: bytes, a multiple of the page size, not 0
 * @mode: permissions of the node, at most 0777; CREATE takes 0 for 0600
 * @gid: group of the node; it belongs to root
 * @major: of the node's number
 * @minor: of the node's number
 * @space_id: as in struct vmdev_info
 * @resident: pages in frames of the pool now; 0 without CAP_SYS_ADMIN
 * @swapped: pages that are only in the store; 0 without CAP_SYS_ADMIN
 * @reserved: zero
 *
 * CREATE takes @name to @gid, REMOVE takes @name; what they don't take must be zero.
 * Both need CAP_SYS_ADMIN (EPERM). CREATE fails with EEXIST, ENOSPC when pool and
 * store can't back the size, EFBIG. REMOVE fails with ENOENT; who has the volume
 * open keeps it, as with a file that is unlinked.
 *
 * On a volume's descriptor SET_SIZE fails with EPERM, SET_LIMIT, DISCARD, EVICT and
 * GET_MAP with EBADF unless it is open for writing, and posix_fadvise(2) does nothing
 * but WILLNEED then: who may only read must not disturb or watch the others. Past the
 * end write(2) fails with ENOSPC and mmap(2) with ENXIO. BLKGETSIZE64 gives the size,
 * as lseek(2) with SEEK_END does.
 */
struct vmdev_volume {
	char name[VMDEV_VOLUME_NAME_SIZE];
	__u64 size;
	__u32 mode;
	__u32 gid;
	__u32 major;
	__u32 minor;
	__u64 space_id;
	__u64 resident;
	__u64 swapped;
	__u64 reserved[3];
};

/**
 * struct vmdev_volume_list - argument of VMDEV_IOC_VOLUME_LIST
 * @count: in: entries @volumes has room for; out: volumes there are, which may be
 *	more; the first of them were written
 * @volumes: address of an array of struct vmdev_volume
 * @reserved: zero
 */
struct vmdev_volume_list {
	__u64 count;
	__u64 volumes;
	__u64 reserved[2];
};

#define VMDEV_IOC_MAGIC		0xB7

#define VMDEV_IOC_GET_INFO	_IOR(VMDEV_IOC_MAGIC, 0, struct vmdev_info)
#define VMDEV_IOC_GET_STATS	_IOR(VMDEV_IOC_MAGIC, 1, struct vmdev_stats)
#define VMDEV_IOC_SET_SIZE	_IOW(VMDEV_IOC_MAGIC, 2, struct vmdev_size)
#define VMDEV_IOC_SET_LIMIT	_IOW(VMDEV_IOC_MAGIC, 3, struct vmdev_limit)
#define VMDEV_IOC_DISCARD	_IOWR(VMDEV_IOC_MAGIC, 4, struct vmdev_range)
#define VMDEV_IOC_EVICT		_IOWR(VMDEV_IOC_MAGIC, 5, struct vmdev_range)
#define VMDEV_IOC_GET_MAP	_IOWR(VMDEV_IOC_MAGIC, 6, struct vmdev_map)
#define VMDEV_IOC_VOLUME_CREATE	_IOW(VMDEV_IOC_MAGIC, 7, struct vmdev_volume)
#define VMDEV_IOC_VOLUME_REMOVE	_IOW(VMDEV_IOC_MAGIC, 8, struct vmdev_volume)
#define VMDEV_IOC_VOLUME_LIST	_IOWR(VMDEV_IOC_MAGIC, 9, struct vmdev_volume_list)

#endif /* _UAPI_LINUX_VMDEV_H */
