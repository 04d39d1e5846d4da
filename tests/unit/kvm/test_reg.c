/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <errno.h>

#include "fake_sys.h"
#include "kvm/reg.h"
#include "kvm/uapi.h"

enum { FD = 43 };

static int rc, err;
static uint64_t value; /* of the one register there is */
static struct kvm_mp_state power;

static int answer(unsigned nr, unsigned long request, void *arg)
{
	const struct kvm_one_reg *reg = arg;

	(void)nr;
	errno = err;
	if (rc < 0)
		return rc;
	if (request == KVM_GET_ONE_REG)
		memcpy((void *)(uintptr_t)reg->addr, &value, sizeof(value));
	else if (request == KVM_SET_ONE_REG)
		memcpy(&value, (void *)(uintptr_t)reg->addr, sizeof(value));
	else if (request == KVM_GET_MP_STATE)
		memcpy(arg, &power, sizeof(power));
	return 0;
}

static int set_up(void **state)
{
	(void)state;
	fake_sys_reset(answer);
	rc = err = 0;
	return 0;
}

static void fails(int with)
{
	rc = -1;
	err = with;
}

static void register_is_got_by_its_id(void **state)
{
	const struct kvm_one_reg *reg;
	uint64_t v = 0;

	(void)state;
	value = 0x1122334455667788;
	assert_int_equal(kvm_reg_get(FD, 0xabc, &v), 0);
	reg = fake_sys_only(FD, KVM_GET_ONE_REG);
	assert_int_equal(reg->id, 0xabc);
	assert_true(v == 0x1122334455667788);
}

static void register_is_set_by_its_id(void **state)
{
	const struct kvm_one_reg *reg;

	(void)state;
	assert_int_equal(kvm_reg_set(FD, 0xdef, 0x8877665544332211), 0);
	reg = fake_sys_only(FD, KVM_SET_ONE_REG);
	assert_int_equal(reg->id, 0xdef);
	assert_true(value == 0x8877665544332211);
}

static void vcpu_is_turned_off_by_its_state(void **state)
{
	const struct kvm_mp_state *mp;

	(void)state;
	assert_int_equal(kvm_power_off(FD), 0);
	mp = fake_sys_only(FD, KVM_SET_MP_STATE);
	assert_int_equal(mp->mp_state, KVM_MP_STATE_STOPPED);
}

static void only_a_stopped_vcpu_is_off(void **state)
{
	(void)state;
	power.mp_state = KVM_MP_STATE_STOPPED;
	assert_int_equal(kvm_is_off(FD), 1);
	fake_sys_only(FD, KVM_GET_MP_STATE);
	power.mp_state = KVM_MP_STATE_RUNNABLE;
	assert_int_equal(kvm_is_off(FD), 0);
}

static void errors_are_the_kernels(void **state)
{
	static const int errors[] = { ENOENT, EINVAL, EBUSY, EPERM };
	uint64_t v = 5;

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		set_up(NULL);
		fails(errors[i]);
		assert_int_equal(kvm_reg_get(FD, 1, &v), -errors[i]);
		assert_int_equal(kvm_reg_set(FD, 1, 1), -errors[i]);
		assert_int_equal(kvm_power_off(FD), -errors[i]);
		assert_int_equal(kvm_is_off(FD), -errors[i]);
	}
	assert_int_equal(v, 5);
}

static void numbers_are_the_kernels(void **state)
{
	(void)state;
	assert_int_equal(KVM_GET_ONE_REG, 0x4010aeab);
	assert_int_equal(KVM_SET_ONE_REG, 0x4010aeac);
	assert_int_equal(KVM_GET_MP_STATE, 0x8004ae98);
	assert_int_equal(KVM_SET_MP_STATE, 0x4004ae99);
	assert_int_equal(KVM_MP_STATE_STOPPED, 5);
	assert_true(KVM_REG_ARM_STD_HYP_BMAP == 0x6030000000160001);
	assert_true(KVM_REG_ARM_TIMER_CNT == 0x603000000013df1a);
	assert_true(KVM_CORE_REG(regs.pc) == 0x6030000000100040);
	assert_true(KVM_CORE_REG(regs.regs[0]) == 0x6030000000100000);
	assert_true(KVM_CORE_REG(regs.regs[3]) == 0x6030000000100006);
}

#define T(fn) cmocka_unit_test_setup(fn, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(register_is_got_by_its_id),
		T(register_is_set_by_its_id),
		T(vcpu_is_turned_off_by_its_state),
		T(only_a_stopped_vcpu_is_off),
		T(errors_are_the_kernels),
		T(numbers_are_the_kernels),
	};

	return cmocka_run_group_tests_name("reg", tests, NULL, NULL);
}
