/* SPDX-License-Identifier: BSD-2-Clause */
#include "guest.h"

#include <errno.h>
#include <signal.h>

/* -- good guests -- */

static void good_guest_is_good_by_all_tests(void **state)
{
	(void)state;
	rig.commands[rig.nr_commands++] = "uname -a";
	rig.commands[rig.nr_commands++] = "true";
	rig.plan.init = "/sbin/init";
	rig_judge("all");
	for (unsigned i = 0; i < rig.v.nr_tests; i++)
		rig_check_test(rig.v.tests[i].name, TEST_OK, "");
	rig_check(VERDICT_GOOD, "");
	assert_int_equal(rig.v.nr_tests, tests_table_size + 1);
	assert_string_equal(rig.v.release, "6.12.0-test");
	/* at first, by kexec, by reset: that one with no-steal-acc */
	assert_int_equal(rig.v.boots, 3);
	assert_int_equal(guest.nr_boots, 3);
	assert_string_equal(rig.config.params, "plain no-steal-acc");
	assert_int_equal(rig.end, VM_OFF);
	assert_true(rig.v.boot_ns > 0 && rig.v.took_ns > rig.v.boot_ns);
}

static void good_guest_without_stolen_time_is_good(void **state)
{
	(void)state;
	rig.config.pvtime = "off";
	rig_judge("standard");
	rig_check(VERDICT_GOOD, "");
	rig_check_test("steal", TEST_SKIPPED, "given no stolen time");
	rig_check_test("stolen-time", TEST_SKIPPED, "given none");
	rig_check_test("iomem", TEST_SKIPPED, "given no records");
	rig_check_test("hotplug", TEST_OK, "there is no stolen time");
	rig_check_test("idle", TEST_OK, "counts none");
}

static void button_resets_where_the_guest_need_not(void **state)
{
	(void)state;
	rig_judge("boot,no-steal-acc");
	rig_check(VERDICT_GOOD, "");
	assert_int_equal(fake_kvm.cpus[0].inits, 2);
	assert_int_equal(rig.v.boots, 2);
}

static void one_cpu_is_enough(void **state)
{
	(void)state;
	rig.config.nr_cpus = 1;
	rig_judge("standard");
	rig_check(VERDICT_GOOD, "");
	rig_check_test("hotplug", TEST_SKIPPED, "only one CPU");
	rig_check_test("steal", TEST_OK, "of 1 CPU the host stole");
}

/* -- guests that come to an end -- */

static void panic_boots(void)
{
	print("[    0.5] Kernel panic - not syncing: no init\n"
	      "[    0.6] CPU: 0 PID: 1\n"
	      "[    0.7] ---[ end Kernel panic - not syncing: no init ]---\n");
}

static void panic_is_told_with_its_reason(void **state)
{
	(void)state;
	guest.boots = panic_boots;
	rig_judge("standard");
	rig_check(VERDICT_PANIC, "Kernel panic - not syncing: no init");
	rig_check_test("boot", TEST_BAD, "Kernel panic");
	rig_check_test("steal", TEST_WAITING, "");
	assert_int_equal(verdict_status(&rig.v), 3);
	assert_int_equal(rig.end, VM_CRASHED);
}

static void panic_boots_and_resets(void)
{
	print("[    0.5] Kernel panic - not syncing: no init\n");
	guest_event(KVM_SYSTEM_EVENT_RESET);
}

static void panic_that_ends_in_a_reset_is_a_panic(void **state)
{
	(void)state;
	guest.boots = panic_boots_and_resets;
	rig_judge("boot");
	rig_check(VERDICT_PANIC, "no init");
	assert_int_equal(guest.nr_boots, 1);
}

static void panic_boots_and_stays(void)
{
	print("[    0.5] Kernel panic - not syncing: in the middle\n");
	guest_hang();
}

static void panic_that_does_not_come_to_its_end_is_one(void **state)
{
	(void)state;
	guest.boots = panic_boots_and_stays;
	rig_judge("boot");
	rig_check(VERDICT_PANIC, "in the middle");
	assert_int_equal(rig.end, VM_OFF); /* as the judge wished */
	assert_true(rig.v.took_ns < 10000 * MS);
}

