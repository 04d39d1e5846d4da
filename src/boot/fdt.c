/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/fdt.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "dev/device.h"
#include "dev/gic.h"
#include "dev/uart.h"
#include "mach/layout.h"
#include "pvtime/pvtime.h"
#include "util/err.h"
#include "util/fdtw.h"
#include "util/util.h"

/* Flags of a GIC interrupt's third cell. */
enum { IRQ_LEVEL_HIGH = 4, PPI = 1 };

/* What fills the seeds: kaslr-seed's cells first, then rng-seed's bytes. */
struct seeds {
	uint64_t kaslr;
	uint8_t rng[32];
};

enum { SERIAL_PATH_MAX = 32 };

/* The node of serial port @n, counted from 0; false: there are not so many. */
static bool serial_path(const struct fdt_machine *m, unsigned n,
			char path[static SERIAL_PATH_MAX])
{
	for (unsigned i = 0; i < m->nr_devices; i++) {
		if (m->devices[i].class != &uart_class || n-- > 0)
			continue;
		snprintf(path, SERIAL_PATH_MAX, "/serial@%" PRIx64,
			 m->devices[i].window.base);
		return true;
	}
	return false;
}

/* Which port is which must be said where there is more than one. */
static void aliases(const struct fdt_machine *m, struct fdtw *w)
{
	char path[SERIAL_PATH_MAX], name[16];

	if (!serial_path(m, 1, path))
		return;
	fdtw_node(w, "aliases");
	for (unsigned n = 0; serial_path(m, n, path); n++) {
		snprintf(name, sizeof(name), "serial%u", n);
		fdtw_str(w, name, path);
	}
	fdtw_end(w);
}

static void chosen(const struct fdt_machine *m, const struct seeds *seeds,
		   struct fdtw *w)
{
	char path[SERIAL_PATH_MAX];

	fdtw_node(w, "chosen");
	if (serial_path(m, 0, path))
		fdtw_str(w, "stdout-path", path);
	if (m->params)
		fdtw_str(w, "bootargs", m->params);
	if (m->initrd_size > 0) {
		fdtw_u64(w, "linux,initrd-start", m->initrd);
		fdtw_u64(w, "linux,initrd-end", m->initrd + m->initrd_size);
	}
	fdtw_u64(w, "kaslr-seed", seeds->kaslr);
	fdtw_bytes(w, "rng-seed", seeds->rng, sizeof(seeds->rng));
	fdtw_end(w);
}

static void memory(const struct fdt_machine *m, struct fdtw *w)
{
	fdtw_node(w, "memory@%" PRIx64, m->ram);
	fdtw_str(w, "device_type", "memory");
	fdtw_reg(w, m->ram, m->ram_size);
	fdtw_end(w);
}

static void reserved(const struct fdt_machine *m, struct fdtw *w)
{
	if (!pvtime_is_on(m->pvtime))
		return;
	fdtw_node(w, "reserved-memory");
	fdtw_u32(w, "#address-cells", 2);
	fdtw_u32(w, "#size-cells", 2);
	fdtw_flag(w, "ranges");
	/* Where there was no room to begin a tree, there is none to join. */
	if (fdtw_error(w) == 0)
		fdtw_keep(w, pvtime_fdt(m->pvtime, w->buf));
	fdtw_end(w);
}

static void cpus(const struct fdt_machine *m, struct fdtw *w)
{
	/* The affinity fields of MPIDR_EL1: Aff3, and Aff2 to Aff0. */
	const uint64_t affinity = UINT64_C(0xff00ffffff);

	fdtw_node(w, "cpus");
	fdtw_u32(w, "#address-cells", 2);
	fdtw_u32(w, "#size-cells", 0);
	for (unsigned i = 0; i < m->nr_cpus; i++) {
		uint64_t reg = m->mpidrs[i] & affinity;

		fdtw_node(w, "cpu@%" PRIx64, reg);
		fdtw_str(w, "device_type", "cpu");
		fdtw_str(w, "compatible", "arm,armv8");
		fdtw_u64(w, "reg", reg);
		fdtw_str(w, "enable-method", "psci");
		fdtw_end(w);
	}
	fdtw_end(w);
}

