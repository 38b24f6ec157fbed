/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A space: the memory object behind one open of /dev/vmdev, or behind all opens of a
 * volume. See vmdev_space.c.
 */
#ifndef _VMDEV_SPACE_H
#define _VMDEV_SPACE_H

#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <vmdev/page.h>
#include <vmdev/pool.h>
#include <uapi/linux/vmdev.h>

struct dentry;
struct seq_file;
struct vmdev_domain;

/* Per-space counters that only go up, in the order of struct vmdev_stats. */
enum vmdev_space_counter {
	VMDEV_SPACE_FAULTS_MINOR,
	VMDEV_SPACE_FAULTS_MAJOR,
	VMDEV_SPACE_FAULTS_ZERO,
	VMDEV_SPACE_REFAULTS,
	VMDEV_SPACE_EVICTIONS,
	VMDEV_SPACE_READ_PAGES,
	VMDEV_SPACE_WRITTEN_PAGES,
	VMDEV_SPACE_READAHEAD,
	VMDEV_SPACE_READAHEAD_HITS,
	VMDEV_SPACE_COUNTS
};

#define VMDEV_STREAMS		4

/**
 * struct vmdev_stream - one sequence of faults at a constant stride
 * @last: the newest page of it
 * @fault: the newest page of it that was a fault; those behind it up to @last were
 *	mapped with it
 * @ahead: pages up to this one, in the direction of @stride, were asked for
 * @doubt: pages that were mapped along were not used the last time
 * @stride: pages between faults, may be negative, 0 when unknown
 * @streak: faults in a row that kept to @stride
 * @window: pages to keep asked for ahead of @last
 * @used: when it was used last, for replacement
 */
struct vmdev_stream {
	pgoff_t last;
	pgoff_t fault;
	pgoff_t ahead;
	long stride;
	bool doubt;
	unsigned int streak;
	unsigned int window;
	unsigned long used;
};

/**
 * struct vmdev_space - a memory object
 * @ref: one for the open file or the volume, one for whoever works on a page of it
 * @id: unique number
 * @inode: carries the mapping (page cache, VMAs) and the size
 * @leaves: entries of touched pages by leaf number
 * @node: in the list of spaces
 * @size_mutex: serialises size changes and discards
 * @lock: protects the fields from @reserved to @clock
 * @reserved: pages promised at mmap
 * @used: pages that are not ABSENT
 * @ra_mode: FADV_NORMAL, FADV_SEQUENTIAL or FADV_RANDOM
 * @ra_credit: 0 to VMDEV_RA_CREDIT, how well read-ahead did lately
 * @stream: fault sequences seen lately
 * @clock: counts stream look-ups
 * @limit_max: most frames, 0 for no limit
 * @limit_min: frames others can't take
 * @domain: where its frames are queued for replacement
 * @own: its own domain, made with the first limit
 * @distress: as vmdev_pool.distress, for this space at its limit alone
 * @progress: goes up with each frame it gives back; under domain->lock
 * @stall: for how long it has waited at its limit
 * @frames: frames it holds, never more than @limit_max
 * @pages: pages by state
 * @count: counters that only go up
 * @debug: its file in debugfs
 * @pid: who opened it
 * @comm: name of who opened it
 * @volume: name of the volume, whose size is fixed; empty where it is none
 */
struct vmdev_space {
	struct kref ref;
	u64 id;
	struct inode *inode;
	struct xarray leaves;
	struct list_head node;
	struct mutex size_mutex;	/* as said above */
	spinlock_t lock;		/* as said above */
	unsigned long reserved;
	unsigned long used;
	int ra_mode;
	int ra_credit;
	struct vmdev_stream stream[VMDEV_STREAMS];
	unsigned long clock;
	unsigned long limit_max;
	unsigned long limit_min;
	struct vmdev_domain *domain;
	struct vmdev_domain *own;
	unsigned long distress;
	long progress;
	struct vmdev_stall stall;
	atomic_long_t frames;
	atomic_long_t pages[VMDEV_PAGE_STATES];
	atomic_long_t count[VMDEV_SPACE_COUNTS];
	struct dentry *debug;
	pid_t pid;
	char comm[TASK_COMM_LEN];
	char volume[VMDEV_VOLUME_NAME_SIZE];
};

#define vmdev_space_count(space, name, n) \
	atomic_long_add((n), &(space)->count[VMDEV_SPACE_##name])

extern struct mutex vmdev_ctl;
extern unsigned int vmdev_overcommit;

/* Pages of @space that are in @state now. */
static inline unsigned long vmdev_space_pages(struct vmdev_space *space, unsigned int state)
{
	return max(atomic_long_read(&space->pages[state]), 0L);
}

static inline bool vmdev_space_is_volume(const struct vmdev_space *space)
{
	return space->volume[0];
}

/* First page number past the end of @space. */
static inline pgoff_t vmdev_space_end(struct vmdev_space *space)
{
	return DIV_ROUND_UP_ULL(i_size_read(space->inode), PAGE_SIZE);
}

/*
 * Is page @index past the end? Who makes a space shorter sets the size and then
 * looks for page locks that are held. Context: page lock held.
 */
static inline bool vmdev_space_ends_before(struct vmdev_space *space, pgoff_t index)
{
	/* pairs with the one in vmdev_space_resize() */
	smp_mb__after_atomic();
	return index >= vmdev_space_end(space);
}

/* Are frames for @space so hard to get that they go before use? */
static inline bool vmdev_space_distressed(struct vmdev_space *space)
{
	return vmdev_pool_distressed(&vmdev_pool.distress) ||
	       vmdev_pool_distressed(&space->distress);
}

int vmdev_space_init(void);
void vmdev_space_exit(void);
struct vmdev_space *vmdev_space_open(void);
struct vmdev_space *vmdev_space_open_volume(const char *name, u64 size);
void vmdev_space_release(struct vmdev_space *space);
void vmdev_space_get(struct vmdev_space *space);
void vmdev_space_put(struct vmdev_space *space);

int vmdev_space_charge(struct vmdev_space *space);
void vmdev_space_uncharge(struct vmdev_space *space);
unsigned long vmdev_space_touched(void);
int vmdev_space_grow(struct vmdev_space *space, u64 size, bool reserve);
int vmdev_space_resize(struct vmdev_space *space, u64 size);
int vmdev_space_discard(struct vmdev_space *space, pgoff_t first, pgoff_t end, u64 *pages);
int vmdev_space_limit(struct vmdev_space *space, u64 max, u64 min);
unsigned long vmdev_space_evictable(struct vmdev_space *space);
void vmdev_space_stats(struct vmdev_space *space, struct vmdev_stats *stats);
int vmdev_space_map_entry(struct vmdev_space *space, pgoff_t index, struct vmdev_map_entry *m);

bool vmdev_space_insert(struct vmdev_space *space, pgoff_t index, unsigned long *e,
			struct vmdev_frame *frame, bool uptodate, gfp_t gfp);
bool vmdev_space_detach(struct vmdev_space *space, struct vmdev_frame *frame);
void vmdev_space_drop(struct vmdev_space *space, struct vmdev_frame *frame);
void vmdev_space_lose(struct vmdev_space *space, struct vmdev_frame *frame);

struct vmdev_space *vmdev_space_after(u64 id);
unsigned long vmdev_space_number(void);
unsigned long vmdev_space_sum(enum vmdev_page_state state);
bool vmdev_space_fits(unsigned long frames);
int vmdev_space_show(struct seq_file *m, void *unused);

#endif /* _VMDEV_SPACE_H */
