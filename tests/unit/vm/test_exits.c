/* SPDX-License-Identifier: BSD-2-Clause */
#include "rig.h"

#include <errno.h>

static uint64_t all(unsigned index)
{
	uint64_t n[VM_EXIT_KINDS];

	vm_exits(rig.vm, index, n);
	return n[0];
}

static void each_vcpu_has_a_count_of_its_own(void **state)
{
	(void)state;
	rig_new();
	vm_count_exits(rig.vm);
	fake_kvm.cpus[0].exits = 17;
	fake_kvm.cpus[1].exits = UINT64_C(1) << 40;
	assert_int_equal(all(0), 17);
	assert_true(all(1) == UINT64_C(1) << 40);
	fake_kvm.cpus[0].exits = 18;
	assert_int_equal(all(0), 18);
}

static void nothing_is_known_where_nobody_asked(void **state)
{
	(void)state;
	rig_new();
	fake_kvm.cpus[0].exits = 17;
	assert_true(all(0) == VM_UNCOUNTED);
}

static void nothing_is_known_on_a_host_that_does_not_count(void **state)
{
	(void)state;
	fake_kvm.stats = false;
	rig_new();
	vm_count_exits(rig.vm);
	for (unsigned i = 0; i < 2; i++)
		assert_true(all(i) == VM_UNCOUNTED);
}

static void count_that_cannot_be_read_is_not_known(void **state)
{
	(void)state;
	rig_new();
	vm_count_exits(rig.vm);
	assert_int_equal(all(0), 0);
	fault_arm(1, EIO);
	assert_true(all(0) == VM_UNCOUNTED);
	assert_true(fault_met());
	assert_int_equal(all(0), 0);
}

static void counts_that_cannot_be_found_are_never_known(void **state)
{
	(void)state;
	rig_new();
	vm_count_exits(rig.vm);
	fault_arm(1, EIO);
	assert_true(all(0) == VM_UNCOUNTED);
	assert_true(fault_met());
	assert_true(all(0) == VM_UNCOUNTED);
	assert_int_equal(all(1), 0);
}

/* What cannot be counted is not worth the run: but nothing may be left. */
static void every_failure_leaves_counts_that_are_not_known(void **state)
{
	bool met = true;

	(void)state;
	rig.config.nr_cpus = 4;
	for (unsigned n = 1; met; n++) {
		rig_new();
		fault_arm(n, EMFILE);
		vm_count_exits(rig.vm);
		met = fault_met();
		fault_arm(0, 0);
		for (unsigned i = 0; i < 4; i++)
			assert_true(all(i) == (met ? VM_UNCOUNTED : 0));
		rig_free();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(each_vcpu_has_a_count_of_its_own),
		RIG_TEST(nothing_is_known_where_nobody_asked),
		RIG_TEST(nothing_is_known_on_a_host_that_does_not_count),
		RIG_TEST(count_that_cannot_be_read_is_not_known),
		RIG_TEST(counts_that_cannot_be_found_are_never_known),
		RIG_TEST(every_failure_leaves_counts_that_are_not_known),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests_name("exits", tests, NULL, NULL);
}
