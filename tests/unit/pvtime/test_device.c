/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_device.c - against the fake alone: no released kernel has the device,
 * and its version 1 none that can be had.
 */
#include <errno.h>

#include "rig.h"

static void host_is_asked_for_the_device_and_makes_none(void **state)
{
	unsigned fds = fake_kvm_live_fds();

	(void)state;
	assert_string_equal(
		pvtime_device.missing(rig.vm_fd, rig.vcpus[0].fd),
		"this host kernel has no PV_TIME device; only kernels with the "
		"patch series of August 2019 have it");
	fake_kvm.pv_time = FAKE_PV_TIME_V2;
	fake_kvm.pvtime = fake_kvm.filter = false;
	assert_null(pvtime_device.missing(rig.vm_fd, rig.vcpus[0].fd));
	assert_int_equal(fake_kvm_live_fds(), fds);
}

static int start(enum fake_pv_time form)
{
	fake_kvm.pv_time = form;
	return rig_start(&pvtime_device);
}

static void device_is_made_once_and_closed(void **state)
{
	static const enum fake_pv_time forms[] = { FAKE_PV_TIME_V1,
						   FAKE_PV_TIME_V2 };
	unsigned fds = fake_kvm_live_fds();

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(start(forms[i]), 0);
		assert_int_equal(fake_kvm_live_fds(), fds + 1);
		assert_true(pvtime_is_on(&rig.pt));
		assert_string_equal(pvtime_name(&rig.pt), "device");
		pvtime_fini(&rig.pt);
		assert_int_equal(fake_kvm_live_fds(), fds);
		assert_int_equal(fake_kvm_live_slots(), 0);
	}
}

/* The kernel knows its vCPUs. */
static void vcpus_are_told_nothing(void **state)
{
	(void)state;
	assert_int_equal(start(FAKE_PV_TIME_V2), 0);
	fault_arm(0, 0);
	assert_int_equal(rig_attach(), 0);
	assert_int_equal(fault_calls(), 0);
	for (unsigned i = 0; i < RIG_NR; i++)
		assert_int_equal(fake_kvm.cpus[i].record, 0);
	assert_int_equal(pvtime_call(&rig.pt, 0, rig.vcpus[0].fd, 0xc5000021),
			 -ENOENT);
}

/* -- version 1: the kernel's memory -- */

static void v1_is_told_an_address_and_needs_no_slot(void **state)
{
	const uint64_t *set;

	(void)state;
	assert_int_equal(start(FAKE_PV_TIME_V1), 0);
	set = fake_kvm_attr(FAKE_PV_TIME, 0, 0, 0);
	assert_non_null(set);
	assert_int_equal(*set, RIG_BASE);
	assert_int_equal(fake_kvm.nr_attrs, 1);
	assert_int_equal(fake_kvm_live_slots(), 0);
	assert_null(rig.pt.records);
}

static void v1_records_are_read_from_the_kernel(void **state)
{
	(void)state;
	assert_int_equal(start(FAKE_PV_TIME_V1), 0);
	for (unsigned i = 0; i < RIG_NR; i++)
		fake_kvm.states[i][1] = 1000 + i;
	for (unsigned i = 0; i < RIG_NR; i++)
		assert_int_equal(rig_read(i), 1000 + i);
	assert_int_equal(rig_read(RIG_NR), 0);
}

static void v1_records_cannot_be_added_to(void **state)
{
	(void)state;
	assert_int_equal(start(FAKE_PV_TIME_V1), 0);
	assert_false(pvtime_can_add(&rig.pt));
	assert_int_equal(pvtime_add(&rig.pt, 0, 1), -ENOTSUP);
}

static void v1_vcpu_that_is_not_there_has_no_time(void **state)
{
	(void)state;
	assert_int_equal(start(FAKE_PV_TIME_V1), 0);
	fake_kvm.states[3][1] = 5;
	assert_int_equal(rig_read(3), 5);
	kvm_vcpu_close(&rig.vcpus[3]);
	assert_int_equal(rig_read(3), 0);
}

static void v1_reset_zeroes_the_kernels_records(void **state)
{
	static const uint64_t zero[8 * RIG_NR];

	(void)state;
	assert_int_equal(start(FAKE_PV_TIME_V1), 0);
	memset(fake_kvm.states, 0xaa, sizeof(fake_kvm.states));
	assert_int_equal(pvtime_reset(&rig.pt), 0);
	assert_memory_equal(fake_kvm.states, zero, sizeof(zero));
	assert_int_equal(fake_kvm.states[RIG_NR][0], 0xaaaaaaaaaaaaaaaa);
}

