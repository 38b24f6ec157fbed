// SPDX-License-Identifier: GPL-2.0
/*
 * JSON output (RFC 8259). Knows nothing of what is written. Strings can be file
 * names and so hold any bytes; what is written is always valid UTF-8.
 */
#include <inttypes.h>
#include <string.h>

#include "json.h"

size_t utf8_length(const char *string)
{
	const unsigned char *text = (const unsigned char *)string;
	unsigned char low = 0x80, high = 0xbf;
	size_t length, i;

	if (text[0] < 0x80)
		return 1;
	if (text[0] >= 0xc2 && text[0] <= 0xdf)
		length = 2;
	else if (text[0] >= 0xe0 && text[0] <= 0xef)
		length = 3;
	else if (text[0] >= 0xf0 && text[0] <= 0xf4)
		length = 4;
	else
		return 0;
	/* No longer form than needed, no surrogate, nothing past U+10FFFF. */
	if (text[0] == 0xe0)
		low = 0xa0;
	else if (text[0] == 0xed)
		high = 0x9f;
	else if (text[0] == 0xf0)
		low = 0x90;
	else if (text[0] == 0xf4)
		high = 0x8f;
	for (i = 1; i < length; i++) {
		if (text[i] < low || text[i] > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return length;
}

void make_printable(char *text)
{
	size_t length;

	for (; *text; text += length) {
		unsigned char c = (unsigned char)*text;

		length = utf8_length(text) ?: 1;
		if (c < ' ' || c == 0x7f || (c == 0xc2 && length == 2 && (text[1] & 0xe0) == 0x80))
			memset(text, '?', length);
	}
}

static void write_string(FILE *out, const char *value)
{
	const char *pos = value;

	fputc('"', out);
	while (*pos) {
		size_t length = utf8_length(pos);
		unsigned char c = (unsigned char)*pos;

		if (!length) {
			fputs("\\ufffd", out);
			length = 1;
		} else if (c == '"' || c == '\\') {
			fprintf(out, "\\%c", c);
		} else if (c < 0x20 || c == 0x7f) {
			fprintf(out, "\\u%04x", c);
		} else {
			fwrite(pos, 1, length, out);
		}
		pos += length;
	}
	fputc('"', out);
}

static void new_line(const struct json *json)
{
	if (!json->one_line)
		fprintf(json->out, "\n%*s", (int)json->depth * 2, "");
}

/* Everything that stands before a value. */
static void start_value(struct json *json, const char *key)
{
	if (json->more)
		fputs(json->one_line ? ", " : ",", json->out);
	if (json->depth)
		new_line(json);
	if (key) {
		write_string(json->out, key);
		fputs(": ", json->out);
	}
	json->more = true;
}

static void begin(struct json *json, const char *key, char bracket)
{
	start_value(json, key);
	fputc(bracket, json->out);
	json->depth++;
	json->more = false;
}

static void end(struct json *json, char bracket)
{
	json->depth--;
	if (json->more)
		new_line(json);
	fputc(bracket, json->out);
	json->more = true;
	if (!json->depth)
		fputc('\n', json->out);
}

void json_begin_object(struct json *json, const char *key)
{
	begin(json, key, '{');
}

void json_end_object(struct json *json)
{
	end(json, '}');
}

void json_begin_array(struct json *json, const char *key)
{
	begin(json, key, '[');
}

void json_end_array(struct json *json)
{
	end(json, ']');
}

void json_bool(struct json *json, const char *key, bool value)
{
	start_value(json, key);
	fputs(value ? "true" : "false", json->out);
}

void json_number(struct json *json, const char *key, uint64_t value)
{
	start_value(json, key);
	fprintf(json->out, "%" PRIu64, value);
}

void json_decimal(struct json *json, const char *key, double value, int digits)
{
	start_value(json, key);
	fprintf(json->out, "%.*f", digits, value);
}

void json_string(struct json *json, const char *key, const char *value)
{
	start_value(json, key);
	if (value)
		write_string(json->out, value);
	else
		fputs("null", json->out);
}
