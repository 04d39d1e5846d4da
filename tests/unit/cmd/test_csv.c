/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "check.h"
#include "cmd/csv.h"
#include "cmd/timeline.h"
#include "util/util.h"

#define HEAD "time_ns,cpu,run_ns,stolen_ns,record_ns,guest_ns,exits\n"

static int read_text(const char *text, struct timeline *t)
{
	return csv_read(text, strlen(text), t);
}

static char *text_of(const struct timeline *t)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	csv_write(out, t);
	fclose(out);
	return text;
}

static void what_is_written_is_read_again(void **state)
{
	static const char text[] = HEAD "# mark boot 0 0 the first, of two\n"
					"# mark rival 5 900 x\n"
					"100,0,1,2,3,,\n"
					"100,1,,,,5,18446744073709551614\n"
					"200,0,4,5,6,7,8\n"
					"200,1,0,0,0,0,0\n";
	struct timeline t;
	char *again;

	(void)state;
	assert_int_equal(read_text(text, &t), 0);
	assert_int_equal(t.nr_cpus, 2);
	assert_int_equal(t.nr_rows, 2);
	assert_int_equal(timeline_row(&t, 1)->cpu[0].guest_ns, 7);
	assert_true(timeline_row(&t, 0)->cpu[0].exits == TIMELINE_NONE);
	again = text_of(&t);
	assert_string_equal(again, text);
	free(again);
	timeline_fini(&t);
}

static void a_cpu_without_a_line_is_not_known(void **state)
{
	struct timeline t;

	(void)state;
	assert_int_equal(read_text(HEAD "1,2,3,4,5,6,7\n", &t), 0);
	assert_int_equal(t.nr_cpus, 3);
	assert_true(timeline_row(&t, 0)->cpu[0].run_ns == TIMELINE_NONE);
	assert_int_equal(timeline_row(&t, 0)->cpu[2].run_ns, 3);
	timeline_fini(&t);
}

static void a_long_recording_becomes_as_many_rows_as_there_is_room(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct timeline t;

	(void)state;
	fputs(HEAD, out);
	for (int i = 0; i < 50000; i++)
		fprintf(out, "%d,0,%d,0,0,,\n", i * 1000, i);
	fclose(out);
	assert_int_equal(csv_read(text, size, &t), 0);
	assert_in_range(t.nr_rows, TIMELINE_ROWS / 2, TIMELINE_ROWS);
	assert_int_equal(timeline_row(&t, 0)->t_ns, 0);
	free(text);
	timeline_fini(&t);
}

static void other_files_are_refused_by_line(void **state)
{
	static const struct {
		const char *text, *words;
	} bad[] = {
		{ "", "there are no figures" },
		{ HEAD, "there are no figures" },
		{ "time,cpu\n", "line 1" },
		{ "time_ns,cpu,run_ns,stolen_ns,record_ns,guest_ns,exits",
		  "line 1" },
		{ HEAD "1,0,1,1,1,1\n", "line 2" },
		{ HEAD "1,0,1,1,1,1,1,1\n", "line 2" },
		{ HEAD "1,0,1,1,1,1,1x\n", "line 2" },
		{ HEAD "1,0,1,1,1,1,1\n\n", "line 3" },
		{ HEAD ",0,1,1,1,1,1\n", "line 2" },
		{ HEAD "1,,1,1,1,1,1\n", "line 2" },
		{ HEAD "1,512,1,1,1,1,1\n", "line 2" },
		{ HEAD "1,0,-1,1,1,1,1\n", "line 2" },
		{ HEAD "1,0,18446744073709551616,1,1,1,1\n", "line 2" },
		{ HEAD "2,0,1,1,1,1,1\n1,0,1,1,1,1,1\n", "line 3" },
		{ HEAD "1,0,,,,,\n# mark boot 1\n", "line 3" },
	};
	struct timeline t;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(read_text(bad[i].text, &t), -EINVAL);
		assert_has_words(bad[i].words);
	}
	assert_int_equal(csv_read(HEAD "1,0,,,,,\n\0x", sizeof(HEAD) + 11, &t),
			 -EINVAL);
}

static void a_comment_or_an_unknown_mark_does_no_harm(void **state)
{
	struct timeline t;

	(void)state;
	assert_int_equal(read_text(HEAD "# hello\n# mark moon 1 2 x\n"
					"1,0,,,,,",
				   &t),
			 0);
	assert_int_equal(t.nr_marks, 0);
	timeline_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(a_cpu_without_a_line_is_not_known),
		cmocka_unit_test(
			a_long_recording_becomes_as_many_rows_as_there_is_room),
		cmocka_unit_test(other_files_are_refused_by_line),
		cmocka_unit_test(a_comment_or_an_unknown_mark_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
