/* SPDX-License-Identifier: BSD-2-Clause */
#include "clock.h"

#include "gic.h"

enum { CNTV_ENABLE = 1 };
enum { ISR_FIQ = 1 << 6, ISR_IRQ = 1 << 7 };
enum { US = 1000000, NS = 1000000000, PATIENCE_US = 20000 };

static bool wakes;

uint64_t clock_ticks(uint64_t us)
{
	return us * SYSREG_READ(cntfrq_el0) / US;
}

uint64_t clock_ns(uint64_t ticks)
{
	uint64_t hz = SYSREG_READ(cntfrq_el0);

	/* In two steps: the product must not overflow. */
	return ticks / hz * NS + ticks % hz * NS / hz;
}

bool clock_init(const struct dt *dt)
{
	uint64_t until;

	if (!gic_wake_by(dt, GIC_VIRTUAL_TIMER))
		return false;
	until = clock_now() + clock_ticks(PATIENCE_US);
	SYSREG_WRITE(cntv_cval_el0, 0);
	SYSREG_WRITE(cntv_ctl_el0, CNTV_ENABLE);
	while (!wakes && clock_now() < until)
		wakes = SYSREG_READ(isr_el1) & (ISR_IRQ | ISR_FIQ);
	SYSREG_WRITE(cntv_ctl_el0, 0);
	return wakes;
}

bool clock_can_sleep(void)
{
	return wakes;
}

void clock_sleep(uint64_t deadline)
{
	SYSREG_WRITE(cntv_cval_el0, deadline);
	SYSREG_WRITE(cntv_ctl_el0, CNTV_ENABLE);
	while (clock_now() < deadline)
		if (wakes)
			__asm__ volatile("wfi" : : : "memory");
	SYSREG_WRITE(cntv_ctl_el0, 0);
}
