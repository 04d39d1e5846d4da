/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <endian.h>

#include "mach/gmem.h"
#include "mach/walk.h"
#include "util/util.h"

#define BASE UINT64_C(0x40000000)

enum {
	SIZE = 0x200000,
	IPS_48 = 5,
	IPS_52 = 6,
	PAGE = 3,
	TABLE = 3,
	BLOCK = 1,
	ATTRS = 0x704 /* AF, inner shareable, attribute index 1 */
};

#define UPPER_ATTRS (UINT64_C(0x60) << 48) /* UXN, PXN */
#define EPD0	    (UINT64_C(1) << 7)
#define EPD1	    (UINT64_C(1) << 23)
#define TBI0	    (UINT64_C(1) << 37)
#define TBI1	    (UINT64_C(1) << 38)
#define DS	    (UINT64_C(1) << 59)
#define EE	    (UINT64_C(1) << 25)

static _Alignas(0x10000) uint8_t ram[SIZE];
static const struct gmem mem = { .host = ram, .base = BASE, .size = SIZE };
static struct walk_regs regs;

static int set_up(void **state)
{
	(void)state;
	memset(ram, 0, sizeof(ram));
	regs = (struct walk_regs){ .sctlr = 1 };
	return 0;
}

/* Granules of @shift, addresses of 64 - @t0 and 64 - @t1 bits. */
static void set_tcr(unsigned shift, unsigned t0, unsigned t1, uint64_t more)
{
	uint64_t tg0 = shift == 12 ? 0 : shift == 14 ? 2 : 1;
	uint64_t tg1 = shift == 12 ? 2 : shift == 14 ? 1 : 3;

	regs.tcr = t0 | (uint64_t)t1 << 16 | tg0 << 14 | tg1 << 30 | more;
}

static uint64_t ips(uint64_t v)
{
	return v << 32;
}

static void put(gpa_t table, unsigned i, uint64_t d)
{
	d = htole64(d);
	memcpy(ram + (table - BASE) + i * 8ull, &d, 8);
}

#define assert_walk(va, want) check_walk(va, want, __FILE__, __LINE__)
static void check_walk(uint64_t va, gpa_t want, const char *file, int line)
{
	gpa_t got = 0;

	if (walk(&mem, &regs, va, &got) && got == want)
		return;
	print_error("%#llx is at %#llx\n", (unsigned long long)va,
		    (unsigned long long)got);
	_fail(file, line);
}

#define assert_nowhere(va) check_nowhere(va, __FILE__, __LINE__)
static void check_nowhere(uint64_t va, const char *file, int line)
{
	gpa_t got = 0x5a5a;

	if (!walk(&mem, &regs, va, &got) && got == 0x5a5a)
		return;
	print_error("%#llx is found\n", (unsigned long long)va);
	_fail(file, line);
}

static void without_tables_an_address_is_what_it_says(void **state)
{
	(void)state;
	regs.sctlr = EE;
	assert_walk(0x40200123, 0x40200123);
	assert_walk(0, 0);
	assert_walk(0xab00000040200123, 0xab00000040200123);
	regs.tcr = TBI0;
	assert_walk(0xab00000040200123, 0x40200123);
}

/* As Linux has it with 4K pages and 48 bits: four levels. */
static void pages_of_4k_are_found_through_four_levels(void **state)
{
	(void)state;
	set_tcr(12, 16, 16, ips(IPS_48));
	regs.ttbr1 = (BASE + 0x1000) | UINT64_C(0x0042) << 48 | 1;
	put(BASE + 0x1000, 0x100, (BASE + 0x2000) | TABLE | UPPER_ATTRS);
	put(BASE + 0x2000, 0, (BASE + 0x3000) | TABLE);
	put(BASE + 0x3000, 0x40, (BASE + 0x4000) | TABLE);
	put(BASE + 0x4000, 0x10, 0x4abcd000 | UPPER_ATTRS | ATTRS | PAGE);
	assert_walk(0xffff800008010000, 0x4abcd000);
	assert_walk(0xffff800008010fff, 0x4abcdfff);
	assert_nowhere(0xffff800008011000);
	assert_nowhere(0xffff80000800f000);
	assert_nowhere(0xffff800000010000);
	assert_nowhere(0xffff000008010000);
	assert_nowhere(0x0000800008010000);
}

