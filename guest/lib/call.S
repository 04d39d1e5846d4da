/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * call.S - smccc_call() of smccc.h.
 *
 * Around the call every general register is the caller's test value, so what
 * we need is in thread ID registers, which nothing else here uses: tpidr_el1
 * has the stack pointer.
 */
#include "fixup.h"

	.text
	.globl	smccc_call
smccc_call:				// w0: the conduit, x1: the registers
	stp	x29, x30, [sp, #-112]!
	stp	x27, x28, [sp, #16]
	stp	x25, x26, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x21, x22, [sp, #64]
	stp	x19, x20, [sp, #80]
	str	x1, [sp, #96]
	mov	x2, sp
	msr	tpidr_el1, x2
	cmp	w0, #0
	ldp	x2, x3, [x1, #16]
	ldp	x4, x5, [x1, #32]
	ldp	x6, x7, [x1, #48]
	ldp	x8, x9, [x1, #64]
	ldp	x10, x11, [x1, #80]
	ldp	x12, x13, [x1, #96]
	ldp	x14, x15, [x1, #112]
	ldp	x16, x17, [x1, #128]
	ldp	x18, x19, [x1, #144]
	ldp	x20, x21, [x1, #160]
	ldp	x22, x23, [x1, #176]
	ldp	x24, x25, [x1, #192]
	ldp	x26, x27, [x1, #208]
	ldp	x28, x29, [x1, #224]
	ldr	x30, [x1, #240]
	ldp	x0, x1, [x1]
	b.ne	2f
1:	hvc	#0
	FIXUP(1b, refused)
	b	3f
2:	smc	#0
	FIXUP(2b, refused)

3:	msr	tpidr_el0, x0
	mov	x0, sp
	msr	tpidrro_el0, x0
	mrs	x0, tpidr_el1
	mov	sp, x0
	ldr	x0, [sp, #96]
	stp	x2, x3, [x0, #16]
	stp	x4, x5, [x0, #32]
	stp	x6, x7, [x0, #48]
	stp	x8, x9, [x0, #64]
	stp	x10, x11, [x0, #80]
	stp	x12, x13, [x0, #96]
	stp	x14, x15, [x0, #112]
	stp	x16, x17, [x0, #128]
	stp	x18, x19, [x0, #144]
	stp	x20, x21, [x0, #160]
	stp	x22, x23, [x0, #176]
	stp	x24, x25, [x0, #192]
	stp	x26, x27, [x0, #208]
	stp	x28, x29, [x0, #224]
	mrs	x2, tpidr_el0
	stp	x2, x1, [x0]
	mrs	x2, tpidrro_el0
	mov	x3, sp
	sub	x2, x2, x3
	stp	x30, x2, [x0, #240]
	mov	w0, #1
4:	ldp	x27, x28, [sp, #16]
	ldp	x25, x26, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x21, x22, [sp, #64]
	ldp	x19, x20, [sp, #80]
	ldp	x29, x30, [sp], #112
	ret

refused:
	mov	w0, #0
	b	4b
