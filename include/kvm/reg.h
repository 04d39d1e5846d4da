/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reg.h - one vCPU's registers and its power, by its descriptor alone.
 *
 * Spec:    Linux Documentation/virt/kvm/api.rst 4.38 and 4.39
 *          (KVM_GET_MP_STATE, KVM_SET_MP_STATE), 4.68
 *          and 4.69 (registers).
 * Errors:  0 or a negative errno; the caller, who knows what the register
 *          means, words it.
 * Threads: the vCPU's own, or any while it does not run.
 */
#ifndef KVM_REG_H
#define KVM_REG_H

#include <stdint.h>

/* 64-bit registers by their KVM id. */
int kvm_reg_get(int vcpu_fd, uint64_t id, uint64_t *ret);
int kvm_reg_set(int vcpu_fd, uint64_t id, uint64_t v);

/* The vCPU is off, until another one turns it on by PSCI. */
int kvm_power_off(int vcpu_fd);

/* Is it off now, so 1, or 0? */
int kvm_is_off(int vcpu_fd);

#endif
