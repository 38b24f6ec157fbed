/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The states of a page and the changes between them. Pure: compiled into the
 * module and into the userspace tests, so nothing but the table stands here.
 *
 *  state    frame slot  left by                      next
 *  -------  ----- ----  ---------------------------  --------------------------
 *  ABSENT   -     -     fault (lock holder)          CLEAN DIRTY
 *  ZERO     -     -     fault, discard               CLEAN DIRTY ABSENT
 *  CLEAN    yes   maybe fault, evict, discard        DIRTY SWAPPED ZERO ABSENT BAD
 *  DIRTY    yes   -     evict, discard               WRITING ZERO ABSENT BAD
 *  READING  yes   yes   the read's completion alone  CLEAN SWAPPED BAD
 *  WRITING  yes   yes   the write's completion alone SWAPPED CLEAN DIRTY BAD
 *  SWAPPED  -     yes   fault, read-ahead, discard   READING ABSENT
 *  BAD      -     maybe discard                      ABSENT
 *
 * ABSENT was never touched and reads as zero. ZERO was evicted as one repeated
 * 64-bit word (mostly zero) and takes neither frame nor slot. CLEAN equals what
 * is behind it: the slot, or without a slot the repeated word. It may have been
 * written through a mapping since: the folio's dirty flag and the page tables'
 * dirty bits are looked at when the page is unmapped, never before. A page
 * taken back by a fault while WRITING stays WRITING, mapped; its completion
 * finds it in use and makes it CLEAN or, if written meanwhile, DIRTY. A page is BAD
 * when it can't be read back, or when the memory it was in has failed and what is
 * behind it is older.
 */
#ifndef _VMDEV_PAGE_STATE_H
#define _VMDEV_PAGE_STATE_H

enum vmdev_page_state {
	VMDEV_PAGE_ABSENT,
	VMDEV_PAGE_ZERO,
	VMDEV_PAGE_CLEAN,
	VMDEV_PAGE_DIRTY,
	VMDEV_PAGE_READING,
	VMDEV_PAGE_WRITING,
	VMDEV_PAGE_SWAPPED,
	VMDEV_PAGE_BAD,
	VMDEV_PAGE_STATES
};

#define VMDEV_TO(s)	(1U << VMDEV_PAGE_##s)

static const unsigned int vmdev_page_next[VMDEV_PAGE_STATES] = {
	[VMDEV_PAGE_ABSENT]  = VMDEV_TO(CLEAN) | VMDEV_TO(DIRTY),
	[VMDEV_PAGE_ZERO]    = VMDEV_TO(CLEAN) | VMDEV_TO(DIRTY) | VMDEV_TO(ABSENT),
	[VMDEV_PAGE_CLEAN]   = VMDEV_TO(DIRTY) | VMDEV_TO(SWAPPED) | VMDEV_TO(ZERO) |
			       VMDEV_TO(ABSENT) | VMDEV_TO(BAD),
	[VMDEV_PAGE_DIRTY]   = VMDEV_TO(WRITING) | VMDEV_TO(ZERO) | VMDEV_TO(ABSENT) |
			       VMDEV_TO(BAD),
	[VMDEV_PAGE_READING] = VMDEV_TO(CLEAN) | VMDEV_TO(SWAPPED) | VMDEV_TO(BAD),
	[VMDEV_PAGE_WRITING] = VMDEV_TO(SWAPPED) | VMDEV_TO(CLEAN) | VMDEV_TO(DIRTY) |
			       VMDEV_TO(BAD),
	[VMDEV_PAGE_SWAPPED] = VMDEV_TO(READING) | VMDEV_TO(ABSENT),
	[VMDEV_PAGE_BAD]     = VMDEV_TO(ABSENT),
};

#define VMDEV_IN_IO	(VMDEV_TO(READING) | VMDEV_TO(WRITING))
#define VMDEV_RESIDENT	(VMDEV_TO(CLEAN) | VMDEV_TO(DIRTY) | VMDEV_IN_IO)

/* May a page in state @from go to state @to? Both in range or the answer is no. */
static inline int vmdev_page_may(unsigned int from, unsigned int to)
{
	return from < VMDEV_PAGE_STATES && to < VMDEV_PAGE_STATES &&
	       (vmdev_page_next[from] & (1U << to));
}

/* Is the page's state @state one of the set @set of VMDEV_TO() bits? */
static inline int vmdev_page_in(unsigned int state, unsigned int set)
{
	return set & (1U << state);
}

#endif /* _VMDEV_PAGE_STATE_H */
