/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hang.S - says one line on its console, then spins with interrupts masked.
 *
 * UART at 0x09000000.
 */
	.section .text.start, "ax"
	.globl	_start
_start:
	msr	daifset, #15
	mov	x1, #0x09000000		// UARTDR
	adr	x2, words
1:	ldrb	w3, [x2], #1
	cbz	w3, spin
	str	w3, [x1]
	b	1b
spin:	b	.

words:	.asciz	"hang: from now on nothing\n"
