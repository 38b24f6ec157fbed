/* SPDX-License-Identifier: GPL-2.0 */
/* The size of an array, as kernel code says it. */
#ifndef BENCH_ARRAY_H
#define BENCH_ARRAY_H

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

#endif
