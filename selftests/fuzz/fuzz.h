/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Random operations on spaces against a model that knows what every byte must be.
 *
 * model.c	spaces: bytes, size, which pages were touched
 * arena.c	the address space they are mapped in: what each page of it maps
 * op_*.c	the operations, each changes the module's state and the model alike
 * kinds.c	what there is to be drawn
 * step.c	drawing, and looking at pages in between
 * crowd.c	several processes
 * ops.c	the test program: rounds, replay
 *
 * What an operation draws depends on the seed, its number and the model, never on
 * addresses, time or the contents of memory: one process repeats all of it. What
 * several processes share is in shared memory, so that a child's operations are
 * seen by its parent's model.
 */
#ifndef FUZZ_H
#define FUZZ_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "vmdev_test.h"

#define FZ_PAGE		4096UL
#define FZ_SPACES	7
#define FZ_PAGES	3072U		/* most pages of a space: 12 MiB */
#define FZ_RUN		256U		/* most pages of an operation */
#define FZ_ARENA	((char *)0x100000000000UL)
#define FZ_ARENA_PAGES	16384U		/* 64 MiB */
#define FZ_MOST_LOCKED	24U		/* pages: what is locked must leave room */
#define FZ_LEAST_LIMIT	64U		/* frames, for the same reason */
#define FZ_RING		24U		/* operations told about after a failure */

/* Is a page there for DISCARD and GET_STATS? */
enum { FZ_ABSENT, FZ_TOUCHED, FZ_MAYBE };

/* A space as it must be. Shared between a process and its children. */
struct fz_space {
	int fd;				/* -1: none, or only mappings are left */
	int fd2;			/* a duplicate, or -1 */
	uint64_t size;
	uint64_t reserved;		/* pages */
	uint64_t limit_max, limit_min;
	uint64_t pos;			/* of the descriptor */
	unsigned int first, count;	/* the pages of it that are ours */
	bool part;			/* others have the rest: its size stays */
	unsigned char *data;		/* FZ_PAGES pages, also behind the size */
	unsigned char touched[FZ_PAGES];
	struct vmdev_stats last;
};

/* What a page of the arena maps. */
#define FZ_SHARED	1U
#define FZ_LOCKED	2U
#define FZ_DONTFORK	4U

struct fz_slot {
	struct fz_space *space;		/* NULL: nothing is mapped */
	unsigned int pgoff;
	unsigned int vma;		/* equal neighbours are in one VMA */
	unsigned char prot;
	unsigned char flags;
};

/* Pages an operation is at: what they hold is not known if it is killed. */
struct fz_flight {
	struct fz_space *space;
	unsigned int first, n;
	bool write;
};

struct fz_kind;

/* Which operations may be drawn. */
#define FZ_IN_CHILD	1U		/* no descriptors come or go */
#define FZ_IN_VICTIM	2U		/* and no size, limit or position changes */
#define FZ_ALONE	4U		/* other processes' operations would disturb it */

/* One fuzzing process. */
struct fz {
	uint64_t seed, number, rnd;
	unsigned int only;		/* FZ_IN_CHILD or FZ_IN_VICTIM: such kinds only */
	bool alone;			/* no other process is at work */
	struct fz_space *space[FZ_SPACES];
	unsigned int spaces;
	struct fz_flight *flight;	/* two, shared */
	uint64_t *done;			/* operations by kind, shared */
	unsigned int vmas;
	unsigned int locked;		/* pages of the arena */
	int pipe[2], file;
	unsigned char *buf, *buf2;	/* FZ_RUN + 1 pages each */
	char ring[FZ_RING][160];
	struct fz_slot arena[FZ_ARENA_PAGES];
};

struct fz_kind {
	const char *name;
	unsigned int weight;
	unsigned int where;
	bool (*run)(struct fz *f);
};

extern const struct fz_kind fz_kinds[];
extern const unsigned int fz_nr_kinds;

/* Pages first to first + n - 1 of a space. */
struct fz_range {
	struct fz_space *s;
	unsigned int first, n;
};

