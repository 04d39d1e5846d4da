/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include "cmd/line.h"

static char buf[LINE_MAX_SIZE];
static struct line l;

static int set_up(void **state)
{
	(void)state;
	memset(buf, 'x', sizeof(buf));
	l = (struct line){ .buf = buf };
	return 0;
}

static const char *whole(void)
{
	line_end(&l);
	return buf;
}

static void text_is_put_one_after_the_other(void **state)
{
	(void)state;
	line_put(&l, "one ");
	line_pad(&l, 6);
	line_putf(&l, "%d", 2);
	assert_int_equal(l.column, 7);
	line_pad(&l, 3); /* it is further already */
	assert_string_equal(whole(), "one   2");
}

static void blanks_at_the_end_are_left_out(void **state)
{
	(void)state;
	line_put(&l, "one  ");
	line_pad(&l, 60);
	assert_int_equal(l.column, 60);
	assert_string_equal(whole(), "one");
}

static void blanks_are_there_if_they_show(void **state)
{
	(void)state;
	l.colour = true;
	l.paint = PAINT_HEAD;
	line_put(&l, "A");
	line_pad(&l, 3);
	line_show_blanks(&l);
	assert_string_equal(whole(), "\033[0;7mA  \033[0m");
}

static void a_line_is_cut_where_the_terminal_ends(void **state)
{
	(void)state;
	l.columns = 5;
	line_put(&l, "abc defgh");
	line_pad(&l, 20);
	line_put(&l, "i");
	assert_int_equal(l.column, 5);
	assert_string_equal(whole(), "abc d");
}

static void blanks_do_not_cross_the_end(void **state)
{
	(void)state;
	l.columns = 3;
	line_pad(&l, 9);
	assert_int_equal(l.column, 3);
	line_show_blanks(&l);
	line_put(&l, "x");
	assert_string_equal(whole(), "   ");
}

static void a_colour_is_changed_only_before_a_letter(void **state)
{
	(void)state;
	l.colour = true;
	l.paint = PAINT_BAD;
	l.paint = PAINT_WARN;
	line_put(&l, "a");
	line_put(&l, "b");
	l.paint = PAINT_PLAIN;
	line_put(&l, "c");
	l.paint = PAINT_BOLD;
	assert_string_equal(whole(), "\033[0;33mab\033[0mc");
}

static void colour_ends_with_the_line(void **state)
{
	(void)state;
	l.colour = true;
	l.columns = 1;
	l.paint = PAINT_BOLD;
	line_put(&l, "ab");
	assert_string_equal(whole(), "\033[0;1ma\033[0m");
}

static void without_colours_there_are_none(void **state)
{
	(void)state;
	l.paint = PAINT_BAD;
	line_put(&l, "ab");
	assert_string_equal(whole(), "ab");
}

static void a_letter_has_one_column_whatever_its_size(void **state)
{
	(void)state;
	l.columns = 2;
	line_letter(&l, "\xe2\x96\x81", 3);
	line_letter(&l, "\xe2\x96\x82", 3);
	line_letter(&l, "\xe2\x96\x83", 3);
	assert_string_equal(whole(), "\xe2\x96\x81\xe2\x96\x82");
}

static void what_has_no_room_is_left_out(void **state)
{
	(void)state;
	l.colour = true;
	for (int i = 0; i < 1000; i++) {
		l.paint = i % 2 ? PAINT_BAD : PAINT_WARN;
		line_letter(&l, "\xe2\x96\x81", 3);
	}
	assert_true(strlen(whole()) < LINE_MAX_SIZE);
	assert_string_equal(buf + strlen(buf) - 4, "\033[0m");
	assert_true(strlen(buf) > LINE_MAX_SIZE - 20);
}

#define CASE(fn) cmocka_unit_test_setup(fn, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(text_is_put_one_after_the_other),
		CASE(blanks_at_the_end_are_left_out),
		CASE(blanks_are_there_if_they_show),
		CASE(a_line_is_cut_where_the_terminal_ends),
		CASE(blanks_do_not_cross_the_end),
		CASE(a_colour_is_changed_only_before_a_letter),
		CASE(colour_ends_with_the_line),
		CASE(without_colours_there_are_none),
		CASE(a_letter_has_one_column_whatever_its_size),
		CASE(what_has_no_room_is_left_out),
	};

	return cmocka_run_group_tests_name("line", tests, NULL, NULL);
}
