/* SPDX-License-Identifier: BSD-2-Clause */
#include "trap.h"

#include "psci.h"
#include "say.h"

enum { ESR_EC_SHIFT = 26, ESR_EC_MASK = 0x3f };
enum { EC_DATA_ABORT_EL1 = 0x25, EC_SERROR = 0x2f };

/* See fixup.h; the table is link.ld's. */
struct fixup {
	int32_t at, to; /* each relative to itself */
};

extern const struct fixup fixups[] __attribute__((visibility("hidden")));
extern const struct fixup fixups_end[] __attribute__((visibility("hidden")));

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
	unsigned class;

	/* The upper half is reserved or tells more than anybody here asks; KVM
	 * of Linux 6.1 sets all of it in aborts that the VMM had it inject. */
	esr &= UINT32_MAX;
	class = esr >> ESR_EC_SHIFT & ESR_EC_MASK;
	if (expected && class == EC_DATA_ABORT_EL1) {
		last_esr = esr;
		aborts++;
		return elr + 4;
	}
	/* An SError belongs to no instruction. */
	for (const struct fixup *f = fixups;
	     f < fixups_end && class != EC_SERROR; f++)
		if (elr == (uint64_t)&f->at + f->at)
			return (uint64_t)&f->to + f->to;
	say("\nBail out! trap: esr 0x%lx elr 0x%lx far 0x%lx\n", esr, elr, far);
	psci_off();
}
