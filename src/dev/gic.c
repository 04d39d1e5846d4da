/* SPDX-License-Identifier: BSD-2-Clause */
#include "dev/gic.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "kvm/attr.h"
#include "kvm/uapi.h"
#include "kvm/vcpu.h"
#include "mach/layout.h"
#include "util/err.h"
#include "util/fdtw.h"
#include "util/util.h"

const char *const gic_names[] = { "auto", "gicv2", "gicv3", "gicv3-its", NULL };

/* KVM's own frames are smaller than the windows the map keeps for them. */
enum { GICV2_DIST_SIZE = 0x1000, GICV2_CPU_SIZE = 0x2000, GICV2_CPUS = 8 };

int gic_choose(int vm_fd, enum gic_kind want, enum gic_kind *ret_kind)
{
	static const struct {
		enum gic_kind kind;
		uint32_t needs[2];
	} kinds[] = {
		{ GIC_V3_ITS,
		  { KVM_DEV_TYPE_ARM_VGIC_V3, KVM_DEV_TYPE_ARM_VGIC_ITS } },
		{ GIC_V3, { KVM_DEV_TYPE_ARM_VGIC_V3 } },
		{ GIC_V2, { KVM_DEV_TYPE_ARM_VGIC_V2 } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (want != GIC_AUTO && want != kinds[i].kind)
			continue;
		if (kvm_device_there(vm_fd, kinds[i].needs[0]) &&
		    (!kinds[i].needs[1] ||
		     kvm_device_there(vm_fd, kinds[i].needs[1]))) {
			*ret_kind = kinds[i].kind;
			return 0;
		}
	}
	if (want == GIC_AUTO)
		return err_say(ENODEV, "this host's KVM has no interrupt "
				       "controller for guests");
	return err_say(ENODEV,
		       "this host's KVM has no %s for guests; leave "
		       "--irqchip out to get what it has",
		       gic_names[want]);
}

unsigned gic_max_cpus(int vm_fd, enum gic_kind kind)
{
	unsigned host = (unsigned)kvm_vm_cap(vm_fd, KVM_CAP_MAX_VCPUS);
	unsigned most = kind == GIC_V2 ? GICV2_CPUS : LAYOUT_NR_CPUS;

	if (host == 0) /* it cannot say; there is no machine without a CPU */
		return 1;
	return host < most ? host : most;
}

static int place(int fd, uint64_t what, uint64_t v)
{
	int rc = kvm_attr_set(fd, KVM_DEV_ARM_VGIC_GRP_ADDR, what, &v);

	return rc < 0 ? err_set(-rc, "place at %#" PRIx64, v) : 0;
}

static int control(int fd, uint64_t what)
{
	int rc = kvm_attr_set(fd, KVM_DEV_ARM_VGIC_GRP_CTRL, what, NULL);

	return rc < 0 ? err_set(-rc, "control %" PRIu64, what) : 0;
}

/* count in bits 63:52, base in 51:16, flags 0, index in 11:0 */
static uint64_t redist_region(unsigned index, gpa_t base, unsigned count)
{
	return (uint64_t)count << 52 | base | index;
}

static int place_redists(const struct gic *gic)
{
	unsigned low = LAYOUT_NR_LOW_REDIST;
	int rc;

	if (gic->nr_cpus <= low)
		return place(gic->fd, KVM_VGIC_V3_ADDR_TYPE_REDIST,
			     LAYOUT_GIC_REDIST);
	rc = place(gic->fd, KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION,
		   redist_region(0, LAYOUT_GIC_REDIST, low));
	if (rc < 0)
		return rc;
	return place(gic->fd, KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION,
		     redist_region(1, gic->high_redist, gic->nr_cpus - low));
}

static int init_v2(struct gic *gic)
{
	int rc = place(gic->fd, KVM_VGIC_V2_ADDR_TYPE_DIST, LAYOUT_GIC_DIST);

	return rc < 0 ? rc
		      : place(gic->fd, KVM_VGIC_V2_ADDR_TYPE_CPU,
			      LAYOUT_GICV2_CPU);
}

static int init_v3(struct gic *gic)
{
	int rc = place(gic->fd, KVM_VGIC_V3_ADDR_TYPE_DIST, LAYOUT_GIC_DIST);

	return rc < 0 ? rc : place_redists(gic);
}

static int init_its(struct gic *gic, int vm_fd)
{
	int rc = kvm_device_create(vm_fd, KVM_DEV_TYPE_ARM_VGIC_ITS, "ITS");

	if (rc < 0)
		return rc;
	gic->its_fd = rc;
	rc = place(gic->its_fd, KVM_VGIC_ITS_ADDR_TYPE, LAYOUT_GIC_ITS);
	if (rc < 0)
		return rc;
	return control(gic->its_fd, KVM_DEV_ARM_VGIC_CTRL_INIT);
}

int gic_init(struct gic *gic, int vm_fd, enum gic_kind kind, unsigned nr_cpus,
	     gpa_t high_redist)
{
	uint32_t type = kind == GIC_V2 ? KVM_DEV_TYPE_ARM_VGIC_V2
				       : KVM_DEV_TYPE_ARM_VGIC_V3;
	const uint32_t nr_irqs = 32 + NR_SPIS;
	int rc;

	*gic = (struct gic){ .kind = kind,
			     .fd = -1,
			     .its_fd = -1,
			     .nr_cpus = nr_cpus,
			     .high_redist = high_redist };
	rc = kvm_device_create(vm_fd, type, gic_names[kind]);
	if (rc < 0)
		return rc;
	gic->fd = rc;

	rc = kvm_attr_set(gic->fd, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &nr_irqs);
	if (rc < 0) {
		err_set(-rc, "%u interrupts", nr_irqs);
		goto out_fini;
	}
	rc = kind == GIC_V2 ? init_v2(gic) : init_v3(gic);
	if (rc < 0)
		goto out_fini;
	rc = control(gic->fd, KVM_DEV_ARM_VGIC_CTRL_INIT);
	if (rc < 0)
		goto out_fini;
	if (kind == GIC_V3_ITS) {
		rc = init_its(gic, vm_fd);
		if (rc < 0)
			goto out_fini;
	}
	return 0;

out_fini:
	rc = err_in(rc, "%s", gic_names[kind]);
	gic_fini(gic);
	return rc;
}

void gic_fini(struct gic *gic)
{
	if (gic->its_fd >= 0)
		close(gic->its_fd);
	if (gic->fd >= 0)
		close(gic->fd);
	gic->fd = gic->its_fd = -1;
}

static void v2_fdt(struct fdtw *w)
{
	static const uint64_t regs[] = { LAYOUT_GIC_DIST, GICV2_DIST_SIZE,
					 LAYOUT_GICV2_CPU, GICV2_CPU_SIZE };

	fdtw_strs(w, "compatible", "arm,cortex-a15-gic");
	fdtw_regs(w, "reg", regs, 2);
}

static void v3_fdt(const struct gic *gic, struct fdtw *w)
{
	unsigned low = LAYOUT_NR_LOW_REDIST, nr = gic->nr_cpus;
	uint64_t regs[] = {
		LAYOUT_GIC_DIST,
		LAYOUT_GIC_DIST_SIZE,
		LAYOUT_GIC_REDIST,
		(uint64_t)LAYOUT_REDIST_EACH * (nr < low ? nr : low),
		gic->high_redist,
		(uint64_t)LAYOUT_REDIST_EACH * (nr > low ? nr - low : 0),
	};

	fdtw_strs(w, "compatible", "arm,gic-v3");
	fdtw_regs(w, "reg", regs, nr > low ? 3 : 2);
	fdtw_u32(w, "#redistributor-regions", nr > low ? 2 : 1);
}

static void its_fdt(struct fdtw *w)
{
	fdtw_u32(w, "#size-cells", 2);
	fdtw_flag(w, "ranges");
	fdtw_node(w, "msi-controller@%x", LAYOUT_GIC_ITS);
	fdtw_str(w, "compatible", "arm,gic-v3-its");
	fdtw_reg(w, LAYOUT_GIC_ITS, LAYOUT_GIC_ITS_SIZE);
	fdtw_flag(w, "msi-controller");
	fdtw_u32(w, "#msi-cells", 1);
	fdtw_u32(w, "phandle", PHANDLE_ITS);
	fdtw_end(w);
}

void gic_fdt(const struct gic *gic, struct fdtw *w)
{
	fdtw_node(w, "interrupt-controller@%x", LAYOUT_GIC_DIST);
	if (gic->kind == GIC_V2)
		v2_fdt(w);
	else
		v3_fdt(gic, w);
	fdtw_flag(w, "interrupt-controller");
	fdtw_u32(w, "#interrupt-cells", 3);
	/* Those who point here need to know, children or not. */
	fdtw_u32(w, "#address-cells", gic->kind == GIC_V3_ITS ? 2 : 0);
	fdtw_u32(w, "phandle", PHANDLE_GIC);
	if (gic->kind == GIC_V3_ITS)
		its_fdt(w);
	fdtw_end(w);
}
