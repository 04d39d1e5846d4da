/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include "util/json.h"

/* -- writing -- */

static void check_string(const char *s, const char *json)
{
	char said[256] = "";
	FILE *out = fmemopen(said, sizeof(said), "w");

	json_string(out, s);
	fclose(out);
	assert_string_equal(said, json);
}

static void plain_text_is_quoted(void **state)
{
	(void)state;
	check_string("", "\"\"");
	check_string("GICv3 with ITS", "\"GICv3 with ITS\"");
}

static void quotes_and_backslashes_are_escaped(void **state)
{
	(void)state;
	check_string("say \"\\n\"", "\"say \\\"\\\\n\\\"\"");
}

static void any_other_byte_is_written_as_its_number(void **state)
{
	(void)state;
	check_string("a\n\x1b\x7f\xff", "\"a\\u000a\\u001b\\u007f\\u00ff\"");
}

static void numbers_have_all_their_digits(void **state)
{
	char said[64] = "";
	FILE *out = fmemopen(said, sizeof(said), "w");

	(void)state;
	json_number(out, 0);
	fputc(' ', out);
	json_number(out, UINT64_MAX);
	fclose(out);
	assert_string_equal(said, "0 18446744073709551615");
}

/* -- reading -- */

static void object_is_gone_through_key_by_key(void **state)
{
	struct json j;
	char key[8], text[8];

	(void)state;
	json_begin(&j, " {\"n\" : 12,\n\t\"s\":\"x\\ty\", \"a\":[1, 2 ]}\r\n");
	json_object(&j);
	assert_true(json_key(&j, key, sizeof(key)));
	assert_string_equal(key, "n");
	assert_int_equal(json_u64(&j), 12);
	assert_true(json_key(&j, key, sizeof(key)));
	assert_string_equal(key, "s");
	assert_int_equal(json_text(&j, text, sizeof(text)), 3);
	assert_string_equal(text, "x\ty");
	assert_true(json_key(&j, key, sizeof(key)));
	json_array(&j);
	assert_true(json_element(&j));
	assert_int_equal(json_u64(&j), 1);
	assert_true(json_element(&j));
	assert_int_equal(json_u64(&j), 2);
	assert_false(json_element(&j));
	assert_false(json_key(&j, key, sizeof(key)));
	assert_true(json_end(&j));
}

static bool is_json(const char *text)
{
	struct json j;

	json_begin(&j, text);
	json_skip(&j);
	return json_end(&j);
}

