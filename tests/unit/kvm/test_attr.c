/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>

#include "fake_sys.h"
#include "kvm/attr.h"
#include "kvm/uapi.h"
#include "util/err.h"

enum { FD = 42, GROUP = 2 };

static const uint64_t attr = 0x123456789abcdef0;
static int rc, err;

static int answer(unsigned nr, unsigned long request, void *arg)
{
	(void)nr;
	(void)request;
	(void)arg;
	errno = err;
	return rc;
}

static int set_up(void **state)
{
	(void)state;
	fake_sys_reset(answer);
	rc = err = 0;
	return 0;
}

static void check_only(unsigned long request, const void *data)
{
	const struct kvm_device_attr *a = fake_sys_only(FD, request);

	assert_int_equal(a->flags, 0);
	assert_int_equal(a->group, GROUP);
	assert_true(a->attr == attr);
	assert_true(a->addr == (uintptr_t)data);
}

static void attribute_is_asked_for(void **state)
{
	(void)state;
	assert_true(kvm_attr_has(FD, GROUP, attr));
	check_only(KVM_HAS_DEVICE_ATTR, NULL);
	rc = -1;
	err = ENXIO;
	assert_false(kvm_attr_has(FD, GROUP, attr));
}

static void attribute_is_set_from_its_data(void **state)
{
	uint64_t data = 5;

	(void)state;
	assert_int_equal(kvm_attr_set(FD, GROUP, attr, &data), 0);
	check_only(KVM_SET_DEVICE_ATTR, &data);
	rc = -1;
	err = EEXIST;
	assert_int_equal(kvm_attr_set(FD, GROUP, attr, &data), -EEXIST);
}

static void attribute_is_got_into_its_data(void **state)
{
	uint64_t data;

	(void)state;
	assert_int_equal(kvm_attr_get(FD, GROUP, attr, &data), 0);
	check_only(KVM_GET_DEVICE_ATTR, &data);
	rc = -1;
	err = EFAULT;
	assert_int_equal(kvm_attr_get(FD, GROUP, attr, &data), -EFAULT);
}

/* Their numbers are ABI, from the 64-bit structure of all architectures. */
static void requests_are_the_kernels(void **state)
{
	(void)state;
	assert_int_equal(KVM_SET_DEVICE_ATTR, 0x4018aee1);
	assert_int_equal(KVM_GET_DEVICE_ATTR, 0x4018aee2);
	assert_int_equal(KVM_HAS_DEVICE_ATTR, 0x4018aee3);
	assert_int_equal(KVM_ARM_VCPU_PVTIME_CTRL, 2);
	assert_int_equal(KVM_ARM_VCPU_PVTIME_IPA, 0);
	assert_int_equal(KVM_ARM_VM_SMCCC_CTRL, 0);
	assert_int_equal(KVM_ARM_VM_SMCCC_FILTER, 0);
	assert_int_equal(KVM_SMCCC_FILTER_FWD_TO_USER, 2);
	assert_int_equal(KVM_DEV_TYPE_ARM_PV_TIME, 10);
}

/* Structures that this machine's own headers may be too old to have. */
static void structures_are_the_kernels(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct kvm_smccc_filter), 24);
	assert_int_equal(offsetof(struct kvm_smccc_filter, nr_functions), 4);
	assert_int_equal(offsetof(struct kvm_smccc_filter, action), 8);
	assert_int_equal(offsetof(struct kvm_smccc_filter, pad), 9);
	assert_int_equal(sizeof(struct kvm_dev_arm_st_region), 16);
	assert_int_equal(offsetof(struct kvm_dev_arm_st_region, size), 8);
	assert_int_equal(offsetof(struct kvm_run, hypercall.nr), 32);
}

#define T(fn) cmocka_unit_test_setup(fn, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(attribute_is_asked_for),
		T(attribute_is_set_from_its_data),
		T(attribute_is_got_into_its_data),
		T(requests_are_the_kernels),
		T(structures_are_the_kernels),
	};

	return cmocka_run_group_tests_name("attr", tests, NULL, NULL);
}
