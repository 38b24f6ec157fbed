/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which of a process's memory is on vmdev: the functions of <sys/mman.h>, and the
 * lock that everything about it is done under.
 */
#ifndef PRELOAD_MEMORY_H
#define PRELOAD_MEMORY_H

#include "ranges.h"

extern struct ranges memory_ranges;	/* under the lock */

/* Recursive: handlers of fork(2) may map memory while it is held. */
void memory_lock(void);
void memory_unlock(void);

/* The child of a fork that was made with the lock held: as new. */
void memory_lock_renew(void);

#endif /* PRELOAD_MEMORY_H */
