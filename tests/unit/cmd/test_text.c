/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>

#include "cmd/text.h"
#include "util/err.h"

static void check_plain(const char *s, const char *plain)
{
	char buf[64];

	assert_int_equal(text_plain(buf, sizeof(buf), s, strlen(s)),
			 strlen(plain));
	assert_string_equal(buf, plain);
}

static void check_markup(const char *s, const char *markup)
{
	char *buf;
	size_t size;
	FILE *f = open_memstream(&buf, &size);

	text_markup(f, s, strlen(s));
	assert_int_equal(text_done(f), 0);
	fclose(f);
	assert_string_equal(buf, markup);
	free(buf);
}

static void printable_ascii_stays(void **state)
{
	(void)state;
	check_plain("", "");
	check_plain("a ~ <b> \\", "a ~ <b> \\");
	check_markup("a ~ \\", "a ~ \\");
}

static void escape_sequences_and_carriage_returns_are_left_out(void **state)
{
	(void)state;
	check_plain("\033[1;31mred\033[0m\r", "red");
	check_plain("\033[2J\033[38;2;1;2;3mx", "x");
	check_markup("\033[1;31mred\033[0m\r\n", "red\n");
	/* cut short, in each place */
	check_plain("a\033", "a");
	check_plain("a\033[", "a");
	check_plain("a\033[3", "a");
	check_plain("a\033[3\nb", "a.b");
	check_plain("\033]0;title\007", "]0;title.");
}

static void what_is_not_printable_becomes_a_dot(void **state)
{
	(void)state;
	check_plain("a\tb\nc\001\177", "a b.c..");
	check_plain("r\303\244t", "r.t");
	check_plain("\377\376\200", "...");
}

static void text_is_cut_where_there_is_no_more_room(void **state)
{
	char buf[4];

	(void)state;
	assert_int_equal(text_plain(buf, sizeof(buf), "abcdef", 6), 3);
	assert_string_equal(buf, "abc");
	assert_int_equal(text_plain(buf, sizeof(buf), "abcdef", 2), 2);
	assert_string_equal(buf, "ab");
	assert_int_equal(text_plain(buf, 1, "abcdef", 6), 0);
	assert_string_equal(buf, "");
	assert_int_equal(text_plain(NULL, 0, "abcdef", 6), 0);
}

static void text_ends_at_its_length_or_its_first_nul(void **state)
{
	static const char raw[] = { 'a', 'b', '\0', 'c' };
	/* of just this size, so that a byte too many is noticed */
	char *cut = malloc(3);
	char buf[8];

	(void)state;
	assert_non_null(cut);
	assert_int_equal(text_plain(buf, sizeof(buf), raw, sizeof(raw)), 2);
	memcpy(cut, "x\342\202", 3); /* the euro sign without its end */
	assert_int_equal(text_plain(buf, sizeof(buf), cut, 3), 2);
	assert_string_equal(buf, "x.");
	memcpy(cut, "x\033[", 3);
	assert_int_equal(text_plain(buf, sizeof(buf), cut, 3), 1);
	free(cut);
}

static void markup_is_escaped(void **state)
{
	(void)state;
	check_markup("<a b='c'>&\"", "&lt;a b=&#39;c&#39;&gt;&amp;&quot;");
	check_markup("]]>", "]]&gt;");
	check_markup("a\n\tb", "a\n\tb");
}

static void proper_utf8_stays(void **state)
{
	(void)state;
	check_markup("r\303\244tsel", "r\303\244tsel");
	check_markup("\342\202\254 \360\237\230\200",
		     "\342\202\254 \360\237\230\200");
}

#define REPLACED "\357\277\275"

static void what_xml_does_not_take_is_replaced(void **state)
{
	(void)state;
	check_markup("\001\010\013\177", REPLACED REPLACED REPLACED REPLACED);
	check_markup("\302\205", REPLACED);	/* C1 control */
	check_markup("\355\240\200", REPLACED); /* a surrogate */
	check_markup("\357\277\276\357\277\277", REPLACED REPLACED);
	check_markup("\342\200\256x", REPLACED "x");	  /* right to left */
	check_markup("\300\257", REPLACED REPLACED);	  /* "/", too long */
	check_markup("\340\200\257", REPLACED);		  /* and again */
	check_markup("\364\220\200\200", REPLACED);	  /* past the last */
	check_markup("\303(\377", REPLACED "(" REPLACED); /* no follower */
}

static void times_have_three_digits_or_so(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} times[] = {
		{ 0, "0" },
		{ 1, "0.001 us" },
		{ 3500, "3.5 us" },
		{ 999499, "999 us" },
		{ 999500, "1.0 ms" },
		{ 12345678, "12 ms" },
		{ 999499999, "999 ms" },
		{ 999500000, "1.00 s" },
		{ 6100000000, "6.10 s" },
		{ 12345678901, "12.3 s" },
		{ 123456789012, "123 s" },
	};
	char buf[TEXT_TIME_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		assert_string_equal(text_time(buf, times[i].ns), times[i].text);
	text_time(buf, UINT64_MAX);
}

static void lines_are_taken_one_by_one(void **state)
{
	const char *s = "one\n\ntwo";

	(void)state;
	assert_int_equal(text_line(s, &s), 3);
	assert_int_equal(text_line(s, &s), 0);
	assert_string_equal(s, "two");
	assert_int_equal(text_line(s, &s), 3);
	assert_string_equal(s, "");
}

static void a_full_disk_is_an_error(void **state)
{
	FILE *f = fopen("/dev/full", "we");

	(void)state;
	assert_non_null(f);
	fprintf(f, "x");
	assert_int_equal(text_done(f), -ENOSPC);
	assert_words("write: No space left on device");
	fclose(f);
}

static void an_early_error_is_not_forgotten(void **state)
{
	FILE *f = fopen("/dev/full", "we");

	(void)state;
	assert_non_null(f);
	setvbuf(f, NULL, _IONBF, 0);
	fprintf(f, "x");
	assert_true(text_done(f) < 0);
	assert_has_words("write: ");
	fclose(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(printable_ascii_stays),
		TEST(escape_sequences_and_carriage_returns_are_left_out),
		TEST(what_is_not_printable_becomes_a_dot),
		TEST(text_is_cut_where_there_is_no_more_room),
		TEST(text_ends_at_its_length_or_its_first_nul),
		TEST(markup_is_escaped),
		TEST(proper_utf8_stays),
		TEST(what_xml_does_not_take_is_replaced),
		TEST(times_have_three_digits_or_so),
		TEST(lines_are_taken_one_by_one),
		TEST(a_full_disk_is_an_error),
		TEST(an_early_error_is_not_forgotten),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
