/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * walk.h - which guest-physical address a guest's kernel means by an address.
 *
 * The tables are the guest's and may hold anything, and be changed meanwhile:
 * a walk reads one descriptor on each of at most five levels, and finds
 * something or not.  Only where memory is matters here, so what a CPU would
 * say of permissions and access flags is left out; and so are what no Linux
 * guest of ours has, tables of 128-bit descriptors and those of EL2.
 *
 * Spec:    Arm DDI0487 D8.2 and D8.3 (stage 1, VMSAv8-64, with FEAT_LVA,
 *          FEAT_LPA, FEAT_LPA2 and FEAT_TTST), D19.2 (the registers).
 * Errors:  none: a guest's nonsense is not found.
 * Owns:    nothing.
 * Threads: any.
 */
#ifndef MACH_WALK_H
#define MACH_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "kvm/vm.h" /* gpa_t */

struct gmem;

/* Of EL1, as a vCPU has them. */
struct walk_regs {
	uint64_t sctlr, tcr, ttbr0, ttbr1;
};

/*
 * Where @va is.  False: it is mapped nowhere, or tables on the way to it are
 * not in @mem.  What is found may lie anywhere, in @mem or not.
 */
bool walk(const struct gmem *mem, const struct walk_regs *regs, uint64_t va,
	  gpa_t *ret);

#endif
