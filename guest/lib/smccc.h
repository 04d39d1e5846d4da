/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smccc.h - calls to the hypervisor or firmware, and the numbers used here.
 *
 * Spec: Arm DEN0028 2.5 to 2.7 (registers), DEN0057A 3 (stolen time).
 */
#ifndef GUEST_SMCCC_H
#define GUEST_SMCCC_H

#define SMCCC_VERSION	    0x80000000
#define SMCCC_ARCH_FEATURES 0x80000001
#define PV_TIME_FEATURES    0xc5000020
#define PV_TIME_ST	    0xc5000021

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stdint.h>

/* The instruction that calls. */
enum smccc_conduit { SMCCC_HVC, SMCCC_SMC };

/* x0 to x30, and by how much the call moved the stack pointer. */
struct smccc_regs {
	uint64_t x[31];
	uint64_t sp_moved;
};

/* Call with all registers from *regs, and put there what they are then.
 * false: the instruction was refused with an exception. */
bool smccc_call(enum smccc_conduit conduit, struct smccc_regs *regs);

/* The conduit of smccc(); HVC until another is set. */
void smccc_use(enum smccc_conduit conduit);

/* x0 after the call; NOT_SUPPORTED (-1) if it ended in an exception. */
int64_t smccc(uint64_t fn, uint64_t a1, uint64_t a2, uint64_t a3);

#endif
#endif
