/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * enter.S - enters a kernel as the boot protocol wants it.
 *
 * kexec.c puts a copy of it into memory with the two addresses filled in; the
 * kernel that ends jumps to its first byte, at EL1 or EL2, with the MMU off.
 *
 * Spec: Linux Documentation/arch/arm64/booting.rst.
 */
	.section .rodata
	.balign	8
	.globl	enter
enter:	ldr	x0, 1f
	ldr	x4, 2f
	mov	x1, xzr
	mov	x2, xzr
	mov	x3, xzr
	br	x4
1:	.quad	0			// the device tree
2:	.quad	0			// the kernel

	.section .note.GNU-stack, "", @progbits
