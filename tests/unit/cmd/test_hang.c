/* SPDX-License-Identifier: BSD-2-Clause */
#include "guest.h"

#include "boot/symbols.h"

#define ENTRY (LAYOUT_RAM + 0x200000)

/* PSTATE of EL1 with interrupts off, and of user space. */
enum { EL1_MASKED = 0x3c5, EL1 = 0x5, EL0 = 0 };

static void stop_at(uint64_t pc, uint64_t lr, uint64_t pstate)
{
	struct fake_cpu *cpu = &fake_kvm.cpus[0];

	cpu->pc = pc;
	cpu->x[30] = lr;
	cpu->pstate = pstate;
	guest_hang();
}

static bool spins(unsigned nr, const char *words)
{
	(void)nr;
	(void)words;
	stop_at(ENTRY + 0x1234, ENTRY + 0x2345, EL1_MASKED);
	return true;
}

static void hang_is_told_with_where_each_vcpu_is(void **state)
{
	(void)state;
	guest.asked = spins;
	rig.plan.hang_ns = 300 * MS;
	rig_judge("boot,cpus,log");
	rig_check(VERDICT_HANG, " in 0.3 s of the guest's own time, in test "
				"cpus; its last line: [    0.300000] Run "
				"/pvtime-init");
	assert_string_equal(
		rig.v.where,
		"vCPU 0: pc 0x40201234 (image+0x1234), called from 0x40202345 "
		"(image+0x2345), in the kernel, interrupts off\n"
		"vCPU 1: off\n");
	rig_check_test("cpus", TEST_BAD, "cut short: ");
	assert_int_equal(verdict_status(&rig.v), 124);
	assert_int_equal(rig.end, VM_OFF);
}

static void symbols_say_where_that_is(void **state)
{
	static const char map[] = "ffff800080000000 T _text\n"
				  "ffff800080001200 T spin_here\n"
				  "ffff800080002340 T and_forget\n"
				  "ffff800080009000 T _etext\n";
	struct symbols symbols = { 0 };
	char path[32];
	int fd = scratch_file(map, sizeof(map) - 1, path);

	(void)state;
	assert_int_equal(symbols_open(&symbols, path), 0);
	close(fd);
	guest.asked = spins;
	rig.plan.hang_ns = 300 * MS;
	rig.plan.symbols = &symbols;
	rig_judge("boot,cpus");
	symbols_close(&symbols);
	assert_non_null(strstr(rig.v.where, "pc 0x40201234 spin_here+0x34, "
					    "called from 0x40202345 "
					    "and_forget+0x5, in the kernel"));
}

static bool spins_elsewhere(unsigned nr, const char *words)
{
	(void)nr;
	(void)words;
	stop_at(0xaaaab0001234, 0x5555, EL0);
	return true;
}

static void user_space_has_no_caller_that_could_be_known(void **state)
{
	(void)state;
	guest.asked = spins_elsewhere;
	rig.plan.hang_ns = 300 * MS;
	rig_judge("boot,cpus");
	rig_check(VERDICT_HANG, "");
	assert_non_null(strstr(rig.v.where,
			       "vCPU 0: pc 0xaaaab0001234, in user space, "
			       "interrupts on\n"));
}

/* -- kernels that say nothing -- */

static void silent_boots(void)
{
	stop_at(ENTRY, 0, EL1);
}

static void kernel_that_says_nothing_is_tried_with_earlycon_too(void **state)
{
	(void)state;
	guest.boots = silent_boots;
	rig.plan.hang_ns = 300 * MS;
	rig_judge("standard");
	rig_check(VERDICT_NO_OUTPUT,
		  "the kernel said nothing in 0.3 s of its own time");
	assert_int_equal(fake_kvm.cpus[0].inits, 2);
	assert_string_equal(rig.config.params, "plain earlycon");
	assert_non_null(
		strstr(rig.v.where, "vCPU 0: pc 0x40200000 (image+0), "));
}

static void panics_if_early(void)
{
	if (guest_was_told("earlycon"))
		print("Kernel panic - not syncing: before the console\n");
	guest_hang();
}

static void what_it_dies_of_before_its_console_is_seen_then(void **state)
{
	(void)state;
	guest.boots = panics_if_early;
	rig.plan.hang_ns = 300 * MS;
	rig_judge("boot");
	rig_check(VERDICT_PANIC, "before the console");
}

static void works_if_early(void)
{
	if (guest_was_told("earlycon"))
		guest_boots();
	else
		guest_hang();
}

static void kernel_that_works_then_is_judged(void **state)
{
	(void)state;
	guest.boots = works_if_early;
	rig.plan.hang_ns = 300 * MS;
	rig_judge("boot,cpus");
	rig_check(VERDICT_GOOD, "");
	assert_int_equal(fake_kvm.cpus[0].inits, 2);
}

/* -- guests that are not lost -- */

static bool answers_late(unsigned nr, const char *words)
{
	if (!strstr(words, "cpu/online"))
		return false;
	(void)nr;
	guest_sleep(1000);
	return false;
}

static void time_that_the_host_stole_is_not_the_guests(void **state)
{
	(void)state;
	guest.asked = answers_late;
	guest.starves = true;
	rig.plan.hang_ns = 300 * MS;
	rig_judge("boot,cpus");
	rig_check(VERDICT_GOOD, "");
}

