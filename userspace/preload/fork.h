/* SPDX-License-Identifier: GPL-2.0 */
/* fork(2) with memory that isn't shared, see fork.c. */
#ifndef PRELOAD_FORK_H
#define PRELOAD_FORK_H

/* Once, before any other handler is registered, so that ours runs the last. */
void fork_init(void);

#endif /* PRELOAD_FORK_H */
