/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>

#include "cmd/judge.h"
#include "cmd/tests.h"
#include "cmd/verdict.h"
#include "util/err.h"

/* -- lists -- */

static tests_set parse(const char *list)
{
	tests_set set = 0;

	if (tests_parse(list, &set) < 0)
		fail_msg("'%s': %s", list, err_text());
	return set;
}

static unsigned count(tests_set set)
{
	return (unsigned)__builtin_popcountll(set);
}

static void names_are_taken_as_they_are(void **state)
{
	tests_set set = parse("steal,log");

	(void)state;
	assert_int_equal(count(set), 3);
	assert_true(tests_has(set, "steal"));
	assert_true(tests_has(set, "log"));
	assert_false(tests_has(set, "idle"));
	assert_false(tests_has(set, "ste"));
	assert_false(tests_has(set, "steals"));
	assert_false(tests_has(set, "nonsense"));
}

/* Without user space there is nobody to ask. */
static void boot_is_part_of_every_list(void **state)
{
	(void)state;
	assert_true(tests_has(parse("log"), "boot"));
	assert_true(tests_has(parse("all,-log"), "boot"));
}

static void
list_without_user_space_or_without_anything_is_a_mistake(void **state)
{
	tests_set set;

	(void)state;
	assert_int_equal(tests_parse("all,-boot", &set), -EINVAL);
	assert_words("-boot: without user space there is nothing to test");
	assert_int_equal(tests_parse("", &set), -EINVAL);
	assert_words("no test; name some, or all");
}

static void all_and_standard_are_lists_too(void **state)
{
	tests_set all = parse("all"), standard = parse("standard");

	(void)state;
	assert_true(standard == tests_standard());
	assert_true((all & standard) == standard);
	assert_true(tests_has(all, "kexec") && !tests_has(standard, "kexec"));
	/* Two come by options of their own. */
	assert_int_equal(count(all), tests_table_size - 2);
	assert_true(parse("standard,kexec,reboot,no-steal-acc") == all);
}

static void minus_takes_away_from_what_stands_before_it(void **state)
{
	tests_set standard = tests_standard();

	(void)state;
	assert_true(parse("-idle,-log") == parse("standard,-idle,-log"));
	assert_int_equal(count(parse("-idle")), count(standard) - 1);
	assert_true(tests_has(parse("-idle,idle"), "idle"));
	assert_int_equal(count(parse("all,-all")), 1);
	assert_int_equal(count(parse("kexec,-standard")), 2);
	assert_false(tests_has(parse("all,-no-steal-acc"), "no-steal-acc"));
}

static void unknown_names_are_told_with_those_that_there_are(void **state)
{
	static const char *const lists[] = { "stea",   "steal,x",    ",steal",
					     "-",      "steal,,log", "--steal",
					     "steal ", "ALL",	     "command",
					     "init",   "-command",   "alll" };
	tests_set set = 0x5555;

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		assert_int_equal(tests_parse(lists[i], &set), -EINVAL);
	assert_true(set == 0x5555);
	assert_int_equal(tests_parse("steal,xyz,log", &set), -EINVAL);
	assert_words("'xyz': no such test; there are all, standard and boot "
		     "cpus stolen-time iomem steal records scheduler idle "
		     "hotplug log kexec reboot no-steal-acc");
}

/* -- the plan -- */

static struct verdict v;

static int set_up(void **state)
{
	(void)state;
	memset(&v, 0, sizeof(v));
	return 0;
}

static void tests_run_in_the_order_of_the_table(void **state)
{
	static const char *const commands[] = { "true", "false" };

	(void)state;
	tests_plan(&v, parse("reboot,log,cpus"), commands, 2, "/init");
	assert_int_equal(v.nr_tests, 7);
	assert_string_equal(v.tests[0].name, "boot");
	assert_string_equal(v.tests[1].name, "cpus");
	assert_string_equal(v.tests[2].what, "true");
	assert_string_equal(v.tests[3].what, "false");
	assert_string_equal(v.tests[2].name, "command");
	assert_string_equal(v.tests[3].name, "command-2");
	assert_string_equal(v.tests[4].name, "log");
	assert_string_equal(v.tests[5].name, "reboot");
	assert_string_equal(v.tests[6].name, "init");
	assert_string_equal(v.tests[6].what, "/init");
	for (unsigned i = 0; i < v.nr_tests; i++)
		assert_int_equal(v.tests[i].state, TEST_WAITING);
}

static void all_there_can_be_fit_in(void **state)
{
	const char *commands[JUDGE_COMMANDS_MAX];

	(void)state;
	for (unsigned i = 0; i < JUDGE_COMMANDS_MAX; i++)
		commands[i] = "true";
	tests_plan(&v, parse("all"), commands, JUDGE_COMMANDS_MAX, "/init");
	assert_int_equal(v.nr_tests, tests_table_size - 1 + JUDGE_COMMANDS_MAX);
	assert_true(v.nr_tests <= VERDICT_TESTS_MAX);
}