static void blocks_of_4k_granules_are_of_1g_and_2m(void **state)
{
	(void)state;
	set_tcr(12, 25, 25, ips(IPS_48)); /* 39 bits: begins on level 1 */
	regs.ttbr0 = BASE;
	put(BASE, 0x1ff, UINT64_C(0x712340000000) | ATTRS | BLOCK);
	put(BASE, 2, (BASE + 0x1000) | TABLE);
	put(BASE + 0x1000, 0x1ff, 0x8000200000 | ATTRS | BLOCK);
	assert_walk(0x7fffffffff, 0x71237fffffff);
	assert_walk(0x7fc0000000, 0x712340000000);
	assert_walk(0xbfe12345, 0x8000212345);
	assert_nowhere(0x80000000);
	assert_nowhere(0x8000000000);
	/* nor has level 0 any, nor the last another name for a page */
	set_tcr(12, 16, 16, ips(IPS_48));
	put(BASE, 0, 0x40000000 | BLOCK);
	assert_nowhere(0);
	put(BASE, 0, (BASE + 0x1000) | TABLE);
	put(BASE + 0x1000, 0, (BASE + 0x2000) | TABLE);
	put(BASE + 0x2000, 0, (BASE + 0x3000) | TABLE);
	put(BASE + 0x3000, 0, 0x40000000 | BLOCK);
	assert_nowhere(0);
	put(BASE + 0x3000, 0, 0x40000000 | PAGE);
	assert_walk(0, 0x40000000);
}

static void granules_of_16k_begin_on_level_0_1_or_2(void **state)
{
	(void)state;
	/* 48 bits: two descriptors, 16 bytes of table */
	set_tcr(14, 16, 16, ips(IPS_48));
	regs.ttbr1 = BASE + 0x4010;
	put(BASE + 0x4010, 1, (BASE + 0x8000) | TABLE);
	put(BASE + 0x8000, 0x7ff, (BASE + 0xc000) | TABLE);
	put(BASE + 0xc000, 0x7fe, 0xfeed2000000 | ATTRS | BLOCK);
	put(BASE + 0xc000, 0x7ff, (BASE + 0x10000) | TABLE);
	put(BASE + 0x10000, 0x7fe, 0x12344000 | ATTRS | PAGE);
	assert_walk(0xffffffffffff8123, 0x12344123);
	assert_walk(0xffffffffffffbfff, 0x12347fff);
	assert_walk(0xfffffffffc001234, 0xfeed2001234);
	assert_nowhere(0xffffffffffffc000);
	assert_nowhere(0xffff000000000000);
	/* 47 bits: level 1 */
	set_tcr(14, 17, 17, ips(IPS_48));
	regs.ttbr1 = BASE + 0x8000;
	assert_walk(0xffffffffffff8123, 0x12344123);
	assert_nowhere(0xffff7fffffff8123);
	/* 36 bits: level 2 */
	set_tcr(14, 28, 28, ips(IPS_48));
	regs.ttbr1 = BASE + 0xc000;
	assert_walk(0xffffffffffff8123, 0x12344123);
	/* no block on level 1 */
	set_tcr(14, 17, 17, ips(IPS_48));
	regs.ttbr1 = BASE + 0x8000;
	put(BASE + 0x8000, 0x7ff, 0x1000000000 | BLOCK);
	assert_nowhere(0xffffffffffff8123);
}

static void granules_of_64k_have_42_or_48_bits(void **state)
{
	(void)state;
	set_tcr(16, 22, 22, ips(IPS_48));
	regs.ttbr1 = BASE + 0x10000;
	put(BASE + 0x10000, 0x1fff, (BASE + 0x20000) | TABLE);
	put(BASE + 0x10000, 0x1ffe, 0x123420000000 | ATTRS | BLOCK);
	put(BASE + 0x20000, 0x1ffe, 0x7fff0000 | ATTRS | PAGE);
	assert_walk(0xfffffffffffe4321, 0x7fff4321);
	assert_walk(0xffffffffdfff4321, 0x12343fff4321);
	assert_nowhere(0xffffffffffff0000);
	/* 48 bits: 64 descriptors on level 1 in front */
	set_tcr(16, 16, 16, ips(IPS_48));
	regs.ttbr1 = BASE + 0x1e00;
	put(BASE + 0x1e00, 63, (BASE + 0x10000) | TABLE);
	assert_walk(0xfffffffffffe4321, 0x7fff4321);
	assert_nowhere(0xfffefffffffe4321);
}

