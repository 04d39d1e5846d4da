/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * header.S - what makes the flat image an arm64 Image, for any VMM to boot.
 *
 * Spec: Linux Documentation/arch/arm64/booting.rst, 4.
 */
	.section .text.header, "ax"
header:	b	_start
	.long	0			// code1
	.quad	0			// text_offset
	.quad	image_end - header	// image_size, .bss and stacks included
	.quad	(1 << 1) | (1 << 3)	// little-endian, 4 KiB pages, anywhere
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0
