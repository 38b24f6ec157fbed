// SPDX-License-Identifier: GPL-2.0
/*
 * mmap(2) and its relatives for anonymous private memory on vmdev, as the program
 * and as the allocator call them. What they do is what the kernel does for ordinary
 * memory; all else goes to the kernel as it came.
 *
 * Two things differ from a mapping of a file: memory that is mapped anew, or given
 * up by madvise(2), reads as zero, so its content is discarded; and memory that is
 * moved or grown has to stay at the offset of its address, so it is copied.
 */
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>

#include "memory.h"
#include "space.h"
#include "sys.h"

#define PAGE		4096UL
#define EXPORT		__attribute__((visibility("default")))

/* What an anonymous mapping must not ask for, since vmdev can't be that. */
#define NOT_FLAGS	(MAP_HUGETLB | MAP_GROWSDOWN)
#define TO_VMDEV	(MAP_POPULATE | MAP_LOCKED)

struct ranges memory_ranges;

static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

void memory_lock(void)
{
	pthread_mutex_lock(&lock);
}

void memory_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

void memory_lock_renew(void)
{
	lock = (pthread_mutex_t)PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
}

static uintptr_t page_up(uintptr_t value)
{
	return (value + PAGE - 1) & -PAGE;
}

/* What a system call gives, for a caller of the C library. */
static long finish(long result)
{
	if (!sys_failed(result))
		return result;
	errno = (int)-result;
	return -1;
}

static bool touches(uintptr_t start, uintptr_t end)
{
	struct range part;

	return ranges_next(&memory_ranges, start, end, &part);
}

/* What is ours of [@start, @end) has no content any more. Returns 0 or -errno. */
static int discard(uintptr_t start, uintptr_t end)
{
	struct range part;
	int err = 0;

	while (!err && ranges_next(&memory_ranges, start, end, &part)) {
		err = space_discard(part.start, part.end);
		start = part.end;
	}
	return err;
}

/* ---- mmap ---- */

/* Addresses that nobody else gets, for the kernel to choose or to refuse. */
static long reserve(void *address, size_t length, int flags)
{
	return sys(SYS_mmap, address, length, PROT_NONE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
		   (flags & (MAP_FIXED_NOREPLACE | MAP_32BIT)), -1, 0);
}

static long map_on_vmdev(void *address, size_t length, int prot, int flags)
{
	bool replace = (flags & MAP_FIXED) && !(flags & MAP_FIXED_NOREPLACE);
	uintptr_t start;
	long at = (long)address;
	int err;

	if (!replace) {
		at = reserve(address, length, flags);
		if (sys_failed(at))
			return at;
	} else if (at & (PAGE - 1)) {
		return -EINVAL;
	}
	start = (uintptr_t)at;
	/* also what an earlier mapping left, that was ended behind our back */
	err = space_discard(start, start + length);
	if (!err && !ranges_add(&memory_ranges, start, start + length, prot))
		err = -ENOMEM;
	if (!err) {
		err = space_map(start, length, prot, flags & TO_VMDEV);
		if (err)
			ranges_remove(&memory_ranges, start, start + length);
	}
	if (!err)
		return at;
	if (!replace)
		sys(SYS_munmap, at, length);
	return err;
}

/* What goes to the kernel, but may replace memory of ours. */
static long map_elsewhere(void *address, size_t length, int prot, int flags, int fd, off_t offset)
{
	uintptr_t start = (uintptr_t)address, end = start + page_up(length);
	long at;

	at = sys(SYS_mmap, address, length, prot, flags, fd, offset);
	if (!sys_failed(at) && (flags & MAP_FIXED) && touches(start, end)) {
		discard(start, end);
		ranges_remove(&memory_ranges, start, end);
	}
	return at;
}

/* Pages are promised to nobody, but what can't ever be is refused. */
static bool can_be(size_t length, int prot, int flags)
{
	return !(prot & PROT_WRITE) || (flags & MAP_NORESERVE) || length <= space_capacity();
}

static bool wanted(size_t length, int prot, int flags)
{
	return (flags & MAP_ANONYMOUS) && (flags & MAP_TYPE) == MAP_PRIVATE &&
	       !(flags & NOT_FLAGS) && !(prot & PROT_EXEC) && length && page_up(length);
}

