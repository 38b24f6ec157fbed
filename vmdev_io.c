// SPDX-License-Identifier: GPL-2.0
/*
 * Requests of pages: building them, reading ahead, and what a finished read does
 * to its pages. Finished writes are vmdev_evict.c's. It knows pages, frames and
 * slots, and must not wait for anything while it holds a page lock.
 *
 * Read-ahead. Every fault that reads, and every first touch of a page that was
 * read ahead, is matched against a few streams per space: runs of faults at a
 * constant stride, forwards or backwards. From the third fault in a row on, a
 * stream asks for a window of pages ahead, doubled with each further one up to
 * the parameter readahead; the next part is asked for when half of the window
 * has been used, so that a steady reader never waits. Pages read ahead carry a
 * flag until they are touched, so each one is accounted as used or wasted, and a
 * space's credit, which goes down faster with waste than it goes up with use,
 * scales its windows. While another space waits for single pages a stream gets
 * shorter ones: frames and disk would be taken from it faster than it can show what it
 * uses. The doubling window is that of the kernel's own read-ahead (mm/readahead.c);
 * taking any stride is in the manner of H. Al Maruf and M. Chowdhury, "Effectively
 * Prefetching Remote Memory with Leap", ATC 2020.
 */
#define pr_fmt(fmt) "vmdev: " fmt

#include <linux/blkdev.h>
#include <linux/delay.h>
#include <linux/fadvise.h>
#include <linux/highmem.h>
#include <linux/mempool.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include <vmdev/reclaim.h>
#include <vmdev/io.h>
#include <vmdev/poison.h>
#include <vmdev/space.h>
#include <vmdev/stats.h>

#include "vmdev_trace.h"

#define READ_INLINE	4	/* pages verified in interrupt context at most */
#define NEAR		64	/* pages; a fault this near to a stream may be of it */
#define SKIP		16	/* pages a sequential stream may jump over */
#define SHARING		(HZ / 50 + 1)	/* so long after a single read others' windows are */
#define SHARE		4		/* so many times shorter */
#define CREDIT_WASTE	4	/* a wasted page costs as much as four used ones give */

unsigned int vmdev_readahead = 64;

static struct kmem_cache *io_cache;
static mempool_t *io_pool;
static DEFINE_PER_CPU(struct vmdev_io *, io_spare);	/* the last one that was freed there */
static struct workqueue_struct *io_wq;
static atomic_t nr_ios;
static u64 single_space;		/* who read a page alone last, */
static unsigned long single_when;	/* when, */
static unsigned long single_other;	/* and when another did; jiffies */

/* ---- requests ---- */

static struct vmdev_io *io_take(gfp_t gfp)
{
	struct vmdev_io *io = this_cpu_xchg(io_spare, NULL);

	return io ? io : mempool_alloc(io_pool, gfp);
}

static struct vmdev_io *io_init(struct vmdev_io *io, enum req_op op, u32 slot)
{
	atomic_inc(&nr_ios);
	io->req.op = op;
	io->req.slot = slot;
	io->req.nr = 0;
	io->space = NULL;
	return io;
}

/**
 * vmdev_io_alloc() - a request without pages
 * @op: REQ_OP_READ or REQ_OP_WRITE
 * @slot: its first slot
 *
 * Context: process. Page locks may be held: only requests under way are waited
 * for, and their completions take no page lock.
 * Return: the request; with a reserve and a wait it can't fail.
 */
struct vmdev_io *vmdev_io_alloc(enum req_op op, u32 slot)
{
	return io_init(io_take(GFP_NOIO), op, slot);
}

/* The same without waiting: NULL when none is free. */
struct vmdev_io *vmdev_io_try_alloc(enum req_op op, u32 slot)
{
	struct vmdev_io *io = io_take(GFP_NOWAIT | __GFP_NOWARN);

	return io ? io_init(io, op, slot) : NULL;
}

