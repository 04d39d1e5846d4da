/* SPDX-License-Identifier: BSD-2-Clause */
/* test_pause.c - a pause, and what the guest's clock and records make of it. */
#include "rig.h"

#include <errno.h>
#include <time.h>

#include "pvtime/pvtime.h"
#include "util/clock.h"

enum { MS = 1000000, PAUSE_MS = 20 };

static bool steal, still, again;
static int rc, rc_again, rc_resume;
static uint64_t counter, low_ns, high_ns, anew_ns;
static struct vm_steal steals[2];

static uint64_t record(unsigned i)
{
	return rig.vm->pvtime.records[i].stolen_ns;
}

static void wait_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = ms * MS }, NULL);
}

/* Main pauses the guest for a while and lets it go on. */
static void pause_and_resume(void)
{
	uint64_t begun = clock_mono_ns();

	rc = vm_pause(rig.vm, steal);
	if (rc < 0)
		return;
	assert_true(vm_is_paused(rig.vm));
	low_ns = clock_mono_ns();
	rc_again = vm_pause(rig.vm, steal);
	wait_ms(PAUSE_MS);
	fake_kvm.cpus[0].counter += 1000; /* as a real one does */
	still = rig.vm->nr_parked == rig.vm->nr_threads;
	anew_ns = clock_mono_ns();
	if (again)
		assert_int_equal(vm_restart(rig.vm), 0);
	still = still && rig.vm->nr_parked == rig.vm->nr_threads;
	low_ns = clock_mono_ns() - low_ns;
	rc_resume = vm_resume(rig.vm);
	anew_ns = clock_mono_ns() - anew_ns;
	high_ns = clock_mono_ns() - begun;
	counter = fake_kvm.cpus[0].counter;
	assert_false(vm_is_paused(rig.vm));
}

static void look(void)
{
	for (unsigned i = 0; i < 2; i++)
		vm_steal(rig.vm, i, &steals[i]);
}

static int set_up(void **state)
{
	steal = still = again = false;
	return rig_up(state);
}

static void run_paused(void)
{
	struct fake_step steps[] = { CALL(rig_call_main), UNTIL_CALLED,
				     CALL(look), OFF };

	rig_new();
	rig_main_does(pause_and_resume);
	fake_kvm.cpus[0].counter = 5000;
	assert_int_equal(RIG_RUN(steps), VM_OFF);
}

static void clock_stands_still_and_nothing_is_stolen(void **state)
{
	(void)state;
	run_paused();
	assert_int_equal(rc, 0);
	assert_int_equal(rc_again, -EALREADY);
	assert_int_equal(rc_resume, 0);
	assert_true(still);
	assert_int_equal(counter, 5000);
	assert_int_equal(record(0), 0);
	assert_int_equal(steals[0].held_ns, 0);
	assert_true(vm_paused_ns(rig.vm) >= low_ns);
	assert_true(vm_paused_ns(rig.vm) <= high_ns);
	assert_true(vm_uptime_ns(rig.vm) > vm_paused_ns(rig.vm));
	assert_true(vm_pause_took_ns(rig.vm) > 0);
	assert_true(vm_pause_took_ns(rig.vm) < high_ns - low_ns);
}

static void pause_is_stolen_from_who_is_not_off(void **state)
{
	(void)state;
	steal = true;
	run_paused();
	assert_int_equal(rc, 0);
	assert_true(still);
	assert_int_equal(counter, 6000);
	assert_true(record(0) >= low_ns && record(0) <= high_ns);
	assert_int_equal(steals[0].held_ns, record(0));
	assert_true(steals[0].age_ns >= steals[0].held_ns);
	/* vCPU 1 was never called. */
	assert_int_equal(record(1), 0);
	assert_int_equal(steals[1].held_ns, 0);
}

static void pause_of_a_guest_without_records_cannot_steal(void **state)
{
	(void)state;
	rig.config.pvtime = "off";
	steal = true;
	run_paused();
	assert_int_equal(rc, -ENOTSUP);
	assert_int_equal(vm_paused_ns(rig.vm), 0);
}

