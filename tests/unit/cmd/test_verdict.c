/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include "cmd/verdict.h"

static void the_exit_status_is_the_contracts(void **state)
{
	static const struct {
		enum verdict_class class;
		int status;
		const char *word;
	} classes[] = {
		{ VERDICT_GOOD, 0, "good" },
		{ VERDICT_BAD_TEST, 6, "bad-test" },
		{ VERDICT_WRONG_STEAL, 6, "wrong-steal" },
		{ VERDICT_COMMAND, 6, "command" },
		{ VERDICT_OOPS, 6, "oops" },
		{ VERDICT_PANIC, 3, "panic" },
		{ VERDICT_HANG, 124, "hang" },
		{ VERDICT_NO_OUTPUT, 124, "no-output" },
		{ VERDICT_TIMEOUT, 124, "timeout" },
		{ VERDICT_RESET, 6, "reset" },
		{ VERDICT_OFF, 6, "off" },
		{ VERDICT_NO_PVTIME, 5, "no-pvtime" },
		{ VERDICT_NOT_STARTED, 1, "not-started" },
		{ VERDICT_INTERRUPTED, 130, "interrupted" },
		{ VERDICT_FAILED, 1, "failed" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		struct verdict v = { .class = classes[i].class, .signal = 2 };

		assert_int_equal(verdict_status(&v), classes[i].status);
		assert_string_equal(verdict_word(v.class), classes[i].word);
	}
}

static const enum test_state states[] = { TEST_OK, TEST_OK, TEST_SKIPPED,
					  TEST_RUNNING, TEST_WAITING };

static void set(struct verdict *v, enum verdict_class class)
{
	*v = (struct verdict){ .class = class, .nr_tests = 5 };
	for (unsigned i = 0; i < v->nr_tests; i++)
		v->tests[i].state = states[i];
}

static void a_test_that_ran_when_all_ended_has_failed(void **state)
{
	struct verdict v;
	struct verdict_counts n;

	(void)state;
	set(&v, VERDICT_PANIC);
	n = verdict_count(&v);
	assert_int_equal(n.ok, 2);
	assert_int_equal(n.skipped, 1);
	assert_int_equal(n.bad, 1);
	assert_int_equal(n.not_run, 1);
	assert_int_equal(verdict_state(&v, &v.tests[3]), TEST_BAD);
}

static void in_a_good_run_what_had_no_turn_was_skipped(void **state)
{
	struct verdict v;

	(void)state;
	set(&v, VERDICT_GOOD);
	assert_int_equal(verdict_state(&v, &v.tests[4]), TEST_SKIPPED);
	assert_int_equal(verdict_count(&v).not_run, 0);
}

static void why_a_test_did_not_pass_is_the_end_of_the_run(void **state)
{
	char buf[VERDICT_TEXT_MAX];
	struct verdict v;

	(void)state;
	set(&v, VERDICT_PANIC);
	strcpy(v.why, "Kernel \033[1mpanic\033[0m");
	strcpy(v.tests[2].why, "no kexec\n");
	assert_string_equal(verdict_why(&v, &v.tests[0], buf), "");
	assert_string_equal(verdict_why(&v, &v.tests[2], buf), "no kexec.");
	assert_string_equal(verdict_why(&v, &v.tests[3], buf), "Kernel panic");
	assert_string_equal(verdict_why(&v, &v.tests[4], buf),
			    "not run: Kernel panic");
	v.why[0] = '\0';
	assert_string_equal(verdict_why(&v, &v.tests[4], buf), "not run");
}

static void why_is_cut_to_its_room(void **state)
{
	char buf[VERDICT_TEXT_MAX];
	struct verdict v;

	(void)state;
	set(&v, VERDICT_PANIC);
	memset(v.why, 'x', sizeof(v.why)); /* no NUL either */
	verdict_why(&v, &v.tests[4], buf);
	assert_int_equal(strlen(buf), VERDICT_TEXT_MAX - 1);
}

static void check_counts(const struct verdict *v, const char *text)
{
	char *buf;
	size_t size;
	FILE *f = open_memstream(&buf, &size);

	verdict_counts_print(v, f);
	fclose(f);
	assert_string_equal(buf, text);
	free(buf);
}

static void counts_name_only_what_there_is(void **state)
{
	struct verdict v;

	(void)state;
	set(&v, VERDICT_PANIC);
	v.took_ns = 2200000000;
	check_counts(&v, "2 ok, 1 failed, 1 skipped, 1 not run, in 2.20 s");
	v.nr_tests = 2;
	check_counts(&v, "2 ok, in 2.20 s");
}

static void fini_is_fine_on_nothing_and_twice(void **state)
{
	struct verdict v = { 0 };

	(void)state;
	verdict_fini(&v);
	v.where = strdup("here");
	v.tail = strdup("last words");
	verdict_fini(&v);
	verdict_fini(&v);
	assert_null(v.where);
	assert_null(v.tail);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_exit_status_is_the_contracts),
		TEST(a_test_that_ran_when_all_ended_has_failed),
		TEST(in_a_good_run_what_had_no_turn_was_skipped),
		TEST(why_a_test_did_not_pass_is_the_end_of_the_run),
		TEST(why_is_cut_to_its_room),
		TEST(counts_name_only_what_there_is),
		TEST(fini_is_fine_on_nothing_and_twice),
	};

	return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
