/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The smaller of two, for building the pure parts of the module in userspace. As in the
 * kernel but that an argument may be evaluated twice.
 */
#ifndef _TESTS_SHIM_MINMAX_H
#define _TESTS_SHIM_MINMAX_H

#define min(a, b)		((a) < (b) ? (a) : (b))
#define min_t(type, a, b)	min((type)(a), (type)(b))

#endif /* _TESTS_SHIM_MINMAX_H */
