/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * start.S - from the first instruction to C, on the first CPU and on others.
 *
 * The MMU stays off, so all memory is Device memory to the guest: accesses
 * must be aligned (-mstrict-align) and exclusives do not work.  mmu.h has more
 * for guests that need it.
 *
 * _start:    entered as Linux is (booting.rst), x0 = dtb.  Calls main(dtb);
 *            powers off when it returns.  Where it is entered at EL2 it goes
 *            on at EL1, and so do other CPUs; booted_at_el2 says so.
 * cpu_start: where PSCI CPU_ON shall enter another CPU, x0 = the top of its
 *            stack, 16-byte aligned.  Calls cpu_main(top).
 * Traps:     go to trap(esr, elr, far), which returns where to go on.
 */
#include "psci.h"

/* What is RES1 in SCTLR_EL1, and nothing else: no MMU, no caches. */
#define SCTLR_EL1_OFF 0x30d00800

	.section .text.start, "ax"
	.globl	_start
_start:
	mrs	x20, CurrentEL
	bl	leave_el2
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
	adrp	x1, booted_at_el2
	ubfx	x20, x20, #3, #1
	strb	w20, [x1, :lo12:booted_at_el2]
	bl	main
	bl	psci_off

	.globl	cpu_start
cpu_start:
	bl	leave_el2
	mov	sp, x0
	adr	x1, vectors
	msr	vbar_el1, x1
	isb
	bl	cpu_main
	ldr	w0, =PSCI_CPU_OFF
	bl	smccc
	b	.

	.weak	cpu_main		// not every guest starts other CPUs
cpu_main:
	ret

/*
 * Return at EL1 with its MMU off, whichever level we are called at.  EL2 is
 * left empty: nothing traps to it, and the stack pointer is lost.  x0 is kept.
 */
	.globl	leave_el2
leave_el2:
	mrs	x9, CurrentEL
	cmp	x9, #2 << 2
	b.eq	1f
	ret
1:	mov	x9, #1 << 31		// RW: EL1 is AArch64
	msr	hcr_el2, x9
	isb
	mrs	x10, hcr_el2		// E2H may be fixed at 1
	ldr	x9, =SCTLR_EL1_OFF
	tbnz	x10, #34, 2f
	msr	sctlr_el1, x9
	b	3f
2:	msr	S3_5_C1_C0_0, x9	// sctlr_el12
3:	mov	x9, #0xc03		// counters and timers, in both layouts
	msr	cnthctl_el2, x9
	msr	cntvoff_el2, xzr
	msr	vttbr_el2, xzr
	msr	hstr_el2, xzr
	mrs	x9, midr_el1
	msr	vpidr_el2, x9
	mrs	x9, mpidr_el1
	msr	vmpidr_el2, x9
	mrs	x9, id_aa64pfr0_el1
	ubfx	x9, x9, #24, #4
	cbz	x9, 4f			// no GICv3 registers
	mov	x9, #0xf
	msr	S3_4_C12_C9_5, x9	// icc_sre_el2: EL1 may use them
	isb
	msr	S3_4_C12_C11_0, xzr	// ich_hcr_el2
4:	mov	x9, #0x3c5		// EL1 with its own stack, all masked
	msr	spsr_el2, x9
	msr	elr_el2, x30
	eret

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
	.globl	booted_at_el2
booted_at_el2:
	.byte	0
	.balign	16
	.space	8192
stack_top:
