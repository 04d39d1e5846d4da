/* SPDX-License-Identifier: BSD-2-Clause */
#include "gic.h"

#include <stdint.h>

#include "dt.h"

enum { GICD_CTLR = 0x000, GICD_ISENABLER = 0x100 };
enum {
	GICD_CTLR_GRP0 = 1 << 0,
	GICD_CTLR_GRP1 = 1 << 1,
	GICD_CTLR_ARE = 1 << 4
};
enum { GICC_CTLR = 0x00, GICC_PMR = 0x04 };
enum { GICR_WAKER = 0x14, WAKER_SLEEP = 1 << 1, WAKER_ASLEEP = 1 << 2 };
enum {
	GICR_SGI = 0x10000,
	GICR_IGROUPR = GICR_SGI + 0x80,
	GICR_ISENABLER = GICR_SGI + 0x100
};
enum { LOWEST_PRIORITY = 0xff };

static volatile uint32_t *reg(uint64_t base, unsigned offset)
{
	return (volatile uint32_t *)(base + offset);
}

/* @gicr: the first redistributor, which is that of the first CPU. */
static void wake_v3(uint64_t gicd, uint64_t gicr, unsigned id)
{
	*reg(gicd, GICD_CTLR) = GICD_CTLR_ARE | GICD_CTLR_GRP1;
	*reg(gicr, GICR_WAKER) &= ~(uint32_t)WAKER_SLEEP;
	while (*reg(gicr, GICR_WAKER) & WAKER_ASLEEP)
		;
	*reg(gicr, GICR_IGROUPR) = ~UINT32_C(0);
	*reg(gicr, GICR_ISENABLER) = UINT32_C(1) << id;
	__asm__ volatile("msr S3_0_C12_C12_5, %0\n\t" /* ICC_SRE_EL1 */
			 "isb\n\t"
			 "msr S3_0_C4_C6_0, %1\n\t"   /* ICC_PMR_EL1 */
			 "msr S3_0_C12_C12_7, %0\n\t" /* ICC_IGRPEN1_EL1 */
			 "isb"
			 :
			 : "r"(UINT64_C(1)), "r"((uint64_t)LOWEST_PRIORITY)
			 : "memory");
}

static void wake_v2(uint64_t gicd, uint64_t gicc, unsigned id)
{
	*reg(gicd, GICD_CTLR) = GICD_CTLR_GRP0;
	*reg(gicd, GICD_ISENABLER) = UINT32_C(1) << id;
	*reg(gicc, GICC_PMR) = LOWEST_PRIORITY;
	*reg(gicc, GICC_CTLR) = GICD_CTLR_GRP0;
}

bool gic_wake_by(const struct dt *dt, unsigned id)
{
	dt_node root, node;
	bool more;

	if (!dt_find(dt, "/", &root))
		return false;
	for (more = dt_child(dt, root, &node); more;
	     more = dt_next(dt, node, &node)) {
		bool v3 = dt_compatible(dt, node, "arm,gic-v3");
		bool v2 = dt_compatible(dt, node, "arm,cortex-a15-gic") ||
			  dt_compatible(dt, node, "arm,gic-400");
		uint64_t gicd, second, size;

		if ((!v3 && !v2) || !dt_reg(dt, node, 0, &gicd, &size) ||
		    !dt_reg(dt, node, 1, &second, &size))
			continue;
		if (v3)
			wake_v3(gicd, second, id);
		else
			wake_v2(gicd, second, id);
		return true;
	}
	return false;
}
