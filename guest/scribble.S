/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scribble.S - all CPUs, up to 16, write to where only the host should: each
 * over its own record and then over the whole 64 KiB that it lies in, for ever.
 */
#include "lib/psci.h"

#define PV_TIME_ST 0xc5000021

	.section .text.start, "ax"
	.globl	_start
_start:
	mov	x19, #1			// next CPU; affinity level 0 counts it
1:	ldr	x0, =PSCI_CPU_ON
	mov	x1, x19
	adr	x2, other
	mov	x3, #0
	hvc	#0
	add	x19, x19, #1
	cmp	x19, #16
	b.lo	1b

other:	ldr	x0, =PV_TIME_ST
	hvc	#0
	cmn	x0, #1
	b.eq	.			// nothing to write to
	mov	x20, x0
	mov	x21, #0
	ldr	x22, =0x9e3779b97f4a7c15
2:	add	x21, x21, x22		// other values each time
	mov	x23, #0
3:	str	x21, [x20, x23]		// the record
	add	x23, x23, #8
	cmp	x23, #64
	b.lo	3b
	and	x24, x20, #~0xffff
	mov	x23, #0
4:	str	x21, [x24, x23]		// the region
	add	x23, x23, #8
	cmp	x23, #0x10000
	b.lo	4b
	b	2b
