/* SPDX-License-Identifier: BSD-2-Clause */
#include "trap.h"

#include "psci.h"
#include "say.h"

/* Above the class there may be anything: KVM of Linux 6.1 sets all bits there
 * in an abort that the VMM had it inject. */
enum { ESR_EC_SHIFT = 26, ESR_EC_MASK = 0x3f, EC_DATA_ABORT_EL1 = 0x25 };

static volatile bool expected;
static volatile unsigned aborts;
static volatile uint64_t last_esr;

void trap_expect_aborts(void)
{
	aborts = 0;
	last_esr = 0;
	expected = true;
}

unsigned trap_aborts(uint64_t *ret_esr)
{
	expected = false;
	*ret_esr = last_esr;
	return aborts;
}

uint64_t trap(uint64_t esr, uint64_t elr, uint64_t far)
{
	unsigned class = esr >> ESR_EC_SHIFT & ESR_EC_MASK;

	if (expected && class == EC_DATA_ABORT_EL1) {
		last_esr = esr;
		aborts++;
		return elr + 4;
	}
	say("trap: esr 0x%lx elr 0x%lx far 0x%lx\n", esr, elr, far);
	psci_off();
}
