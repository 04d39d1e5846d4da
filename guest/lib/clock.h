/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock.h - the virtual counter, and sleep until it has got so far.
 *
 * Units: ticks of CNTVCT_EL0, microseconds or nanoseconds, as names say.
 */
#ifndef GUEST_CLOCK_H
#define GUEST_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "sysreg.h"

struct dt;

/* Not earlier than what precedes it in the program. */
static inline uint64_t clock_now(void)
{
	__asm__ volatile("isb" : : : "memory");
	return SYSREG_READ(cntvct_el0);
}

uint64_t clock_ticks(uint64_t us);
uint64_t clock_ns(uint64_t ticks);

/* Make the virtual timer wake the CPU that booted from WFI, and try it out.
 * false: it does not; clock_sleep() spins then. */
bool clock_init(const struct dt *dt);

/* What clock_init() found. */
bool clock_can_sleep(void);

/* Sleep until clock_now() is @deadline; on the CPU that booted. */
void clock_sleep(uint64_t deadline);

#endif
