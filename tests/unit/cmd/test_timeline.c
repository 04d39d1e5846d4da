/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include "cmd/timeline.h"

static struct timeline t;

static int begin(void **state)
{
	(void)state;
	return timeline_init(&t, 2, 10);
}

static int end(void **state)
{
	(void)state;
	timeline_fini(&t);
	return 0;
}

static void a_new_row_knows_nothing_but_its_time(void **state)
{
	struct timeline_row *row = timeline_add(&t, 5);

	(void)state;
	assert_ptr_equal(row, timeline_row(&t, 0));
	assert_int_equal(row->t_ns, 5);
	for (int i = 0; i < 2; i++) {
		assert_true(row->cpu[i].run_ns == TIMELINE_NONE);
		assert_true(row->cpu[i].wait_ns == TIMELINE_NONE);
		assert_true(row->cpu[i].record_ns == TIMELINE_NONE);
		assert_true(row->cpu[i].guest_ns == TIMELINE_NONE);
		assert_true(row->cpu[i].exits == TIMELINE_NONE);
	}
}

static void no_row_comes_before_its_step(void **state)
{
	(void)state;
	assert_non_null(timeline_add(&t, 100));
	assert_null(timeline_add(&t, 109));
	assert_null(timeline_add(&t, 100));
	assert_null(timeline_add(&t, 50));
	assert_non_null(timeline_add(&t, 110));
	assert_int_equal(t.nr_rows, 2);
}

static void when_full_every_other_row_goes_and_the_step_doubles(void **state)
{
	(void)state;
	for (unsigned i = 0; i <= TIMELINE_ROWS; i++) {
		struct timeline_row *row = timeline_add(&t, i * 10);

		assert_non_null(row);
		row->cpu[1].exits = i;
	}
	assert_int_equal(t.nr_rows, TIMELINE_ROWS / 2 + 1);
	assert_int_equal(t.step_ns, 20);
	for (unsigned i = 0; i < t.nr_rows; i++) {
		assert_int_equal(timeline_row(&t, i)->t_ns, i * 20);
		assert_int_equal(timeline_row(&t, i)->cpu[1].exits, i * 2);
		assert_true(timeline_row(&t, i)->cpu[0].exits == TIMELINE_NONE);
	}
	assert_null(timeline_add(&t, TIMELINE_ROWS * 10 + 19));
}

static void a_long_run_never_outgrows_its_rows(void **state)
{
	(void)state;
	for (uint64_t ns = 0; ns < 1000000; ns += 10) {
		timeline_add(&t, ns);
		assert_true(t.nr_rows <= TIMELINE_ROWS);
	}
	assert_true(t.nr_rows > TIMELINE_ROWS / 2);
	for (unsigned i = 1; i < t.nr_rows; i++)
		assert_true(timeline_row(&t, i)->t_ns >=
			    timeline_row(&t, i - 1)->t_ns);
}

static void marks_keep_printable_text(void **state)
{
	int i = timeline_mark(&t, MARK_CONSOLE, 7, 9, "a\tb\033[1mc\001\377");

	(void)state;
	assert_int_equal(i, 0);
	assert_int_equal(t.nr_marks, 1);
	assert_int_equal(t.marks[0].kind, MARK_CONSOLE);
	assert_int_equal(t.marks[0].t_ns, 7);
	assert_int_equal(t.marks[0].end_ns, 9);
	assert_string_equal(t.marks[0].text, "a bc..");
}

static void a_mark_does_not_end_before_it_begins(void **state)
{
	(void)state;
	timeline_mark(&t, MARK_TEST, 7, 3, "x");
	assert_int_equal(t.marks[0].end_ns, 7);
}

static void long_text_is_cut(void **state)
{
	char text[1001] = "";

	(void)state;
	memset(text, 'x', 1000);
	timeline_mark(&t, MARK_CONSOLE, 0, 0, text);
	assert_true(strlen(t.marks[0].text) < 256);
}

static void a_talkative_guest_leaves_room_for_what_matters(void **state)
{
	unsigned n = 0;

	(void)state;
	while (timeline_mark(&t, MARK_CONSOLE, n, 0, "line") >= 0)
		n++;
	assert_int_equal(n, TIMELINE_MARKS / 2);
	for (n = 0; timeline_mark(&t, MARK_TEST, n, 0, "test") >= 0; n++)
		;
	assert_true(n > 64);
	for (n = 0; timeline_mark(&t, MARK_TROUBLE, n, 0, "panic") >= 0; n++)
		;
	assert_true(n > 8);
	assert_int_equal(t.nr_marks, TIMELINE_MARKS);
	assert_int_equal(timeline_mark(&t, MARK_BOOT, 0, 0, "boot"), -1);
}

static void fini_is_fine_on_nothing_and_twice(void **state)
{
	struct timeline none = { 0 };

	(void)state;
	timeline_fini(&none);
	timeline_mark(&t, MARK_BOOT, 0, 0, "boot 1");
	timeline_fini(&t);
	timeline_fini(&t);
	assert_int_equal(t.nr_marks, 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_new_row_knows_nothing_but_its_time),
		CASE(no_row_comes_before_its_step),
		CASE(when_full_every_other_row_goes_and_the_step_doubles),
		CASE(a_long_run_never_outgrows_its_rows),
		CASE(marks_keep_printable_text),
		CASE(a_mark_does_not_end_before_it_begins),
		CASE(long_text_is_cut),
		CASE(a_talkative_guest_leaves_room_for_what_matters),
		CASE(fini_is_fine_on_nothing_and_twice),
	};

	return cmocka_run_group_tests_name("timeline", tests, NULL, NULL);
}
