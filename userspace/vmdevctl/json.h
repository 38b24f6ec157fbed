/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A writer of JSON: keeps commas and indentation right, so that callers only
 * say what is in the document. @key is NULL inside an array and at the top.
 */
#ifndef VMDEVCTL_JSON_H
#define VMDEVCTL_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct json {
	FILE *out;
	unsigned int depth;
	bool more;	/* something stands before the next value at this depth */
	bool one_line;	/* of a stream of documents, a line each */
};

void json_begin_object(struct json *json, const char *key);
void json_end_object(struct json *json);
void json_begin_array(struct json *json, const char *key);
void json_end_array(struct json *json);
void json_bool(struct json *json, const char *key, bool value);
void json_number(struct json *json, const char *key, uint64_t value);

/* With so many digits behind the point. */
void json_decimal(struct json *json, const char *key, double value, int digits);

/* NULL is written as null. Bytes that aren't UTF-8 become U+FFFD. */
void json_string(struct json *json, const char *key, const char *value);

/* Bytes of the well-formed UTF-8 character at @string, 0 if there is none. */
size_t utf8_length(const char *string);

/*
 * Make question marks of what would be a command to a terminal: control characters, also
 * those of two bytes in UTF-8. For names, which are what their owners like.
 */
void make_printable(char *text);

#endif /* VMDEVCTL_JSON_H */
