/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sample.c - the scheduler here is the test's own: steal_read() finds what
 * the test says, and after each look the record is what the test says.
 */
#include <errno.h>

#include "pvtime/steal.h"
#include "rig.h"

enum { TID = 4711, LOOKS = 16, SCRIPT = 7 };

static uint64_t waits[LOOKS], records[LOOKS];
static unsigned looks, fails_at;

int steal_read(pid_t tid, struct steal_times *ret)
{
	unsigned n = looks++;

	assert_int_equal(tid, TID);
	assert_true(n < LOOKS);
	if (looks == fails_at)
		return err_set(ENOENT, "look %u", looks);
	*ret = (struct steal_times){ .run_ns = 1000 + looks,
				     .wait_ns = waits[n] };
	if (rig.pt.records)
		rig_record(1)->stolen_ns = records[n];
	return 0;
}

static int set_up(void **state)
{
	for (unsigned i = 0; i < LOOKS; i++) {
		waits[i] = 90;
		records[i] = 500;
	}
	looks = fails_at = 0;
	return rig_up(state);
}

static void script(const uint64_t wait[SCRIPT], const uint64_t record[SCRIPT])
{
	memcpy(waits, wait, SCRIPT * sizeof(wait[0]));
	memcpy(records, record, SCRIPT * sizeof(record[0]));
}

static struct pvtime_sample sample;

static int look(void)
{
	sample = (struct pvtime_sample){ 77, 77, 77, 77 };
	return pvtime_sample(&rig.pt, 1, TID, &sample);
}

static void quiet_vcpu_is_seen_at_once(void **state)
{
	(void)state;
	assert_int_equal(rig_start(&pvtime_kvm), 0);
	assert_int_equal(look(), 0);
	assert_in_range(looks, 2, 3);
	assert_int_equal(sample.run_ns, 1000 + looks);
	assert_int_equal(sample.wait_ns, 90);
	assert_int_equal(sample.record_ns, 500);
	assert_int_equal(sample.skew_ns, 0);
}

static void time_stolen_meanwhile_makes_it_look_again(void **state)
{
	static const uint64_t wait[] = { 90, 95, 97, 97, 97, 97, 97 };
	static const uint64_t record[] = { 500, 505, 507, 507, 507, 507, 507 };

	(void)state;
	assert_int_equal(rig_start(&pvtime_kvm), 0);
	script(wait, record);
	assert_int_equal(look(), 0);
	assert_int_equal(sample.wait_ns, 97);
	assert_int_equal(sample.record_ns, 507);
	assert_int_equal(sample.skew_ns, 0);
	assert_in_range(looks, 4, 5);
}

/* A thread that waits for a CPU: its record follows when it gets one. */
static void record_that_stands_still_is_not_enough(void **state)
{
	static const uint64_t wait[] = { 90, 92, 95, 97, 97, 97, 97 };
	static const uint64_t record[] = { 500, 500, 500, 500, 500, 500, 500 };

	(void)state;
	assert_int_equal(rig_start(&pvtime_kvm), 0);
	script(wait, record);
	assert_int_equal(look(), 0);
	assert_int_equal(sample.wait_ns, 97);
	assert_int_equal(sample.skew_ns, 0);
}

/* The scheduler counts first; KVM adds when the guest is entered. */
static void record_that_follows_later_is_waited_for(void **state)
{
	static const uint64_t wait[] = { 97, 97, 97, 97, 97, 97, 97 };
	static const uint64_t record[] = { 500, 507, 507, 507, 507, 507, 507 };

	(void)state;
	assert_int_equal(rig_start(&pvtime_kvm), 0);
	script(wait, record);
	assert_int_equal(look(), 0);
	assert_int_equal(sample.wait_ns, 97);
	assert_int_equal(sample.record_ns, 507);
	assert_int_equal(sample.skew_ns, 0);
}

static void skew_that_does_not_end_is_told(void **state)
{
	(void)state;
	assert_int_equal(rig_start(&pvtime_kvm), 0);
	for (unsigned i = 0; i < LOOKS; i++) {
		waits[i] = i * i;
		records[i] = i;
	}
	assert_int_equal(look(), 0);
	assert_int_equal(looks, 11);
	assert_int_equal(sample.wait_ns, 100);
	assert_int_equal(sample.skew_ns, 100 - 81);
	assert_int_equal(sample.record_ns, 9); /* between the last two */
	assert_int_equal(sample.run_ns, 1011);
}

static void record_that_never_stands_still_ends_too(void **state)
{
	(void)state;
	assert_int_equal(rig_start(&pvtime_kvm), 0);
	for (unsigned i = 0; i < LOOKS; i++)
		records[i] = i;
	assert_int_equal(look(), 0);
	assert_int_equal(looks, 11);
	assert_int_equal(sample.wait_ns, 90);
	assert_int_equal(sample.record_ns, 9);
}

static void scheduler_that_cannot_be_asked_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(rig_start(&pvtime_kvm), 0);
	waits[1] = 1; /* and so there is a third look */
	for (fails_at = 1; fails_at <= 3; fails_at++) {
		char words[64];

		looks = 0;
		assert_int_equal(look(), -ENOENT);
		snprintf(words, sizeof(words),
			 "look %u: No such file or directory", fails_at);
		assert_words(words);
		assert_int_equal(sample.run_ns, 77);
		assert_int_equal(sample.skew_ns, 77);
	}
}

static void record_that_cannot_be_read_is_an_error(void **state)
{
	(void)state;
	fake_kvm.pv_time = FAKE_PV_TIME_V1;
	assert_int_equal(rig_start(&pvtime_device), 0);
	fault_arm(1, EIO);
	assert_int_equal(look(), -EIO);
	assert_int_equal(looks, 1);
	assert_int_equal(sample.record_ns, 77);
}

static void scheduler_is_seen_also_while_off(void **state)
{
	(void)state;
	assert_int_equal(rig_start(&pvtime_off), 0);
	assert_int_equal(look(), 0);
	assert_int_equal(sample.run_ns, 1000 + looks);
	assert_int_equal(sample.wait_ns, 90);
	assert_int_equal(sample.record_ns, 0);
}

/* Nothing that a guest writes gets into what the scheduler said. */
static void guest_that_scribbles_changes_only_its_record(void **state)
{
	(void)state;
	assert_int_equal(rig_start(&pvtime_kvm), 0);
	memset(fake_kvm.slots[RIG_SLOT].host, 0xff, 0x10000);
	for (unsigned i = 0; i < LOOKS; i++)
		records[i] = UINT64_MAX - i % 3;
	assert_int_equal(look(), 0);
	assert_int_equal(sample.run_ns, 1000 + looks);
	assert_int_equal(sample.wait_ns, 90);
	assert_true(sample.record_ns >= UINT64_MAX - 2);
	assert_int_equal(sample.skew_ns, 0);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, rig_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(quiet_vcpu_is_seen_at_once),
		T(time_stolen_meanwhile_makes_it_look_again),
		T(record_that_stands_still_is_not_enough),
		T(record_that_follows_later_is_waited_for),
		T(skew_that_does_not_end_is_told),
		T(record_that_never_stands_still_ends_too),
		T(scheduler_that_cannot_be_asked_is_an_error),
		T(record_that_cannot_be_read_is_an_error),
		T(scheduler_is_seen_also_while_off),
		T(guest_that_scribbles_changes_only_its_record),
	};

	return cmocka_run_group_tests_name("sample", tests, NULL, NULL);
}
