/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fixup.h - instructions that may end in an exception, and where to go then.
 *
 * FIXUP() adds a line to a table that trap() reads, of two offsets relative to
 * themselves: an image that nobody relocates holds no addresses.
 */
#ifndef GUEST_FIXUP_H
#define GUEST_FIXUP_H

#ifdef __ASSEMBLER__
/* clang-format off */
#define FIXUP(at, to)                   \
	.pushsection .fixup, "a";       \
	.balign 4;                      \
	.long (at) - .;                 \
	.long (to) - .;                 \
	.popsection
/* clang-format on */
#else
/* The same for asm(). */
#define FIXUP(at, to)                    \
	".pushsection .fixup, \"a\"\n\t" \
	".balign 4\n\t"                  \
	".long (" #at ") - .\n\t"        \
	".long (" #to ") - .\n\t"        \
	".popsection\n\t"
#endif

#endif
