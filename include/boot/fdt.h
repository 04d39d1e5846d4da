/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fdt.h - the device tree: its root, what has no device of its own, and the
 * order in which everybody else adds a node.
 *
 * Spec:    Devicetree Specification v0.4; Linux Documentation/devicetree/
 *          bindings/{arm/cpus.yaml,arm/psci.yaml,arm/pmu.yaml,
 *          timer/arm,arch_timer.yaml,reserved-memory/reserved-memory.yaml}.
 * Units:   bytes.
 * Errors:  0 or a negative errno whose words err_text() holds.  -ENOSPC: the
 *          tree does not fit.
 * Owns:    nothing.
 * Threads: one at a time.
 */
#ifndef BOOT_FDT_H
#define BOOT_FDT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kvm/vm.h" /* gpa_t */

struct device;
struct gic;
struct pvtime;

struct fdt_machine {
	gpa_t ram;
	uint64_t ram_size;
	const uint64_t *mpidrs; /* of each vCPU */
	unsigned nr_cpus;
	bool pmu;
	const char *params; /* the kernel command line; NULL: none */
	gpa_t initrd;
	uint64_t initrd_size; /* 0: none */
	const struct gic *gic;
	const struct pvtime *pvtime;
	const struct device *devices;
	unsigned nr_devices;
};

/*
 * Write the tree into @buf of @size bytes, with fresh seeds for the kernel's
 * address randomisation and random numbers.
 */
int fdt_build(const struct fdt_machine *m, void *buf, size_t size,
	      size_t *ret_size);

#endif
