/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libvmdev: memory bigger than RAM from /dev/vmdev.
 *
 * A struct vmdev is one space: a memory object of its own that starts empty
 * and reads as zero. Map it with vmdev_mmap() and use it as ordinary memory.
 * The structures of <linux/vmdev.h> are passed through unchanged; this header
 * adds no second description of them.
 *
 * Units: offsets, lengths and sizes are bytes, counts are pages of
 * vmdev_page_size() bytes. A page is also the unit of frames and slots.
 *
 * Errors: functions that return a pointer return NULL, the others -1, and set
 * errno. Nothing is printed and the process is never ended. Beside the values
 * named with each function, errno can be EFAULT (a bad pointer) or EINTR (a
 * fatal signal is on its way).
 *
 * Threads: every function may be called from any thread, also on the same
 * space at the same time, except that nothing may use a space while or after
 * vmdev_close() gets it. Mappings don't need the handle: they live until
 * vmdev_munmap(). The library keeps no global state and starts no thread.
 *
 * fork: the child shares the space with its parent, as with every descriptor
 * and MAP_SHARED mapping. exec closes the descriptor.
 */
#ifndef VMDEV_H
#define VMDEV_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <linux/vmdev.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Device node that vmdev_open(NULL) opens. */
#define VMDEV_PATH		"/dev/vmdev"

/** Where the module shows its statistics. */
#define VMDEV_SYSFS		"/sys/kernel/vmdev"

/** A space. Opaque. */
struct vmdev;

/**
 * vmdev_version - version of the library, "MAJOR.MINOR.PATCH"
 *
 * Return: a constant string. Never fails.
 */
const char *vmdev_version(void);

/**
 * vmdev_open - make a new space
 * @path: device node, NULL for VMDEV_PATH
 *
 * The descriptor behind it is opened for reading and writing and close-on-exec.
 *
 * Return: the space, to be given to vmdev_close(), or NULL:
 * ENOENT: no such node: the module isn't loaded; ENXIO, ENODEV: the node has no
 * driver; EACCES: the node's permissions; ENOTTY: not a vmdev device;
 * EPROTO: the module's ABI isn't VMDEV_ABI_VERSION; EMFILE, ENFILE, ENOMEM.
 */
struct vmdev *vmdev_open(const char *path);

/**
 * vmdev_from_fd - use a descriptor of a space that came from elsewhere
 * @fd: open descriptor of /dev/vmdev, inherited or received over a socket
 *
 * On success the returned space owns @fd; on failure the caller still does.
 *
 * Return: the space or NULL: EBADF, ENOTTY, EPROTO, ENOMEM, see vmdev_open().
 */
struct vmdev *vmdev_from_fd(int fd);

/**
 * vmdev_close - give a space back
 * @space: the space, NULL is allowed and does nothing
 *
 * Its content is gone once the last descriptor and the last mapping are, so
 * mappings of it stay usable. errno is left alone.
 */
void vmdev_close(struct vmdev *space);

/**
 * vmdev_fd - the descriptor, for read(2), pwrite(2), poll(2), SCM_RIGHTS, ...
 * @space: the space
 *
 * Return: the descriptor; it stays the space's. Never fails.
 */
int vmdev_fd(const struct vmdev *space);

/**
 * vmdev_page_size - bytes in a page
 * @space: the space
 *
 * Return: the size, a power of two. Never fails.
 */
size_t vmdev_page_size(const struct vmdev *space);

/**
 * vmdev_mmap - map a part of a space
 * @space: the space
 * @offset: first byte, a multiple of the page size
 * @length: bytes, more than 0; rounded up to whole pages
 * @prot: PROT_READ, PROT_WRITE, PROT_EXEC or PROT_NONE as for mmap(2)
 * @flags: 0, or of MAP_NORESERVE, MAP_POPULATE, MAP_LOCKED; MAP_SHARED is implied
 *
 * Mapping past the end of the space makes it larger. Without MAP_NORESERVE the
 * whole length is backed by pool and store from here on, and can't fail later
 * for want of room. For a fixed address use mmap(2) on vmdev_fd().
 *
 * Return: the address, to be given to vmdev_munmap(), or NULL (not MAP_FAILED):
 * ENOMEM: pool and store can't back it, or no address space left; EINVAL: length
 * 0, unaligned offset or another flag; EOVERFLOW: the end is past 2^63; EFBIG:
 * larger than a space can be; EAGAIN: MAP_LOCKED past RLIMIT_MEMLOCK.
 */
