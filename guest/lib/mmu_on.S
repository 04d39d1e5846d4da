/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mmu_on.S - mmu_on() and mmu_cpu_start() of mmu.h.
 *
 * Until the MMU is on a CPU goes past the caches, so it must not touch what
 * others write through them: registers are all it uses.
 */
	/* Index 0: Normal, write-back; 1: Device-nGnRE. */
#define MAIR	0x04ff
	/* 48 bits, 4 KiB pages; walks write-back, inner shareable; no TTBR1. */
#define TCR	((16 << 0) | (1 << 8) | (1 << 10) | (3 << 12) | (1 << 23))
#define TCR_IPS	32
	/* RES1 as in start.S, and: MMU, data cache, instruction cache. */
#define SCTLR	(0x30d00800 | (1 << 0) | (1 << 2) | (1 << 12))
#define PARANGE_48 5

	.text
/* What was written so far went past the caches; what they may hold of it from
 * before is thrown away. */
	.globl	mmu_on
mmu_on:
	mov	x6, x30
	adrp	x1, bss_start
	add	x1, x1, :lo12:bss_start
	adrp	x2, bss_end
	add	x2, x2, :lo12:bss_end
	mrs	x3, ctr_el0
	ubfx	x3, x3, #16, #4		// log2 of a line, in words
	mov	x4, #4
	lsl	x4, x4, x3
	sub	x5, x4, #1
	bic	x1, x1, x5
	dsb	sy
1:	dc	ivac, x1
	add	x1, x1, x4
	cmp	x1, x2
	b.lo	1b
	dsb	sy
	bl	enable
	ret	x6

	.globl	mmu_cpu_start
mmu_cpu_start:
	bl	leave_el2
	bl	enable
	b	cpu_start

enable:
	ldr	x1, =MAIR
	msr	mair_el1, x1
	mrs	x1, id_aa64mmfr0_el1
	and	x1, x1, #0xf
	mov	x2, #PARANGE_48
	cmp	x1, x2
	csel	x1, x1, x2, lo
	ldr	x2, =TCR
	orr	x2, x2, x1, lsl #TCR_IPS
	msr	tcr_el1, x2
	adrp	x1, mmu_tables
	msr	ttbr0_el1, x1
	tlbi	vmalle1
	ic	iallu
	dsb	nsh
	isb
	ldr	x1, =SCTLR
	msr	sctlr_el1, x1
	isb
	ret