static bool panics_when_asked(unsigned nr, const char *words)
{
	(void)nr;
	if (strcmp(words, "reboot") != 0)
		return false;
	print("[    9.5] Kernel panic - not syncing: while rebooting\n");
	guest_event(KVM_SYSTEM_EVENT_RESET);
	return true;
}

static void panic_on_the_way_to_a_reset_that_was_asked_for_is_one(void **state)
{
	(void)state;
	guest.asked = panics_when_asked;
	rig_judge("boot,reboot");
	rig_check(VERDICT_PANIC, "while rebooting");
	rig_check_test("boot", TEST_OK, "");
	rig_check_test("reboot", TEST_BAD, "while rebooting");
}

static bool resets_when_asked_for_cpus(unsigned nr, const char *words)
{
	(void)nr;
	if (!strstr(words, "online"))
		return false;
	print("[    1.0] reboot: Restarting system\n");
	guest_event(KVM_SYSTEM_EVENT_RESET);
	return true;
}

static void reset_that_nobody_asked_for_is_told(void **state)
{
	(void)state;
	guest.asked = resets_when_asked_for_cpus;
	rig_judge("boot,cpus");
	rig_check(VERDICT_RESET, "the guest reset itself unasked; its last "
				 "line: [    1.0] reboot: Restarting system");
	assert_int_equal(guest.nr_boots, 1);
}

static bool goes_off_when_asked_for_cpus(unsigned nr, const char *words)
{
	(void)nr;
	if (!strstr(words, "online"))
		return false;
	print("reboot: Power do");
	guest_event(KVM_SYSTEM_EVENT_SHUTDOWN);
	return true;
}

static void power_off_that_nobody_asked_for_is_told(void **state)
{
	(void)state;
	guest.asked = goes_off_when_asked_for_cpus;
	rig_judge("boot,cpus");
	/* The last line may have no end. */
	rig_check(VERDICT_OFF, "its last line: reboot: Power do");
}

static bool hears_nothing(unsigned nr, const char *words)
{
	(void)nr;
	(void)words;
	return true;
}

static void time_limit_is_told_with_what_was_waited_for(void **state)
{
	(void)state;
	guest.asked = hears_nothing;
	rig.config.timeout_ns = 300 * MS;
	rig_judge("boot,cpus");
	rig_check(VERDICT_TIMEOUT, "not over after 0.3 s (--timeout), in test "
				   "cpus; its last line: [    0.300000] Run");
	assert_int_equal(verdict_status(&rig.v), 124);
}

static void send_signal(void)
{
	kill(getpid(), SIGTERM);
}

static bool is_signalled(unsigned nr, const char *words)
{
	(void)nr;
	(void)words;
	guest_then(
		(struct fake_step){ .what = FAKE_CALL, .call = send_signal });
	return true;
}

static void signal_interrupts_main_and_the_judge(void **state)
{
	(void)state;
	guest.asked = is_signalled;
	rig_judge("boot,cpus");
	rig_check(VERDICT_INTERRUPTED, "ended by signal 15, in test cpus");
	assert_int_equal(verdict_status(&rig.v), 128 + SIGTERM);
}

static bool breaks_the_host(unsigned nr, const char *words)
{
	(void)nr;
	(void)words;
	guest_then((struct fake_step){ .what = FAKE_FAIL, .value = EFAULT });
	return true;
}

static void failure_of_the_host_is_told_with_its_words(void **state)
{
	(void)state;
	guest.asked = breaks_the_host;
	rig_judge("boot,cpus");
	rig_check(VERDICT_FAILED, "run vCPU 0: Bad address");
	assert_int_equal(verdict_status(&rig.v), 1);
}

/* -- what it says on the channel -- */

static void other_boots(void)
{
	say("\r\nlogin: \nhello 2 6.99.0\n");
}

static void init_of_another_protocol_is_told(void **state)
{
	(void)state;
	guest.boots = other_boots;
	rig_judge("boot");
	rig_check(VERDICT_FAILED, "protocol '2 6.99.0'");
}

static bool refuses_all(unsigned nr, const char *words)
{
	(void)words;
	say("%u bad no %%s%%n for you\n", nr);
	return true;
}

