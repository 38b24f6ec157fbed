/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Division, for building the pure parts of the module in userspace. Names and meanings are
 * the kernel's.
 */
#ifndef _TESTS_SHIM_MATH_H
#define _TESTS_SHIM_MATH_H

#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))

#endif /* _TESTS_SHIM_MATH_H */
