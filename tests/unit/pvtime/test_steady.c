/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_steady.c - the rule of steady.c, line by line: the test is the guest
 * that calls and the kernel that adds to the records.
 */
#include <errno.h>

#include "rig.h"
#include "util/util.h"

#define CPU_OFF	 UINT64_C(0x84000002)
#define FEATURES UINT64_C(0xc5000020)
#define ST	 UINT64_C(0xc5000021)
#define NO	 UINT64_MAX

static int set_up(void **state)
{
	return rig_up(state) ? -1 : rig_start(&pvtime_steady);
}

static int call(unsigned i, uint64_t function, uint64_t x1)
{
	uint64_t *x = fake_kvm.cpus[i].x;

	x[0] = function;
	x[1] = x1;
	x[2] = x[3] = 0x1234;
	return pvtime_call(&rig.pt, i, rig.vcpus[i].fd, function);
}

/* vCPU @i asks where its record is. */
static void ask(unsigned i)
{
	const uint64_t *x = fake_kvm.cpus[i].x;

	assert_int_equal(call(i, ST, 0x1234), 0);
	assert_int_equal(x[0], RIG_BASE + 64 * i);
	assert_true(x[1] == 0 && x[2] == 0 && x[3] == 0);
}

/* A kernel boots there: it looks whether there is stolen time, then asks. */
static void boot(unsigned i)
{
	assert_int_equal(call(i, FEATURES, FEATURES), 0);
	assert_int_equal(call(i, FEATURES, ST), 0);
	ask(i);
}

static void off_and_on(unsigned i)
{
	assert_int_equal(call(i, CPU_OFF, 0), 0);
	assert_false(fake_kvm.cpus[i].on);
	fake_kvm.cpus[i].on = true;
}

static void stolen_is(unsigned i, uint64_t ns)
{
	assert_int_equal(rig_record(i)->stolen_ns, ns);
}

/* All vCPUs have asked, and KVM has added to their records. */
static void all_run(void)
{
	for (unsigned i = 0; i < RIG_NR; i++) {
		if (i == 0)
			boot(i);
		else
			ask(i);
		rig_record(i)->stolen_ns = 100 + i;
	}
}

/* -- set-up -- */

static void host_needs_attribute_and_filter(void **state)
{
	(void)state;
	assert_null(pvtime_steady.missing(rig.vm_fd, rig.vcpus[0].fd));
	fake_kvm.filter = false;
	assert_string_equal(pvtime_steady.missing(rig.vm_fd, rig.vcpus[0].fd),
			    "this host kernel has no SMCCC filter, so a record "
			    "restarts when its CPU comes back online; steady "
			    "needs Linux 6.4 or later");
	fake_kvm.pvtime = false;
	assert_string_equal(pvtime_steady.missing(rig.vm_fd, rig.vcpus[0].fd),
			    pvtime_attr_missing(rig.vcpus[0].fd));
	assert_int_equal(fake_kvm.nr_attrs, 0);
}

static void kernel_fills_the_records(void **state)
{
	(void)state;
	for (unsigned i = 0; i < RIG_NR; i++)
		assert_int_equal(fake_kvm.cpus[i].record, RIG_BASE + 64 * i);
}

static void
calls_of_stolen_time_and_cpu_off_are_ours_and_no_others(void **state)
{
	(void)state;
	assert_int_equal(fake_kvm.nr_filters, 2);
	assert_int_equal(fake_kvm.filters[0].base, FEATURES);
	assert_int_equal(fake_kvm.filters[0].nr, 2);
	assert_int_equal(fake_kvm.filters[1].base, CPU_OFF);
	assert_int_equal(fake_kvm.filters[1].nr, 1);
}

static void vm_that_ran_already_is_too_late(void **state)
{
	(void)state;
	fake_kvm.ran = true;
	assert_int_equal(rig_start(&pvtime_steady), -EBUSY);
	assert_has_words("stolen time: vCPU 0: SMCCC filter");
	assert_has_words(": a vCPU ran already; attach all before");
}

static void call_that_somebody_filters_already_is_named(void **state)
{
	(void)state;
	fake_kvm.filters[fake_kvm.nr_filters++] =
		(struct fake_filter){ CPU_OFF, 1 };
	assert_int_equal(rig_start(&pvtime_steady), -EEXIST);
	assert_words("stolen time: vCPU 0: SMCCC filter: call 0x84000002 is "
		     "filtered already");
}

