/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include "mach/layout.h"
#include "util/err.h"
#include "util/util.h"

struct window {
	const char *name;
	uint64_t base, size;
};

#define LINE(name, base, size) { #name, base, size },
static const struct window windows[] = { LAYOUT_WINDOWS(LINE) };

static bool overlap(const struct window *a, const struct window *b)
{
	return a->base < b->base + b->size && b->base < a->base + a->size;
}

static void windows_are_disjoint_and_below_ram(void **state)
{
	const struct window ram = { "RAM", LAYOUT_RAM, UINT64_C(1) << 51 };

	(void)state;
	assert_true(ARRAY_SIZE(windows) >= 8);
	for (size_t i = 0; i < ARRAY_SIZE(windows); i++) {
		assert_true(windows[i].size > 0);
		assert_false(overlap(&windows[i], &ram));
		for (size_t j = 0; j < i; j++)
			assert_false(overlap(&windows[i], &windows[j]));
	}
}

static void windows_of_64_kib_pages_share_them_with_nobody(void **state)
{
	static const char *const own[] = { "GIC_DIST", "GICV2_CPU", "GIC_ITS",
					   "GIC_REDIST", "PVTIME" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(windows); i++)
		for (size_t j = 0; j < ARRAY_SIZE(own); j++)
			if (strcmp(windows[i].name, own[j]) == 0)
				assert_int_equal(
					(windows[i].base | windows[i].size) %
						0x10000,
					0);
}

static void records_of_all_vcpus_fit_their_window(void **state)
{
	(void)state;
	assert_true(LAYOUT_NR_CPUS * 64 <= LAYOUT_PVTIME_SIZE);
}

/* xorshift: the same machines in each run. */
static uint64_t noise(void)
{
	static uint64_t x = 88172645463325252;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

/* Any order of magnitude is as likely as any other. */
static uint64_t some_ram(void)
{
	unsigned bits = 26 + (unsigned)(noise() % 25);
	uint64_t size =
		(UINT64_C(1) << bits) | (noise() & ((UINT64_C(1) << bits) - 1));

	return size & ~UINT64_C(0xffff);
}

static void check_machine(uint64_t ram, unsigned cpus)
{
	struct window all[ARRAY_SIZE(windows) + 2];
	unsigned n = ARRAY_SIZE(windows), bits = layout_ipa_bits(ram, cpus);
	unsigned high =
		cpus > LAYOUT_NR_LOW_REDIST ? cpus - LAYOUT_NR_LOW_REDIST : 0;
	gpa_t end = layout_end(ram, cpus);

	memcpy(all, windows, sizeof(windows));
	all[n++] = (struct window){ "RAM", LAYOUT_RAM, ram };
	if (high)
		all[n++] =
			(struct window){ "redistributors",
					 layout_high_redist(ram),
					 (uint64_t)high * LAYOUT_REDIST_EACH };
	for (unsigned i = 0; i < n; i++) {
		assert_true(all[i].base + all[i].size <= end);
		for (unsigned j = 0; j < i; j++)
			assert_false(overlap(&all[i], &all[j]));
	}
	/* KVM wants a region's base in bits 51:16. */
	assert_int_equal(layout_high_redist(ram) % 0x10000, 0);

	/* As many bits as it needs, and no more than that. */
	assert_true(bits >= 32 && bits < 64);
	assert_true(end <= UINT64_C(1) << bits);
	assert_true(bits == 32 || end > UINT64_C(1) << (bits - 1));
	assert_true(ram <= layout_max_ram(bits, cpus));
	if (bits > 32)
		assert_true(ram > layout_max_ram(bits - 1, cpus));
}

static void nothing_overlaps_in_a_million_machines(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1000000; i++)
		check_machine(some_ram(),
			      1 + (unsigned)(noise() % LAYOUT_NR_CPUS));
}

static void nothing_overlaps_at_the_borders(void **state)
{
	static const unsigned cpus[] = { 1, 122, 123, 124, 511, 512 };

	(void)state;
	for (size_t c = 0; c < ARRAY_SIZE(cpus); c++)
		for (unsigned bits = 26; bits < 51; bits++)
			for (int d = -1; d <= 1; d++) {
				uint64_t ram = (UINT64_C(1) << bits) +
					       (uint64_t)((int64_t)d * 0x10000);

				check_machine(ram, cpus[c]);
				if (ram > LAYOUT_RAM)
					check_machine(ram - LAYOUT_RAM,
						      cpus[c]);
			}
}

static void most_ram_is_the_most_that_fits(void **state)
{
	(void)state;
	for (unsigned bits = 32; bits <= 52; bits++) {
		for (unsigned cpus = 1; cpus <= 512; cpus += 73) {
			uint64_t most = layout_max_ram(bits, cpus);

			if (most == 0)
				continue;
			assert_true(layout_ipa_bits(most, cpus) <= bits);
			assert_true(layout_ipa_bits(most + GIB, cpus) > bits);
		}
	}
	/* 124 redistributors need addresses beyond 256 GiB. */
	assert_int_equal(layout_max_ram(38, 124), 0);
	assert_int_equal(layout_max_ram(38, 123), 255 * GIB);
	assert_true(layout_max_ram(39, 124) > 0);
}

static void high_redistributors_are_at_256_gib_or_behind_ram(void **state)
{
	(void)state;
	assert_true(layout_high_redist(64 * MIB) == 256 * GIB);
	assert_true(layout_high_redist(255 * GIB) == 256 * GIB);
	assert_true(layout_high_redist(255 * GIB + 0x10000) == 257 * GIB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(windows_are_disjoint_and_below_ram),
		TEST(windows_of_64_kib_pages_share_them_with_nobody),
		TEST(records_of_all_vcpus_fit_their_window),
		TEST(nothing_overlaps_in_a_million_machines),
		TEST(nothing_overlaps_at_the_borders),
		TEST(most_ram_is_the_most_that_fits),
		TEST(high_redistributors_are_at_256_gib_or_behind_ram),
	};

	return cmocka_run_group_tests_name("layout", tests, NULL, NULL);
}
