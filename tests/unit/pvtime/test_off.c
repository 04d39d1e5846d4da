/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>

#include "rig.h"

static void works_on_every_host(void **state)
{
	(void)state;
	fake_kvm.pvtime = fake_kvm.std_hyp = fake_kvm.filter = false;
	assert_null(pvtime_off.missing(rig.vm_fd, rig.vcpus[0].fd));
	assert_int_equal(rig_start(&pvtime_off), 0);
}

static void takes_only_the_discovery_call_away(void **state)
{
	(void)state;
	fake_kvm.hyp_calls = 0xff;
	assert_int_equal(rig_start(&pvtime_off), 0);
	assert_int_equal(fake_kvm.hyp_calls, 0xfe);
}

static void does_so_once_for_all_vcpus(void **state)
{
	const struct pvtime_region region = rig_slot();

	(void)state;
	assert_int_equal(pvtime_init(&rig.pt, &pvtime_off, &region), 0);
	fault_arm(0, 0);
	for (unsigned i = 1; i < RIG_NR; i++)
		assert_int_equal(pvtime_attach(&rig.pt, i, rig.vcpus[i].fd), 0);
	assert_int_equal(fault_calls(), 0);
	assert_int_equal(fake_kvm.hyp_calls, 1);
	assert_int_equal(pvtime_attach(&rig.pt, 0, rig.vcpus[0].fd), 0);
	assert_int_equal(fault_calls(), 2);
}

static void host_that_knows_the_register_and_refuses_is_an_error(void **state)
{
	const struct pvtime_region region = rig_slot();

	(void)state;
	assert_int_equal(pvtime_init(&rig.pt, &pvtime_off, &region), 0);
	fake_kvm.ran = true;
	assert_int_equal(pvtime_attach(&rig.pt, 0, rig.vcpus[0].fd), -EBUSY);
	assert_words("stolen time: vCPU 0: take the discovery call away: "
		     "Device or resource busy");
}

static void there_is_no_region_no_record_and_no_time(void **state)
{
	(void)state;
	assert_int_equal(rig_start(&pvtime_off), 0);
	assert_false(pvtime_is_on(&rig.pt));
	assert_string_equal(pvtime_name(&rig.pt), "off");
	assert_int_equal(fake_kvm_live_slots(), 0);
	assert_int_equal(fake_kvm.nr_attrs, 0);
	assert_null(rig.pt.records);
	assert_int_equal(rig_read(0), 0);
	assert_int_equal(pvtime_reset(&rig.pt), 0);
	assert_int_equal(pvtime_call(&rig.pt, 0, rig.vcpus[0].fd, 0xc5000020),
			 -ENOENT);
}

static void memory_that_was_meant_for_records_is_left_alone(void **state)
{
	const struct pvtime_region region = rig_in_ram();

	(void)state;
	assert_int_equal(pvtime_init(&rig.pt, &pvtime_off, &region), 0);
	rig_ram[8] = 7;
	assert_int_equal(rig_read(0), 0);
	assert_int_equal(pvtime_reset(&rig.pt), 0);
	assert_int_equal(rig_ram[8], 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(works_on_every_host),
		RIG_TEST(takes_only_the_discovery_call_away),
		RIG_TEST(does_so_once_for_all_vcpus),
		RIG_TEST(host_that_knows_the_register_and_refuses_is_an_error),
		RIG_TEST(there_is_no_region_no_record_and_no_time),
		RIG_TEST(memory_that_was_meant_for_records_is_left_alone),
	};

	return cmocka_run_group_tests_name("off", tests, NULL, NULL);
}
