/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The smaller and the larger of two, for building the pure parts of the module in
 * userspace. Names and meanings are the kernel's.
 */
#ifndef _TESTS_SHIM_MINMAX_H
#define _TESTS_SHIM_MINMAX_H

#define min(a, b) ({ \
	__auto_type min_a = (a); \
	__auto_type min_b = (b); \
	min_a < min_b ? min_a : min_b; \
})
#define max(a, b) ({ \
	__auto_type max_a = (a); \
	__auto_type max_b = (b); \
	max_a > max_b ? max_a : max_b; \
})
#define min_t(type, a, b) min((type)(a), (type)(b))

#endif /* _TESTS_SHIM_MINMAX_H */
