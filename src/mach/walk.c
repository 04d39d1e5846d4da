/* SPDX-License-Identifier: BSD-2-Clause */
#include "mach/walk.h"

#include <endian.h>

#include "mach/gmem.h"

/* SCTLR_EL1 */
#define SCTLR_M	 (UINT64_C(1) << 0)
#define SCTLR_EE (UINT64_C(1) << 25) /* tables are big-endian */

/* TCR_EL1: for the lower half of all addresses, for the upper, for both */
#define TCR_EPD0    (UINT64_C(1) << 7) /* it is not walked */
#define TCR_EPD1    (UINT64_C(1) << 23)
#define TCR_TBI0    (UINT64_C(1) << 37) /* the top byte is a tag */
#define TCR_TBI1    (UINT64_C(1) << 38)
#define TCR_DS	    (UINT64_C(1) << 59) /* 52-bit addresses of 4K and 16K */
#define TCR_T0SZ(t) ((t)&0x3f)
#define TCR_T1SZ(t) ((t) >> 16 & 0x3f)
#define TCR_TG0(t)  ((t) >> 14 & 3)
#define TCR_TG1(t)  ((t) >> 30 & 3)
#define TCR_IPS(t)  ((t) >> 32 & 7)
#define TCR_IPS_52  6

/* The lowest two bits of a descriptor. */
enum { VALID = 1, TABLE = 2 };

enum { SHIFT_4K = 12, SHIFT_16K = 14, SHIFT_64K = 16, LAST_LEVEL = 3 };

/* Which of 64 bits from @low to @high @v has, where they are. */
static uint64_t bits(uint64_t v, unsigned high, unsigned low)
{
	return v & (~UINT64_C(0) >> (63 - high)) & (~UINT64_C(0) << low);
}

/* One of the two halves of an address space. */
struct half {
	unsigned shift; /* of a page; 0: none of the three that there are */
	unsigned size;	/* an address has 64 bits less these */
	uint64_t ttbr;
	bool walked, tagged;
	bool ds;   /* FEAT_LPA2's descriptors */
	bool wide; /* ttbr, too, has an address of 52 bits */
	bool big_endian;
};

static struct half half_of(const struct walk_regs *r, bool upper)
{
	static const uint8_t tg0[4] = { SHIFT_4K, SHIFT_64K, SHIFT_16K, 0 };
	static const uint8_t tg1[4] = { 0, SHIFT_16K, SHIFT_4K, SHIFT_64K };
	const uint64_t tcr = r->tcr;
	struct half h = {
		.shift = upper ? tg1[TCR_TG1(tcr)] : tg0[TCR_TG0(tcr)],
		.size = upper ? TCR_T1SZ(tcr) : TCR_T0SZ(tcr),
		.ttbr = upper ? r->ttbr1 : r->ttbr0,
		.walked = !(tcr & (upper ? TCR_EPD1 : TCR_EPD0)),
		.tagged = tcr & (upper ? TCR_TBI1 : TCR_TBI0),
		.big_endian = r->sctlr & SCTLR_EE,
	};

	h.ds = h.shift != SHIFT_64K && tcr & TCR_DS;
	h.wide = h.ds || (h.shift == SHIFT_64K && TCR_IPS(tcr) == TCR_IPS_52);
	return h;
}

/* Are its page and address sizes such as a CPU can have? */
static bool is_sound(const struct half *h)
{
	unsigned min = h->ds || h->shift == SHIFT_64K ? 12 : 16;
	unsigned max = h->shift == SHIFT_64K ? 47 : 48;

	return h->shift && h->size >= min && h->size <= max;
}

/* Are the bits above this half's addresses, but for a tag, all as @upper? */
static bool is_inside(const struct half *h, uint64_t va, bool upper)
{
	return bits(upper ? ~va : va, h->tagged ? 55 : 63, 64 - h->size) == 0;
}

/* The address in @d, of something that is aligned to 2^@shift bytes. */
static gpa_t address_in(const struct half *h, uint64_t d, unsigned shift)
{
	if (h->ds)
		return bits(d, 49, shift) | bits(d, 9, 8) << 42;
	if (h->shift == SHIFT_64K)
		return bits(d, 47, shift) | bits(d, 15, 12) << 36;
	return bits(d, 47, shift);
}

/* Of the first table, which has 2^@bits_there descriptors. */
static gpa_t first_table(const struct half *h, unsigned bits_there)
{
	unsigned shift = bits_there + 3;

	if (!h->wide)
		return bits(h->ttbr, 47, shift);
	if (shift < 6)
		shift = 6;
	return bits(h->ttbr, 47, shift) | bits(h->ttbr, 5, 2) << 46;
}

/* May a descriptor on @level stand for a block of memory? */
static bool has_blocks(const struct half *h, int level)
{
	/* Of 64K pages level 1 has them where there is FEAT_LPA; who knows. */
	int first = h->shift == SHIFT_16K ? 2 : 1;

	return level >= (h->ds ? first - 1 : first);
}

/* Descriptor @i of the @table; one that is not valid where there is none. */
static uint64_t descriptor(const struct gmem *mem, const struct half *h,
			   gpa_t table, uint64_t i)
{
	const uint64_t *at = gmem_at(mem, table + i * sizeof(*at), sizeof(*at));
	uint64_t d = at ? __atomic_load_n(at, __ATOMIC_RELAXED) : 0;

	return h->big_endian ? be64toh(d) : le64toh(d);
}

bool walk(const struct gmem *mem, const struct walk_regs *regs, uint64_t va,
	  gpa_t *ret)
{
	const bool upper = va >> 55 & 1;
	const struct half h = half_of(regs, upper);
	unsigned nr_bits = 64 - h.size, step, levels, shift;
	gpa_t table;

	if (!(regs->sctlr & SCTLR_M)) {
		*ret = h.tagged ? bits(va, 55, 0) : va;
		return true;
	}
	if (!h.walked || !is_sound(&h) || !is_inside(&h, va, upper))
		return false;
	step = h.shift - 3; /* bits that a level resolves, the first up to */
	levels = (nr_bits - h.shift + step - 1) / step;
	shift = h.shift + (levels - 1) * step;
	table = first_table(&h, nr_bits - shift);
	va = bits(va, nr_bits - 1, 0);

	for (int level = LAST_LEVEL + 1 - (int)levels;; level++) {
		uint64_t d = descriptor(mem, &h, table, va >> shift);
		bool last = level == LAST_LEVEL;

		va = bits(va, shift - 1, 0);
		if (!(d & VALID))
			return false;
		if (d & TABLE && !last) {
			table = address_in(&h, d, h.shift);
			shift -= step;
			continue;
		}
		if (last ? !(d & TABLE) : !has_blocks(&h, level))
			return false;
		*ret = address_in(&h, d, shift) | va;
		return true;
	}
}