/* FEAT_LVA and FEAT_LPA: address bits 51 to 48 are further down. */
static void granules_of_64k_have_52_bits_too(void **state)
{
	(void)state;
	set_tcr(16, 12, 12, ips(IPS_52));
	regs.ttbr1 = (BASE + 0x10000) | 1;
	put(BASE + 0x10000, 0x3ff, (BASE + 0x20000) | TABLE);
	put(BASE + 0x10000, 0x3fe, 0xbc0000000000 | 0xa000 | ATTRS | BLOCK);
	put(BASE + 0x20000, 0x1fff, (BASE + 0x30000) | TABLE);
	put(BASE + 0x20000, 1, 0x777740000000 | 0x1000 | ATTRS | BLOCK);
	put(BASE + 0x30000, 0x1fff, 0x345678900000 | 0xf000 | ATTRS | PAGE);
	assert_walk(0xffffffffffffabcd, 0xf34567890abcd);
	assert_walk(0xfffffc003fffffff, 0x177775fffffff);
	assert_walk(0xfffffbffffffffff, 0xabfffffffffff);
	assert_nowhere(0xffefffffffffabcd);
	assert_nowhere(0x00ffffffffffabcd);
	/* a table there is beyond memory */
	put(BASE + 0x10000, 0x3ff, (BASE + 0x20000) | 0x1000 | TABLE);
	assert_nowhere(0xffffffffffffabcd);
	put(BASE + 0x10000, 0x3ff, (BASE + 0x20000) | TABLE);
	/* the first table's address as well, only if addresses are so wide */
	regs.ttbr1 = (BASE + 0x10000) | 4;
	assert_nowhere(0xffffffffffffabcd);
	regs.tcr = (regs.tcr & ~ips(7)) | ips(IPS_48);
	assert_walk(0xffffffffffffabcd, 0xf34567890abcd);
	/* 43 bits: two descriptors, and yet at a multiple of 64 bytes */
	put(BASE + 0x40, 1, (BASE + 0x20000) | TABLE);
	set_tcr(16, 21, 21, ips(IPS_52));
	regs.ttbr1 = BASE + 0x40 + 1;
	assert_walk(0xffffffffffffabcd, 0xf34567890abcd);
	regs.ttbr1 = BASE + 0x40 + 0x10;
	assert_nowhere(0xffffffffffffabcd);
}

/* FEAT_LPA2: 52 bits with small pages; descriptors are others. */
static void granules_of_4k_have_52_bits_with_lpa2(void **state)
{
	(void)state;
	set_tcr(12, 12, 12, ips(IPS_52) | DS);
	regs.ttbr1 = (BASE + 0x1000) | 1;
	/* level -1 has 16 descriptors */
	put(BASE + 0x1000, 15, (BASE + 0x2000) | TABLE);
	put(BASE + 0x1000, 14, 0x40000000 | BLOCK);
	put(BASE + 0x2000, 0x1ff, (BASE + 0x3000) | TABLE);
	put(BASE + 0x2000, 0x1fe, 0x3008000000000 | 0x300 | BLOCK);
	put(BASE + 0x3000, 0x1ff, (BASE + 0x4000) | TABLE);
	put(BASE + 0x3000, 0x1fe, 0x1000040000000 | 0x100 | BLOCK);
	put(BASE + 0x4000, 0x1ff, (BASE + 0x5000) | TABLE);
	put(BASE + 0x5000, 0x1ff, 0x2123456789000 | 0x200 | PAGE);
	assert_walk(0xffffffffffffffff, 0xa123456789fff);
	assert_walk(0xffffffffbfffffff, 0x500007fffffff);
	assert_walk(0xffffff7fffffffff, 0xf00ffffffffff);
	assert_nowhere(0xfffeffffffffffff);
	regs.ttbr1 |= 0x3c;
	assert_nowhere(0xffffffffffffffff);
	/* without it the size is none, and then the descriptors' bits */
	set_tcr(12, 12, 12, ips(IPS_52));
	regs.ttbr1 = BASE + 0x1000;
	assert_nowhere(0xffffffffffffffff);
	set_tcr(12, 16, 16, ips(IPS_48));
	regs.ttbr1 = BASE + 0x2000;
	assert_walk(0xffffffffffffffff, 0x123456789fff);
	assert_nowhere(0xffffff7fffffffff);
}

static void granules_of_16k_have_52_bits_with_lpa2(void **state)
{
	(void)state;
	set_tcr(14, 12, 12, ips(IPS_52) | DS);
	regs.ttbr0 = BASE + 0x4000;
	put(BASE + 0x4000, 31, (BASE + 0x8000) | TABLE);
	put(BASE + 0x8000, 1, (BASE + 0xc000) | TABLE);
	put(BASE + 0x8000, 2, 0x1001000000000 | 0x300 | BLOCK);
	put(BASE + 0xc000, 0, 0x2000002000000 | BLOCK);
	put(BASE + 0xc000, 1, (BASE + 0x10000) | TABLE);
	put(BASE + 0x10000, 3, 0x100000000c000 | 0x200 | PAGE);
	assert_walk(0xf80100200d234, 0x900000000d234);
	assert_walk(0xf801000001234, 0x2000002001234);
	assert_walk(0xf802000001234, 0xd001000001234);
	assert_nowhere(0x780100200d234);
}