void *vmdev_mmap(struct vmdev *space, uint64_t offset, size_t length, int prot,
		 int flags);

/**
 * vmdev_munmap - end a mapping or a part of it
 * @addr: a multiple of the page size
 * @length: bytes
 *
 * The content stays in the space as long as that lives.
 *
 * Return: 0 or -1: EINVAL: unaligned address or length 0.
 */
int vmdev_munmap(void *addr, size_t length);

/**
 * vmdev_set_size - change the size as ftruncate(2) would
 * @space: the space
 * @size: bytes, any number
 *
 * What is cut off reads as zero when the space grows again. Touching a mapping
 * past the last page gives SIGBUS.
 *
 * Return: 0 or -1: ENOSPC: pool and store can't back it; EFBIG: larger than a
 * space can be.
 */
int vmdev_set_size(struct vmdev *space, uint64_t size);

/**
 * vmdev_get_size - the size in bytes
 * @space: the space
 * @size: where to put it
 *
 * Return: 0 or -1.
 */
int vmdev_get_size(struct vmdev *space, uint64_t *size);

/**
 * vmdev_set_limit - bound the frames a space holds
 * @space: the space
 * @max_pages: most frames it may hold: 0 for no limit, or at least
 *	VMDEV_LIMIT_MIN
 * @min_pages: frames that other spaces can't take from it, at most @max_pages
 *	where that is set
 *
 * Both are replaced. vmdev_get_stats() tells them.
 *
 * Return: 0 or -1: EINVAL: out of range; ENOSPC: the sum of all spaces' minima
 * would be more than half of the pool.
 */
int vmdev_set_limit(struct vmdev *space, uint64_t max_pages, uint64_t min_pages);

/**
 * vmdev_discard - drop content: the range reads as zero, its memory comes back
 * @space: the space
 * @offset: first byte, a multiple of the page size
 * @length: bytes, a multiple of the page size; past the end is ignored
 *
 * Return: pages given back or -1: EINVAL: unaligned, or offset + length is too
 * large.
 */
int64_t vmdev_discard(struct vmdev *space, uint64_t offset, uint64_t length);

/**
 * vmdev_evict - page a range out to the store now; the content stays
 * @space: the space
 * @offset: first byte, a multiple of the page size
 * @length: bytes, a multiple of the page size; past the end is ignored
 *
 * Pages that the kernel holds for I/O stay where they are. Waits for the store.
 *
 * Return: pages that left the pool or -1: EINVAL: unaligned, or offset + length
 * is too large.
 */
int64_t vmdev_evict(struct vmdev *space, uint64_t offset, uint64_t length);

/**
 * vmdev_page_map - where the pages of a range are
 * @space: the space
 * @offset: first byte, a multiple of the page size
 * @entries: room for @count entries, one a page
 * @count: pages
 *
 * A snapshot: pages may move while and after it is taken.
 *
 * Return: entries filled, fewer than @count where the space ends, or -1:
 * EINVAL: unaligned or too many.
 */
ssize_t vmdev_page_map(struct vmdev *space, uint64_t offset,
		       struct vmdev_map_entry *entries, size_t count);

/**
 * vmdev_map_state_name - a page state in words, for people and for logs
 * @state: enum vmdev_map_state
 *
 * Return: a constant string as "dirty", "unknown" for a state not known.
 */
const char *vmdev_map_state_name(uint32_t state);

/**
 * vmdev_get_stats - counters of this space
 * @space: the space
 * @stats: where to put them, see <linux/vmdev.h>
 *
 * Return: 0 or -1.
 */
int vmdev_get_stats(struct vmdev *space, struct vmdev_stats *stats);

/**
 * vmdev_get_info - what the module is and which space this is
 * @space: the space
 * @info: where to put it, see <linux/vmdev.h>
 *
 * Return: 0 or -1.
 */
int vmdev_get_info(struct vmdev *space, struct vmdev_info *info);

