/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * poweroff.c - the init of the Linux guest that tests/bench/run measures.
 */
#include <sys/reboot.h>

int main(void)
{
	return reboot(RB_POWER_OFF);
}
