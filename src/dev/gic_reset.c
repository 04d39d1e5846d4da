/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gic_reset.c - puts KVM's interrupt controller back to its reset state.
 *
 * KVM resets an ITS when told to, but has no such call for a GIC: each
 * register that a guest can have changed is written with its reset value
 * through the device attributes.  Those writes mean what they do on restore,
 * which for pending bits differs: GICv3's set-pending register takes its bits
 * as they are and the clear-pending one is ignored, GICv2's set and clear.
 *
 * Spec: Linux Documentation/virt/kvm/devices/arm-vgic.rst, arm-vgic-v3.rst
 * (encoding of attributes); Arm IHI0069 12.9 to 12.11, IHI0048B 4.3, 4.4.
 */
#include "dev/gic.h"

#include <errno.h>

#include "kvm/attr.h"
#include "kvm/reg.h"
#include "kvm/uapi.h"
#include "kvm/vcpu.h"
#include "mach/layout.h"
#include "util/err.h"
#include "util/util.h"

/* Distributor registers: the same offsets in GICv2 and v3. */
enum {
	GICD_CTLR = 0x000,
	GICD_IGROUPR = 0x080,
	GICD_ICENABLER = 0x180,
	GICD_ISPENDR = 0x200,
	GICD_ICPENDR = 0x280,
	GICD_ICACTIVER = 0x380,
	GICD_IPRIORITYR = 0x400,
	GICD_ITARGETSR = 0x800,
	GICD_ICFGR = 0xc00,
	GICD_IROUTER = 0x6000,
	GICR_CTLR = 0x0,
	GICR_PROPBASER = 0x70,
	GICR_PENDBASER = 0x78,
	GICR_SGI = 0x10000, /* frame laid out like the distributor */
	GICC_CTLR = 0x00,
	GICC_PMR = 0x04,
	GICC_BPR = 0x08,
	GICC_ABPR = 0x1c,
	GICC_APR = 0xd0,
};