/* Context: any. */
void vmdev_io_free(struct vmdev_io *io)
{
	/*
	 * The reserve comes first: somebody may be waiting for it. KASAN is to see who
	 * touches a request that has ended.
	 */
	if (!IS_ENABLED(CONFIG_KASAN) && READ_ONCE(io_pool->curr_nr) >= io_pool->min_nr)
		io = this_cpu_xchg(io_spare, io);
	mempool_free(io, io_pool);
	/* vmdev_io_exit() waits for this */
	atomic_dec(&nr_ios);
}

/* Add the page of the next slot. */
void vmdev_io_add(struct vmdev_io *io, struct vmdev_frame *frame)
{
	struct vmdev_request *req = &io->req;

	io->frame[req->nr] = frame;
	req->bv[req->nr++] = (struct bio_vec){ .bv_page = folio_page(frame->folio, 0),
					       .bv_len = PAGE_SIZE };
}

/* Start it. Its pages may be gone when this returns. */
void vmdev_io_submit(struct vmdev_io *io)
{
	vmdev_store_submit(&io->req);
}

/* ---- finished reads ---- */

static void read_end(struct vmdev_request *req);

/* One page has been read well. Context: any; nobody else may leave READING. */
static void read_good(struct vmdev_space *space, struct vmdev_frame *frame, u32 slot)
{
	folio_mark_uptodate(frame->folio);
	vmdev_page_set(space, frame->e, vmdev_frame_index(frame), VMDEV_PAGE_CLEAN,
		       frame->node.id, slot);
}

/* One page can't be had. Context: process. */
static void read_bad(struct vmdev_space *space, struct vmdev_frame *frame, u32 slot)
{
	pgoff_t index = vmdev_frame_index(frame);
	unsigned long *e = frame->e;

	vmdev_page_lock(e);
	folio_lock(frame->folio);
	vmdev_space_drop(space, frame);
	/* the slot is kept until the page is discarded, so that nobody else gets it */
	vmdev_page_set(space, e, index, VMDEV_PAGE_BAD, 0, slot);
	vmdev_page_unlock(e);
}

/* The memory a page was read into has failed; its slot has it still. Context: process. */
static void read_poisoned(struct vmdev_space *space, struct vmdev_frame *frame, u32 slot)
{
	unsigned long *e = frame->e;
	struct folio *folio = frame->folio;

	vmdev_page_lock(e);
	folio_get(folio);
	folio_lock(folio);
	vmdev_poison_take(space, e, frame, slot, true);
	folio_unlock(folio);
	folio_put(folio);
	vmdev_page_unlock(e);
}

static bool verify(struct vmdev_frame *frame, u32 slot)
{
	void *p = kmap_local_folio(frame->folio, 0);
	bool good = vmdev_slot_verify(slot, p);

	kunmap_local(p);
	return good;
}

/*
 * A request of several pages failed: read each alone, so that each has its own end,
 * the last with this request.
 */
static void read_singly(struct vmdev_io *io)
{
	struct vmdev_frame *last = io->frame[io->req.nr - 1];
	unsigned int i, nr = io->req.nr;

	for (i = 0; i < nr - 1; i++) {
		struct vmdev_io *one;

		/* each comes back when its read ends, so this doesn't wait for itself */
		one = vmdev_io_alloc(REQ_OP_READ, io->req.slot + i);
		one->space = io->space;
		one->req.end = read_end;
		vmdev_io_add(one, io->frame[i]);
		vmdev_io_submit(one);
	}
	io->req.slot += nr - 1;
	io->req.nr = 0;
	vmdev_io_add(io, last);
	vmdev_io_submit(io);
}

