/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>

#include "util/tap.h"
#include "util/err.h"

static struct tap tap;

static int set_up(void **state)
{
	(void)state;
	tap_init(&tap);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	tap_fini(&tap);
	return 0;
}

static int feed(const char *text)
{
	return tap_feed(&tap, text, strlen(text));
}

static void results_skips_and_the_plan_are_taken(void **state)
{
	(void)state;
	assert_int_equal(feed("TAP version 13\r\n"
			      "ok 1 - discovery: version\r\n"
			      "not ok 2 - record: revision\r\n"
			      "# revision 1, not 0\r\n"
			      "# and more\r\n"
			      "ok 3 - smc: answers # SKIP undefined here\r\n"
			      "1..3\r\n"),
			 0);
	assert_int_equal(tap.nr, 3);
	assert_int_equal(tap.planned, 3);
	assert_int_equal(tap.failed, 1);
	assert_int_equal(tap.skipped, 1);
	assert_true(tap.checks[0].ok && !tap.checks[0].skipped);
	assert_string_equal(tap.checks[0].name, "discovery: version");
	assert_string_equal(tap.checks[0].why, "");
	assert_false(tap.checks[1].ok);
	assert_string_equal(tap.checks[1].why, "revision 1, not 0");
	assert_true(tap.checks[2].ok && tap.checks[2].skipped);
	assert_string_equal(tap.checks[2].name, "smc: answers");
	assert_string_equal(tap.checks[2].why, "undefined here");
	assert_true(tap_is_complete(&tap));
	assert_false(tap_is_good(&tap));
}

static void bytes_may_come_one_by_one(void **state)
{
	static const char text[] = "ok 1 - a\nok 2 - b\n1..2\n";

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		assert_int_equal(tap_feed(&tap, text + i, 1), 0);
	assert_true(tap_is_good(&tap));
}

static void guest_that_gives_up_is_not_good(void **state)
{
	(void)state;
	assert_int_equal(feed("ok 1 - a\nBail out! trap: esr 0x1\n1..1\n"), 0);
	assert_string_equal(tap.bail, "trap: esr 0x1");
	assert_false(tap_is_complete(&tap));
	assert_false(tap_is_good(&tap));
}

static void plan_may_come_first(void **state)
{
	(void)state;
	assert_int_equal(feed("1..1\nok 1 - a\n"), 0);
	assert_true(tap_is_good(&tap));
}

static void missing_checks_are_not_good(void **state)
{
	static const char *const texts[] = {
		"",
		"ok 1 - a\n",			 /* no plan */
		"ok 1 - a\n1..2\n",		 /* one is missing */
		"ok 1 - a\nok 3 - c\n1..2\n",	 /* another one */
		"ok 1 - a\nok 1 - a\n1..2\n",	 /* twice the same */
		"ok 1 - a\n1..0\n",		 /* no plan at all */
		"ok 1 - a\nok 2 - b\n1..2",	 /* no end of line */
		"ok 1 - a\nok 2 - b\n1..2000\n", /* more than there can be */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		tap_fini(&tap);
		tap_init(&tap);
		assert_int_equal(feed(texts[i]), 0);
		assert_false(tap_is_complete(&tap));
		assert_false(tap_is_good(&tap));
	}
}

static void other_lines_are_nobodys_business(void **state)
{
	(void)state;
	assert_int_equal(feed("ok\nok \nok x\nok 1\nok 1 name\nnot ok\n"
			      "ok 0 - zero\nokay 1 - a\n ok 1 - a\n\n# hm\n"),
			 0);
	assert_int_equal(tap.nr, 0);
}

static void long_lines_are_cut_and_names_too(void **state)
{
	char line[4 * TAP_LINE_MAX];

	(void)state;
	memset(line, 'a', sizeof(line));
	memcpy(line, "not ok 1 - ", 11);
	assert_int_equal(tap_feed(&tap, line, sizeof(line)), 0);
	memcpy(line, "\n# ", 3);
	assert_int_equal(tap_feed(&tap, line, sizeof(line)), 0);
	assert_int_equal(feed("\n1..1\n"), 0);
	assert_int_equal(tap.nr, 1);
	assert_int_equal(strlen(tap.checks[0].name), TAP_NAME_MAX - 1);
	assert_int_equal(strlen(tap.checks[0].why), TAP_NAME_MAX - 1);
	assert_true(tap_is_complete(&tap));
}

static void what_is_kept_can_be_printed(void **state)
{
	(void)state;
	assert_int_equal(tap_feed(&tap, "ok 1 - \x1b[2J\x07\0\xff\n", 15), 0);
	assert_string_equal(tap.checks[0].name, "?[2J???");
}

static void guest_that_reports_without_end_is_an_error(void **state)
{
	char line[32];
	int rc = 0;

	(void)state;
	for (unsigned i = 1; rc == 0 && i <= 2 * TAP_CHECKS_MAX; i++) {
		snprintf(line, sizeof(line), "ok %u - a\n", i);
		rc = feed(line);
	}
	assert_int_equal(rc, -E2BIG);
	assert_words("the guest reports more than 1024 checks");
	assert_int_equal(tap.nr, TAP_CHECKS_MAX);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(results_skips_and_the_plan_are_taken),
		T(bytes_may_come_one_by_one),
		T(guest_that_gives_up_is_not_good),
		T(plan_may_come_first),
		T(missing_checks_are_not_good),
		T(other_lines_are_nobodys_business),
		T(long_lines_are_cut_and_names_too),
		T(what_is_kept_can_be_printed),
		T(guest_that_reports_without_end_is_an_error),
	};

	return cmocka_run_group_tests_name("tap", tests, NULL, NULL);
}