#define ICC(op0, op1, crn, crm, op2) \
	((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

enum {
	ICC_PMR_EL1 = ICC(3, 0, 4, 6, 0),
	ICC_BPR0_EL1 = ICC(3, 0, 12, 8, 3),
	ICC_AP0R0_EL1 = ICC(3, 0, 12, 8, 4),
	ICC_AP1R0_EL1 = ICC(3, 0, 12, 9, 0),
	ICC_BPR1_EL1 = ICC(3, 0, 12, 12, 3),
	ICC_CTLR_EL1 = ICC(3, 0, 12, 12, 4),
	ICC_IGRPEN0_EL1 = ICC(3, 0, 12, 12, 6),
	ICC_IGRPEN1_EL1 = ICC(3, 0, 12, 12, 7),
	ICC_CTLR_GUEST_BITS = 3, /* CBPR and EOImode; the rest is the host's */
};

/* Writes go on after a failure, which is kept for the end. */
struct writer {
	int fd;
	uint32_t group;
	uint64_t cpu; /* attribute bits that name a CPU */
	int rc;
};

static void put(struct writer *w, unsigned reg, uint32_t v)
{
	int rc = kvm_attr_set(w->fd, w->group, w->cpu | reg, &v);

	if (rc < 0 && w->rc == 0)
		w->rc = err_set(-rc, "reset register %#x", reg);
}

/* @n INTIDs from @first on, in a frame at @frame. */
static void put_irqs(struct writer *w, unsigned frame, unsigned first,
		     unsigned n, uint32_t group)
{
	for (unsigned i = first / 8; i < (first + n) / 8; i += 4) {
		put(w, frame + GICD_ICENABLER + i, UINT32_MAX);
		/* GICv3's takes its bits as they are, GICv2's clears. */
		put(w, frame + GICD_ISPENDR + i, 0);
		put(w, frame + GICD_ICPENDR + i, UINT32_MAX);
		put(w, frame + GICD_ICACTIVER + i, UINT32_MAX);
		put(w, frame + GICD_IGROUPR + i, group);
	}
	for (unsigned i = first; i < first + n; i += 4)
		put(w, frame + GICD_IPRIORITYR + i, 0);
	/* The first 16, SGIs, are edge-triggered for ever. */
	for (unsigned i = first ? first : 16; i < first + n; i += 16)
		put(w, frame + GICD_ICFGR + i / 4, 0);
}

/* KVM names a CPU by its affinity: Aff3 in bits 63:56, Aff2 to 0 below. */
static int mpidr_attr(const struct kvm_vcpu *vcpu, uint64_t *ret_attr)
{
	uint64_t mpidr;
	int rc = kvm_reg_get(vcpu->fd, KVM_REG_MPIDR_EL1, &mpidr);

	if (rc < 0)
		return err_set(-rc, "reset: MPIDR of vCPU %u", vcpu->id);
	*ret_attr = (mpidr >> 32 & 0xff) << 56 | (mpidr & 0xffffff) << 32;
	return 0;
}

static int reset_v3_cpu(const struct gic *gic, uint64_t cpu)
{
	struct writer r = { gic->fd, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, cpu, 0 };
	struct writer c = { gic->fd, KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS, cpu, 0 };
	static const unsigned zero[] = { ICC_PMR_EL1,	 ICC_BPR0_EL1,
					 ICC_BPR1_EL1,	 ICC_AP0R0_EL1,
					 ICC_AP1R0_EL1,	 ICC_IGRPEN0_EL1,
					 ICC_IGRPEN1_EL1 };
	uint64_t ctlr = 0, value = 0;
	int rc;

	/* LPIs off first: the tables cannot change under them. */
	put(&r, GICR_CTLR, 0);
	for (unsigned half = 0; half < 8; half += 4) {
		put(&r, GICR_PROPBASER + half, 0);
		put(&r, GICR_PENDBASER + half, 0);
	}
	put_irqs(&r, GICR_SGI, 0, 32, UINT32_MAX);

	/* While CBPR is set, BPR1 cannot be written: the control first. */
	rc = kvm_attr_get(c.fd, c.group, cpu | ICC_CTLR_EL1, &ctlr);
	ctlr &= ~(uint64_t)ICC_CTLR_GUEST_BITS;
	if (rc == 0)
		rc = kvm_attr_set(c.fd, c.group, cpu | ICC_CTLR_EL1, &ctlr);
	for (size_t i = 0; i < ARRAY_SIZE(zero) && rc == 0; i++)
		rc = kvm_attr_set(c.fd, c.group, cpu | zero[i], &value);
	return rc < 0 ? err_set(-rc, "reset CPU interface") : r.rc;
}

static int reset_v3(const struct gic *gic, const struct kvm_vcpu *vcpus)
{
	struct writer d = { gic->fd, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, 0, 0 };

	put(&d, GICD_CTLR, 0);
	put_irqs(&d, 0, 32, NR_SPIS, UINT32_MAX);
	for (unsigned i = 32; i < 32 + NR_SPIS; i++) {
		put(&d, GICD_IROUTER + 8 * i, 0);
		put(&d, GICD_IROUTER + 8 * i + 4, 0);
	}
	for (unsigned i = 0; i < gic->nr_cpus && d.rc == 0; i++) {
		uint64_t cpu = 0;

		d.rc = mpidr_attr(&vcpus[i], &cpu);
		if (d.rc == 0)
			d.rc = reset_v3_cpu(gic, cpu);
	}
	return d.rc;
}

static int reset_v2(const struct gic *gic)
{
	struct writer d = { gic->fd, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, 0, 0 };
	struct writer c = { gic->fd, KVM_DEV_ARM_VGIC_GRP_CPU_REGS, 0, 0 };

	put(&d, GICD_CTLR, 0);
	put_irqs(&d, 0, 32, NR_SPIS, 0);
	for (unsigned i = 32; i < 32 + NR_SPIS; i += 4)
		put(&d, GICD_ITARGETSR + i, 0);
	for (uint64_t cpu = 0; cpu < gic->nr_cpus; cpu++) {
		d.cpu = c.cpu = cpu << KVM_DEV_ARM_VGIC_CPUID_SHIFT;
		put_irqs(&d, 0, 0, 32, 0);
		put(&c, GICC_CTLR, 0);
		put(&c, GICC_PMR, 0);
		put(&c, GICC_BPR, 0);
		put(&c, GICC_ABPR, 0);
		put(&c, GICC_APR, 0);
	}
	return d.rc < 0 ? d.rc : c.rc;
}

int gic_reset(struct gic *gic, const struct kvm_vcpu *vcpus)
{
	int rc;

	if (gic->its_fd >= 0) {
		rc = kvm_attr_set(gic->its_fd, KVM_DEV_ARM_VGIC_GRP_CTRL,
				  KVM_DEV_ARM_ITS_CTRL_RESET, NULL);
		if (rc < 0)
			return err_set(-rc, "reset ITS");
	}
	rc = gic->kind == GIC_V2 ? reset_v2(gic) : reset_v3(gic, vcpus);
	return err_in(rc, "%s", gic_names[gic->kind]);
}
