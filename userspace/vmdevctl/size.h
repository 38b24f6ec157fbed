/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers as people write and read them. */
#ifndef VMDEVCTL_SIZE_H
#define VMDEVCTL_SIZE_H

#include <stdint.h>

/* Room for any size_format() result. */
#define SIZE_TEXT	16

/*
 * A whole number of bytes with an optional K, M, G or T (powers of 1024, either
 * case). Returns 0, -EINVAL for other text, -ERANGE for 2^64 bytes and more.
 */
int size_parse(const char *text, uint64_t *bytes);

/*
 * The same or, as "50%", a part of @whole in whole mebibytes, rounded down but to one at
 * least; not 0%.
 */
int size_parse_of(const char *text, uint64_t whole, uint64_t *bytes);

/* A whole number in decimal. Returns 0, -EINVAL or -ERANGE. */
int number_parse(const char *text, uint64_t *value);

/* "512 B", "64 MiB", "1.5 GiB": at most one digit after the point. */
char *size_format(uint64_t bytes, char buf[SIZE_TEXT]);

#endif /* VMDEVCTL_SIZE_H */