static void psci(struct fdtw *w)
{
	fdtw_node(w, "psci");
	fdtw_strs(w, "compatible", "arm,psci-1.0\0arm,psci-0.2");
	fdtw_str(w, "method", "hvc");
	fdtw_end(w);
}

/*
 * A GICv2 PPI names the CPUs it goes to in bits 15:8; GICv3 has no such field.
 */
static uint32_t ppi_flags(const struct fdt_machine *m)
{
	uint32_t cpus_mask = (1u << (m->nr_cpus & 31)) - 1;

	if (m->gic->kind != GIC_V2)
		return IRQ_LEVEL_HIGH;
	return IRQ_LEVEL_HIGH | (cpus_mask & 0xff) << 8;
}

static void timer(const struct fdt_machine *m, struct fdtw *w)
{
	uint32_t flags = ppi_flags(m);
	uint32_t irqs[] = {
		PPI, PPI_TIMER_SECURE, flags, PPI, PPI_TIMER_PHYS, flags,
		PPI, PPI_TIMER_VIRT,   flags, PPI, PPI_TIMER_HYP,  flags,
	};

	fdtw_node(w, "timer");
	fdtw_str(w, "compatible", "arm,armv8-timer");
	fdtw_cells(w, "interrupts", irqs, ARRAY_SIZE(irqs));
	fdtw_flag(w, "always-on");
	fdtw_end(w);
}

static void pmu(const struct fdt_machine *m, struct fdtw *w)
{
	uint32_t irq[] = { PPI, PPI_PMU, ppi_flags(m) };

	if (!m->pmu)
		return;
	fdtw_node(w, "pmu");
	fdtw_str(w, "compatible", "arm,armv8-pmuv3");
	fdtw_cells(w, "interrupts", irq, 3);
	fdtw_end(w);
}

static void apb_clock(struct fdtw *w)
{
	fdtw_node(w, "apb-pclk");
	fdtw_str(w, "compatible", "fixed-clock");
	fdtw_u32(w, "#clock-cells", 0);
	fdtw_u32(w, "clock-frequency", 24000000);
	fdtw_u32(w, "phandle", PHANDLE_APB_CLK);
	fdtw_end(w);
}

static int build(const struct fdt_machine *m, const struct seeds *seeds,
		 void *buf, size_t size, size_t *ret_size)
{
	struct fdtw w;

	fdtw_begin(&w, buf, size);
	fdtw_u32(&w, "interrupt-parent", PHANDLE_GIC);
	fdtw_strs(&w, "compatible", "linux,dummy-virt");
	fdtw_str(&w, "model", "pvtime-vmm");
	fdtw_u32(&w, "#address-cells", 2);
	fdtw_u32(&w, "#size-cells", 2);
	aliases(m, &w);
	chosen(m, seeds, &w);
	memory(m, &w);
	reserved(m, &w);
	cpus(m, &w);
	psci(&w);
	gic_fdt(m->gic, &w);
	timer(m, &w);
	pmu(m, &w);
	apb_clock(&w);
	for (unsigned i = 0; i < m->nr_devices; i++)
		m->devices[i].class->fdt(&m->devices[i], &w);
	return fdtw_finish(&w, ret_size);
}

/*
 * What a tree comes to, generously.  libfdt clears all of the buffer it is
 * given, and a buffer of fresh guest memory is better left untouched.
 */
static size_t estimate(const struct fdt_machine *m)
{
	size_t params = m->params ? strlen(m->params) : 0;

	return 4096 + 208 * (size_t)m->nr_cpus + params;
}

int fdt_build(const struct fdt_machine *m, void *buf, size_t size,
	      size_t *ret_size)
{
	size_t guess = estimate(m);
	struct seeds seeds;
	int rc = -ENOSPC;

	if (getrandom(&seeds, sizeof(seeds), 0) != (ssize_t)sizeof(seeds))
		return err_set(errno, "random seeds");
	if (guess < size)
		rc = build(m, &seeds, buf, guess, ret_size);
	if (rc == -ENOSPC)
		rc = build(m, &seeds, buf, size, ret_size);
	return rc;
}
