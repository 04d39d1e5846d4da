/* SPDX-License-Identifier: BSD-2-Clause */
#include "guest.h"

#include "cmd/kernel_log.h"

/* -- what a log says -- */

static bool find(const char *log, const char *words, char *buf, size_t size)
{
	const struct judge j = { .log = (char *)log, .log_len = strlen(log) };

	return kernel_log_find(&j, words, buf, size);
}

static bool trouble(const char *log, char *buf, size_t size)
{
	const struct judge j = { .log = (char *)log, .log_len = strlen(log) };

	return kernel_log_trouble(&j, buf, size);
}

static void message_is_found_by_words_in_it(void **state)
{
	char buf[64];

	(void)state;
	assert_true(find("4 1 one\n6 200 arm-pv: using stolen time PV\n4 3 x\n",
			 "stolen time", buf, sizeof(buf)));
	assert_string_equal(buf, "arm-pv: using stolen time PV");
	assert_false(find("4 1 stolen\n4 2 time\n", "stolen time", buf,
			  sizeof(buf)));
	assert_false(find("", "stolen time", buf, sizeof(buf)));
}

static void number_in_front_is_no_part_of_the_message(void **state)
{
	char buf[64];

	(void)state;
	assert_false(find("4 1234 x\n", "1234", buf, sizeof(buf)));
	assert_true(find("4 1234 4 1234 x\n", "1234", buf, sizeof(buf)));
	assert_string_equal(buf, "4 1234 x");
}

static void message_that_is_long_is_cut(void **state)
{
	char buf[8];

	(void)state;
	assert_true(find("4 1 0123456789\n", "9", buf, sizeof(buf)));
	assert_string_equal(buf, "0123456");
}

static void first_of_the_worst_is_told(void **state)
{
	char buf[64];

	(void)state;
	assert_true(trouble("4 1 WARNING: one\n"
			    "0 2 Internal error: Oops: two\n"
			    "0 3 kernel BUG at three\n"
			    "4 4 WARNING: four\n",
			    buf, sizeof(buf)));
	assert_string_equal(buf, "Internal error: Oops: two");
}

static void log_without_trouble_has_none(void **state)
{
	char buf[64];

	(void)state;
	assert_false(trouble("", buf, sizeof(buf)));
	assert_false(trouble("\n\n \n4\n4 \n4 1\n4 1 \n", buf, sizeof(buf)));
	assert_false(trouble("4 1 fine\nWARNING: 1 no message\n4 WARNING: x\n",
			     buf, sizeof(buf)));
}

/* What one message opens no later one closes. */
static void messages_are_not_mixed_up(void **state)
{
	char buf[64];

	(void)state;
	assert_false(trouble("4 1 [half a time stamp\n"
			     "4 2 ] WARNING: quoted in the middle\n",
			     buf, sizeof(buf)));
	assert_false(trouble("4 1 <half a level\n4 2 x> BUG: quoted\n", buf,
			     sizeof(buf)));
}

/* -- what a guest's log makes of it -- */

static const char *first_log, *second_log, *tainted;

static bool has_log(unsigned nr, const char *words)
{
	if (strcmp(words, "read /proc/sys/kernel/tainted") == 0 && tainted) {
		say("%u + %s\n%u ok\n", nr, tainted, nr);
		return true;
	}
	if (strncmp(words, "log ", 4) != 0)
		return false;
	if (guest.asked_for_log == 0 && first_log)
		say("%u + %s\n", nr, first_log);
	if (guest.asked_for_log == 1 && second_log)
		say("%u + %s\n", nr, second_log);
	guest.asked_for_log++;
	say("%u ok 0\n", nr);
	return true;
}

static int set_up(void **state)
{
	first_log = second_log = tainted = NULL;
	guest.asked = NULL;
	return rig_up(state);
}

static void judge_log(const char *tests)
{
	guest.asked = has_log;
	rig_judge(tests);
}

static void kernel_that_warns_is_bad(void **state)
{
	(void)state;
	first_log = "4 100 WARNING: CPU: 0 PID: 1 at init/main.c:1";
	judge_log("boot,log");
	rig_check(VERDICT_BAD_TEST,
		  "log: WARNING: CPU: 0 PID: 1 at init/main.c:1");
}

static void what_came_before_is_remembered(void **state)
{
	(void)state;
	first_log = "4 100 WARNING: early";
	second_log = "4 100 harmless";
	judge_log("boot,stolen-time,log");
	rig_check_test("log", TEST_BAD, "WARNING: early");
}

