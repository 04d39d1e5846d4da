/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe.h - accesses to memory that may not be there.
 *
 * Each is one instruction, which returns false instead of taking the guest
 * down if it ends in an exception.
 */
#ifndef GUEST_PROBE_H
#define GUEST_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "fixup.h"

static inline bool probe_load(uint64_t addr, uint64_t *ret_v)
{
	uint64_t v = 0;
	uint32_t bad = 1;

	__asm__ volatile("1: ldr %0, [%2]\n\t"
			 "mov %w1, #0\n"
			 "2:\n\t" FIXUP(1b, 2b)
			 : "+&r"(v), "+&r"(bad)
			 : "r"(addr)
			 : "memory");
	if (!bad)
		*ret_v = v;
	return !bad;
}

static inline bool probe_store(uint64_t addr, uint64_t v)
{
	uint32_t bad = 1;

	__asm__ volatile("1: str %2, [%1]\n\t"
			 "mov %w0, #0\n"
			 "2:\n\t" FIXUP(1b, 2b)
			 : "+&r"(bad)
			 : "r"(addr), "r"(v)
			 : "memory");
	return !bad;
}

/* Two registers at once: a hypervisor cannot answer that in memory's place,
 * because the hardware does not describe such a load to it. */
static inline bool probe_load_pair(uint64_t addr, uint64_t ret_v[2])
{
	uint64_t v = 0, w = 0;
	uint32_t bad = 1;

	__asm__ volatile("1: ldp %0, %1, [%3]\n\t"
			 "mov %w2, #0\n"
			 "2:\n\t" FIXUP(1b, 2b)
			 : "+&r"(v), "+&r"(w), "+&r"(bad)
			 : "r"(addr)
			 : "memory");
	ret_v[0] = v;
	ret_v[1] = w;
	return !bad;
}

/* A load that only Normal memory must allow. */
static inline bool probe_load_exclusive(uint64_t addr, uint64_t *ret_v)
{
	uint64_t v = 0;
	uint32_t bad = 1;

	__asm__ volatile("1: ldxr %0, [%2]\n\t"
			 "mov %w1, #0\n"
			 "2: clrex\n\t" FIXUP(1b, 2b)
			 : "+&r"(v), "+&r"(bad)
			 : "r"(addr)
			 : "memory");
	*ret_v = v;
	return !bad;
}

#endif
