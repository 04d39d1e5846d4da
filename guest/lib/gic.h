/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gic.h - as much of the interrupt controller as WFI needs to wake up.
 *
 * Interrupts stay masked in PSTATE and are never taken.  But what is not
 * enabled in the GIC does not end a WFI either, least of all under KVM.
 *
 * Spec: Arm IHI0069 12 (GICv3 registers), IHI0048 4 (GICv2 registers).
 */
#ifndef GUEST_GIC_H
#define GUEST_GIC_H

#include <stdbool.h>
#include <stdint.h>

struct dt;

/* Private interrupts, as Arm's BSA numbers them. */
enum { GIC_VIRTUAL_TIMER = 27 };

struct gic {
	bool v3;
	uint64_t dist;
	uint64_t cpu; /* v2: CPU interface; v3: first redistributor */
};

/* false: the tree has no GIC that we know. */
bool gic_find(const struct dt *dt, struct gic *ret_gic);

/* Let the private interrupt @id (16 to 31) wake the CPU that booted, whose
 * redistributor is taken to be the first.  false: no GIC, or it is asleep. */
bool gic_wake_by(const struct dt *dt, unsigned id);

#endif