static void oops_is_a_class_of_its_own(void **state)
{
	(void)state;
	first_log = "0 100 Internal error: Oops: 96000044 [#1] SMP";
	judge_log("boot,log");
	rig_check(VERDICT_OOPS, "log: Internal error: Oops: 96000044");
	assert_int_equal(verdict_status(&rig.v), 6);
}

static void stall_is_no_oops(void **state)
{
	(void)state;
	first_log = "3 100 rcu: INFO: rcu_preempt detected stalls on CPUs";
	judge_log("boot,log");
	rig_check(VERDICT_BAD_TEST, "detected stalls");
}

static void taint_tells_what_the_log_does_not(void **state)
{
	(void)state;
	tainted = "128";
	judge_log("boot,log");
	rig_check(VERDICT_OOPS, "has died: an oops or a BUG (tainted 128)");
}

static void warning_taint_is_bad(void **state)
{
	(void)state;
	tainted = "4608";
	judge_log("boot,log");
	rig_check(VERDICT_BAD_TEST, "issued a warning (tainted 4608)");
}

static void harmless_taint_is_none(void **state)
{
	(void)state;
	tainted = "4097";
	judge_log("boot,log");
	rig_check(VERDICT_GOOD, "");
}

static bool has_no_log(unsigned nr, const char *words)
{
	if (strncmp(words, "log ", 4) != 0)
		return false;
	say("%u bad open: error 2\n", nr);
	return true;
}

static void kernel_without_a_log_is_not_blamed(void **state)
{
	(void)state;
	guest.asked = has_no_log;
	rig_judge("boot,stolen-time,log");
	rig_check(VERDICT_GOOD, "");
	rig_check_test("stolen-time", TEST_SKIPPED,
		       "no kernel log to read: open: error 2");
	rig_check_test("log", TEST_SKIPPED, "no kernel log to read");
}

static void kernel_that_does_not_use_stolen_time_is_wrong(void **state)
{
	(void)state;
	judge_log("boot,stolen-time");
	rig_check(VERDICT_WRONG_STEAL,
		  "does not say \"using stolen time PV\": has it "
		  "CONFIG_PARAVIRT?");
}

static void kernel_that_uses_what_it_was_not_given_is_wrong(void **state)
{
	(void)state;
	rig.config.pvtime = "off";
	first_log = "6 1 arm-pv: using stolen time PV";
	judge_log("boot,stolen-time");
	rig_check(VERDICT_WRONG_STEAL, "it was given none, and says");
}

/* Each kernel has a log of its own. */
static unsigned boots_with_trouble;

static void only_that_boot_warns(void)
{
	guest_boots();
	first_log =
		guest.nr_boots == boots_with_trouble ? "4 1 WARNING: x" : NULL;
}

static void trouble_is_told_of_the_boot_that_had_it(void **state)
{
	(void)state;
	for (boots_with_trouble = 1; boots_with_trouble <= 2;
	     boots_with_trouble++) {
		if (boots_with_trouble == 2) {
			rig_down(state);
			set_up(state);
		}
		guest.boots = only_that_boot_warns;
		judge_log("boot,log,reboot");
		rig_check_test("log",
			       boots_with_trouble == 1 ? TEST_BAD : TEST_OK,
			       "");
		rig_check_test("reboot",
			       boots_with_trouble == 2 ? TEST_BAD : TEST_OK,
			       "");
	}
	rig_check(VERDICT_BAD_TEST,
		  "reboot: reset by the guest, but it says: WARNING: x");
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, rig_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(message_is_found_by_words_in_it),
		TEST(number_in_front_is_no_part_of_the_message),
		TEST(message_that_is_long_is_cut),
		TEST(first_of_the_worst_is_told),
		TEST(log_without_trouble_has_none),
		TEST(messages_are_not_mixed_up),
		T(kernel_that_warns_is_bad),
		T(what_came_before_is_remembered),
		T(oops_is_a_class_of_its_own),
		T(stall_is_no_oops),
		T(taint_tells_what_the_log_does_not),
		T(warning_taint_is_bad),
		T(harmless_taint_is_none),
		T(kernel_without_a_log_is_not_blamed),
		T(kernel_that_does_not_use_stolen_time_is_wrong),
		T(kernel_that_uses_what_it_was_not_given_is_wrong),
		T(trouble_is_told_of_the_boot_that_had_it),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests_name("kernel_log", tests, NULL, NULL);
}
