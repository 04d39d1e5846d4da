/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>
#include <unistd.h>

#include "fake_kvm.h"
#include "kvm/uapi.h"
#include "kvm/vcpu.h"
#include "kvm/vm.h"
#include "pvtime/provider.h"
#include "util/err.h"

#define BASE UINT64_C(0x90a0000)

static int vm_fd;
static struct kvm_vcpu vcpu;

static int set_up(void **state)
{
	(void)state;
	fake_kvm_reset();
	vm_fd = fake_kvm_fd(FAKE_VM, 0);
	return kvm_vcpu_open(&vcpu, vm_fd, 0, 4096);
}

static int tear_down(void **state)
{
	(void)state;
	kvm_vcpu_close(&vcpu);
	return close(vm_fd);
}

static void host_is_asked_for_the_attribute_and_not_changed(void **state)
{
	(void)state;
	assert_null(pvtime_kvm.missing(vm_fd, &vcpu));
	fake_kvm.pvtime = false;
	assert_non_null(pvtime_kvm.missing(vm_fd, &vcpu));
	assert_int_equal(fake_kvm.nr_attrs, 0);
}

static void address_goes_to_the_attribute_of_the_documents(void **state)
{
	static uint8_t page[0x10000] __attribute__((aligned(0x10000)));
	const uint64_t *set;

	(void)state;
	assert_int_equal(kvm_slot_add(vm_fd, 0, BASE, sizeof(page), page), 0);
	assert_int_equal(pvtime_kvm.attach(&vcpu, BASE + 64), 0);
	set = fake_kvm_attr(FAKE_VCPU, 0, 2, 0);
	assert_non_null(set);
	assert_int_equal(*set, BASE + 64);
	kvm_slot_del(vm_fd, 0);
}

static void address_outside_of_all_slots_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(pvtime_kvm.attach(&vcpu, BASE), -EINVAL);
	assert_words("record at 0x90a0000: Invalid argument");
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(host_is_asked_for_the_attribute_and_not_changed),
		T(address_goes_to_the_attribute_of_the_documents),
		T(address_outside_of_all_slots_is_an_error),
	};

	return cmocka_run_group_tests_name("kvm", tests, NULL, NULL);
}
