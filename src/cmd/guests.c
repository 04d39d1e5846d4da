/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guests.c - the Makefile says where the images are: GUEST_CONFORMANCE and
 * GUEST_INIT.
 *
 * In a section of their own, behind all that each start touches.
 */
#include "cmd/guests.h"

#define EMBED(name, path)                               \
	__asm__(".pushsection .guests, \"a\"\n"         \
		".global " name "\n"                    \
		".balign 16\n" name ":\n"               \
		".incbin \"" path "\"\n" name "_end:\n" \
		".global " name "_size\n"               \
		".balign 8\n" name "_size:\n"           \
		".quad " name "_end - " name "\n"       \
		".popsection\n")

EMBED("guest_conformance", GUEST_CONFORMANCE);
EMBED("guest_init", GUEST_INIT);
