/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uapi.h - the one includer of <linux/kvm.h>, and what older copies lack.
 *
 * Debian 12 ships the headers of Linux 6.1; what later kernels added and we
 * use is given here under its own name, so that one binary serves all hosts.
 *
 * Spec: Linux Documentation/virt/kvm/api.rst.
 */
#ifndef KVM_UAPI_H
#define KVM_UAPI_H

#include <linux/kvm.h>

/* Register indices of the core registers, as offsets into struct kvm_regs. */
#define KVM_CORE_REG(member)                                   \
	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | \
	 KVM_REG_ARM_CORE_REG(member))

#define KVM_REG_MPIDR_EL1 ARM64_SYS_REG(3, 0, 0, 0, 5)

#ifndef KVM_EXIT_ARM_LDST64B /* 7.0; fills in arm_nisv */
#define KVM_EXIT_ARM_LDST64B 42
#endif

#ifndef KVM_REG_ARM_STD_HYP_BMAP /* 5.19 */
#define KVM_REG_ARM_STD_HYP_BMAP            \
	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | \
	 (0x16 << KVM_REG_ARM_COPROC_SHIFT) | 1)
#define KVM_REG_ARM_STD_HYP_BIT_PV_TIME 0
#endif

#endif