/* What the kernel refuses by the attribute leaves all calls with it. */
static void refused_record_leaves_the_filter_alone(void **state)
{
	const struct pvtime_region region = rig_slot();

	(void)state;
	assert_int_equal(pvtime_init(&rig.pt, &pvtime_steady, &region), 0);
	fault_arm(1, EPERM);
	assert_int_equal(pvtime_attach(&rig.pt, 0, rig.vcpus[0].fd), -EPERM);
	assert_int_equal(fake_kvm.nr_filters, 0);
	assert_int_equal(fake_kvm.cpus[0].record, 0);
}

/* -- discovery -- */

static void both_calls_are_there(void **state)
{
	static const uint64_t known[] = { FEATURES, ST,
					  0xffffffff00000000 | FEATURES,
					  UINT64_C(1) << 32 | ST };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		const uint64_t *x = fake_kvm.cpus[3].x;

		assert_int_equal(call(3, FEATURES, known[i]), 0);
		assert_true(x[0] == 0 && x[1] == 0 && x[2] == 0 && x[3] == 0);
	}
}

static void no_other_feature_is_there(void **state)
{
	/* Live physical time, 32-bit forms, neighbours, anything. */
	static const uint64_t unknown[] = {
		0xc5000022, 0xc500001f, 0x85000020, 0x85000021,	  CPU_OFF,
		0,	    0x80000000, UINT64_MAX, ST ^ 1 << 16, ST << 32
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		const uint64_t *x = fake_kvm.cpus[0].x;

		assert_int_equal(call(0, FEATURES, unknown[i]), 0);
		assert_true(x[0] == NO);
		assert_true(x[1] == 0 && x[2] == 0 && x[3] == 0);
	}
}

static void other_calls_are_not_ours(void **state)
{
	static const uint64_t others[] = {
		0xc5000022, 0xc500001f, 0x85000020, 0x85000021, 0x84000001,
		0x84000003, 0xc4000002, 0,	    UINT64_MAX, ST | 1ull << 32
	};

	(void)state;
	all_run();
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		const uint64_t *x = fake_kvm.cpus[1].x;

		assert_int_equal(call(1, others[i], 5), -ENOENT);
		assert_true(x[0] == others[i] && x[1] == 5 && x[2] == 0x1234);
		assert_false(fake_kvm.cpus[1].on);
		stolen_is(1, 101);
	}
}

static void index_that_is_no_vcpus_is_not_ours(void **state)
{
	(void)state;
	fault_arm(0, 0);
	assert_int_equal(pvtime_call(&rig.pt, RIG_NR, rig.vcpus[0].fd, ST),
			 -ENOENT);
	assert_int_equal(
		pvtime_call(&rig.pt, UINT32_MAX, rig.vcpus[0].fd, CPU_OFF),
		-ENOENT);
	assert_int_equal(fault_calls(), 0);
}

/* -- the rule -- */

static void first_asking_starts_a_record_from_zero(void **state)
{
	static const uint8_t zero[64];

	(void)state;
	for (unsigned i = 0; i < RIG_NR; i++) {
		/* KVM begins with all that the thread ever waited. */
		memset(rig_record(i), 0x77, sizeof(zero));
		ask(i);
		assert_memory_equal(rig_record(i), zero, sizeof(zero));
		assert_int_equal(rig_read(i), 0);
	}
}

static void asking_touches_no_other_record(void **state)
{
	(void)state;
	all_run();
	off_and_on(2);
	ask(2);
	ask(1);
	stolen_is(0, 100);
	stolen_is(2, 102);
	stolen_is(3, 103);
}

static void record_goes_on_after_its_cpu_was_off(void **state)
{
	(void)state;
	all_run();
	for (unsigned n = 0; n < 10; n++) {
		off_and_on(1);
		stolen_is(1, 101 + n);
		ask(1);
		stolen_is(1, 101 + n);
		rig_record(1)->stolen_ns++;
	}
	for (unsigned i = 0; i < RIG_NR; i++)
		if (i != 1)
			stolen_is(i, 100 + i);
}

static void what_the_guest_scribbled_is_gone_when_it_asks_again(void **state)
{
	static const uint8_t zero[48];
	struct pvtime_record *record = rig_record(1);

	(void)state;
	all_run();
	off_and_on(1);
	memset(record, 0xee, sizeof(*record));
	record->stolen_ns = 55;
	ask(1);
	assert_int_equal(record->revision, 0);
	assert_int_equal(record->attributes, 0);
	assert_int_equal(record->stolen_ns, 55);
	assert_memory_equal(record->padding, zero, sizeof(zero));
}