static void time_that_was_not_stolen_is(void **state)
{
	(void)state;
	guest.asked = answers_late;
	rig.plan.hang_ns = 300 * MS;
	rig_judge("boot,cpus");
	rig_check(VERDICT_HANG, "in test cpus");
}

/* It lives, as its console tells, but its init is lost. */
static void chatter(void)
{
	guest_sleep(20);
	print("[    1.0] still here\n");
	guest_then((struct fake_step){ .what = FAKE_CALL, .call = chatter });
}

static bool chatters(unsigned nr, const char *words)
{
	(void)nr;
	(void)words;
	chatter();
	return true;
}

static void guest_that_talks_but_does_not_answer_hangs_too(void **state)
{
	(void)state;
	guest.asked = chatters;
	rig.plan.hang_ns = 500 * MS;
	rig_judge("boot,cpus");
	/* Told at any moment, and so maybe amid a line: then with its half. */
	rig_check(VERDICT_HANG, "its init does not answer in 0.5 s of the "
				"guest's own time, in test cpus; its last "
				"line: [");
}

static void who_never_gives_up_has_the_time_limit(void **state)
{
	(void)state;
	guest.asked = spins;
	rig.plan.hang_ns = 0;
	rig.config.timeout_ns = 700 * MS;
	rig_judge("boot,cpus");
	rig_check(VERDICT_TIMEOUT, "");
}

/* A command that runs for long: it is answered when time is up. */
static uint64_t until_ns;
static unsigned exec_nr, pings;

static bool runs_a_command(unsigned nr, const char *words)
{
	if (strncmp(words, "exec", 4) == 0) {
		until_ns = clock_mono_ns() + 2500 * MS;
		exec_nr = nr;
		return true;
	}
	if (strcmp(words, "ping") != 0)
		return false;
	pings++;
	say("%u ok\n", nr);
	if (clock_mono_ns() > until_ns)
		say("%u ok exit 0\n", exec_nr);
	return true;
}

static void command_that_takes_long_is_no_hang(void **state)
{
	(void)state;
	pings = 0;
	guest.asked = runs_a_command;
	rig.plan.hang_ns = 1500 * MS;
	rig.commands[rig.nr_commands++] = "sleep 3";
	rig_judge("boot");
	rig_check(VERDICT_GOOD, "");
	assert_true(pings >= 3);
}

static void silence_that_was_wanted_is_no_hang(void **state)
{
	(void)state;
	rig.config.nr_cpus = 1; /* which is left alone while it contends */
	rig.plan.hang_ns = 400 * MS;
	rig_judge("boot,steal,idle");
	rig_check(VERDICT_GOOD, "");
}

/* -- samples -- */

static void samples_are_rows_of_the_timeline(void **state)
{
	const struct timeline_row *first, *last;
	unsigned known = 0;

	(void)state;
	rig_judge("boot,steal");
	rig_check(VERDICT_GOOD, "");
	assert_true(rig.timeline.nr_rows > 5);
	first = timeline_row(&rig.timeline, 0);
	last = timeline_row(&rig.timeline, rig.timeline.nr_rows - 1);
	assert_true(first->t_ns < last->t_ns);
	assert_true(last->t_ns <= rig.v.took_ns);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(last->cpu[i].run_ns, 1000 * MS);
		assert_true(last->cpu[i].wait_ns >= 100 * MS);
		assert_int_equal(last->cpu[i].record_ns, last->cpu[i].wait_ns);
		assert_true(last->cpu[i].exits == TIMELINE_NONE);
	}
	/* The guest's own count is known when it was asked for it. */
	for (unsigned i = 0; i < rig.timeline.nr_rows; i++)
		known += timeline_row(&rig.timeline, i)->cpu[1].guest_ns !=
			 TIMELINE_NONE;
	assert_true(known > 3 && known < rig.timeline.nr_rows);
}

static void marks_tell_boots_tests_and_trouble(void **state)
{
	unsigned n[MARK_TROUBLE + 1] = { 0 };

	(void)state;
	guest.asked = spins;
	rig.plan.hang_ns = 300 * MS;
	rig_judge("boot,cpus");
	for (unsigned i = 0; i < rig.timeline.nr_marks; i++)
		n[rig.timeline.marks[i].kind]++;
	assert_int_equal(n[MARK_BOOT], 1);
	assert_int_equal(n[MARK_TEST], 2);
	assert_int_equal(n[MARK_TROUBLE], 1);
	assert_int_equal(n[MARK_CONSOLE], 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(hang_is_told_with_where_each_vcpu_is),
		RIG_TEST(symbols_say_where_that_is),
		RIG_TEST(user_space_has_no_caller_that_could_be_known),
		RIG_TEST(kernel_that_says_nothing_is_tried_with_earlycon_too),
		RIG_TEST(what_it_dies_of_before_its_console_is_seen_then),
		RIG_TEST(kernel_that_works_then_is_judged),
		RIG_TEST(time_that_the_host_stole_is_not_the_guests),
		RIG_TEST(time_that_was_not_stolen_is),
		RIG_TEST(guest_that_talks_but_does_not_answer_hangs_too),
		RIG_TEST(who_never_gives_up_has_the_time_limit),
		RIG_TEST(command_that_takes_long_is_no_hang),
		RIG_TEST(silence_that_was_wanted_is_no_hang),
		RIG_TEST(samples_are_rows_of_the_timeline),
		RIG_TEST(marks_tell_boots_tests_and_trouble),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests_name("hang", tests, NULL, NULL);
}
