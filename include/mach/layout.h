/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * layout.h - the guest's address map and its interrupt numbers.
 *
 * The only place where an address is written down.  It is QEMU's "virt" board
 * wherever both have the device, so that systems which boot there find the
 * devices at once.  Everything between is free and reads as zero.
 *
 *	0x0000_0000 +--------------------------------+
 *	            | two flash banks         64 MiB |
 *	            | each, of firmware              |
 *	0x0800_0000 +--------------------------------+
 *	            | GIC distributor         64 KiB |
 *	0x0801_0000 +--------------------------------+
 *	            | GICv2 CPU interface     64 KiB |
 *	0x0808_0000 +--------------------------------+
 *	            | ITS                    128 KiB |
 *	0x080a_0000 +--------------------------------+
 *	            | GICv3 redistributors,  128 KiB |
 *	            | each, vCPUs 0 to 122           |
 *	0x0900_0000 +--------------------------------+
 *	            | PL011 UART               4 KiB |
 *	0x0901_0000 +--------------------------------+
 *	            | PL031 clock              4 KiB |
 *	0x0903_0000 +--------------------------------+
 *	            | PL061 power button       4 KiB |
 *	0x0904_0000 +--------------------------------+
 *	            | PL011 of a boot test     4 KiB |
 *	0x090a_0000 +--------------------------------+
 *	            | stolen-time records     64 KiB |
 *	0x090e_0000 +--------------------------------+
 *	            | SP805 watchdog           4 KiB |
 *	0x0a00_0000 +--------------------------------+
 *	            | virtio-mmio   512 bytes each,  |
 *	            | 32 of them                     |
 *	0x4000_0000 +--------------------------------+
 *	            | RAM                            |
 *	            :                                :
 *	RAM's end,  +--------------------------------+
 *	or 256 GiB  | redistributors of vCPUs 123 to |
 *	if that is  | 511, 64 MiB; only where there  |
 *	higher      | are so many                    |
 *	            +--------------------------------+
 *
 * Units:   bytes; SPI n is INTID n + 32, PPI n is INTID n + 16.
 * Errors:  as each function says.
 * Threads: any; all constants.
 */
#ifndef MACH_LAYOUT_H
#define MACH_LAYOUT_H

#include <stdint.h>

#include "kvm/vm.h" /* gpa_t */

/* X(name, base, size), lowest first; layout.c refuses overlap at build time. */
/* clang-format off */
#define LAYOUT_WINDOWS(X)                       \
	X(FLASH,      0x00000000, 0x08000000)   \
	X(GIC_DIST,   0x08000000, 0x00010000)   \
	X(GICV2_CPU,  0x08010000, 0x00010000)   \
	X(GIC_ITS,    0x08080000, 0x00020000)   \
	X(GIC_REDIST, 0x080a0000, 0x00f60000)   \
	X(UART,       0x09000000, 0x00001000)   \
	X(RTC,        0x09010000, 0x00001000)   \
	X(GPIO,       0x09030000, 0x00001000)   \
	X(CHANNEL,    0x09040000, 0x00001000)   \
	X(PVTIME,     0x090a0000, 0x00010000)   \
	X(WATCHDOG,   0x090e0000, 0x00001000)   \
	X(VIRTIO,     0x0a000000, 0x00004000)

/* clang-format on */

#define LAYOUT_ENUM(name, base, size) \
	LAYOUT_##name = base, LAYOUT_##name##_SIZE = size,
enum { LAYOUT_WINDOWS(LAYOUT_ENUM) };
#undef LAYOUT_ENUM

#define LAYOUT_RAM UINT64_C(0x40000000)

enum {
	LAYOUT_FLASH_EACH = 0x4000000, /* a bank */
	LAYOUT_REDIST_EACH = 0x20000,  /* of GICv3: two 64 KiB frames */
	LAYOUT_NR_LOW_REDIST = LAYOUT_GIC_REDIST_SIZE / LAYOUT_REDIST_EACH,
	LAYOUT_NR_CPUS = 512, /* what the map has room for */
	LAYOUT_VIRTIO_EACH = 0x200,
	LAYOUT_NR_VIRTIO = LAYOUT_VIRTIO_SIZE / LAYOUT_VIRTIO_EACH,
};

/* Shared peripheral interrupts. */
enum {
	SPI_UART = 1,
	SPI_RTC = 2,
	SPI_GPIO = 7,
	SPI_CHANNEL = 8,
	SPI_WATCHDOG = 9,
	SPI_VIRTIO = 16, /* the first of LAYOUT_NR_VIRTIO */
	NR_SPIS = 64,
};

/* Private peripheral interrupts. */
enum {
	PPI_PMU = 7,
	PPI_TIMER_HYP = 10,
	PPI_TIMER_VIRT = 11,
	PPI_TIMER_SECURE = 13,
	PPI_TIMER_PHYS = 14,
};

/* Memory slots; RAM, which may need several, last. */
enum { SLOT_PVTIME, SLOT_FLASH, SLOT_RAM = SLOT_FLASH + 2 };

/* Names by which device tree nodes point at each other. */
enum { PHANDLE_GIC = 1, PHANDLE_APB_CLK, PHANDLE_ITS, PHANDLE_GPIO };

/* Where the redistributors of vCPUs from LAYOUT_NR_LOW_REDIST on begin. */
gpa_t layout_high_redist(uint64_t ram_size);

/* The first address behind everything there is in such a machine. */
gpa_t layout_end(uint64_t ram_size, unsigned nr_redists);

/* The IPA size in bits (at least 32) that such a machine needs. */
unsigned layout_ipa_bits(uint64_t ram_size, unsigned nr_redists);

/* The most RAM that fits into @ipa_bits with @nr_redists redistributors. */
uint64_t layout_max_ram(unsigned ipa_bits, unsigned nr_redists);

#endif
