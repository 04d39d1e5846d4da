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

#ifndef KVM_CAP_COUNTER_OFFSET /* 6.4 */
#define KVM_CAP_COUNTER_OFFSET 227
#endif

#ifndef KVM_ARM_VM_SMCCC_FILTER /* 6.4 */
#define KVM_ARM_VM_SMCCC_CTRL	     0
#define KVM_ARM_VM_SMCCC_FILTER	     0
#define KVM_SMCCC_FILTER_FWD_TO_USER 2
struct kvm_smccc_filter {
	__u32 base;
	__u32 nr_functions;
	__u8 action;
	__u8 pad[15];
};
#endif

/*
 * Attributes of KVM_DEV_TYPE_ARM_PV_TIME, which no released kernel has: groups
 * of the series of August 2019, version 1 and versions 2 and 3.  The one
 * attribute of each, stolen time, is 0.
 */
#define KVM_DEV_ARM_PV_TIME_PADDR      0 /* v1: __u64 */
#define KVM_DEV_ARM_PV_TIME_STATE_SIZE 1 /* v1: __u64 */
#define KVM_DEV_ARM_PV_TIME_STATE      2 /* v1: all records */
#define KVM_DEV_ARM_PV_TIME_REGION     0 /* v2, v3: the structure */
struct kvm_dev_arm_st_region {
	__u64 gpa;
	__u64 size;
};

#endif