static void read_work(struct work_struct *work)
{
	struct vmdev_io *io = container_of(work, struct vmdev_io, work);
	struct vmdev_request *req = &io->req;
	unsigned int i;

	if (req->error && req->nr > 1) {
		read_singly(io);
		return;
	}
	for (i = 0; i < req->nr; i++) {
		u32 slot = req->slot + i;
		struct vmdev_frame *frame = io->frame[i];

		if (folio_test_hwpoison(frame->folio)) {
			read_poisoned(io->space, frame, slot);
		} else if (req->error) {
			vmdev_count(read_errors);
			pr_warn_ratelimited("read of slot %u failed (error %d): page %lu of space %llu is lost\n",
					    slot, req->error, vmdev_frame_index(frame),
					    io->space->id);
			read_bad(io->space, frame, slot);
		} else if (!verify(frame, slot)) {
			vmdev_count(checksum_errors);
			pr_warn_ratelimited("slot %u is not as it was written: page %lu of space %llu is lost\n",
					    slot, vmdev_frame_index(frame), io->space->id);
			read_bad(io->space, frame, slot);
		} else {
			read_good(io->space, frame, slot);
		}
	}
	vmdev_io_free(io);
}

/*
 * A read has ended. Small ones that went well are finished here, in interrupt
 * context, large ones and all that went wrong in a worker. The space is there as
 * long as one of its pages is READING, no longer.
 */
static void read_end(struct vmdev_request *req)
{
	struct vmdev_io *io = container_of(req, struct vmdev_io, req);
	unsigned int i;
	bool good = !req->error && req->nr <= READ_INLINE;

	trace_vmdev_swap_in(io->space->id, vmdev_frame_index(io->frame[0]), req->slot, req->nr,
			    req->error);
	for (i = 0; good && i < req->nr; i++)
		good = !folio_test_hwpoison(io->frame[i]->folio) &&
		       verify(io->frame[i], req->slot + i);
	if (!good) {
		INIT_WORK(&io->work, read_work);
		queue_work(io_wq, &io->work);
		return;
	}
	for (i = 0; i < req->nr; i++)
		read_good(io->space, io->frame[i], req->slot + i);
	vmdev_io_free(io);
}

/* ---- starting reads ---- */

/* Not cleared as a whole where one is made: it is a kilobyte. */
struct reads {
	unsigned int nr;
	struct {
		u32 slot;
		struct vmdev_frame *frame;
	} page[VMDEV_REQUEST_PAGES];
};