/* As Linux' kexec: all but one CPU go off, and that one starts the kernel. */
static void new_kernel_finds_each_record_at_zero(void **state)
{
	(void)state;
	all_run();
	for (unsigned i = 1; i < RIG_NR; i++)
		off_and_on(i);
	boot(0);
	stolen_is(0, 0);
	for (unsigned i = 1; i < RIG_NR; i++) {
		stolen_is(i, 100 + i);
		ask(i);
		stolen_is(i, 0);
	}
}

static void new_kernel_may_start_on_any_cpu(void **state)
{
	(void)state;
	all_run();
	boot(3);
	stolen_is(3, 0);
	off_and_on(0);
	ask(0);
	stolen_is(0, 0);
}

static void record_of_a_new_kernel_goes_on_too(void **state)
{
	(void)state;
	all_run();
	off_and_on(1);
	boot(0);
	ask(1);
	rig_record(0)->stolen_ns = 7;
	rig_record(1)->stolen_ns = 8;
	off_and_on(1);
	ask(1);
	stolen_is(1, 8);
	off_and_on(0);
	ask(0);
	stolen_is(0, 7);
}

static void kernel_after_kernel_starts_from_zero(void **state)
{
	(void)state;
	all_run();
	for (unsigned n = 0; n < 3; n++) {
		off_and_on(1);
		boot(0);
		stolen_is(0, 0);
		ask(1);
		stolen_is(1, 0);
		rig_record(0)->stolen_ns = rig_record(1)->stolen_ns = 9;
	}
}

/* A kernel that left CPU 1 alone, between two that did not. */
static void cpu_that_slept_through_a_kernel_starts_from_zero(void **state)
{
	(void)state;
	all_run();
	off_and_on(1);
	boot(0);
	boot(0);
	ask(1);
	stolen_is(1, 0);
}

static void off_counts_for_one_asking(void **state)
{
	(void)state;
	all_run();
	off_and_on(1);
	ask(1);
	stolen_is(1, 101);
	boot(1);
	stolen_is(1, 0);
}

/* Linux could not take it offline and takes it back: cpu_up's callbacks. */
static void cpu_that_asks_again_and_was_not_off_goes_on(void **state)
{
	(void)state;
	all_run();
	for (unsigned n = 0; n < 3; n++)
		ask(1);
	stolen_is(1, 101);
	/* And nobody else has lost anything. */
	off_and_on(2);
	ask(2);
	stolen_is(2, 102);
	off_and_on(0);
	ask(0);
	stolen_is(0, 100);
}

static void asking_for_other_features_is_no_discovery(void **state)
{
	(void)state;
	all_run();
	assert_int_equal(call(1, FEATURES, FEATURES), 0);
	assert_int_equal(call(1, FEATURES, 0xc5000022), 0);
	ask(1);
	stolen_is(1, 101);
}

/* A kernel's discovery is over when it has its first record. */
static void discovery_counts_for_one_asking(void **state)
{
	(void)state;
	all_run();
	off_and_on(1);
	boot(0);
	rig_record(0)->stolen_ns = 5;
	ask(1);
	rig_record(1)->stolen_ns = 6;
	ask(1);
	stolen_is(1, 6);
	ask(0);
	stolen_is(0, 5);
}

static void cpu_that_was_off_before_it_ever_asked_is_no_new_kernel(void **state)
{
	(void)state;
	ask(0);
	rig_record(0)->stolen_ns = 6;
	off_and_on(1);
	rig_record(1)->stolen_ns = 5;
	ask(1);
	stolen_is(1, 0);
	off_and_on(0);
	ask(0);
	stolen_is(0, 6);
}

static void cpu_off_stops_the_vcpu_and_answers_nothing(void **state)
{
	const uint64_t *x = fake_kvm.cpus[2].x;

	(void)state;
	fake_kvm.cpus[2].on = fake_kvm.cpus[3].on = true;
	assert_int_equal(call(2, CPU_OFF, 3), 0);
	assert_false(fake_kvm.cpus[2].on);
	assert_true(fake_kvm.cpus[3].on);
	assert_true(x[0] == CPU_OFF && x[1] == 3 && x[2] == 0x1234);
}

/* It did not go off, and so what it asks next is a new kernel's. */
static void cpu_that_could_not_go_off_was_not_off(void **state)
{
	(void)state;
	all_run();
	fault_arm(1, EINVAL);
	assert_int_equal(call(1, CPU_OFF, 0), -EINVAL);
	assert_words("stolen time: vCPU 1: call 0x84000002: turn vCPU off: "
		     "Invalid argument");
	boot(1);
	stolen_is(1, 0);
}

