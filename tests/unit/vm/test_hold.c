/* SPDX-License-Identifier: BSD-2-Clause */
/* test_hold.c - vCPUs that are kept from running for a share of their time. */
#include "rig.h"

#include <errno.h>
#include <time.h>

#include "util/clock.h"

enum { MS = 1000000, BURN_MS = 30 };

static unsigned permille;
static uint64_t cpus = 3, for_ns;
static int rc;
static struct vm_steal was, is;
static uint64_t record_ns;

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* A vCPU that is busy in the guest. */
static void burn(void)
{
	uint64_t until = cpu_ns() + BURN_MS * MS;

	vm_steal(rig.vm, 0, &was);
	while (cpu_ns() < until)
		;
}

static void set_hold(void)
{
	rc = vm_hold(rig.vm, permille, &cpus, for_ns);
}

static void see(void)
{
	vm_steal(rig.vm, 0, &is);
	record_ns = is.times.record_ns;
}

/* Main sets the share, the vCPU runs, and comes out of the guest. */
static void run_held(void)
{
	struct fake_step steps[] = {
		CALL(rig_call_main),
		UNTIL_CALLED,
		CALL(burn),
		CALL(rig_call_main),
		UNTIL_CALLED,
		CALL(see),
		OFF,
	};

	rig_new();
	rig_main_does(set_hold);
	assert_int_equal(RIG_RUN(steps), VM_OFF);
}

static int set_up(void **state)
{
	permille = 500;
	cpus = 3;
	for_ns = 0;
	return rig_up(state);
}

static void vcpu_is_held_for_what_it_ran(void **state)
{
	(void)state;
	run_held();
	assert_int_equal(rc, 0);
	/* As long as it ran, or at worst a little longer. */
	assert_true(is.held_ns >= (BURN_MS - 1) * MS);
	assert_true(is.held_ns < 10 * BURN_MS * MS);
	assert_int_equal(vm_hold_permille(rig.vm, 0), 500);
}

static void record_grows_by_what_was_held(void **state)
{
	(void)state;
	run_held();
	assert_int_equal(record_ns, is.held_ns);
}

static void larger_share_is_held_longer(void **state)
{
	(void)state;
	permille = 750;
	run_held();
	assert_true(is.held_ns >= 3 * (BURN_MS - 1) * MS);
}

static void who_is_not_meant_is_not_held(void **state)
{
	(void)state;
	cpus = 2;
	run_held();
	assert_int_equal(rc, 0);
	assert_int_equal(is.held_ns, 0);
	assert_int_equal(vm_hold_permille(rig.vm, 0), 0);
	assert_int_equal(vm_hold_permille(rig.vm, 1), 500);
}

static void nothing_is_held_without_a_share(void **state)
{
	(void)state;
	permille = 0;
	run_held();
	assert_int_equal(rc, 0);
	assert_int_equal(is.held_ns, 0);
}

static void guest_without_records_is_not_held(void **state)
{
	(void)state;
	rig.config.pvtime = "off";
	run_held();
	assert_int_equal(rc, -ENOTSUP);
	assert_has_words("no record of stolen time");
	assert_int_equal(is.held_ns, 0);
}

static void share_can_be_set_before_the_machine_runs(void **state)
{
	struct fake_step steps[] = { CALL(burn), CALL(rig_call_main),
				     UNTIL_CALLED, CALL(see), OFF };

	(void)state;
	rig_new();
	assert_int_equal(vm_hold(rig.vm, 500, NULL, 0), 0);
	rig_main_does(set_hold);
	assert_int_equal(RIG_RUN(steps), VM_OFF);
	assert_true(is.held_ns >= (BURN_MS - 1) * MS);
}

