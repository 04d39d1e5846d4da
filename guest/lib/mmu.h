/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mmu.h - an identity map of what was asked for, with caches on.
 *
 * 4 KiB pages, 48 bits.  Nothing else is mapped: a stray access is an abort,
 * and no guess of the processor's reaches a device.
 *
 * Spec: Arm DDI0487 D8 (translation), B2.7 (memory types).
 */
#ifndef GUEST_MMU_H
#define GUEST_MMU_H

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stdint.h>

/* MMU_CODE, MMU_DATA: Normal, write-back, inner shareable.  MMU_DEVICE:
 * Device-nGnRE. */
enum mmu_type { MMU_CODE, MMU_DATA, MMU_DEVICE };

/*
 * Map the pages of @size bytes at @base; those that are mapped stay as they
 * are.  One CPU's to call, before mmu_on() or after.  false: too high an
 * address, or the tables are full.
 */
bool mmu_map(uint64_t base, uint64_t size, enum mmu_type type);

/* On the CPU that booted, once the image and all that is in use are mapped. */
void mmu_on(void);

/* As cpu_start (start.S), with the MMU on from the first stack access. */
void mmu_cpu_start(void) __attribute__((visibility("hidden")));

#endif
#endif
