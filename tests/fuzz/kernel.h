/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of the kernel as vmdev_page.c and the headers it includes need to be built
 * in userspace, by one thread. Names and meanings are the kernel's. Where memory is
 * asked for, the target says whether there is any; what would be waited for is
 * reported, since nobody else is there to end the wait.
 */
#ifndef _TESTS_FUZZ_KERNEL_H
#define _TESTS_FUZZ_KERNEL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>
#include <linux/types.h>

#define u8			uint8_t
#define u32			uint32_t
#define u64			uint64_t
#define pgoff_t			unsigned long
#define gfp_t			unsigned int

/* the target's */
extern bool shim_no_memory;
extern unsigned int shim_warnings, shim_wakes;
void shim_stuck(const char *what);

#define BITS_PER_LONG		64
#define BIT(n)			(1UL << (n))
#define PAGE_SIZE		4096UL
#define TASK_COMM_LEN		16
#define BUILD_BUG_ON(cond)	_Static_assert(!(cond), #cond)
#define WARN_ON_ONCE(cond)	(shim_warnings += !!(cond))
#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, value)	(*(volatile __typeof__(x) *)&(x) = (value))
#define max(a, b)		((a) > (b) ? (a) : (b))
#define cond_resched()		do { } while (0)
#define DIV_ROUND_UP_ULL(n, d)	(((n) + (d) - 1) / (d))
#define container_of(p, type, member) \
	((type *)((char *)(p) - offsetof(type, member)))
#define __percpu

/* ---- atomics and bits ---- */

struct shim_long {
	long counter;
};

#define atomic_long_t		struct shim_long
#define atomic_long_read(v)	((v)->counter)
#define atomic_long_inc(v)	((v)->counter++)
#define atomic_long_dec(v)	((v)->counter--)
#define atomic_long_add(n, v)	((v)->counter += (n))
/* one thread, one order */
#define smp_mb__after_atomic()	do { } while (0)

static inline bool test_and_set_bit_lock(long nr, unsigned long *p)
{
	bool was = *p & BIT(nr);

	*p |= BIT(nr);
	return was;
}

static inline void clear_bit_unlock(long nr, unsigned long *p)
{
	*p &= ~BIT(nr);
}

#define cmpxchg(p, old, new) ({						\
	__typeof__(*(p)) shim_was = *(p);				\
	if (shim_was == (old))						\
		*(p) = (new);						\
	shim_was;							\
})

#define try_cmpxchg(p, oldp, new) ({					\
	bool shim_same = *(p) == *(oldp);				\
	if (shim_same)							\
		*(p) = (new);						\
	else								\
		*(oldp) = *(p);						\
	shim_same;							\
})

/* ---- waiting ---- */

#define TASK_UNINTERRUPTIBLE	2
#define TASK_KILLABLE		258

#define wake_up_bit(e, bit)	((void)(e), shim_wakes += (bit) == 1)

static inline int wait_on_bit_lock(unsigned long *e, int bit, unsigned int mode)
{
	if (test_and_set_bit_lock(bit, e))
		shim_stuck("a lock");
	return 0;
}

static inline int wait_on_bit_io(unsigned long *e, int bit, unsigned int mode)
{
	if (*e & BIT(bit))
		shim_stuck("I/O");
	return 0;
}

#define HZ			250

static inline int wait_on_bit_timeout(unsigned long *e, int bit, unsigned int mode,
				      unsigned long timeout)
{
	return wait_on_bit_io(e, bit, mode);
}

/* ---- memory ---- */

#define GFP_KERNEL		1U
#define GFP_NOWAIT		2U
#define __GFP_NOWARN		4U
#define __GFP_ACCOUNT		8U
#define GFP_KERNEL_ACCOUNT	(GFP_KERNEL | __GFP_ACCOUNT)
#define SLAB_ACCOUNT		1U

struct kmem_cache {
	size_t size;
};

#define KMEM_CACHE(type, flags) ({					\
	struct kmem_cache *shim_cache = malloc(sizeof(*shim_cache));	\
	shim_cache->size = sizeof(struct type);				\
	shim_cache;							\
})

static inline void *kcalloc(size_t n, size_t size, unsigned int gfp)
{
	return shim_no_memory ? NULL : calloc(n, size);
}

static inline void *kmem_cache_zalloc(struct kmem_cache *cache, unsigned int gfp)
{
	return kcalloc(1, cache->size, gfp);
}

#define kmem_cache_free(cache, p)	free(p)
#define kmem_cache_destroy(cache)	free(cache)
#define kfree(p)			free(p)

/* ---- xarray: a few slots are enough ---- */

#define SHIM_XA_SLOTS	8

struct xarray {
	void *slot[SHIM_XA_SLOTS];
};

#define xa_is_err(p)		((uintptr_t)(p) >= (uintptr_t)-4095)
#define xa_load(xa, i)		((i) < SHIM_XA_SLOTS ? (xa)->slot[i] : NULL)
#define xa_destroy(xa)		((void)(xa))
#define xa_for_each(xa, i, p) \
	for ((i) = 0; (i) < SHIM_XA_SLOTS && ((p) = (xa)->slot[i], true); (i)++) \
		if (p)

static inline void *xa_cmpxchg(struct xarray *xa, unsigned long i, void *old, void *new,
			       unsigned int gfp)
{
	void *was = xa->slot[i];

	if (was == old)
		xa->slot[i] = new;
	return was;
}

/* ---- what structures have in them and this doesn't use ---- */

struct shim_unused {
	int unused;
};

#define spinlock_t		struct shim_unused
#define wait_queue_head_t	struct shim_unused

struct mutex {
	int unused;
};

struct kref {
	int unused;
};

struct folio {
	unsigned long index;
};

struct inode {
	long long i_size;
};

#define i_size_read(inode)	((inode)->i_size)
#define trace_vmdev_page(...)	do { } while (0)

#endif /* _TESTS_FUZZ_KERNEL_H */
