// SPDX-License-Identifier: GPL-2.0
/* The JSON writer: escapes, broken UTF-8, commas and nesting. */
#include <stdlib.h>

#include "../vmdevctl/json.h"
#include "tap.h"

static char *text;
static size_t size;

static void start(struct json *json)
{
	free(text);
	*json = (struct json){ .out = open_memstream(&text, &size) };
}

static void string_is(const char *value, const char *want, const char *name)
{
	struct json json;

	start(&json);
	json_string(&json, NULL, value);
	fclose(json.out);
	is(text, want, name);
}

static void check_strings(void)
{
	string_is("plain", "\"plain\"", "plain text");
	string_is(NULL, "null", "null");
	string_is("", "\"\"", "empty text");
	string_is("a\"b\\c/", "\"a\\\"b\\\\c/\"", "quote and backslash");
	string_is("\n\t\x01\x7f", "\"\\u000a\\u0009\\u0001\\u007f\"", "control characters");
	string_is("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
		  "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"", "UTF-8 stays");
	string_is("a\xff z", "\"a\\ufffd z\"", "byte that is no UTF-8");
	string_is("\xc3", "\"\\ufffd\"", "cut-off character at the end");
	string_is("\xc0\xaf", "\"\\ufffd\\ufffd\"", "longer form than needed");
	string_is("\xe0\x80\x80", "\"\\ufffd\\ufffd\\ufffd\"", "longer form of three bytes");
	string_is("\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"", "surrogate");
	string_is("\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"", "past U+10FFFF");
	string_is("\xe2\x82x", "\"\\ufffd\\ufffdx\"", "cut-off character in the middle");
}

static void check_nesting(void)
{
	struct json json;

	start(&json);
	json_begin_object(&json, NULL);
	json_bool(&json, "yes", true);
	json_begin_array(&json, "list");
	json_number(&json, NULL, 0);
	json_number(&json, NULL, UINT64_MAX);
	json_begin_object(&json, NULL);
	json_end_object(&json);
	json_end_array(&json);
	json_begin_array(&json, "empty");
	json_end_array(&json);
	json_bool(&json, "no\"", false);
	json_end_object(&json);
	fclose(json.out);
	is(text,
	   "{\n"
	   "  \"yes\": true,\n"
	   "  \"list\": [\n"
	   "    0,\n"
	   "    18446744073709551615,\n"
	   "    {}\n"
	   "  ],\n"
	   "  \"empty\": [],\n"
	   "  \"no\\\"\": false\n"
	   "}\n", "nesting, commas, indentation");
}

int main(void)
{
	check_strings();
	check_nesting();
	free(text);
	return tap_end();
}
