/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table at the end, and the verdict.
 */
#ifndef DEMO_TABLE_H
#define DEMO_TABLE_H

#include "watch.h"

void table_print(const struct run *ordinary, const struct run *vmdev);

/* Says all that is not as it has to be; returns how many things that were. */
unsigned int verdict(const struct run *ordinary, const struct run *vmdev);

#endif /* DEMO_TABLE_H */