static void what_is_no_size_or_granule_is_nowhere(void **state)
{
	(void)state;
	regs.ttbr0 = regs.ttbr1 = BASE;
	for (unsigned i = 0; i < SIZE / 8; i++)
		put(BASE, i, BASE | PAGE);
	for (unsigned shift = 12; shift <= 16; shift += 2)
		for (unsigned t = 0; t < 64; t++) {
			gpa_t gpa;
			bool want = t >= (shift == 16 ? 12 : 16) &&
				    t <= (shift == 16 ? 47 : 48);

			set_tcr(shift, t, t, ips(IPS_48));
			assert_int_equal(walk(&mem, &regs, 0, &gpa), want);
			assert_int_equal(walk(&mem, &regs, UINT64_MAX, &gpa),
					 want);
		}
	set_tcr(12, 16, 16, 0);
	regs.tcr |= UINT64_C(3) << 14; /* reserved in the lower half */
	assert_nowhere(0);
	assert_walk(UINT64_MAX, BASE + 0xfff);
	set_tcr(12, 16, 16, 0);
	regs.tcr &= ~(UINT64_C(3) << 30); /* and in the upper */
	assert_nowhere(UINT64_MAX);
	assert_walk(0, BASE);
}

static void halves_are_turned_off_apart(void **state)
{
	(void)state;
	set_tcr(12, 25, 25, 0);
	regs.ttbr0 = regs.ttbr1 = BASE;
	put(BASE, 0, 0x40000000 | BLOCK);
	assert_walk(0x1234, 0x40001234);
	assert_walk(0xffffff8000001234, 0x40001234);
	regs.tcr |= EPD0;
	assert_nowhere(0x1234);
	assert_walk(0xffffff8000001234, 0x40001234);
	regs.tcr ^= EPD0 | EPD1;
	assert_walk(0x1234, 0x40001234);
	assert_nowhere(0xffffff8000001234);
}

static void a_tag_is_looked_over_where_there_may_be_one(void **state)
{
	(void)state;
	set_tcr(12, 25, 25, 0);
	regs.ttbr0 = regs.ttbr1 = BASE;
	put(BASE, 0, 0x40000000 | BLOCK);
	assert_nowhere(0xab00000000001234);
	assert_nowhere(0xabffff8000001234);
	regs.tcr |= TBI0;
	assert_walk(0xab00000000001234, 0x40001234);
	assert_nowhere(0xab40000000001234);
	assert_nowhere(0xabffff8000001234);
	regs.tcr ^= TBI0 | TBI1;
	assert_walk(0xabffff8000001234, 0x40001234);
	assert_nowhere(0xabbfff8000001234);
	assert_nowhere(0xab00000000001234);
}

static void a_big_endian_kernels_tables_are(void **state)
{
	const uint64_t d = htobe64(0x40000000 | BLOCK);

	(void)state;
	set_tcr(12, 25, 25, 0);
	regs.ttbr0 = BASE;
	memcpy(ram, &d, 8);
	assert_nowhere(0);
	regs.sctlr |= EE;
	assert_walk(0x1234, 0x40001234);
}

static void tables_beyond_memory_are_nowhere(void **state)
{
	static const gpa_t bad[] = { 0, BASE - 0x1000, BASE + SIZE,
				     0xfffffffff000 };

	(void)state;
	set_tcr(12, 25, 25, 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		regs.ttbr0 = bad[i];
		assert_nowhere(0x7fffffffff);
		regs.ttbr0 = BASE;
		put(BASE, 0x1ff, bad[i] | TABLE);
		assert_nowhere(0x7fffffffff);
	}
	/* the last that is there */
	put(BASE, 0x1ff, (BASE + SIZE - 0x1000) | TABLE);
	put(BASE + SIZE - 0x1000, 0x1ff, 0x40000000 | BLOCK);
	assert_walk(0x7fffffffff, 0x401fffff);
}

static void a_table_that_is_its_own_next_comes_to_an_end(void **state)
{
	(void)state;
	set_tcr(12, 16, 16, 0);
	regs.ttbr0 = BASE;
	put(BASE, 0, BASE | TABLE);
	assert_walk(0x123, BASE + 0x123);
}

#define T(fn) cmocka_unit_test_setup(fn, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(without_tables_an_address_is_what_it_says),
		T(pages_of_4k_are_found_through_four_levels),
		T(blocks_of_4k_granules_are_of_1g_and_2m),
		T(granules_of_16k_begin_on_level_0_1_or_2),
		T(granules_of_64k_have_42_or_48_bits),
		T(granules_of_64k_have_52_bits_too),
		T(granules_of_4k_have_52_bits_with_lpa2),
		T(granules_of_16k_have_52_bits_with_lpa2),
		T(what_is_no_size_or_granule_is_nowhere),
		T(halves_are_turned_off_apart),
		T(a_tag_is_looked_over_where_there_may_be_one),
		T(a_big_endian_kernels_tables_are),
		T(tables_beyond_memory_are_nowhere),
		T(a_table_that_is_its_own_next_comes_to_an_end),
	};

	return cmocka_run_group_tests_name("walk", tests, NULL, NULL);
}
