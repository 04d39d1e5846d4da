/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exits.S - leaves the guest a given number of times, then powers off.
 *
 * The difference between two runs, divided by that of their counts, is what
 * one exit costs.  Count, kind and address are words of the image that whoever
 * runs it may patch, so that every VMM gets the same guest however it passes
 * parameters:
 *
 *	byte	 8  u32  count
 *		12  u32  kind: 0 read 32 bits, 1 write 32 bits, 2 PSCI_VERSION
 *			       (a hypercall that KVM answers), 3 read 8 bits
 *		16  u64  address for the kinds 0, 1 and 3
 *
 * As they are: 10000 reads of a PL011's flag register.
 */
#include "lib/psci.h"

	.section .text.start, "ax"
	.globl	_start
_start:
	b	1f
	.balign	8
	.word	10000			// count
	.word	0			// kind
	.quad	0x09000018		// address

1:	adr	x4, _start
	ldp	w5, w6, [x4, #8]
	ldr	x7, [x4, #16]
	cbz	w5, off
	cmp	w6, #1
	b.lo	read
	b.eq	write
	cmp	w6, #2
	b.eq	call

read8:	ldrb	w0, [x7]
	subs	w5, w5, #1
	b.ne	read8
	b	off

read:	ldr	w0, [x7]
	subs	w5, w5, #1
	b.ne	read
	b	off

write:	str	wzr, [x7]
	subs	w5, w5, #1
	b.ne	write
	b	off

call:	ldr	w0, =PSCI_VERSION
	hvc	#0
	subs	w5, w5, #1
	b.ne	call

off:	ldr	w0, =PSCI_SYSTEM_OFF
	hvc	#0
	b	.
