/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A strict reader of JSON (RFC 8259) for tests: is a text one valid document, and
 * what stands at a path of it, as "pool.frames" or "holders.0.pid". Knows nothing
 * of who wrote it.
 */
#ifndef TOOL_JSON_H
#define TOOL_JSON_H

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define JSON_DEPTH	32

struct json_reader {
	const char *pos;
	const char *found;	/* the value at the path, not unescaped */
	size_t found_length;
	unsigned int depth;
};

/* @path: what is left of the path on the way to this value, NULL beside the way. */
static bool json_value(struct json_reader *reader, const char *path);

static inline void json_blanks(struct json_reader *reader)
{
	reader->pos += strspn(reader->pos, " \t\r\n");
}

static inline bool json_take(struct json_reader *reader, char c)
{
	json_blanks(reader);
	if (*reader->pos != c)
		return false;
	reader->pos++;
	return true;
}

static inline bool json_word(struct json_reader *reader, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(reader->pos, word, length))
		return false;
	reader->pos += length;
	return true;
}

static inline bool json_digits(struct json_reader *reader)
{
	size_t length = strspn(reader->pos, "0123456789");

	reader->pos += length;
	return length;
}

static inline bool json_number(struct json_reader *reader)
{
	if (*reader->pos == '-')
		reader->pos++;
	if (*reader->pos == '0')
		reader->pos++;
	else if (!json_digits(reader))
		return false;
	if (*reader->pos == '.') {
		reader->pos++;
		if (!json_digits(reader))
			return false;
	}
	if (*reader->pos == 'e' || *reader->pos == 'E') {
		reader->pos++;
		if (*reader->pos == '+' || *reader->pos == '-')
			reader->pos++;
		return json_digits(reader);
	}
	return true;
}

static inline bool json_escape(struct json_reader *reader)
{
	char c = *reader->pos;

	if (c != 'u') {
		reader->pos += c != '\0';
		return c && strchr("\"\\/bfnrt", c);
	}
	for (int i = 1; i <= 4; i++) {
		if (!isxdigit((unsigned char)reader->pos[i]))
			return false;
	}
	reader->pos += 5;
	return true;
}

static inline bool json_string(struct json_reader *reader)
{
	if (!json_take(reader, '"'))
		return false;
	while (*reader->pos != '"') {
		if ((unsigned char)*reader->pos < ' ')
			return false;
		if (*reader->pos++ == '\\' && !json_escape(reader))
			return false;
	}
	reader->pos++;
	return true;
}

/* What follows @name in @path; NULL if it starts otherwise. */
static inline const char *json_step(const char *path, const char *name, size_t length)
{
	if (!path || strncmp(path, name, length))
		return NULL;
	if (path[length] == '.')
		return path + length + 1;
	return path[length] ? NULL : path + length;
}

static inline bool json_members(struct json_reader *reader, const char *path, bool object)
{
	char end = object ? '}' : ']';
	unsigned int index = 0;

	reader->pos++;
	if (json_take(reader, end))
		return true;
	do {
		char number[16];
		const char *name = number;
		size_t length = snprintf(number, sizeof(number), "%u", index++);

		json_blanks(reader);
		if (object) {
			name = reader->pos + 1;
			if (!json_string(reader))
				return false;
			length = reader->pos - 1 - name;
			if (!json_take(reader, ':'))
				return false;
		}
		if (!json_value(reader, json_step(path, name, length)))
			return false;
	} while (json_take(reader, ','));
	return json_take(reader, end);
}

static inline bool json_any(struct json_reader *reader, const char *path)
{
	switch (*reader->pos) {
	case '{':
	case '[':
		return json_members(reader, path, *reader->pos == '{');
	case '"':
		return json_string(reader);
	case 't':
		return json_word(reader, "true");
	case 'f':
		return json_word(reader, "false");
	case 'n':
		return json_word(reader, "null");
	default:
		return json_number(reader);
	}
}

static bool json_value(struct json_reader *reader, const char *path)
{
	const char *start;
	bool good;

	json_blanks(reader);
	start = reader->pos;
	if (++reader->depth > JSON_DEPTH)
		return false;
	good = json_any(reader, path);
	reader->depth--;
	if (good && path && !*path) {
		reader->found = start;
		reader->found_length = reader->pos - start;
	}
	return good;
}

/*
 * True if @text is a valid document that has something at @path; puts that as it
 * is written into @value. With an empty path the whole document.
 */
static inline bool json_find(const char *text, const char *path, char *value, size_t size)
{
	struct json_reader reader = { .pos = text };

	if (!json_value(&reader, path))
		return false;
	json_blanks(&reader);
	if (*reader.pos || !reader.found)
		return false;
	snprintf(value, size, "%.*s", (int)reader.found_length, reader.found);
	return true;
}

#endif /* TOOL_JSON_H */