static void names_are_words_and_none_is_there_twice(void **state)
{
	(void)state;
	for (size_t i = 0; i < tests_table_size; i++) {
		assert_true(tests_table[i].name[0] != '-');
		for (const char *c = tests_table[i].name; *c; c++)
			assert_true((*c >= 'a' && *c <= 'z') || *c == '-');
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(tests_table[i].name,
						tests_table[k].name);
	}
}

/* -- the verdict -- */

static struct test_result *result(const char *name)
{
	for (unsigned i = 0; i < v.nr_tests; i++)
		if (strcmp(v.tests[i].name, name) == 0)
			return &v.tests[i];
	fail_msg("no %s", name);
	return NULL;
}

static void plan_all_ok(void)
{
	static const char *const commands[] = { "true" };

	set_up(NULL);
	tests_plan(&v, parse("all"), commands, 1, "/init");
	for (unsigned i = 0; i < v.nr_tests; i++)
		test_ok(&v.tests[i], "as %s", "it should");
}

static void run_without_failures_is_good(void **state)
{
	(void)state;
	plan_all_ok();
	test_skip(result("steal"), "cannot");
	tests_conclude(&v);
	assert_int_equal(v.class, VERDICT_GOOD);
	assert_string_equal(v.why, "");
}

static void class_and_words_are_those_of_the_worst(void **state)
{
	static const struct {
		const char *bad[3];
		enum verdict_class class;
		unsigned worst; /* of bad */
	} cases[] = {
		{ { "command" }, VERDICT_COMMAND, 0 },
		{ { "cpus" }, VERDICT_BAD_TEST, 0 },
		{ { "log" }, VERDICT_BAD_TEST, 0 },
		{ { "init" }, VERDICT_BAD_TEST, 0 },
		{ { "kexec", "reboot" }, VERDICT_BAD_TEST, 0 },
		{ { "command", "log" }, VERDICT_BAD_TEST, 1 },
		{ { "steal" }, VERDICT_WRONG_STEAL, 0 },
		{ { "cpus", "idle", "command" }, VERDICT_WRONG_STEAL, 1 },
		{ { "no-steal-acc" }, VERDICT_WRONG_STEAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char want[64];

		plan_all_ok();
		for (unsigned k = 0; k < 3 && cases[i].bad[k]; k++)
			test_bad(result(cases[i].bad[k]), "%u %%", k);
		tests_conclude(&v);
		assert_int_equal(v.class, cases[i].class);
		snprintf(want, sizeof(want), "%s: %u %%",
			 cases[i].bad[cases[i].worst], cases[i].worst);
		assert_string_equal(v.why, want);
	}
}

static void oops_is_worse_than_what_comes_of_it(void **state)
{
	(void)state;
	plan_all_ok();
	test_bad(result("steal"), "wrong");
	test_bad(result("log"), "Internal error: Oops");
	result("log")->oops = true;
	tests_conclude(&v);
	assert_int_equal(v.class, VERDICT_OOPS);
	assert_string_equal(v.why, "log: Internal error: Oops");
}

static void long_words_are_cut(void **state)
{
	char words[2 * VERDICT_TEXT_MAX];

	(void)state;
	memset(words, 'w', sizeof(words));
	words[sizeof(words) - 1] = '\0';
	plan_all_ok();
	test_bad(result("no-steal-acc"), "%s", words);
	assert_int_equal(strlen(result("no-steal-acc")->why),
			 VERDICT_TEXT_MAX - 1);
	tests_conclude(&v);
	assert_true(strlen(v.why) < VERDICT_TEXT_MAX);
	assert_memory_equal(v.why, "no-steal-acc: www", 17);
}

static void last_word_of_a_test_counts(void **state)
{
	struct test_result r = { .name = "steal" };

	(void)state;
	test_bad(&r, "one");
	test_ok(&r, "two %d", 2);
	assert_int_equal(r.state, TEST_OK);
	assert_string_equal(r.why, "two 2");
	test_skip(&r, "three");
	assert_int_equal(r.state, TEST_SKIPPED);
	test_bad(&r, "four");
	assert_int_equal(r.state, TEST_BAD);
}

#define T(fn) cmocka_unit_test_setup(fn, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_are_taken_as_they_are),
		TEST(boot_is_part_of_every_list),
		TEST(list_without_user_space_or_without_anything_is_a_mistake),
		TEST(all_and_standard_are_lists_too),
		TEST(minus_takes_away_from_what_stands_before_it),
		TEST(unknown_names_are_told_with_those_that_there_are),
		T(tests_run_in_the_order_of_the_table),
		T(all_there_can_be_fit_in),
		TEST(names_are_words_and_none_is_there_twice),
		TEST(run_without_failures_is_good),
		TEST(class_and_words_are_those_of_the_worst),
		TEST(oops_is_worse_than_what_comes_of_it),
		TEST(long_words_are_cut),
		TEST(last_word_of_a_test_counts),
	};

	return cmocka_run_group_tests_name("tests", tests, NULL, NULL);
}
