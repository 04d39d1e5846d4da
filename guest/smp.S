/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smp.S - powers off from one CPU while the others still start or stop.
 *
 * CPU 0 starts CPU 1, 2, ... 15 as far as they exist.  Those with an even
 * number switch themselves off, those with an odd one power the machine off,
 * all in their first instructions: which comes first, and how far CPU 0 has
 * got by then, is chance.  Alone, CPU 0 powers off itself.
 */
#include "lib/psci.h"

	.section .text.start, "ax"
	.globl	_start
_start:
	mov	x19, #1			// next CPU; affinity level 0 counts it

1:	ldr	x0, =PSCI_CPU_ON
	mov	x1, x19
	adr	x2, other
	mov	x3, x19
	hvc	#0
	cbnz	x0, 2f			// no such CPU
	add	x19, x19, #1
	cmp	x19, #16
	b.lo	1b

2:	cmp	x19, #1
	b.eq	off
3:	wfi
	b	3b

other:	tbnz	x0, #0, off		// x0: the number CPU 0 gave
	ldr	w0, =PSCI_CPU_OFF
	hvc	#0
	b	.

off:	ldr	w0, =PSCI_SYSTEM_OFF
	hvc	#0
	b	.
