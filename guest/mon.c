/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mon.c - a guest that does on its console what a test tells it to.
 *
 * It prints "mon: ready" and then obeys single letters; white space is passed
 * over.  Each command ends with a line "ok LETTER"; h, c, o and r do not come
 * back.  The commands are listed at command().  While it waits it sleeps, so
 * that a host shared with others is not loaded by it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/dt.h"
#include "lib/gic.h"
#include "lib/psci.h"
#include "lib/say.h"
#include "lib/smccc.h"
#include "lib/sysreg.h"
#include "lib/trap.h"
#include "lib/uart.h"

enum { MAX_CPUS = 512, STACK_SIZE = 1024 };
enum { CTRL_D = 4 };
enum { CNTV_ENABLE = 1 };

/* Nothing is here, neither in the map of QEMU's virt board, which ours follows,
 * nor, without PCI devices, in kvmtool's. */
#define NOWHERE UINT64_C(0x0f000000)

/* What another CPU is given and gives back, at the top of its stack. */
struct cpu {
	uint64_t mpidr;
	int64_t record; /* PV_TIME_ST's answer */
	uint32_t stay;	/* in: spin when done, do not switch off */
	uint32_t done;
} __attribute__((aligned(16)));

static struct dt dt;
static uint8_t stacks[MAX_CPUS][STACK_SIZE] __attribute__((aligned(16)));

void cpu_start(void) __attribute__((visibility("hidden"))); /* start.S */
void cpu_main(struct cpu *me);
void main(const void *dtb);

/* Sleep for a millisecond. */
static void nap(void)
{
	SYSREG_WRITE(cntv_tval_el0, SYSREG_READ(cntfrq_el0) / 1000);
	SYSREG_WRITE(cntv_ctl_el0, CNTV_ENABLE);
	__asm__ volatile("wfi" : : : "memory");
	SYSREG_WRITE(cntv_ctl_el0, 0);
}

static char next_char(void)
{
	int c;

	while ((c = uart_get()) < 0)
		nap();
	return (char)c;
}

/* The host writes records through its caches, we read past ours: meet in
 * memory.  Needless where stage 2 forces caching, and right everywhere. */
static void sync(uint64_t addr)
{
	__asm__ volatile("dc civac, %0\n\tdsb sy" : : "r"(addr) : "memory");
}

/* PV_TIME_ST's latest answer.  Asking may zero the record: see command(). */
static int64_t record = -1;

static void view_record(void)
{
	const volatile uint32_t *word = (const volatile uint32_t *)record;

	if (record == -1) {
		say("record: none\n");
		return;
	}
	sync((uint64_t)record);
	say("record: revision %u attributes %u stolen %lu\n", word[0], word[1],
	    *(const volatile uint64_t *)(record + 8));
}

static void ask_for_record(void)
{
	say("pvtime: arch %ld features %ld st ",
	    smccc(SMCCC_ARCH_FEATURES, PV_TIME_FEATURES, 0, 0),
	    smccc(PV_TIME_FEATURES, PV_TIME_ST, 0, 0));
	record = smccc(PV_TIME_ST, 0, 0, 0);
	if (record == -1)
		say("-1\n");
	else
		say("0x%lx\n", (uint64_t)record);
	view_record();
}

/* Overwrite the whole record, as a hostile guest might. */
static void scribble(void)
{
	if (record == -1) {
		say("record: none\n");
		return;
	}
	for (unsigned i = 0; i < 64; i += 8)
		*(volatile uint64_t *)(record + i) =
			UINT64_C(0xfeedfacedeadbeef);
	sync((uint64_t)record);
}

static void poke_nowhere(void)
{
	volatile uint32_t *p = (volatile uint32_t *)NOWHERE;
	uint64_t esr;
	uint32_t v;

	trap_expect_aborts();
	*p = 0xffffffff;
	v = *p;
	if (trap_aborts(&esr))
		say("nowhere: abort, esr 0x%lx\n", esr);
	else
		say("nowhere: 0x%x\n", v);
}

/* The hardware describes no load pair to the hypervisor (no syndrome). */
static void pair_nowhere(void)
{
	uint64_t a = 0, b = 0, esr;

	trap_expect_aborts();
	__asm__ volatile("ldp %0, %1, [%2]"
			 : "+&r"(a), "+&r"(b)
			 : "r"(NOWHERE)
			 : "memory");
	if (trap_aborts(&esr))
		say("pair: abort, esr 0x%lx\n", esr);
	else
		say("pair: 0x%lx 0x%lx\n", a, b);
}

