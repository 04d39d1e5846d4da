/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_walk.c - tables that a guest made up, in memory with nothing around it.
 *
 * The input is registers, addresses to look for, and what memory holds, over
 * and over.  So that tables lead somewhere, some registers are put right and
 * descriptors may be made to point into memory.  Whatever they say, a walk ends
 * and reads nothing else, an address keeps its place within a page, and what is
 * found has as many bits as there are.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "fuzz.h"
#include "mach/gmem.h"
#include "mach/walk.h"

#define BASE	   UINT64_C(0x40000000)
#define SCTLR_M	   UINT64_C(1)
#define ADDR_48	   UINT64_C(0xfffffffff000)
#define UPPER_HALF (UINT64_C(1) << 55)

enum { SIZE = 0x20000, GUARD = 0x10000, NR_WANTED = 4, NONE = 0xa5 };

struct input {
	struct walk_regs regs;
	uint64_t wanted[NR_WANTED];
	uint64_t how; /* 1: bases in memory; 2: and so are descriptors' */
};

static struct gmem mem;

static void make_memory(void)
{
	uint8_t *map = mmap(NULL, GUARD + SIZE + GUARD, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MUST(map != MAP_FAILED);
	MUST(mprotect(map + GUARD, SIZE, PROT_READ | PROT_WRITE) == 0);
	mem = (struct gmem){ .host = map + GUARD, .base = BASE, .size = SIZE };
}

/* The same, with an address that is in memory. */
static uint64_t inside(uint64_t v)
{
	return (v & ~ADDR_48) | (BASE + (v & ADDR_48) % SIZE);
}

static void fill(const struct input *in, const uint8_t *data, size_t size)
{
	uint64_t *to = (uint64_t *)mem.host;

	memset(mem.host, 0, SIZE);
	for (size_t i = 0; i < SIZE / sizeof(*to) && size >= sizeof(*to); i++) {
		memcpy(&to[i], data + i * 8 % (size & ~7ul), sizeof(*to));
		if (in->how & 2)
			to[i] = inside(to[i]);
	}
}

static void look(const struct input *in, uint64_t va)
{
	gpa_t gpa = NONE, other = NONE;
	const uint64_t in_page = in->wanted[0] & 0xfff;

	if (!walk(&mem, &in->regs, va, &gpa)) {
		MUST(gpa == NONE);
		MUST(in->regs.sctlr & SCTLR_M);
		return;
	}
	if (in->regs.sctlr & SCTLR_M)
		MUST(gpa >> 52 == 0);
	MUST((gpa ^ va) % 0x1000 == 0);
	MUST(walk(&mem, &in->regs, va - va % 0x1000 + in_page, &other));
	MUST(other == gpa - gpa % 0x1000 + in_page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in;

	if (size < sizeof(in))
		return 0;
	if (!mem.host)
		make_memory();
	memcpy(&in, data, sizeof(in));
	fill(&in, data + sizeof(in), size - sizeof(in));
	if (in.how & 1) {
		in.regs.sctlr |= SCTLR_M;
		in.regs.ttbr0 = inside(in.regs.ttbr0);
		in.regs.ttbr1 = inside(in.regs.ttbr1);
	}
	for (unsigned i = 0; i < NR_WANTED; i++) {
		look(&in, in.wanted[i]);
		/* and such as both halves have, if their size is 48 bits */
		look(&in, in.wanted[i] >> 16);
		look(&in, ~(in.wanted[i] >> 16) | UPPER_HALF);
	}
	return 0;
}
