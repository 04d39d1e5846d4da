/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guests.c - the Makefile says where the image is: GUEST_CONFORMANCE.
 *
 * In a section of its own, behind all that each start touches.
 */
#include "cmd/guests.h"

__asm__(".pushsection .guests, \"a\"\n"
	".global guest_conformance\n"
	".balign 16\n"
	"guest_conformance:\n"
	".incbin \"" GUEST_CONFORMANCE "\"\n"
	"guest_conformance_end:\n"
	".global guest_conformance_size\n"
	".balign 8\n"
	"guest_conformance_size:\n"
	".quad guest_conformance_end - guest_conformance\n"
	".popsection\n");