static int by_slot(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

/* Send off all pages gathered, those in neighbouring slots in one request. */
static void send(struct vmdev_space *space, struct reads *r)
{
	struct vmdev_io *io = NULL;
	struct blk_plug plug;
	unsigned int i;

	if (r->nr > 1) {
		sort(r->page, r->nr, sizeof(r->page[0]), by_slot, NULL);
		blk_start_plug(&plug);
	}
	for (i = 0; i < r->nr; i++) {
		if (io && r->page[i].slot != io->req.slot + io->req.nr) {
			vmdev_io_submit(io);
			io = NULL;
		}
		if (!io) {
			io = vmdev_io_alloc(REQ_OP_READ, r->page[i].slot);
			io->space = space;
			io->req.end = read_end;
		}
		vmdev_io_add(io, r->page[i].frame);
	}
	if (io)
		vmdev_io_submit(io);
	if (r->nr > 1)
		blk_finish_plug(&plug);
	r->nr = 0;
}

/* Gather a SWAPPED page into @r; it is READING then. Context: page lock held. */
static bool gather(struct vmdev_space *space, pgoff_t index, unsigned long *e,
		   struct vmdev_frame *frame, struct reads *r, gfp_t gfp)
{
	u32 slot = vmdev_page_slot(e);

	if (!vmdev_space_insert(space, index, e, frame, false, gfp)) {
		folio_clear_readahead(frame->folio);
		vmdev_reclaim_put_frame(space, frame);
		return false;
	}
	r->page[r->nr].slot = slot;
	r->page[r->nr++].frame = frame;
	vmdev_page_set(space, e, index, VMDEV_PAGE_READING, frame->node.id, slot);
	vmdev_space_count(space, READ_PAGES, 1);
	return true;
}

/* Gather a page to be read ahead, if it is in a slot and all is at hand. */
static bool gather_ahead(struct vmdev_space *space, pgoff_t index, struct reads *r)
{
	unsigned long *e = vmdev_page_find(space, index);
	struct vmdev_frame *frame;
	bool done = false;

	if (!e || vmdev_page_state(e) != VMDEV_PAGE_SWAPPED || !vmdev_page_trylock(e))
		return false;
	if (vmdev_page_state(e) == VMDEV_PAGE_SWAPPED && !vmdev_space_ends_before(space, index)) {
		frame = vmdev_reclaim_try_frame(space);
		if (frame) {
			/* before it can be touched; keeps it out of fault-around too */
			folio_set_readahead(frame->folio);
			set_bit(VMDEV_ENTRY_RA, e);
			done = gather(space, index, e, frame, r, GFP_NOWAIT | __GFP_NOWARN);
			if (!done)
				clear_bit(VMDEV_ENTRY_RA, e);
		}
	}
	vmdev_page_untry(e);
	if (done) {
		vmdev_count(readahead);
		vmdev_space_count(space, READAHEAD, 1);
	}
	return done;
}

/* ---- streams ---- */

/* The stream a fault at @index belongs to, updated, or a new one. space->lock held. */
static struct vmdev_stream *find_stream(struct vmdev_space *space, pgoff_t index)
{
	struct vmdev_stream *s, *near = NULL, *oldest = &space->stream[0];
	long delta;

	lockdep_assert_held(&space->lock);
	for (s = space->stream; s < space->stream + VMDEV_STREAMS; s++) {
		delta = index - s->last;
		if (!s->used)
			delta = LONG_MAX;
		if (s->used < oldest->used)
			oldest = s;
		if (!delta)
			return s;
		if (delta == s->stride || (s->stride == 1 && delta > 0 && delta <= SKIP)) {
			s->streak++;
			s->last = index;
			return s;
		}
		if (delta >= -NEAR && delta <= NEAR)
			near = s;
	}
	if (near) {
		/* maybe the second fault of a stream with this stride */
		near->stride = index - near->last;
		near->streak = 1;
	} else {
		near = oldest;
		near->stride = 0;
		near->streak = 0;
	}
	near->window = 0;
	near->doubt = false;
	near->last = index;
	near->ahead = index;
	return near;
}

/* A fault in @space reads its page and no other. */
static void note_single(struct vmdev_space *space)
{
	if (READ_ONCE(single_space) != space->id) {
		WRITE_ONCE(single_other, READ_ONCE(single_when));
		WRITE_ONCE(single_space, space->id);
	}
	WRITE_ONCE(single_when, jiffies);
}

/* Does another space read single pages? A hint: the three are not looked at together. */
static bool shared_with_singles(struct vmdev_space *space)
{
	unsigned long when = READ_ONCE(single_space) == space->id ? READ_ONCE(single_other) :
								    READ_ONCE(single_when);

	return time_before(jiffies, when + SHARING);
}

/* Pages to have asked for ahead of a stream at most. space->lock held. */
static unsigned int window_max(struct vmdev_space *space, const struct vmdev_stream *s)
{
	unsigned int max = min_t(unsigned long, READ_ONCE(vmdev_readahead),
				 READ_ONCE(vmdev_pool.target) / 8);
	int mode = READ_ONCE(space->ra_mode);

	if (mode == POSIX_FADV_RANDOM)
		return 0;
	if (shared_with_singles(space))
		max = DIV_ROUND_UP(max, SHARE);
	if (mode == POSIX_FADV_SEQUENTIAL)
		return s->stride ? max : 0;
	if (s->streak < 2)
		return 0;
	/* out of credit, a long streak earns a small window to show itself with */
	return max_t(unsigned int, max * space->ra_credit / VMDEV_RA_CREDIT,
		     s->streak > 8 ? min(max, 2U) : 0);
}

/*
 * Note a fault at @index, which used the pages up to @last, and say what to read ahead.
 * Return: pages, the first in @start, @stride apart.
 */
static unsigned int plan(struct vmdev_space *space, pgoff_t index, pgoff_t last, bool hit,
			 pgoff_t *start, long *stride)
{
	struct vmdev_stream *s;
	unsigned int max, have = 0, n = 0;
	long lead;

	spin_lock(&space->lock);
	s = find_stream(space, index);
	s->fault = index;
	s->last = last;
	s->used = ++space->clock;
	max = window_max(space, s);
	s->window = min(max, s->window ? 2 * s->window : 4);
	if (!s->window && !hit)
		note_single(space);
	if (s->stride && s->window) {
		/* how many pages ahead of @last were asked for already */
		lead = (long)(s->ahead - last) / s->stride;
		have = clamp_t(long, lead, 0, s->window);
		/* while hits come, wait until half of the window is used up */
		if (!hit || have <= s->window / 2)
			n = min_t(unsigned int, s->window - have, VMDEV_REQUEST_PAGES - 1);
		*stride = s->stride;
		*start = last + s->stride * (have + 1);
		if (n)
			s->ahead = last + s->stride * (have + n);
	}
	spin_unlock(&space->lock);
	return n;
}

/* A fault maps fewer than SKIP pages along; what is farther away came otherwise. */
static bool follows(const struct vmdev_stream *s, pgoff_t index)
{
	unsigned long delta = index - READ_ONCE(s->fault);

	return READ_ONCE(s->stride) == 1 && delta > 1 && delta <= SKIP &&
	       (index - 1 == READ_ONCE(s->last) || index - 1 == READ_ONCE(s->ahead));
}

/*
 * Does a fault at @index follow one with which all pages between were mapped? Without a
 * lock: what is looked at for it is only a hint as well. Context: any.
 */
bool vmdev_io_follows(struct vmdev_space *space, pgoff_t index)
{
	const struct vmdev_stream *s;

	for (s = space->stream; s < space->stream + VMDEV_STREAMS; s++) {
		/* see above */
		if (data_race(follows(s, index)))
			return true;
	}
	return false;
}

/* It isn't a stream that goes on page by page. space->lock held. */
static void skips(struct vmdev_space *space, struct vmdev_stream *s, pgoff_t index)
{
	/* read ahead, not filled: that counted as used */
	if (s->last != s->fault)
		space->ra_credit = max_t(int, space->ra_credit - (int)(index - s->fault), 0);
	s->stride = index - s->fault;
	s->streak = 1;
	s->window = 0;
	s->last = index;
	s->ahead = index;
	s->doubt = false;
}

/**
 * vmdev_io_judge() - a fault follows one with which others were mapped
 * @space: the space
 * @index: the fault's page; vmdev_io_follows() said so
 * @unused: the last of those were not touched
 *
 * Twice in a row is believed: threads that share the work, or the evictor's look, can
 * make it seem so once.
 *
 * Context: any.
 */
void vmdev_io_judge(struct vmdev_space *space, pgoff_t index, bool unused)
{
	struct vmdev_stream *s;

	if (READ_ONCE(space->ra_mode) == POSIX_FADV_SEQUENTIAL)
		return;
	spin_lock(&space->lock);
	for (s = space->stream; s < space->stream + VMDEV_STREAMS; s++) {
		if (!follows(s, index))
			continue;
		if (unused && s->doubt)
			skips(space, s, index);
		else
			s->doubt = unused;
		break;
	}
	spin_unlock(&space->lock);
}

/* The stream at @index got no further than @ahead: it has to go on from there. Context: any. */
void vmdev_io_correct(struct vmdev_space *space, pgoff_t index, pgoff_t ahead)
{
	struct vmdev_stream *s;

	spin_lock(&space->lock);
	for (s = space->stream; s < space->stream + VMDEV_STREAMS; s++) {
		if (s->last == index)
			s->ahead = ahead;
	}
	spin_unlock(&space->lock);
}

/* Gather what plan() says. */
static void gather_plan(struct vmdev_space *space, pgoff_t index, pgoff_t last, bool hit,
			struct reads *r)
{
	unsigned int i, n, got = 0;
	pgoff_t start;
	long stride;

	n = plan(space, index, last, hit, &start, &stride);
	for (i = 0; i < n && start + i * stride < VMDEV_INDEX_MAX; i++) {
		if (vmdev_pool_short()) {
			vmdev_io_correct(space, last, start + i * stride - stride);
			break;
		}
		got += gather_ahead(space, start + i * stride, r);
	}
	if (got)
		trace_vmdev_readahead(space->id, start, stride, got);
}

/**
 * vmdev_io_fill_ahead() - note the first touch of a page, and plan to fill others ahead
 * @space: the space
 * @index: the page
 * @max: most pages to fill
 *
 * Only a stream that goes up page by page earns it, and one that used all it got.
 *
 * Context: process, any lock above space->lock may be held.
 * Return: pages behind @index that are likely to be touched next.
 */
unsigned int vmdev_io_fill_ahead(struct vmdev_space *space, pgoff_t index, unsigned int max)
{
	struct vmdev_stream *s;
	unsigned int n = 0;

	spin_lock(&space->lock);
	s = find_stream(space, index);
	s->fault = index;
	s->used = ++space->clock;
	if (s->stride == 1) {
		if (!s->window)
			s->window = 4;
		else if (index == s->ahead + 1)
			s->window *= 2;
		else
			s->window = 0;
		s->window = min(s->window, window_max(space, s));
		n = min(s->window, max);
		s->ahead = index + n;
	}
	spin_unlock(&space->lock);
	return n;
}

static void add_credit(struct vmdev_space *space, int n)
{
	spin_lock(&space->lock);
	space->ra_credit = clamp(space->ra_credit + n, 0, VMDEV_RA_CREDIT);
	spin_unlock(&space->lock);
}

/**
 * vmdev_io_read() - read a page, and others ahead
 * @space: the space
 * @index: the page
 * @e: its entry, SWAPPED
 * @frame: for it; the callee's from here on
 *
 * Context: process; the page lock is held, taken by vmdev_page_lock_killable(),
 * and dropped. A reference to @space is held.
 * Return: 0 when the read is under way, or -ENOMEM.
 */
int vmdev_io_read(struct vmdev_space *space, pgoff_t index, unsigned long *e,
		  struct vmdev_frame *frame)
{
	struct reads r;
	bool done;

	r.nr = 0;
	done = gather(space, index, e, frame, &r, GFP_KERNEL);
	vmdev_page_unlock(e);
	if (!done)
		return -ENOMEM;
	gather_plan(space, index, index, false, &r);
	send(space, &r);
	return 0;
}

/* Is @index the page of a stream that is known to skip some? A hint, as above. */
static bool strides_to(struct vmdev_space *space, pgoff_t index)
{
	const struct vmdev_stream *s;

	for (s = space->stream; s < space->stream + VMDEV_STREAMS; s++) {
		long stride = READ_ONCE(s->stride), delta = index - READ_ONCE(s->last);

		/* see vmdev_io_follows() */
		if (data_race(stride > 1 && (!delta || delta == stride)))
			return true;
	}
	return false;
}

/* The page was read ahead and is there: it counts as used from now on. */
static bool take_ahead(struct vmdev_space *space, pgoff_t index)
{
	unsigned long *e = vmdev_page_find(space, index);
	bool done;

	if (!e || !test_bit(VMDEV_ENTRY_RA, e) || !vmdev_page_trylock(e))
		return false;
	done = vmdev_page_state(e) == VMDEV_PAGE_CLEAN &&
	       test_and_clear_bit(VMDEV_ENTRY_RA, e);
	if (done) {
		struct vmdev_frame *frame = vmdev_pool_frame(vmdev_page_frame(e));

		folio_clear_readahead(frame->folio);
		/* the evictor leaves it to its reader once; the second look tells */
		set_bit(VMDEV_FRAME_ACCESSED, &frame->flags);
	}
	vmdev_page_untry(e);
	return done;
}

/**
 * vmdev_io_touched() - a page that was read ahead is used for the first time
 * @space: the space
 * @index: the page; its flag is cleared already
 * @last: up to this page its neighbours will be mapped with it, unless its stream skips
 *	them: those that were read ahead and are there count as used too, or each would
 *	cost a fault
 *
 * Context: process, no page lock.
 * Return: the last page in a row that counts as used.
 */
pgoff_t vmdev_io_touched(struct vmdev_space *space, pgoff_t index, pgoff_t last)
{
	pgoff_t end = index + 1;
	struct reads r;

	r.nr = 0;
	if (!strides_to(space, index)) {
		while (end <= last && take_ahead(space, end))
			end++;
	}
	vmdev_count_add(readahead_hits, end - index);
	vmdev_space_count(space, READAHEAD_HITS, end - index);
	add_credit(space, end - index);
	gather_plan(space, index, end - 1, true, &r);
	send(space, &r);
	return end - 1;
}

/* A page is leaving; was it read ahead for nothing? Context: page lock held. */
bool vmdev_io_wasted(struct vmdev_space *space, unsigned long *e)
{
	if (!test_bit(VMDEV_ENTRY_RA, e) || !test_and_clear_bit(VMDEV_ENTRY_RA, e))
		return false;
	add_credit(space, -CREDIT_WASTE);
	return true;
}

/**
 * vmdev_io_prefetch() - start reading a range, as far as frames are free
 * @space: the space
 * @first: the first page
 * @end: the page behind the last
 *
 * Context: process, no page lock.
 */
void vmdev_io_prefetch(struct vmdev_space *space, pgoff_t first, pgoff_t end)
{
	struct vmdev_leaf *leaf;
	unsigned long i, k;
	struct reads r;

	if (first >= end)
		return;
	r.nr = 0;
	xa_for_each_range(&space->leaves, i, leaf, first >> VMDEV_LEAF_SHIFT,
			  (end - 1) >> VMDEV_LEAF_SHIFT) {
		pgoff_t base = i << VMDEV_LEAF_SHIFT;

		for (k = 0; k < VMDEV_LEAF_PAGES; k++) {
			if (base + k < first || base + k >= end ||
			    vmdev_page_state(&leaf->entry[k]) != VMDEV_PAGE_SWAPPED)
				continue;
			if (vmdev_pool_short()) {
				send(space, &r);
				return;
			}
			gather_ahead(space, base + k, &r);
			if (r.nr == VMDEV_REQUEST_PAGES)
				send(space, &r);
		}
		cond_resched();
	}
	send(space, &r);
}

/* ---- start and stop ---- */

int vmdev_io_init(void)
{
	io_cache = KMEM_CACHE(vmdev_io, 0);
	if (!io_cache)
		return -ENOMEM;
	io_pool = mempool_create_slab_pool(64, io_cache);
	if (!io_pool)
		goto err_cache;
	io_wq = alloc_workqueue("vmdev_io", WQ_HIGHPRI | WQ_MEM_RECLAIM, 0);
	if (!io_wq)
		goto err_pool;
	return 0;

err_pool:
	mempool_destroy(io_pool);
err_cache:
	kmem_cache_destroy(io_cache);
	return -ENOMEM;
}

/* No space is left; a completion may still be on its last steps. */
void vmdev_io_exit(void)
{
	int cpu;

	while (atomic_read(&nr_ios))
		msleep(20);
	/* that one may be in a preempted task's hands: see bio_done() in vmdev_backing.c */
	synchronize_rcu();
	destroy_workqueue(io_wq);
	for_each_possible_cpu(cpu)
		mempool_free(per_cpu(io_spare, cpu), io_pool);
	mempool_destroy(io_pool);
	kmem_cache_destroy(io_cache);
}
