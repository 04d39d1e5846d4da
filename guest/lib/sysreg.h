/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sysreg.h - system registers by name.
 */
#ifndef GUEST_SYSREG_H
#define GUEST_SYSREG_H

#include <stdint.h>

#define SYSREG_READ(reg)                                      \
	({                                                    \
		uint64_t v_;                                  \
		__asm__ volatile("mrs %0, " #reg : "=r"(v_)); \
		v_;                                           \
	})
#define SYSREG_WRITE(reg, v) \
	__asm__ volatile("msr " #reg ", %0\n\tisb" : : "r"((uint64_t)(v)))

/* What MPIDR_EL1 has besides the affinity, which PSCI and the tree use. */
#define MPIDR_AFFINITY UINT64_C(0xff00ffffff)

#endif
