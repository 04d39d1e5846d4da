/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>

#include "util/err.h"
#include "util/parse.h"
#include "util/util.h"

#define UNSET UINT64_C(0x1234567)

static uint64_t v;

static int u64(const char *s, uint64_t min, uint64_t max)
{
	v = UNSET;
	return parse_u64(s, min, max, &v);
}

static void numbers_are_decimal_or_hexadecimal(void **state)
{
	(void)state;
	assert_int_equal(u64("0", 0, 10), 0);
	assert_int_equal(v, 0);
	assert_int_equal(u64("010", 0, 10), 0); /* no octal */
	assert_int_equal(v, 10);
	assert_int_equal(u64("0xfF", 0, 255), 0);
	assert_int_equal(v, 255);
	assert_int_equal(u64("18446744073709551615", 0, UINT64_MAX), 0);
	assert_true(v == UINT64_MAX);
}

static void what_is_no_number_is_refused_and_sets_nothing(void **state)
{
	static const char *const bad[] = { "",	  " 1",	 "1 ", "-1", "+1",
					   "1.0", "0x",	 "x1", "1k", "0xg",
					   "one", "1\n", "--", "0X1" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(u64(bad[i], 0, 100), -EINVAL);
		assert_has_words("' is not a whole number");
		assert_int_equal(v, UNSET);
	}
}

static void numbers_out_of_range_are_told_the_range(void **state)
{
	static const char *const bad[] = { "4", "8", "18446744073709551616",
					   "99999999999999999999999",
					   "0x10000000000000000" };
	char words[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(u64(bad[i], 5, 7), -ERANGE);
		snprintf(words, sizeof(words), "%s is out of range 5 to 7",
			 bad[i]);
		assert_words(words);
		assert_int_equal(v, UNSET);
	}
	assert_int_equal(u64("5", 5, 7), 0);
	assert_int_equal(u64("7", 5, 7), 0);
}

static int size(const char *s)
{
	v = UNSET;
	return parse_size(s, 1024, 64 * GIB, &v);
}

static void sizes_are_mib_or_have_a_letter(void **state)
{
	static const struct {
		const char *s;
		uint64_t v;
	} good[] = {
		{ "1", MIB },	       { "512", 512 * MIB },
		{ "512M", 512 * MIB }, { "512m", 512 * MIB },
		{ "2G", 2 * GIB },     { "2g", 2 * GIB },
		{ "1024B", 1024 },     { "1K", 1024 },
		{ "0x10k", 16384 },    { "65536M", 64 * GIB },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(size(good[i].s), 0);
		assert_true(v == good[i].v);
	}
	assert_int_equal(parse_size("1T", 0, UINT64_MAX, &v), 0);
	assert_true(v == 1024 * GIB);
}

static void what_is_no_size_is_refused_with_examples(void **state)
{
	static const char *const bad[] = { "",	  "M",	  "1X",	 "1MB", "1 M",
					   "-1M", "1.5G", "1M ", "1KK" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(size(bad[i]), -EINVAL);
		assert_has_words("' is not a size; write 512M, 2G or plain "
				 "MiB");
		assert_int_equal(v, UNSET);
	}
}

static void sizes_out_of_range_are_told_the_range_in_large_units(void **state)
{
	static const char *const bad[] = {
		"0",	     "1023B",
		"65537",     "17592186044480M",
		"99999999T", "18446744073709551616"
	};
	char words[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(size(bad[i]), -ERANGE);
		snprintf(words, sizeof(words), "'%s' is out of range 1K to 64G",
			 bad[i]);
		assert_words(words);
		assert_int_equal(v, UNSET);
	}
}

static void seconds_are_whole_or_have_a_fraction(void **state)
{
	static const struct {
		const char *s;
		uint64_t ns;
	} good[] = {
		{ "1", 1000000000 },
		{ "90", 90000000000 },
		{ "1.5", 1500000000 },
		{ "0.000000001", 1 },
		{ "0.25", 250000000 },
		{ "2.1234567899", 2123456789 },
		{ "31622400", UINT64_C(31622400000000000) },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(parse_seconds(good[i].s, &v), 0);
		assert_true(v == good[i].ns);
	}
}

static void shares_are_percent_to_a_tenth(void **state)
{
	static const struct {
		const char *s;
		unsigned permille;
	} good[] = { { "0", 0 },       { "25", 250 }, { "25%", 250 },
		     { "12.5%", 125 }, { "0.1", 1 },  { "99%", 990 },
		     { "99.0", 990 } };
	static const char *const bad[] = { "",	 "%",  "x",  "25%%", "1.25",
					   ".5", "-1", "5 ", "1.%",  "2%5" };
	static const char *const much[] = { "99.1", "100%",
					    "12345678901234567890",
					    "99999999999999999999999" };
	unsigned p = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(parse_share(good[i].s, 990, &p), 0);
		assert_int_equal(p, good[i].permille);
	}
	p = 7;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(parse_share(bad[i], 990, &p), -EINVAL);
		assert_has_words("' is not a share; write 25% or 12.5%");
	}
	for (size_t i = 0; i < ARRAY_SIZE(much); i++) {
		assert_int_equal(parse_share(much[i], 990, &p), -ERANGE);
		assert_has_words(" is above 99%");
	}
	assert_int_equal(p, 7);
}

static void what_is_no_time_is_refused(void **state)
{
	static const char *const bad[] = { "",	 "s",	"1s", ".5",   "1.",
					   "-1", "1,5", " 1", "1.5x", "1..5" };
	static const char *const none[] = { "0", "0.0", "0.0000000001" };

	(void)state;
	v = UNSET;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(parse_seconds(bad[i], &v), -EINVAL);
		assert_has_words("' is not a time in seconds");
	}
	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		assert_int_equal(parse_seconds(none[i], &v), -ERANGE);
		assert_has_words(" seconds is no time at all");
	}
	assert_int_equal(parse_seconds("31622401", &v), -ERANGE);
	assert_words("31622401 seconds is more than a year");
	assert_int_equal(parse_seconds("99999999999999999999", &v), -ERANGE);
	assert_int_equal(v, UNSET);
}

static void words_are_found_by_index(void **state)
{
	static const char *const words[] = { "one", "two", "three", NULL };

	(void)state;
	assert_int_equal(parse_word("one", words), 0);
	assert_int_equal(parse_word("three", words), 2);
	assert_int_equal(parse_word("thre", words), -EINVAL);
	assert_words("'thre' is not one of one, two, three");
	assert_int_equal(parse_word("", words), -EINVAL);
}

static void long_lists_of_words_are_cut(void **state)
{
	static const char *words[101];

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		words[i] = "abcdefg";
	assert_int_equal(parse_word("x", words), -EINVAL);
	assert_has_words("'x' is not one of abcdefg, abcdefg");
	assert_true(strlen(err_text()) < 160);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(numbers_are_decimal_or_hexadecimal),
		TEST(what_is_no_number_is_refused_and_sets_nothing),
		TEST(numbers_out_of_range_are_told_the_range),
		TEST(sizes_are_mib_or_have_a_letter),
		TEST(what_is_no_size_is_refused_with_examples),
		TEST(sizes_out_of_range_are_told_the_range_in_large_units),
		TEST(seconds_are_whole_or_have_a_fraction),
		TEST(shares_are_percent_to_a_tenth),
		TEST(what_is_no_time_is_refused),
		TEST(words_are_found_by_index),
		TEST(long_lists_of_words_are_cut),
	};

	return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
