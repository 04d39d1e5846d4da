/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <unistd.h>

#include "fake_kvm.h"
#include "kvm/vcpu.h"
#include "pvtime/provider.h"
#include "util/err.h"

static int vm_fd;
static struct kvm_vcpu vcpus[2];

static int set_up(void **state)
{
	(void)state;
	fake_kvm_reset();
	vm_fd = fake_kvm_fd(FAKE_VM, 0);
	return kvm_vcpu_open(&vcpus[0], vm_fd, 0, 4096) |
	       kvm_vcpu_open(&vcpus[1], vm_fd, 1, 4096);
}

static int tear_down(void **state)
{
	(void)state;
	kvm_vcpu_close(&vcpus[0]);
	kvm_vcpu_close(&vcpus[1]);
	return close(vm_fd);
}

static void works_on_every_host(void **state)
{
	(void)state;
	fake_kvm.pvtime = fake_kvm.std_hyp = false;
	assert_null(pvtime_off.missing(vm_fd, &vcpus[0]));
	assert_int_equal(pvtime_off.attach(&vcpus[0], 0), 0);
}

static void takes_only_the_discovery_call_away(void **state)
{
	(void)state;
	fake_kvm.hyp_calls = 0xff;
	assert_int_equal(pvtime_off.attach(&vcpus[0], 0), 0);
	assert_int_equal(fake_kvm.hyp_calls, 0xfe);
}

static void does_so_once_for_all_vcpus(void **state)
{
	(void)state;
	fault_arm(0, 0);
	assert_int_equal(pvtime_off.attach(&vcpus[1], 0), 0);
	assert_int_equal(fault_calls(), 0);
	assert_int_equal(fake_kvm.hyp_calls, 1);
}

static void host_that_knows_the_register_and_refuses_is_an_error(void **state)
{
	(void)state;
	fault_arm(2, EBUSY);
	assert_int_equal(pvtime_off.attach(&vcpus[0], 0), -EBUSY);
	assert_words("take the discovery call away: Device or resource busy");
}

static void no_record_is_set(void **state)
{
	(void)state;
	assert_int_equal(pvtime_off.attach(&vcpus[0], 0x90a0000), 0);
	assert_int_equal(fake_kvm.nr_attrs, 0);
	assert_int_equal(fake_kvm.cpus[0].record, 0);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(works_on_every_host),
		T(takes_only_the_discovery_call_away),
		T(does_so_once_for_all_vcpus),
		T(host_that_knows_the_register_and_refuses_is_an_error),
		T(no_record_is_set),
	};

	return cmocka_run_group_tests_name("off", tests, NULL, NULL);
}
