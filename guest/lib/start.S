/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * start.S - from the first instruction to C, on the first CPU and on others.
 *
 * The MMU stays off, so all memory is Device memory to the guest: accesses
 * must be aligned (-mstrict-align) and exclusives do not work.
 *
 * _start:    entered as Linux is (booting.rst), x0 = dtb.  Calls main(dtb);
 *            powers off when it returns.
 * cpu_start: where PSCI CPU_ON shall enter another CPU, x0 = the top of its
 *            stack, 16-byte aligned.  Calls cpu_main(top).
 * Traps:     go to trap(esr, elr, far), which returns where to go on.
 */
#include "psci.h"

	.section .text.start, "ax"
	.globl	_start
_start:
	adrp	x1, bss_start
	add	x1, x1, :lo12:bss_start
	adrp	x2, bss_end
	add	x2, x2, :lo12:bss_end
1:	cmp	x1, x2			// memory is not fresh under every VMM
	b.hs	2f
	stp	xzr, xzr, [x1], #16
	b	1b
2:	adrp	x1, stack_top
	add	x1, x1, :lo12:stack_top
	mov	sp, x1
	adr	x1, vectors
	msr	vbar_el1, x1
	isb
	bl	main
	ldr	w0, =PSCI_SYSTEM_OFF
	hvc	#0
	b	.

	.globl	cpu_start
cpu_start:
	mov	sp, x0
	adr	x1, vectors
	msr	vbar_el1, x1
	isb
	bl	cpu_main
	ldr	w0, =PSCI_CPU_OFF
	hvc	#0
	b	.

	.weak	cpu_main		// not every guest starts other CPUs
cpu_main:
	ret

/* All sixteen vectors alike: what a C function may change is kept. */
	.balign	2048
vectors:
	.rept	16
	.balign	128
	b	taken
	.endr

taken:	stp	x0, x1, [sp, #-160]!
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x30, [sp, #144]
	mrs	x0, esr_el1
	mrs	x1, elr_el1
	mrs	x2, far_el1
	bl	trap
	msr	elr_el1, x0
	ldp	x2, x3, [sp, #16]
	ldp	x4, x5, [sp, #32]
	ldp	x6, x7, [sp, #48]
	ldp	x8, x9, [sp, #64]
	ldp	x10, x11, [sp, #80]
	ldp	x12, x13, [sp, #96]
	ldp	x14, x15, [sp, #112]
	ldp	x16, x17, [sp, #128]
	ldp	x18, x30, [sp, #144]
	ldp	x0, x1, [sp], #160
	eret

	.bss
	.balign	16
	.space	8192
stack_top:
