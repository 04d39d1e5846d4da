/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * psci.h - the power calls, by smccc()'s conduit.
 *
 * Spec: Arm DEN0022 5 (functions), 5.2.2 (return codes).
 */
#ifndef GUEST_PSCI_H
#define GUEST_PSCI_H

#define PSCI_VERSION	   0x84000000
#define PSCI_FEATURES	   0x8400000a
#define PSCI_CPU_OFF	   0x84000002
#define PSCI_CPU_ON	   0xc4000003
#define PSCI_AFFINITY_INFO 0xc4000004
#define PSCI_SYSTEM_OFF	   0x84000008
#define PSCI_SYSTEM_RESET  0x84000009

#ifndef __ASSEMBLER__

#include "smccc.h"

/* AFFINITY_INFO's answers. */
enum { PSCI_ON, PSCI_OFF, PSCI_ON_PENDING };

/* Power the machine off. */
_Noreturn void psci_off(void);

#endif
#endif
