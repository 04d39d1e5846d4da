/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * busy.S - all CPUs, up to 16, ask for their record and are busy for ever.
 */
#include "lib/psci.h"

#define PV_TIME_ST 0xc5000021

	.section .text.start, "ax"
	.globl	_start
_start:
	mov	x19, #1			// next CPU; affinity level 0 counts it
1:	ldr	x0, =PSCI_CPU_ON
	mov	x1, x19
	adr	x2, busy
	mov	x3, #0
	hvc	#0
	add	x19, x19, #1
	cmp	x19, #16
	b.lo	1b

busy:	ldr	x0, =PV_TIME_ST
	hvc	#0
	b	.
