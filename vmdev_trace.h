/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints, system "vmdev". A space by its id, a page by its number in the
 * space, frames and slots by theirs, states and kinds by name; never an address.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vmdev

#if !defined(_VMDEV_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _VMDEV_TRACE_H

#include <linux/tracepoint.h>
#include <vmdev/page_state.h>

#ifndef _VMDEV_TRACE_ONCE
#define _VMDEV_TRACE_ONCE
enum vmdev_fault_kind { VMDEV_FAULT_MINOR, VMDEV_FAULT_MAJOR, VMDEV_FAULT_ZERO };
#endif

/* So that the formats have numbers where the enum stands: perf knows no enum of ours. */
TRACE_DEFINE_ENUM(VMDEV_PAGE_ABSENT);
TRACE_DEFINE_ENUM(VMDEV_PAGE_ZERO);
TRACE_DEFINE_ENUM(VMDEV_PAGE_CLEAN);
TRACE_DEFINE_ENUM(VMDEV_PAGE_DIRTY);
TRACE_DEFINE_ENUM(VMDEV_PAGE_READING);
TRACE_DEFINE_ENUM(VMDEV_PAGE_WRITING);
TRACE_DEFINE_ENUM(VMDEV_PAGE_SWAPPED);
TRACE_DEFINE_ENUM(VMDEV_PAGE_BAD);

#define vmdev_show_state(state) __print_symbolic(state, \
	{ VMDEV_PAGE_ABSENT, "absent" }, { VMDEV_PAGE_ZERO, "zero" }, \
	{ VMDEV_PAGE_CLEAN, "clean" }, { VMDEV_PAGE_DIRTY, "dirty" }, \
	{ VMDEV_PAGE_READING, "reading" }, { VMDEV_PAGE_WRITING, "writing" }, \
	{ VMDEV_PAGE_SWAPPED, "swapped" }, { VMDEV_PAGE_BAD, "bad" })

/* A fault was served. */
TRACE_EVENT(vmdev_fault,
	TP_PROTO(u64 space, unsigned long index, int kind, bool write),
	TP_ARGS(space, index, kind, write),
	TP_STRUCT__entry(
		__field(u64, space)
		__field(unsigned long, index)
		__field(int, kind)
		__field(bool, write)
	),
	TP_fast_assign(
		__entry->space = space;
		__entry->index = index;
		__entry->kind = kind;
		__entry->write = write;
	),
	TP_printk("space=%llu page=%lu kind=%s write=%d", __entry->space, __entry->index,
		  __print_symbolic(__entry->kind, { 0, "minor" }, { 1, "major" }, { 2, "zero" }),
		  __entry->write)
);

/* A page left the pool; @clean: without a write. */
TRACE_EVENT(vmdev_evict,
	TP_PROTO(u64 space, unsigned long index, u32 frame, bool clean),
	TP_ARGS(space, index, frame, clean),
	TP_STRUCT__entry(
		__field(u64, space)
		__field(unsigned long, index)
		__field(u32, frame)
		__field(bool, clean)
	),
	TP_fast_assign(
		__entry->space = space;
		__entry->index = index;
		__entry->frame = frame;
		__entry->clean = clean;
	),
	TP_printk("space=%llu page=%lu frame=%u clean=%d", __entry->space, __entry->index,
		  __entry->frame, __entry->clean)
);

/* Pages of neighbouring slots; the first of them is page @index of space @space. */
DECLARE_EVENT_CLASS(vmdev_request,
	TP_PROTO(u64 space, unsigned long index, u32 slot, unsigned int nr, int error),
	TP_ARGS(space, index, slot, nr, error),
	TP_STRUCT__entry(
		__field(u64, space)
		__field(unsigned long, index)
		__field(u32, slot)
		__field(unsigned int, nr)
		__field(int, error)
	),
	TP_fast_assign(
		__entry->space = space;
		__entry->index = index;
		__entry->slot = slot;
		__entry->nr = nr;
		__entry->error = error;
	),
	TP_printk("space=%llu page=%lu slot=%u pages=%u error=%d", __entry->space,
		  __entry->index, __entry->slot, __entry->nr, __entry->error)
);

/* A write to the store ended. Its pages may be of several spaces. */
DEFINE_EVENT(vmdev_request, vmdev_swap_out,
	TP_PROTO(u64 space, unsigned long index, u32 slot, unsigned int nr, int error),
	TP_ARGS(space, index, slot, nr, error)
);

/* A read from the store ended. */
DEFINE_EVENT(vmdev_request, vmdev_swap_in,
	TP_PROTO(u64 space, unsigned long index, u32 slot, unsigned int nr, int error),
	TP_ARGS(space, index, slot, nr, error)
);

/* @nr pages, the first of them @index, @stride apart, were asked for ahead. */
TRACE_EVENT(vmdev_readahead,
	TP_PROTO(u64 space, unsigned long index, long stride, unsigned int nr),
	TP_ARGS(space, index, stride, nr),
	TP_STRUCT__entry(
		__field(u64, space)
		__field(unsigned long, index)
		__field(long, stride)
		__field(unsigned int, nr)
	),
	TP_fast_assign(
		__entry->space = space;
		__entry->index = index;
		__entry->stride = stride;
		__entry->nr = nr;
	),
	TP_printk("space=%llu page=%lu stride=%ld pages=%u", __entry->space, __entry->index,
		  __entry->stride, __entry->nr)
);

/* A page changed its state; see page_state.h. */
TRACE_EVENT(vmdev_page,
	TP_PROTO(u64 space, unsigned long index, unsigned int from, unsigned int to, u32 frame,
		 u32 slot),
	TP_ARGS(space, index, from, to, frame, slot),
	TP_STRUCT__entry(
		__field(u64, space)
		__field(unsigned long, index)
		__field(unsigned int, from)
		__field(unsigned int, to)
		__field(u32, frame)
		__field(u32, slot)
	),
	TP_fast_assign(
		__entry->space = space;
		__entry->index = index;
		__entry->from = from;
		__entry->to = to;
		__entry->frame = frame;
		__entry->slot = slot;
	),
	TP_printk("space=%llu page=%lu from=%s to=%s frame=%u slot=%u", __entry->space,
		  __entry->index, vmdev_show_state(__entry->from), vmdev_show_state(__entry->to),
		  __entry->frame, __entry->slot)
);

#endif /* _VMDEV_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE vmdev_trace
#include <trace/define_trace.h>
