/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flood.S - writes to the console as fast as it can, then powers off.
 *
 * Lines of 8 bytes: the line's number as 7 hexadecimal digits, which count from
 * 0000000, and a newline.  So a reader sees what is missing, doubled or out of
 * order.  How many is a word of the image that whoever runs it may patch:
 *
 *	byte	 8  u32  lines
 *
 * As it is: 131072, 1 MiB.  UART at 0x09000000.
 */
#include "lib/psci.h"

	.section .text.start, "ax"
	.globl	_start
_start:
	b	1f
	.balign	8
	.word	131072			// lines

1:	adr	x7, _start
	ldr	w8, [x7, #8]
	mov	x1, #0x09000000		// UARTDR
	mov	w2, #0			// line
line:	mov	w3, #24			// the digit's place
digit:	lsr	w4, w2, w3
	and	w4, w4, #15
	add	w5, w4, #'0'
	add	w6, w4, #'a' - 10
	cmp	w4, #10
	csel	w5, w5, w6, lo
	str	w5, [x1]
	subs	w3, w3, #4
	b.pl	digit
	mov	w5, #'\n'
	str	w5, [x1]
	add	w2, w2, #1
	cmp	w2, w8
	b.ne	line

	ldr	w0, =PSCI_SYSTEM_OFF
	hvc	#0
	b	.
