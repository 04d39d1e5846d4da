/* SPDX-License-Identifier: BSD-2-Clause */
#include "kvm/reg.h"

#include <errno.h>
#include <sys/ioctl.h>

#include "kvm/uapi.h"

int kvm_reg_get(int vcpu_fd, uint64_t id, uint64_t *ret)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)ret };

	return ioctl(vcpu_fd, KVM_GET_ONE_REG, &reg) < 0 ? -errno : 0;
}

int kvm_reg_set(int vcpu_fd, uint64_t id, uint64_t v)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&v };

	return ioctl(vcpu_fd, KVM_SET_ONE_REG, &reg) < 0 ? -errno : 0;
}

int kvm_power_off(int vcpu_fd)
{
	struct kvm_mp_state state = { .mp_state = KVM_MP_STATE_STOPPED };

	return ioctl(vcpu_fd, KVM_SET_MP_STATE, &state) < 0 ? -errno : 0;
}

int kvm_is_off(int vcpu_fd)
{
	struct kvm_mp_state state;

	if (ioctl(vcpu_fd, KVM_GET_MP_STATE, &state) < 0)
		return -errno;
	return state.mp_state == KVM_MP_STATE_STOPPED;
}