static void end_does_not_wait_for_who_is_held(void **state)
{
	struct fake_step steps[] = { CALL(burn), WAIT };
	uint64_t begun = clock_mono_ns();

	(void)state;
	rig.config.timeout_ns = 300 * MS;
	rig_new();
	assert_int_equal(vm_hold(rig.vm, VM_HOLD_MAX, NULL, 0), 0);
	assert_int_equal(RIG_RUN(steps), VM_TIMEOUT);
	/* It owes 99 times what it ran, which is 3 s. */
	assert_true(clock_mono_ns() - begun < (uint64_t)2500 * MS);
}

/* The loop has a callback for it as long as it lasts. */
static void time_that_it_is_for_ends_by_itself(void **state)
{
	struct fake_step steps[] = { WAIT };

	(void)state;
	rig.config.timeout_ns = 200 * MS;
	rig_new();
	assert_int_equal(vm_hold(rig.vm, 500, NULL, 50 * MS), 0);
	assert_int_equal(vm_hold_permille(rig.vm, 1), 500);
	assert_int_equal(RIG_RUN(steps), VM_TIMEOUT);
	assert_int_equal(vm_hold_permille(rig.vm, 1), 0);
	assert_int_equal(rig.vm->hold_fd, -1);
}

/* The timer of the first is ready when main makes the second. */
static void renew(void)
{
	rc = vm_hold(rig.vm, 500, NULL, UINT64_C(60000000000));
}

static void time_that_was_renewed_goes_on(void **state)
{
	struct fake_step steps[] = { WAIT };
	uint64_t one = 1;

	(void)state;
	rig.config.timeout_ns = 100 * MS;
	rig_new();
	rig_main_does(renew);
	assert_int_equal(vm_hold(rig.vm, 250, NULL, MS), 0);
	assert_int_equal(write(rig.main_fd, &one, sizeof(one)), sizeof(one));
	usleep(5000);
	assert_int_equal(RIG_RUN(steps), VM_TIMEOUT);
	assert_int_equal(rc, 0);
	assert_int_equal(vm_hold_permille(rig.vm, 0), 500);
}

static void limit_that_cannot_be_had_changes_nothing(void **state)
{
	struct loop *loop;
	unsigned nr;

	(void)state;
	rig_new();
	assert_int_equal(vm_hold(rig.vm, 250, NULL, 60 * (uint64_t)1000 * MS),
			 0);
	loop = vm_loop(rig.vm);
	nr = loop->nr;
	loop->nr = LOOP_WATCHES_MAX;
	assert_int_equal(vm_hold(rig.vm, 500, NULL, MS), -ENOSPC);
	loop->nr = nr;
	assert_int_equal(vm_hold_permille(rig.vm, 0), 250);
	assert_true(rig.vm->hold_fd >= 0);
}

static void machine_that_ends_before_takes_the_timer_along(void **state)
{
	struct fake_step steps[] = { OFF };

	(void)state;
	rig_new();
	assert_int_equal(vm_hold(rig.vm, 500, NULL, UINT64_C(60000000000)), 0);
	assert_int_equal(vm_hold(rig.vm, 250, NULL, UINT64_C(60000000000)), 0);
	assert_int_equal(RIG_RUN(steps), VM_OFF);
}

#define HOLD_TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, rig_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOLD_TEST(vcpu_is_held_for_what_it_ran),
		HOLD_TEST(record_grows_by_what_was_held),
		HOLD_TEST(larger_share_is_held_longer),
		HOLD_TEST(who_is_not_meant_is_not_held),
		HOLD_TEST(nothing_is_held_without_a_share),
		HOLD_TEST(guest_without_records_is_not_held),
		HOLD_TEST(share_can_be_set_before_the_machine_runs),
		HOLD_TEST(end_does_not_wait_for_who_is_held),
		HOLD_TEST(time_that_it_is_for_ends_by_itself),
		HOLD_TEST(time_that_was_renewed_goes_on),
		HOLD_TEST(limit_that_cannot_be_had_changes_nothing),
		HOLD_TEST(machine_that_ends_before_takes_the_timer_along),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests_name("hold", tests, NULL, NULL);
}
