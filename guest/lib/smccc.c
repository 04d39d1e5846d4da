/* SPDX-License-Identifier: BSD-2-Clause */
#include "smccc.h"

static enum smccc_conduit usual = SMCCC_HVC;

void smccc_use(enum smccc_conduit conduit)
{
	usual = conduit;
}

int64_t smccc(uint64_t fn, uint64_t a1, uint64_t a2, uint64_t a3)
{
	struct smccc_regs r;

	/* Above x3 the call is given whatever the stack holds. */
	r.x[0] = fn;
	r.x[1] = a1;
	r.x[2] = a2;
	r.x[3] = a3;
	return smccc_call(usual, &r) ? (int64_t)r.x[0] : -1;
}