static void any_value_is_skipped(void **state)
{
	static const char *const good[] = {
		"{}",
		"[]",
		" [ ] ",
		"0",
		"-0",
		"1.5e-3",
		"-12E+4",
		"\"\"",
		"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\"",
		"true",
		"false",
		"null",
		"[{\"a\":{\"b\":[null,true,[]]}},\"x\",1]",
		"\t{ \"\" : { } , \"\" : [ ] }\n",
		"[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		if (!is_json(good[i]))
			fail_msg("%s", good[i]);
}

static void what_is_no_json_is_noticed(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"{",
		"}",
		"[",
		"[1",
		"[1,",
		"[1,]",
		"[,1]",
		"[1 2]",
		"[1}",
		"{]",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\":1,}",
		"{\"a\" 1}",
		"{a:1}",
		"{1:1}",
		"01",
		"-",
		"-01",
		"+1",
		".5",
		"1.",
		"1e",
		"1e+",
		"0x1",
		"nan",
		"tru",
		"truex",
		"nul",
		"\"",
		"\"a",
		"\"\\",
		"\"\\x\"",
		"\"\\u12\"",
		"\"\\u12g4\"",
		"\"\\u\x11\x12\x13\x14\"",
		"\"\\ud800\\u12\"",
		"\"a\nb\"",
		"'a'",
		"1 1",
		"{}{}",
		"\xef\xbb\xbf{}",
		"[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (is_json(bad[i]))
			fail_msg("%s", bad[i]);
}

static void check_text(const char *json, const char *text)
{
	struct json j;
	char to[64];

	json_begin(&j, json);
	assert_int_equal(json_text(&j, to, sizeof(to)), strlen(text));
	assert_string_equal(to, text);
	assert_true(json_end(&j));
}

static void letters_become_utf8(void **state)
{
	(void)state;
	check_text("\"\\u0041\\u00E4\\u20ac\\uD83D\\ude00\"",
		   "A\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
	check_text("\"\xc3\xa4\xff\"", "\xc3\xa4\xff");
}

static void what_a_string_cannot_hold_is_replaced(void **state)
{
	(void)state;
	check_text("\"a\\u0000b\"", "a\xef\xbf\xbd"
				    "b");
	check_text("\"\\ud800\"", "\xef\xbf\xbd");
	check_text("\"\\udc00x\"", "\xef\xbf\xbdx");
	check_text("\"\\ud800\\n\"", "\xef\xbf\xbd\n");
	check_text("\"\\ud800\\u0041\"", "\xef\xbf\xbd"
					 "A");
}

static void long_text_is_cut_and_its_length_told(void **state)
{
	struct json j;
	char to[4];

	(void)state;
	json_begin(&j, "[\"abc\",\"abcd\",\"\"]");
	json_array(&j);
	assert_true(json_element(&j));
	assert_int_equal(json_text(&j, to, sizeof(to)), 3);
	assert_string_equal(to, "abc");
	assert_true(json_element(&j));
	assert_int_equal(json_text(&j, to, sizeof(to)), 4);
	assert_string_equal(to, "abc");
	assert_true(json_element(&j));
	assert_int_equal(json_text(&j, to, sizeof(to)), 0);
	assert_string_equal(to, "");
	assert_false(json_element(&j));
	assert_true(json_end(&j));
}

static void key_without_room_is_no_other_key(void **state)
{
	struct json j;
	char key[4];

	(void)state;
	json_begin(&j, "{\"abcd\":1,\"abc\":2}");
	json_object(&j);
	assert_true(json_key(&j, key, sizeof(key)));
	assert_string_equal(key, "");
	json_skip(&j);
	assert_true(json_key(&j, key, sizeof(key)));
	assert_string_equal(key, "abc");
	json_skip(&j);
	assert_false(json_key(&j, key, sizeof(key)));
	assert_true(json_end(&j));
}

static void check_number(const char *text, bool good, uint64_t v)
{
	struct json j;

	json_begin(&j, text);
	assert_true(json_u64(&j) == v);
	assert_int_equal(json_end(&j), good);
}

static void only_plain_integers_are_numbers(void **state)
{
	(void)state;
	check_number("0", true, 0);
	check_number(" 18446744073709551615", true, UINT64_MAX);
	check_number("18446744073709551616", false, 0);
	check_number("99999999999999999999999", false, 0);
	check_number("-1", false, 0);
	check_number("1.0", false, 0);
	check_number("1e3", false, 0);
	check_number("007", false, 0);
	check_number("\"1\"", false, 0);
}

static void behind_a_mistake_there_is_nothing(void **state)
{
	struct json j;
	char key[8] = "x", text[8] = "x";

	(void)state;
	json_begin(&j, "{\"a\":[}, \"b\":1}");
	json_object(&j);
	assert_true(json_key(&j, key, sizeof(key)));
	json_array(&j);
	assert_true(json_element(&j));
	assert_int_equal(json_u64(&j), 0);
	assert_false(json_element(&j));
	assert_false(json_key(&j, key, sizeof(key)));
	json_object(&j);
	assert_false(json_key(&j, key, sizeof(key)));
	assert_int_equal(json_text(&j, text, sizeof(text)), 0);
	assert_string_equal(text, "");
	json_skip(&j);
	assert_false(json_end(&j));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(plain_text_is_quoted),
		TEST(quotes_and_backslashes_are_escaped),
		TEST(any_other_byte_is_written_as_its_number),
		TEST(numbers_have_all_their_digits),
		TEST(object_is_gone_through_key_by_key),
		TEST(any_value_is_skipped),
		TEST(what_is_no_json_is_noticed),
		TEST(letters_become_utf8),
		TEST(what_a_string_cannot_hold_is_replaced),
		TEST(long_text_is_cut_and_its_length_told),
		TEST(key_without_room_is_no_other_key),
		TEST(only_plain_integers_are_numbers),
		TEST(behind_a_mistake_there_is_nothing),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
