/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gic.h - the interrupt controller, which KVM emulates: we choose its kind,
 * place it, describe it and put it back to its reset state.
 *
 * Spec:    Linux Documentation/virt/kvm/devices/arm-vgic.rst, arm-vgic-v3.rst,
 *          arm-vgic-its.rst; Arm IHI0048B (GICv2), IHI0069 (GICv3).
 * Errors:  0 or a negative errno whose words err_text() holds.
 * Owns:    the descriptors of the KVM devices.
 * Threads: the builder's, while no vCPU runs.
 */
#ifndef DEV_GIC_H
#define DEV_GIC_H

#include <stdint.h>

#include "kvm/vm.h" /* gpa_t */

struct fdtw;
struct kvm_vcpu;

enum gic_kind { GIC_AUTO, GIC_V2, GIC_V3, GIC_V3_ITS };

/* What --irqchip takes, in the order of enum gic_kind; NULL at the end. */
extern const char *const gic_names[];

struct gic {
	enum gic_kind kind; /* not GIC_AUTO */
	int fd, its_fd;	    /* owned; -1 when closed */
	unsigned nr_cpus;
	gpa_t high_redist; /* of vCPUs that do not fit below RAM */
};

/*
 * The kind that @want means on this host; for GIC_AUTO the best there is.
 * -ENODEV: the host has no such.
 */
int gic_choose(int vm_fd, enum gic_kind want, enum gic_kind *ret_kind);

/* The most vCPUs that @kind can serve on this host. */
unsigned gic_max_cpus(int vm_fd, enum gic_kind kind);

/* After all @nr_cpus vCPUs were created and initialised. */
int gic_init(struct gic *gic, int vm_fd, enum gic_kind kind, unsigned nr_cpus,
	     gpa_t high_redist);

/* All interrupts disabled, idle, at their reset priority and target. */
int gic_reset(struct gic *gic, const struct kvm_vcpu *vcpus);

/* "interrupt-parent" of the root node is PHANDLE_GIC. */
void gic_fdt(const struct gic *gic, struct fdtw *w);

/* Undo gic_init().  Fine when both descriptors are -1, and twice. */
void gic_fini(struct gic *gic);

#endif