/* Each test says what it makes of it; none may stop. */
static void guest_that_refuses_everything_is_judged_to_the_end(void **state)
{
	(void)state;
	guest.asked = refuses_all;
	rig.commands[rig.nr_commands++] = "true";
	rig.plan.init = "/init";
	rig_judge("all");
	rig_check(VERDICT_WRONG_STEAL, "");
	rig_check_test("boot", TEST_OK, "");
	rig_check_test("steal", TEST_BAD, "no %s%n for you");
	rig_check_test("command", TEST_BAD, "no %s%n for you");
	rig_check_test("reboot", TEST_BAD, "no %s%n for you");
	rig_check_test("init", TEST_BAD, "no %s%n for you");
	for (unsigned i = 0; i < rig.v.nr_tests; i++) {
		assert_true(rig.v.tests[i].state >= TEST_OK);
		assert_true(rig.v.tests[i].why[0]);
	}
}

static bool says_nothing_of_it(unsigned nr, const char *words)
{
	(void)words;
	say("%u ok\n", nr);
	if (strcmp(words, "reboot") == 0)
		guest_event(KVM_SYSTEM_EVENT_RESET);
	return true;
}

static void guest_whose_answers_are_empty_is_judged_to_the_end(void **state)
{
	(void)state;
	guest.asked = says_nothing_of_it;
	rig.commands[rig.nr_commands++] = "true";
	rig_judge("all,-kexec,-reboot");
	rig_check(VERDICT_WRONG_STEAL, "");
	for (unsigned i = 0; i < rig.v.nr_tests; i++)
		assert_true(rig.v.tests[i].why[0]);
}

static bool answers_others(unsigned nr, const char *words)
{
	(void)words;
	say("%u ok\nhello 1 again\n%u + more\n0 bad\n", nr + 1, nr - 1);
	return false;
}

static void answers_to_what_was_not_asked_are_passed_over(void **state)
{
	(void)state;
	guest.asked = answers_others;
	rig_judge("boot,cpus,log");
	rig_check(VERDICT_GOOD, "");
}

/* -- who is late -- */

/* "ok" and what was asked for come at once. */
static bool is_hasty(unsigned nr, const char *words)
{
	unsigned event = strcmp(words, "reboot") == 0
				 ? KVM_SYSTEM_EVENT_RESET
				 : KVM_SYSTEM_EVENT_SHUTDOWN;

	if (strcmp(words, "reboot") != 0 && strncmp(words, "init", 4) != 0)
		return false;
	guest_hold_judge();
	say("%u ok\n", nr);
	guest_event(event);
	return true;
}

static void judge_that_sees_answer_and_reset_at_once_believes_both(void **state)
{
	(void)state;
	guest.asked = is_hasty;
	rig.plan.hang_ns = 2000 * MS;
	rig_judge("boot,reboot");
	rig_check(VERDICT_GOOD, "");
	assert_int_equal(guest.nr_boots, 2);
}

static void judge_that_sees_answer_and_end_at_once_believes_both(void **state)
{
	(void)state;
	guest.asked = is_hasty;
	rig.plan.init = "/init";
	rig_judge("boot");
	rig_check(VERDICT_GOOD, "");
	rig_check_test("init", TEST_OK, "it ran and powered off");
}

static bool is_no_init(unsigned nr, const char *words)
{
	if (strncmp(words, "init", 4) != 0)
		return false;
	say("%u ok\n%u bad /init: error 8\n", nr, nr);
	guest_event(KVM_SYSTEM_EVENT_SHUTDOWN);
	return true;
}

static void init_that_could_not_be_run_is_a_failure(void **state)
{
	(void)state;
	guest.asked = is_no_init;
	rig.plan.init = "/init";
	rig_judge("boot");
	rig_check(VERDICT_BAD_TEST, "init: /init: error 8");
}

/* Asleep with a full FIFO: what is left of a ping is not what comes first. */
static unsigned naps;

static void sleep_long(void)
{
	guest_sleep(5500);
	naps++;
	say("%lu ok exit 0\n", strtoul(guest.line, NULL, 10));
}

static bool sleeps_while_it_executes(unsigned nr, const char *words)
{
	(void)nr;
	if (strncmp(words, "exec", 4) != 0)
		return false;
	guest_then((struct fake_step){ .what = FAKE_CALL, .call = sleep_long });
	return true;
}

