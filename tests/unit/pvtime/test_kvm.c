/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>

#include "rig.h"

static void host_needs_the_attribute_and_nothing_else(void **state)
{
	(void)state;
	fake_kvm.filter = fake_kvm.std_hyp = false;
	assert_null(pvtime_kvm.missing(rig.vm_fd, rig.vcpus[0].fd));
	fake_kvm.pvtime = false;
	assert_non_null(strstr(pvtime_kvm.missing(rig.vm_fd, rig.vcpus[0].fd),
			       "needs Linux 5.5 or later"));
	assert_int_equal(fake_kvm.nr_attrs, 0);
}

static void each_vcpu_is_told_its_record_and_the_vm_nothing(void **state)
{
	(void)state;
	assert_int_equal(rig_start(&pvtime_kvm), 0);
	for (unsigned i = 0; i < RIG_NR; i++)
		assert_int_equal(fake_kvm.cpus[i].record, RIG_BASE + 64 * i);
	assert_int_equal(fake_kvm.nr_attrs, RIG_NR);
	assert_int_equal(fake_kvm.nr_filters, 0);
	assert_int_equal(fake_kvm.hyp_calls, 1);
}

static void second_attach_is_refused_and_names_the_vcpu(void **state)
{
	(void)state;
	assert_int_equal(rig_start(&pvtime_kvm), 0);
	assert_int_equal(pvtime_attach(&rig.pt, 1, rig.vcpus[1].fd), -EEXIST);
	assert_words("stolen time: vCPU 1: record at 0x90a0040: there is one "
		     "already; attach a vCPU once in its life, and not again "
		     "after a reset");
}

static void calls_are_the_kernels(void **state)
{
	(void)state;
	assert_int_equal(rig_start(&pvtime_kvm), 0);
	fault_arm(0, 0);
	assert_int_equal(pvtime_call(&rig.pt, 0, rig.vcpus[0].fd, 0xc5000021),
			 -ENOENT);
	assert_int_equal(fault_calls(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(host_needs_the_attribute_and_nothing_else),
		RIG_TEST(each_vcpu_is_told_its_record_and_the_vm_nothing),
		RIG_TEST(second_attach_is_refused_and_names_the_vcpu),
		RIG_TEST(calls_are_the_kernels),
	};

	return cmocka_run_group_tests_name("kvm", tests, NULL, NULL);
}
