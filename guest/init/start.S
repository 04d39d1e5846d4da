/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * start.S - the first instruction of process 1.
 *
 * The kernel's arguments and environment are not for us: where we are, nothing
 * but the channel says what to do.
 */
	.text
	.globl	_start
_start:
	mov	x29, #0			// the outermost frame
	mov	x30, #0
	bl	init_main		// does not return

	.section .note.GNU-stack, "", @progbits
