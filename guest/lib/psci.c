/* SPDX-License-Identifier: BSD-2-Clause */
#include "psci.h"

_Noreturn void psci_off(void)
{
	for (;;)
		smccc(PSCI_SYSTEM_OFF, 0, 0, 0);
}