static void records_of_the_kernel_cannot_be_written_to(void **state)
{
	(void)state;
	fake_kvm.pv_time = FAKE_PV_TIME_V1;
	rig.config.pvtime = "device";
	steal = true;
	run_paused();
	assert_int_equal(rc, -ENOTSUP);
}

static void reset_leaves_the_guest_paused_and_its_clock_at_zero(void **state)
{
	(void)state;
	again = true;
	run_paused();
	assert_true(still);
	assert_int_equal(rc_resume, 0);
	assert_int_equal(counter, 0);
	assert_int_equal(fake_kvm.cpus[0].inits, 2);
}

static void reset_restarts_records_but_not_what_was_stolen_in_all(void **state)
{
	(void)state;
	again = steal = true;
	run_paused();
	/* What was left of the pause, and none of what was before the reset. */
	assert_true(record(0) <= anew_ns);
	assert_true(anew_ns + PAUSE_MS * MS <= high_ns);
	assert_true(steals[0].held_ns >= low_ns);
}

static void call_the_sibling(void)
{
	fake_kvm.cpus[1].on = true;
}

static void reset_counts_what_siblings_lost_before_it(void **state)
{
	struct fake_step steps[] = { CALL(call_the_sibling),
				     CALL(rig_call_main), UNTIL_CALLED,
				     CALL(look), OFF };

	(void)state;
	again = steal = true;
	rig_new();
	rig_main_does(pause_and_resume);
	assert_int_equal(RIG_RUN(steps), VM_OFF);
	assert_true(steals[1].held_ns >= (PAUSE_MS - 1) * MS);
}

static void who_is_not_paused_cannot_be_resumed(void **state)
{
	(void)state;
	rig_new();
	assert_int_equal(vm_resume(rig.vm), -EALREADY);
	assert_words("the guest is not paused");
}

static void counter_that_cannot_be_read_is_no_pause(void **state)
{
	(void)state;
	rig_new();
	fault_arm(1, EIO);
	assert_int_equal(vm_pause(rig.vm, false), -EIO);
	assert_words("virtual counter: Input/output error");
	assert_false(vm_is_paused(rig.vm));
}

static void counter_that_cannot_be_set_leaves_it_paused(void **state)
{
	(void)state;
	rig_new();
	assert_int_equal(vm_pause(rig.vm, false), 0);
	fault_arm(1, EIO);
	assert_int_equal(vm_resume(rig.vm), -EIO);
	assert_true(vm_is_paused(rig.vm));
	fault_arm(0, 0);
	assert_int_equal(vm_resume(rig.vm), 0);
}

static void ask(void)
{
	vm_ask_to_stop(rig.vm, 60 * (uint64_t)1000 * MS);
}

static void guest_that_listens_to_nobody_is_stopped_at_once(void **state)
{
	struct fake_step steps[] = { CALL(rig_call_main), WAIT };

	(void)state;
	rig_new();
	rig_main_does(ask);
	assert_int_equal(RIG_RUN(steps), VM_OFF);
}

#define PAUSE_TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, rig_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAUSE_TEST(clock_stands_still_and_nothing_is_stolen),
		PAUSE_TEST(pause_is_stolen_from_who_is_not_off),
		PAUSE_TEST(pause_of_a_guest_without_records_cannot_steal),
		PAUSE_TEST(records_of_the_kernel_cannot_be_written_to),
		PAUSE_TEST(reset_leaves_the_guest_paused_and_its_clock_at_zero),
		PAUSE_TEST(
			reset_restarts_records_but_not_what_was_stolen_in_all),
		PAUSE_TEST(reset_counts_what_siblings_lost_before_it),
		PAUSE_TEST(who_is_not_paused_cannot_be_resumed),
		PAUSE_TEST(counter_that_cannot_be_read_is_no_pause),
		PAUSE_TEST(counter_that_cannot_be_set_leaves_it_paused),
		PAUSE_TEST(guest_that_listens_to_nobody_is_stopped_at_once),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests_name("pause", tests, NULL, NULL);
}