static void *do_mmap(void *address, size_t length, int prot, int flags, int fd, off_t offset,
		     bool heap)
{
	bool is_wanted = wanted(length, prot, flags);
	long at;

	/* not under the lock: to map a file may need another of our threads */
	if (!is_wanted && !(flags & MAP_FIXED))
		return (void *)finish(sys(SYS_mmap, address, length, prot, flags, fd, offset));
	memory_lock();
	if (!space_ready() || !is_wanted || (!heap && length < space_min_size()))
		at = map_elsewhere(address, length, prot, flags, fd, offset);
	else if (can_be(length, prot, heap ? 0 : flags))
		at = map_on_vmdev(address, page_up(length), prot, flags);
	else
		at = -ENOMEM;
	memory_unlock();
	return (void *)finish(at);
}

EXPORT void *mmap(void *address, size_t length, int prot, int flags, int fd, off_t offset)
{
	return do_mmap(address, length, prot, flags, fd, offset, false);
}

EXPORT void *mmap64(void *address, size_t length, int prot, int flags, int fd, off_t offset)
	__attribute__((alias("mmap")));

/* The allocator's own. */
void *__wrap_mmap(void *address, size_t length, int prot, int flags, int fd, off_t offset);

void *__wrap_mmap(void *address, size_t length, int prot, int flags, int fd, off_t offset)
{
	return do_mmap(address, length, prot, flags, fd, offset, true);
}

/* ---- munmap, mprotect ---- */

static long unmap(uintptr_t start, size_t length)
{
	uintptr_t end = start + page_up(length);
	long err;

	if ((start & (PAGE - 1)) || end <= start || !touches(start, end))
		return sys(SYS_munmap, start, length);
	if (memory_ranges.count == RANGES_MAX)
		return -ENOMEM;
	/*
	 * Before somebody else can have the addresses. Where it fails room is lost until
	 * they are mapped again, which discards what is there.
	 */
	discard(start, end);
	err = sys(SYS_munmap, start, length);
	if (!err)
		ranges_remove(&memory_ranges, start, end);
	return err;
}

EXPORT int munmap(void *address, size_t length)
{
	long err;

	memory_lock();
	err = unmap((uintptr_t)address, length);
	memory_unlock();
	return (int)finish(err);
}

/* Move a part of one range to ordinary memory. Returns 0 or -errno. */
static long take_away(const struct range *part)
{
	size_t length = part->end - part->start;
	long copy, at, err;

	if (memory_ranges.count == RANGES_MAX)
		return -ENOMEM;
	copy = sys(SYS_mmap, NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		   -1, 0);
	if (sys_failed(copy))
		return copy;
	err = space_read(part->start, part->end, (char *)copy);
	if (!err) {
		at = sys(SYS_mremap, copy, length, length, MREMAP_MAYMOVE | MREMAP_FIXED,
			 part->start);
		err = sys_failed(at) ? at : 0;
	}
	if (err) {
		sys(SYS_munmap, copy, length);
		return err;
	}
	space_discard(part->start, part->end);
	ranges_remove(&memory_ranges, part->start, part->end);
	return 0;
}

/* @key: -1 for mprotect(2) */
static long protect(uintptr_t start, size_t length, int prot, int key)
{
	uintptr_t end = start + page_up(length);
	struct range part;
	long err = 0;

	/* code that is made at run time: the device may be on a file system without it */
	if ((prot & PROT_EXEC) && !(start & (PAGE - 1))) {
		while (!err && ranges_next(&memory_ranges, start, end, &part))
			err = take_away(&part);
	}
	if (!err && key < 0)
		err = sys(SYS_mprotect, start, length, prot);
	else if (!err)
		err = sys(SYS_pkey_mprotect, start, length, prot, key);
	if (!err && !ranges_protect(&memory_ranges, start, end, prot))
		err = -ENOMEM;
	return err;
}

static int do_protect(void *address, size_t length, int prot, int key)
{
	long err;

	memory_lock();
	err = protect((uintptr_t)address, length, prot, key);
	memory_unlock();
	return (int)finish(err);
}

EXPORT int mprotect(void *address, size_t length, int prot)
{
	return do_protect(address, length, prot, -1);
}

EXPORT int pkey_mprotect(void *address, size_t length, int prot, int key)
{
	return do_protect(address, length, prot, key);
}

/* ---- madvise ---- */

static long advise_ours(uintptr_t start, uintptr_t end, int advice)
{
	switch (advice) {
	case MADV_DONTNEED:
	case MADV_FREE:
		return space_discard(start, end);
	case MADV_DOFORK:
	case MADV_DONTFORK:
		/* fork.c gives the child its copy in any case */
	case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE:
		/* frames are pages */
		return 0;
	default:
		return sys(SYS_madvise, start, end - start, advice);
	}
}

