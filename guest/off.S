/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * off.S - powers off in its first instructions.
 *
 * What remains is the VMM's own way from start to exit.
 */
#include "lib/psci.h"

	.section .text.start, "ax"
	.globl	_start
_start:
	ldr	w0, =PSCI_SYSTEM_OFF
	hvc	#0
	b	.