static void reset_starts_all_records_and_no_new_kernel(void **state)
{
	(void)state;
	all_run();
	assert_int_equal(pvtime_reset(&rig.pt), 0);
	for (unsigned i = 0; i < RIG_NR; i++)
		stolen_is(i, 0);
	/* After it a first asking is a first one again, */
	ask(1);
	rig_record(1)->stolen_ns = 9;
	rig_record(0)->stolen_ns = 4;
	ask(0);
	stolen_is(0, 0);
	/* which is no kexec. */
	off_and_on(1);
	ask(1);
	stolen_is(1, 9);
}

static void no_vcpus_first_asking_after_a_reset_is_a_new_kernel(void **state)
{
	(void)state;
	all_run();
	assert_int_equal(pvtime_reset(&rig.pt), 0);
	all_run();
	for (unsigned i = 0; i < RIG_NR; i++) {
		off_and_on(i);
		ask(i);
		stolen_is(i, 100 + i);
	}
}

static void reset_forgets_discovery(void **state)
{
	(void)state;
	all_run();
	assert_int_equal(call(0, FEATURES, ST), 0);
	assert_int_equal(pvtime_reset(&rig.pt), 0);
	ask(0);
	rig_record(0)->stolen_ns = 3;
	ask(0);
	stolen_is(0, 3);
}

static void reset_forgets_who_was_off(void **state)
{
	(void)state;
	all_run();
	off_and_on(1);
	assert_int_equal(pvtime_reset(&rig.pt), 0);
	ask(1);
	rig_record(1)->stolen_ns = 3;
	boot(1);
	stolen_is(1, 0);
}

static void addresses_stay_over_resets(void **state)
{
	size_t told = fake_kvm.nr_attrs;

	(void)state;
	assert_int_equal(pvtime_reset(&rig.pt), 0);
	assert_int_equal(fake_kvm.nr_attrs, told);
	all_run();
}

static void rule_holds_inside_ram(void **state)
{
	struct pvtime_record *records = (void *)rig_ram;
	const struct pvtime_region region = rig_in_ram();

	(void)state;
	assert_int_equal(pvtime_init(&rig.pt, &pvtime_steady, &region), 0);
	assert_int_equal(rig_attach(), 0);
	records[1].stolen_ns = 1;
	ask(1);
	assert_int_equal(records[1].stolen_ns, 0);
	records[1].stolen_ns = 2;
	off_and_on(1);
	ask(1);
	assert_int_equal(records[1].stolen_ns, 2);
	boot(1);
	assert_int_equal(records[1].stolen_ns, 0);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, rig_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(host_needs_attribute_and_filter),
		RIG_TEST(vm_that_ran_already_is_too_late),
		RIG_TEST(call_that_somebody_filters_already_is_named),
		RIG_TEST(refused_record_leaves_the_filter_alone),
		RIG_TEST(rule_holds_inside_ram),
		T(kernel_fills_the_records),
		T(calls_of_stolen_time_and_cpu_off_are_ours_and_no_others),
		T(both_calls_are_there),
		T(no_other_feature_is_there),
		T(other_calls_are_not_ours),
		T(index_that_is_no_vcpus_is_not_ours),
		T(first_asking_starts_a_record_from_zero),
		T(asking_touches_no_other_record),
		T(record_goes_on_after_its_cpu_was_off),
		T(what_the_guest_scribbled_is_gone_when_it_asks_again),
		T(new_kernel_finds_each_record_at_zero),
		T(new_kernel_may_start_on_any_cpu),
		T(record_of_a_new_kernel_goes_on_too),
		T(kernel_after_kernel_starts_from_zero),
		T(cpu_that_slept_through_a_kernel_starts_from_zero),
		T(off_counts_for_one_asking),
		T(cpu_that_asks_again_and_was_not_off_goes_on),
		T(asking_for_other_features_is_no_discovery),
		T(discovery_counts_for_one_asking),
		T(cpu_that_was_off_before_it_ever_asked_is_no_new_kernel),
		T(cpu_off_stops_the_vcpu_and_answers_nothing),
		T(cpu_that_could_not_go_off_was_not_off),
		T(reset_starts_all_records_and_no_new_kernel),
		T(no_vcpus_first_asking_after_a_reset_is_a_new_kernel),
		T(reset_forgets_discovery),
		T(reset_forgets_who_was_off),
		T(addresses_stay_over_resets),
	};

	return cmocka_run_group_tests_name("steady", tests, NULL, NULL);
}
