/* SPDX-License-Identifier: BSD-2-Clause */
#include "mach/layout.h"

#include "util/util.h"

/* The picture's order, refused by the build where windows overlap. */
#define FOLLOWS(name, before)                                      \
	_Static_assert(LAYOUT_##before + LAYOUT_##before##_SIZE <= \
			       LAYOUT_##name,                      \
		       #name " overlaps " #before)
FOLLOWS(GIC_DIST, FLASH);
FOLLOWS(GICV2_CPU, GIC_DIST);
FOLLOWS(GIC_ITS, GICV2_CPU);
FOLLOWS(GIC_REDIST, GIC_ITS);
FOLLOWS(UART, GIC_REDIST);
FOLLOWS(RTC, UART);
FOLLOWS(GPIO, RTC);
FOLLOWS(CHANNEL, GPIO);
FOLLOWS(PVTIME, CHANNEL);
FOLLOWS(WATCHDOG, PVTIME);
FOLLOWS(VIRTIO, WATCHDOG);
_Static_assert(LAYOUT_VIRTIO + LAYOUT_VIRTIO_SIZE <= LAYOUT_RAM,
	       "RAM overlaps VIRTIO");
_Static_assert(SPI_VIRTIO + LAYOUT_NR_VIRTIO <= NR_SPIS, "too few SPIs");

#define HIGH_LOWEST (256 * GIB)
#define HIGH_REDIST_SIZE \
	((uint64_t)(LAYOUT_NR_CPUS - LAYOUT_NR_LOW_REDIST) * LAYOUT_REDIST_EACH)

gpa_t layout_high_redist(uint64_t ram_size)
{
	uint64_t ram_end = ROUND_UP(LAYOUT_RAM + ram_size, GIB);

	return ram_end > HIGH_LOWEST ? ram_end : HIGH_LOWEST;
}

gpa_t layout_end(uint64_t ram_size, unsigned nr_redists)
{
	if (nr_redists <= LAYOUT_NR_LOW_REDIST)
		return LAYOUT_RAM + ram_size;
	return layout_high_redist(ram_size) + HIGH_REDIST_SIZE;
}

unsigned layout_ipa_bits(uint64_t ram_size, unsigned nr_redists)
{
	gpa_t last = layout_end(ram_size, nr_redists) - 1;
	unsigned bits = 64 - (unsigned)__builtin_clzll(last);

	return bits < 32 ? 32 : bits;
}

uint64_t layout_max_ram(unsigned ipa_bits, unsigned nr_redists)
{
	gpa_t end = UINT64_C(1) << ipa_bits;

	if (nr_redists <= LAYOUT_NR_LOW_REDIST)
		return end - LAYOUT_RAM;
	if (end < HIGH_LOWEST + HIGH_REDIST_SIZE)
		return 0;
	return ROUND_DOWN(end - HIGH_REDIST_SIZE, GIB) - LAYOUT_RAM;
}