void cpu_main(struct cpu *me)
{
	uint32_t stay = me->stay;

	me->mpidr = SYSREG_READ(mpidr_el1) & MPIDR_AFFINITY;
	me->record = smccc(PV_TIME_ST, 0, 0, 0);
	__asm__ volatile("dsb sy" : : : "memory");
	*(volatile uint32_t *)&me->done = 1;
	while (stay)
		__asm__ volatile("yield");
}

/* Start one CPU and see it through. */
static void start_cpu(uint64_t mpidr, struct cpu *cpu, bool stay)
{
	int64_t rc;

	*cpu = (struct cpu){ .stay = stay };
	__asm__ volatile("dsb sy" : : : "memory");
	rc = smccc(PSCI_CPU_ON, mpidr, (uint64_t)cpu_start, (uint64_t)cpu);
	if (rc < 0) {
		say("cpu 0x%lx: error %ld\n", mpidr, rc);
		return;
	}
	while (!*(volatile uint32_t *)&cpu->done)
		nap();
	say("cpu 0x%lx: mpidr 0x%lx record ", mpidr, cpu->mpidr);
	if (cpu->record == -1)
		say("-1\n");
	else
		say("0x%lx\n", (uint64_t)cpu->record);
	while (!stay && smccc(PSCI_AFFINITY_INFO, mpidr, 0, 0) != PSCI_OFF)
		nap();
}

/* Start each CPU of the tree but this one, one after the other. */
static void start_cpus(bool stay)
{
	uint64_t self = SYSREG_READ(mpidr_el1) & MPIDR_AFFINITY;
	uint32_t cells, size;
	unsigned nr = 0;
	dt_node cpus, node;
	bool more;

	if (!dt_find(&dt, "/cpus", &cpus))
		return;
	cells = dt_u32(&dt, cpus, "#address-cells", 2);
	for (more = dt_child(&dt, cpus, &node); more && nr < MAX_CPUS;
	     more = dt_next(&dt, node, &node)) {
		const void *reg = dt_prop(&dt, node, "reg", &size);
		uint64_t mpidr;

		if (!reg || cells > 2 || size != 4 * cells)
			continue; /* cpu-map and the like */
		mpidr = dt_cells(reg, size);
		if (mpidr != self) {
			uint8_t *top = stacks[nr++] + STACK_SIZE;

			start_cpu(mpidr, (struct cpu *)top - 1, stay);
		}
	}
}

static void show_bootargs(void)
{
	dt_node chosen;
	const char *args = NULL;

	if (dt_find(&dt, "/chosen", &chosen))
		args = dt_str(&dt, chosen, "bootargs");
	say("bootargs: %s\n", args ? args : "");
}

static void echo(void)
{
	char c;

	while ((c = next_char()) != CTRL_D)
		uart_put(c);
}

/* Exceptions to where nothing is: the CPU takes one after the other, for ever,
 * as a kernel does that has overwritten its vectors. */
static _Noreturn void crash(void)
{
	SYSREG_WRITE(vbar_el1, NOWHERE);
	__asm__ volatile("brk #0");
	__builtin_unreachable();
}

static void command(char c)
{
	switch (c) {
	case 'p': /* stolen time: discovery, then as v */
		ask_for_record();
		break;
	case 'v': /* view this CPU's record; needs a p before */
		view_record();
		break;
	case 's': /* scribble on it; needs a p before */
		scribble();
		break;
	case 'n': /* write and read where nothing is */
		poke_nowhere();
		break;
	case 'l': /* load a pair of registers from there */
		pair_nowhere();
		break;
	case '1': /* start every other CPU, each until it is off */
		start_cpus(false);
		break;
	case '2': /* start every other CPU and let them spin */
		start_cpus(true);
		break;
	case 'b': /* show the boot arguments */
		show_bootargs();
		break;
	case 'e': /* echo until Ctrl-D */
		echo();
		break;
	case 'h': /* hang: spin with interrupts off */
		for (;;)
			__asm__ volatile("yield");
	case 'c': /* crash */
		crash();
	case 'r': /* reset */
		smccc(PSCI_SYSTEM_RESET, 0, 0, 0);
		break;
	case 'o': /* off */
		psci_off();
	default:
		say("unknown %c\n", c);
		return;
	}
	say("ok %c\n", c);
}

void main(const void *dtb)
{
	if (!dt_open(&dt, dtb) || !uart_init(&dt) ||
	    !gic_wake_by(&dt, GIC_VIRTUAL_TIMER))
		return;
	say("mon: ready\n");
	for (;;) {
		char c = next_char();

		if (c != ' ' && c != '\r' && c != '\n')
			command(c);
	}
}
