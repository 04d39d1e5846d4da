/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smccc.h - calls to the hypervisor, by HVC, and the numbers used here.
 *
 * Spec: Arm DEN0028 2.5 to 2.7 (registers), DEN0057A 3 (stolen time).
 */
#ifndef GUEST_SMCCC_H
#define GUEST_SMCCC_H

#include <stdint.h>

#define SMCCC_VERSION	    0x80000000
#define SMCCC_ARCH_FEATURES 0x80000001
#define PV_TIME_FEATURES    0xc5000020
#define PV_TIME_ST	    0xc5000021

/*
 * x0 after the call.  x1 to x17 are the callee's to change: x4 to x17 were so
 * up to SMCCC 1.0, and a test guest gains nothing by counting on better.
 */
static inline int64_t smccc(uint64_t fn, uint64_t a1, uint64_t a2, uint64_t a3)
{
	register uint64_t x0 __asm__("x0") = fn;
	register uint64_t x1 __asm__("x1") = a1;
	register uint64_t x2 __asm__("x2") = a2;
	register uint64_t x3 __asm__("x3") = a3;

	__asm__ volatile("hvc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
			 :
			 : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
			   "x12", "x13", "x14", "x15", "x16", "x17", "memory");
	return (int64_t)x0;
}

#endif
