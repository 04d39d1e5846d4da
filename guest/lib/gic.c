/* SPDX-License-Identifier: BSD-2-Clause */
#include "gic.h"

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

static bool wake_v3(const struct gic *gic, unsigned id)
{
	uint64_t gicr = gic->cpu;
	unsigned patience = 10000;

	*reg(gic->dist, GICD_CTLR) = GICD_CTLR_ARE | GICD_CTLR_GRP1;
	*reg(gicr, GICR_WAKER) &= ~(uint32_t)WAKER_SLEEP;
	while (*reg(gicr, GICR_WAKER) & WAKER_ASLEEP)
		if (!patience--)
			return false;
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
	return true;
}

static bool wake_v2(const struct gic *gic, unsigned id)
{
	*reg(gic->dist, GICD_CTLR) = GICD_CTLR_GRP0;
	*reg(gic->dist, GICD_ISENABLER) = UINT32_C(1) << id;
	*reg(gic->cpu, GICC_PMR) = LOWEST_PRIORITY;
	*reg(gic->cpu, GICC_CTLR) = GICD_CTLR_GRP0;
	return true;
}

bool gic_find(const struct dt *dt, struct gic *ret_gic)
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
		struct gic gic = { .v3 = v3 };
		uint64_t size;

		if ((v3 || v2) && dt_reg(dt, node, 0, &gic.dist, &size) &&
		    dt_reg(dt, node, 1, &gic.cpu, &size)) {
			*ret_gic = gic;
			return true;
		}
	}
	return false;
}

bool gic_wake_by(const struct dt *dt, unsigned id)
{
	struct gic gic;

	if (!gic_find(dt, &gic))
		return false;
	return gic.v3 ? wake_v3(&gic, id) : wake_v2(&gic, id);
}