/**
 * vmdev_volume_create - make a volume: a space with a name
 * @name: at most 31 letters, digits, '.', '_' and '-', the first a letter or digit
 * @size: bytes, a multiple of the page size, not 0
 * @mode: permissions of its node, at most 0777; 0 for 0600
 * @gid: group of its node; it belongs to root
 *
 * vmdev_open("/dev/vmdev-NAME"), and open(2), give the same space to everybody. Its
 * size is backed by pool and store and fixed: vmdev_set_size() fails with EPERM, a
 * mapping past the end with ENXIO. It lives until it is removed or the module is
 * unloaded. Needs CAP_SYS_ADMIN.
 *
 * Return: 0 or -1: ENODEV: the module isn't loaded; EACCES: permissions of VMDEV_PATH;
 * ENOTTY: the module has no volumes; EPERM; EINVAL: out of range; EEXIST: there is
 * one of that name; ENOSPC: pool and store can't back it; EFBIG: larger than a space
 * can be; EMFILE, ENFILE, ENOMEM.
 */
int vmdev_volume_create(const char *name, uint64_t size, mode_t mode, gid_t gid);

/**
 * vmdev_volume_remove - remove a volume
 * @name: its name
 *
 * Its content goes with the last descriptor and mapping of it. Needs CAP_SYS_ADMIN.
 *
 * Return: 0 or -1: ENODEV, EACCES, ENOTTY, EPERM as above; EINVAL: can't be a name;
 * ENOENT: there is none of that name; EMFILE, ENFILE, ENOMEM.
 */
int vmdev_volume_remove(const char *name);

/**
 * vmdev_volume_list - the volumes there are, the oldest first
 * @volumes: where to put them, see <linux/vmdev.h>
 * @count: room there, may be 0
 *
 * Not one moment's picture: others may make and remove some meanwhile.
 *
 * Return: how many there are, of which the first @count were written, or -1: ENODEV,
 * EACCES, ENOTTY as above; EMFILE, ENFILE, ENOMEM.
 */
ssize_t vmdev_volume_list(struct vmdev_volume *volumes, size_t count);

/** A number that the module doesn't show, or not to this user. */
#define VMDEV_UNKNOWN		UINT64_MAX

/*
 * struct vmdev_module_stats - the whole module, from VMDEV_SYSFS
 *
 * Pool numbers are frames, store numbers slots or pages, the others counts. A
 * member is called as its file, with the directory's name in front where it is
 * pool, store, policy or spaces. Not an atomic snapshot: the files are read one
 * after the other. Numbers that can't be read are VMDEV_UNKNOWN, strings empty.
 */
struct vmdev_module_stats {
	uint64_t pool_frames;
	uint64_t pool_free;
	uint64_t pool_dirty;
	uint64_t pool_pinned;
	uint64_t pool_locked;
	uint64_t pool_zeroed_on_free;
	uint64_t pool_poisoned;

	uint64_t store_slots;
	uint64_t store_used;
	uint64_t store_read_pages;
	uint64_t store_read_ios;
	uint64_t store_written_pages;
	uint64_t store_written_ios;
	uint64_t store_read_errors;
	uint64_t store_write_errors;
	uint64_t store_checksum_errors;

	uint64_t faults;
	uint64_t faults_minor;
	uint64_t faults_major;
	uint64_t faults_zero;
	uint64_t evictions;
	uint64_t evictions_clean;
	uint64_t refaults;
	uint64_t readahead;
	uint64_t readahead_hits;
	uint64_t direct_reclaims;
	uint64_t oom;
	uint64_t locked_evictions;
	uint64_t same_filled;

	uint64_t spaces_count;

	char policy_current[32];
	char policy_available[256];	/* separated by blanks */
	char store_path[4096];
};

/**
 * vmdev_get_module_stats - read the statistics of the whole module
 * @stats: where to put them
 * @size: sizeof(struct vmdev_module_stats) as the caller was compiled; a later
 *	library with more members fills no more than this
 *
 * Needs no space and no privilege.
 *
 * Return: 0 or -1: ENODEV: the module isn't loaded; EINVAL: @size is 0 or a file
 * doesn't hold a number; EIO, EMFILE, ENFILE.
 */
int vmdev_get_module_stats(struct vmdev_module_stats *stats, size_t size);

#ifdef __cplusplus
}
#endif

#endif /* VMDEV_H */
