/* SPDX-License-Identifier: BSD-2-Clause */
#include "mmu.h"

#include <stddef.h>

enum { PAGE_SHIFT = 12, LEVEL_BITS = 9, LEVELS = 4, VA_BITS = 48 };
enum { ENTRIES = 1 << LEVEL_BITS, NR_TABLES = 40 };

/* Descriptors (DDI0487 D8.3); the attribute index is into mmu_on.S' MAIR. */
#define DESC_VALID     (UINT64_C(1) << 0)
#define DESC_TABLE     (UINT64_C(1) << 1) /* or, at the last level, a page */
#define DESC_DEVICE    (UINT64_C(1) << 2) /* attribute index 1 */
#define DESC_INNER     (UINT64_C(3) << 8)
#define DESC_AF	       (UINT64_C(1) << 10)
#define DESC_PXN       (UINT64_C(1) << 53)
#define DESC_UXN       (UINT64_C(1) << 54)
#define DESC_ADDR_MASK UINT64_C(0xfffffffff000)

typedef uint64_t mmu_table[ENTRIES] __attribute__((aligned(4096)));

/* The first is the root.  Read by mmu_on.S. */
mmu_table mmu_tables[NR_TABLES] __attribute__((visibility("hidden")));
static unsigned nr_used = 1;

static uint64_t page_desc(uint64_t addr, enum mmu_type type)
{
	uint64_t d = addr | DESC_VALID | DESC_TABLE | DESC_AF | DESC_UXN;

	if (type == MMU_DEVICE)
		return d | DESC_DEVICE | DESC_PXN;
	return d | DESC_INNER | (type == MMU_DATA ? DESC_PXN : 0);
}

/* The page's entry in the last level; NULL: the tables are full. */
static uint64_t *entry_of(uint64_t addr)
{
	uint64_t *table = mmu_tables[0];

	for (unsigned level = LEVELS - 1;; level--) {
		unsigned shift = PAGE_SHIFT + LEVEL_BITS * level;
		uint64_t *entry = table + (addr >> shift) % ENTRIES;

		if (!level)
			return entry;
		if (!*entry) {
			if (nr_used == NR_TABLES)
				return NULL;
			*entry = (uint64_t)mmu_tables[nr_used++] | DESC_VALID |
				 DESC_TABLE;
		}
		table = (uint64_t *)(*entry & DESC_ADDR_MASK);
	}
}

bool mmu_map(uint64_t base, uint64_t size, enum mmu_type type)
{
	uint64_t limit = UINT64_C(1) << VA_BITS;
	uint64_t page = base >> PAGE_SHIFT << PAGE_SHIFT;

	if (base >= limit || size > limit - base)
		return false;
	for (; page < base + size; page += UINT64_C(1) << PAGE_SHIFT) {
		uint64_t *entry = entry_of(page);

		if (!entry)
			return false;
		if (!*entry)
			*entry = page_desc(page, type);
	}
	__asm__ volatile("dsb ish\n\tisb" : : : "memory");
	return true;
}
