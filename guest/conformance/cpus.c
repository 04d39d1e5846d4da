/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpus.c - the other CPUs: start one on a job, and wait until it is off again.
 */
#include "conformance.h"

#include "../lib/clock.h"
#include "../lib/mmu.h"
#include "../lib/psci.h"
#include "report.h"

enum { STACK_SIZE = 2048 };
enum { POLL_US = 100 };

struct cpu cpus[MAX_CPUS] __attribute__((section(".noinit")));
unsigned nr_cpus;

static uint8_t stacks[MAX_CPUS][STACK_SIZE]
	__attribute__((section(".noinit"), aligned(16)));

void cpu_main(const uint8_t *top); /* called by start.S */

static void add_cpu(uint64_t mpidr)
{
	cpus[nr_cpus++] = (struct cpu){ .mpidr = mpidr, .alive = true };
}

void cpus_find(void)
{
	uint32_t cells, size;
	dt_node list, node;
	bool more;

	add_cpu(SYSREG_READ(mpidr_el1) & MPIDR_AFFINITY);
	if (!dt_find(&dt, "/cpus", &list))
		return;
	cells = dt_u32(&dt, list, "#address-cells", 2);
	for (more = dt_child(&dt, list, &node); more && nr_cpus < MAX_CPUS;
	     more = dt_next(&dt, node, &node)) {
		const void *reg = dt_prop(&dt, node, "reg", &size);
		uint64_t mpidr;

		/* cpu-map and the like; and a CPU that PSCI cannot start. */
		if (!reg || cells > 2 || size != 4 * cells ||
		    !dt_prop(&dt, node, "enable-method", &size))
			continue;
		mpidr = dt_cells(reg, 4 * cells);
		if (mpidr != cpus[0].mpidr)
			add_cpu(mpidr);
	}
}

void cpu_main(const uint8_t *top)
{
	struct cpu *me = cpus + (top - stacks[0]) / STACK_SIZE - 1;

	if ((SYSREG_READ(mpidr_el1) & MPIDR_AFFINITY) != me->mpidr)
		return;
	__atomic_store_n(&me->here, 1, __ATOMIC_RELEASE);
	me->job(me);
	__atomic_store_n(&me->done, 1, __ATOMIC_RELEASE);
}

void cpu_run(struct cpu *c, cpu_job job)
{
	const uint8_t *top = stacks[c - cpus] + STACK_SIZE;

	if (!c->alive)
		return;
	c->job = job;
	c->here = 0;
	c->done = 0;
	__asm__ volatile("dsb ish" : : : "memory");
	c->on = smccc(PSCI_CPU_ON, c->mpidr, (uint64_t)mmu_cpu_start,
		      (uint64_t)top);
}

static bool is_off(const struct cpu *c)
{
	return __atomic_load_n(&c->done, __ATOMIC_ACQUIRE) &&
	       smccc(PSCI_AFFINITY_INFO, c->mpidr, 0, 0) == PSCI_OFF;
}

static bool wait_until(struct cpu *c, uint64_t until)
{
	if (!c->alive)
		return false;
	if (c->on)
		c->alive = false;
	while (c->alive && !is_off(c)) {
		if (clock_now() > until)
			c->alive = false;
		/* Asleep: we may be in the other's way. */
		clock_sleep(clock_now() + clock_ticks(POLL_US));
	}
	return c->alive;
}

bool cpu_wait(struct cpu *c, uint64_t us)
{
	return wait_until(c, clock_now() + clock_ticks(us));
}

void cpus_run(cpu_job job)
{
	uint64_t until;

	for (struct cpu *c = cpus + 1; c < cpus + nr_cpus; c++)
		cpu_run(c, job);
	/* However many of them are lost, they are waited for once. */
	until = clock_now() + clock_ticks(PATIENCE_US);
	for (struct cpu *c = cpus + 1; c < cpus + nr_cpus; c++)
		wait_until(c, until);
}

static void check_start(void)
{
	for (struct cpu *c = cpus; c < cpus + nr_cpus; c++) {
		if (c->alive)
			continue;
		if (c->on)
			not_ok(CHECK_CPUS, "cpu 0x%lx: CPU_ON says %ld",
			       c->mpidr, c->on);
		else
			not_ok(CHECK_CPUS, "cpu 0x%lx: on, %s", c->mpidr,
			       !c->here	 ? "and did not arrive"
			       : c->done ? "and did not go off"
					 : "and did not get ready");
		return;
	}
	ok_with(CHECK_CPUS, "%u", nr_cpus);
}

static void check_same(void)
{
	for (struct cpu *c = cpus; c < cpus + nr_cpus; c++)
		if (c->alive &&
		    (c->arch != cpus->arch || c->self != cpus->self ||
		     c->feature != cpus->feature)) {
			not_ok(CHECK_SAME,
			       "cpu 0x%lx: %ld, %ld, %ld; cpu 0x%lx: %ld, %ld, %ld",
			       c->mpidr, c->arch, c->self, c->feature,
			       cpus->mpidr, cpus->arch, cpus->self,
			       cpus->feature);
			return;
		}
	ok(CHECK_SAME);
}

static void check_each(void)
{
	bool none = cpus->feature != 0;

	for (struct cpu *c = cpus; c < cpus + nr_cpus; c++)
		if (c->alive && (c->st == NOT_SUPPORTED) != none) {
			not_ok(CHECK_EACH,
			       "cpu 0x%lx: %ld, though stolen time is %s",
			       c->mpidr, c->st, none ? "off" : "offered");
			return;
		}
	ok_with(CHECK_EACH, "%s", none ? "none" : "every one");
}

void check_cpus(void)
{
	cpus_run(ask_job);
	check_start();
	check_same();
	check_each();
}