static long advise(uintptr_t start, size_t length, int advice)
{
	uintptr_t end = start + page_up(length);
	struct range part;
	long err = 0;

	if ((start & (PAGE - 1)) || end <= start || !touches(start, end))
		return sys(SYS_madvise, start, length, advice);
	while (start < end && !err) {
		if (!ranges_next(&memory_ranges, start, end, &part))
			part.start = end;
		if (start < part.start) {
			err = sys(SYS_madvise, start, part.start - start, advice);
			start = part.start;
		} else {
			err = advise_ours(part.start, part.end, advice);
			start = part.end;
		}
	}
	return err;
}

EXPORT int madvise(void *address, size_t length, int advice)
{
	long err;

	memory_lock();
	err = advise((uintptr_t)address, length, advice);
	memory_unlock();
	return (int)finish(err);
}

/* ---- mremap ---- */

/* [@start, @end) is to be mapped, in place of something only if @flags say so. */
static long move(uintptr_t from, size_t old_length, size_t length, int flags, void *to)
{
	bool fixed = flags & MREMAP_FIXED;
	struct range part;
	long at, err;

	if (fixed && ((uintptr_t)to & (PAGE - 1) ||
		      ((uintptr_t)to < from + old_length && from < (uintptr_t)to + length)))
		return -EINVAL;
	if (!ranges_next(&memory_ranges, from, from + old_length, &part))
		return -EFAULT;
	/* writable for the copy; the kernel moves mappings of one protection only */
	if (part.end != from + old_length || !(part.prot & PROT_READ))
		return -EFAULT;
	at = map_on_vmdev(fixed ? to : NULL, length, PROT_READ | PROT_WRITE,
			  fixed ? MAP_FIXED : 0);
	if (sys_failed(at))
		return at;
	memcpy((void *)at, (const void *)from, old_length < length ? old_length : length);
	if (part.prot != (PROT_READ | PROT_WRITE)) {
		err = protect((uintptr_t)at, length, part.prot, -1);
		if (err) {
			unmap((uintptr_t)at, length);
			return err;
		}
	}
	if (flags & MREMAP_DONTUNMAP)
		discard(from, from + old_length);
	else
		unmap(from, old_length);
	return at;
}

static long grow(uintptr_t start, size_t old_length, size_t length, int flags)
{
	void *end = (void *)(start + old_length);
	struct range last;
	long at;

	if (!ranges_next(&memory_ranges, start + old_length - 1, start + old_length, &last))
		return -EFAULT;
	at = map_on_vmdev(end, length - old_length, last.prot, MAP_FIXED_NOREPLACE);
	if (at == (long)end)
		return (long)start;
	/* an old kernel takes the address for a hint */
	if (!sys_failed(at))
		unmap((uintptr_t)at, length - old_length);
	if (!(flags & MREMAP_MAYMOVE))
		return -ENOMEM;
	return move(start, old_length, length, flags, NULL);
}

static long remap(uintptr_t start, size_t old_length, size_t length, int flags, void *to)
{
	long err;

	if ((start & (PAGE - 1)) || !length || !old_length ||
	    (flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)) ||
	    ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && !(flags & MREMAP_MAYMOVE)) ||
	    ((flags & MREMAP_DONTUNMAP) && length != old_length))
		return -EINVAL;
	if (!ranges_cover(&memory_ranges, start, start + old_length))
		return -EFAULT;
	if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
		return move(start, old_length, length, flags, to);
	if (length > old_length)
		return grow(start, old_length, length, flags);
	err = length < old_length ? unmap(start + length, old_length - length) : 0;
	return err ? err : (long)start;
}

static long remap_elsewhere(void *start, size_t old_length, size_t length, int flags, void *to)
{
	uintptr_t first = (uintptr_t)to, end = first + page_up(length);
	long at = sys(SYS_mremap, start, old_length, length, flags, to);

	if (!sys_failed(at) && (flags & MREMAP_FIXED) && touches(first, end)) {
		discard(first, end);
		ranges_remove(&memory_ranges, first, end);
	}
	return at;
}

EXPORT void *mremap(void *address, size_t old_length, size_t length, int flags, ...)
{
	uintptr_t start = (uintptr_t)address;
	void *to = NULL;
	va_list args;
	long at;

	if (flags & MREMAP_FIXED) {
		va_start(args, flags);
		to = va_arg(args, void *);
		va_end(args);
	}
	memory_lock();
	if (touches(start, start + (old_length ? page_up(old_length) : 1)))
		at = remap(start, page_up(old_length), page_up(length), flags, to);
	else
		at = remap_elsewhere(address, old_length, length, flags, to);
	memory_unlock();
	return (void *)finish(at);
}