/* step.c */
void fz_note(struct fz *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool fz_step(struct fz *f);
struct fz *fz_new(uint64_t seed, struct fz_flight *flight, uint64_t *done);
void fz_free(struct fz *f);
void *fz_shared(size_t size);
struct fz_space *fz_add_space(struct fz *f);
bool fz_verify_all(struct fz *f);
void fz_print_done(const uint64_t *done);

/* crowd.c */
bool fz_crowd(uint64_t seed, double seconds, uint64_t *done);

/* model.c */
unsigned int fz_rand(struct fz *f, unsigned int below);
bool fz_chance(struct fz *f, unsigned int one_in);
unsigned int fz_length(struct fz *f, unsigned int most);
void fz_space_init(struct fz_space *s, int fd);
struct fz_space *fz_pick_space(struct fz *f);
bool fz_pick_range(struct fz *f, struct fz_range *r, bool inside);
unsigned int fz_pages_of(const struct fz_space *s);
void fz_grow(struct fz_space *s, uint64_t size, bool reserve);
void fz_shrink(struct fz_space *s, uint64_t size);
void fz_fill(struct fz *f, unsigned char *to, uint64_t offset, size_t length);
void fz_put(struct fz_space *s, const void *from, uint64_t offset, size_t length);
void fz_wrote(struct fz_space *s, const void *from, uint64_t offset, size_t length);
void fz_touch(struct fz_space *s, unsigned int first, unsigned int n, int how);
uint64_t fz_count(const struct fz_space *s, unsigned int first, unsigned int n, int how);
bool fz_same(const struct fz_space *s, const void *found, uint64_t offset, size_t length,
	     const char *what);
bool fz_verify_space(struct fz *f, struct fz_space *s);
void fz_begin(struct fz *f, struct fz_space *s, unsigned int first, unsigned int n, bool write);
void fz_end(struct fz *f);
bool fz_settle(struct fz *f);
int fz_fd(struct fz *f, const struct fz_space *s);

/* arena.c */
int fz_copy(void *to, const void *from, size_t n);
char *fz_addr(unsigned int i);
int fz_expect(const struct fz *f, unsigned int i, bool write);
bool fz_pick_mapped(struct fz *f, unsigned int *first, unsigned int *n, unsigned int most);
bool fz_pick_vma(struct fz *f, unsigned int *first, unsigned int *n);
bool fz_pick_usable(struct fz *f, unsigned int *first, unsigned int *n, bool write);
void fz_split(struct fz *f, unsigned int first, unsigned int n);
void fz_unmap(struct fz *f, unsigned int first, unsigned int n);
void fz_map(struct fz *f, unsigned int at, const struct fz_slot *like, unsigned int n);
unsigned int fz_mapped(const struct fz *f, const struct fz_space *s);
bool fz_verify_slot(struct fz *f, unsigned int i);
bool fz_verify_arena(struct fz *f);
void fz_after_fork(struct fz *f);

/* op_map.c */
bool op_mmap(struct fz *f);
bool op_mmap_bad(struct fz *f);
bool op_munmap(struct fz *f);
bool op_mprotect(struct fz *f);
bool op_mremap(struct fz *f);
bool op_madvise(struct fz *f);
bool op_mlock(struct fz *f);
bool op_munlock(struct fz *f);
bool op_mincore(struct fz *f);
bool op_msync(struct fz *f);
bool op_load(struct fz *f);
bool op_store(struct fz *f);

/* op_file.c */
bool op_pread(struct fz *f);
bool op_pwrite(struct fz *f);
bool op_read(struct fz *f);
bool op_write(struct fz *f);
bool op_append(struct fz *f);
bool op_readv(struct fz *f);
bool op_writev(struct fz *f);
bool op_lseek(struct fz *f);
bool op_sync(struct fz *f);
bool op_fadvise(struct fz *f);
bool op_refused(struct fz *f);

/* op_move.c */
bool op_splice_out(struct fz *f);
bool op_splice_in(struct fz *f);
bool op_sendfile(struct fz *f);
bool op_read_mapped(struct fz *f);
bool op_write_mapped(struct fz *f);
bool op_direct(struct fz *f);
bool op_proc_mem(struct fz *f);

/* op_ctl.c */
bool op_set_size(struct fz *f);
bool op_set_limit(struct fz *f);
bool op_discard(struct fz *f);
bool op_evict(struct fz *f);
bool op_get_map(struct fz *f);
bool op_get_stats(struct fz *f);
bool op_get_info(struct fz *f);
bool op_pool(struct fz *f);
bool op_policy(struct fz *f);
bool op_sysfs(struct fz *f);
bool op_reserve(struct fz *f);

/* op_proc.c */
bool op_open(struct fz *f);
bool op_close(struct fz *f);
bool op_dup(struct fz *f);
bool op_fork(struct fz *f);
bool op_kill(struct fz *f);

#endif /* FUZZ_H */