static void v1_has_memory_for_512_records_and_no_more(void **state)
{
	struct pvtime_region region = rig_slot();

	(void)state;
	fake_kvm.pv_time = FAKE_PV_TIME_V1;
	region.nr_records = 512;
	assert_int_equal(pvtime_init(&rig.pt, &pvtime_device, &region), 0);
	pvtime_fini(&rig.pt);
	region.nr_records = 513;
	assert_int_equal(pvtime_init(&rig.pt, &pvtime_device, &region),
			 -EINVAL);
	assert_words("stolen time: 513 records: the kernel's device has 512");
	assert_false(pvtime_is_on(&rig.pt));
}

static void v1_cannot_be_inside_ram(void **state)
{
	const struct pvtime_region region = rig_in_ram();

	(void)state;
	fake_kvm.pv_time = FAKE_PV_TIME_V1;
	assert_int_equal(pvtime_init(&rig.pt, &pvtime_device, &region),
			 -EINVAL);
	assert_words("stolen time: the kernel's device brings its own memory, "
		     "which cannot be inside RAM; place it outside");
	assert_int_equal(fake_kvm.nr_attrs, 0);
}

/* More vCPUs than it has records for would have it write behind our buffer. */
static void v1_that_has_more_state_than_there_can_be_is_refused(void **state)
{
	uint64_t ns = 7;

	(void)state;
	assert_int_equal(start(FAKE_PV_TIME_V1), 0);
	fake_kvm.live_runs += 512 - RIG_NR;
	assert_int_equal(rig_read(0), 0);
	fake_kvm.live_runs++;
	assert_int_equal(pvtime_read(&rig.pt, 0, &ns), -EOVERFLOW);
	assert_has_words("device's state: 32832 bytes; room for 32768");
	assert_int_equal(ns, 7);
	assert_int_equal(pvtime_reset(&rig.pt), -EOVERFLOW);
	fake_kvm.live_runs = RIG_NR;
}

/* -- versions 2 and 3: our memory -- */

static void v2_is_told_the_whole_region_in_a_slot_that_is_there(void **state)
{
	(void)state;
	assert_int_equal(start(FAKE_PV_TIME_V2), 0);
	assert_int_equal(fake_kvm.region, RIG_BASE);
	assert_int_equal(fake_kvm.region_size, 0x10000);
	assert_int_equal(fake_kvm.slots[RIG_SLOT].gpa, RIG_BASE);
	assert_int_equal(fake_kvm.slots[RIG_SLOT].size, 0x10000);
}

static void v2_records_are_read_from_our_memory(void **state)
{
	(void)state;
	assert_int_equal(start(FAKE_PV_TIME_V2), 0);
	for (unsigned i = 0; i < RIG_NR; i++)
		rig_record(i)->stolen_ns = 2000 + i;
	fault_arm(0, 0);
	for (unsigned i = 0; i < RIG_NR; i++)
		assert_int_equal(rig_read(i), 2000 + i);
	assert_int_equal(rig_read(RIG_NR), 0);
	assert_int_equal(pvtime_reset(&rig.pt), 0);
	for (unsigned i = 0; i < RIG_NR; i++)
		assert_int_equal(rig_read(i), 0);
	assert_int_equal(fault_calls(), 0);
}

static void v2_can_be_inside_ram(void **state)
{
	const struct pvtime_region region = rig_in_ram();

	(void)state;
	fake_kvm.pv_time = FAKE_PV_TIME_V2;
	assert_int_equal(pvtime_init(&rig.pt, &pvtime_device, &region), 0);
	assert_int_equal(fake_kvm.region, RIG_BASE);
	assert_int_equal(fake_kvm_live_slots(), 1);
	((struct pvtime_record *)rig_ram)[2].stolen_ns = 9;
	assert_int_equal(rig_read(2), 9);
}

static void v2_region_is_whole_pages_of_a_64_kib_host(void **state)
{
	(void)state;
	fake_kvm.page = 0x10000;
	assert_int_equal(start(FAKE_PV_TIME_V2), 0);
	assert_int_equal(fake_kvm.region_size % fake_kvm.page, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(host_is_asked_for_the_device_and_makes_none),
		RIG_TEST(device_is_made_once_and_closed),
		RIG_TEST(vcpus_are_told_nothing),
		RIG_TEST(v1_is_told_an_address_and_needs_no_slot),
		RIG_TEST(v1_records_are_read_from_the_kernel),
		RIG_TEST(v1_records_cannot_be_added_to),
		RIG_TEST(v1_vcpu_that_is_not_there_has_no_time),
		RIG_TEST(v1_reset_zeroes_the_kernels_records),
		RIG_TEST(v1_has_memory_for_512_records_and_no_more),
		RIG_TEST(v1_cannot_be_inside_ram),
		RIG_TEST(v1_that_has_more_state_than_there_can_be_is_refused),
		RIG_TEST(v2_is_told_the_whole_region_in_a_slot_that_is_there),
		RIG_TEST(v2_records_are_read_from_our_memory),
		RIG_TEST(v2_can_be_inside_ram),
		RIG_TEST(v2_region_is_whole_pages_of_a_64_kib_host),
	};

	return cmocka_run_group_tests_name("device", tests, NULL, NULL);
}