static void pings_that_nobody_took_do_not_spoil_what_follows(void **state)
{
	(void)state;
	naps = 0;
	guest.asked = sleeps_while_it_executes;
	rig.commands[rig.nr_commands++] = "sleep 5";
	rig_judge("boot,log");
	assert_int_equal(naps, 1);
	rig_check(VERDICT_GOOD, "");
}

static void waiting_for_an_answer_takes_no_cpu(void **state)
{
	(void)state;
	guest.asked = hears_nothing;
	rig.config.timeout_ns = 3000 * MS;
	rig_judge("boot,cpus");
	rig_check(VERDICT_TIMEOUT, "");
	assert_true(guest.judge_cpu_ns > 0);
	assert_true(guest.judge_cpu_ns < 300 * MS);
}

/* -- failures -- */

/* The guest says hello, stays where it is, and nothing can be made new. */
static void hello_and_fail(void)
{
	fault_arm(1, ENOMEM);
	for (const char *c = "hello 1 6.12\n"; *c; c++)
		rig.inbox.channel.put(&rig.inbox.channel, (uint8_t)*c);
}

static void boots_once(void)
{
	guest_then((struct fake_step){ .what = FAKE_CALL,
				       .call = hello_and_fail });
	guest_hang();
}

static void restart_that_fails_is_told_with_its_words(void **state)
{
	(void)state;
	guest.boots = boots_once;
	rig.config.nr_cpus = 1;
	rig_judge("boot,no-steal-acc");
	rig_check(VERDICT_FAILED,
		  "reset: guest memory: clear: Cannot allocate memory");
}

/* No thread, no descriptor: then there is no judge, and nothing is left. */
static void every_failure_to_begin_is_undone(void **state)
{
	unsigned n = 1;
	bool met;

	(void)state;
	do {
		struct left before = left_now();
		int rc;

		rig_make();
		fault_arm(n++, ENOMEM);
		rc = judge_start(&rig.j);
		met = fault_met();
		fault_arm(0, 0);
		assert_int_equal(rc, met ? -ENOMEM : 0);
		if (rc < 0)
			assert_has_words("Cannot allocate memory");
		else
			judge_join(&rig.j, vm_run(rig.vm));
		rig_unmake();
		timeline_fini(&rig.timeline);
		assert_nothing_left(before);
	} while (met);
	assert_int_equal(n, 2 + 2); /* a descriptor and a thread */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(good_guest_is_good_by_all_tests),
		RIG_TEST(good_guest_without_stolen_time_is_good),
		RIG_TEST(button_resets_where_the_guest_need_not),
		RIG_TEST(one_cpu_is_enough),
		RIG_TEST(panic_is_told_with_its_reason),
		RIG_TEST(panic_that_ends_in_a_reset_is_a_panic),
		RIG_TEST(panic_that_does_not_come_to_its_end_is_one),
		RIG_TEST(panic_on_the_way_to_a_reset_that_was_asked_for_is_one),
		RIG_TEST(reset_that_nobody_asked_for_is_told),
		RIG_TEST(power_off_that_nobody_asked_for_is_told),
		RIG_TEST(time_limit_is_told_with_what_was_waited_for),
		RIG_TEST(signal_interrupts_main_and_the_judge),
		RIG_TEST(failure_of_the_host_is_told_with_its_words),
		RIG_TEST(init_of_another_protocol_is_told),
		RIG_TEST(guest_that_refuses_everything_is_judged_to_the_end),
		RIG_TEST(guest_whose_answers_are_empty_is_judged_to_the_end),
		RIG_TEST(answers_to_what_was_not_asked_are_passed_over),
		RIG_TEST(
			judge_that_sees_answer_and_reset_at_once_believes_both),
		RIG_TEST(judge_that_sees_answer_and_end_at_once_believes_both),
		RIG_TEST(init_that_could_not_be_run_is_a_failure),
		RIG_TEST(pings_that_nobody_took_do_not_spoil_what_follows),
		RIG_TEST(waiting_for_an_answer_takes_no_cpu),
		RIG_TEST(restart_that_fails_is_told_with_its_words),
		RIG_TEST(every_failure_to_begin_is_undone),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
