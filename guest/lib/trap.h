/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trap.h - exceptions: survived where one may come (see also fixup.h), else
 * the end.
 */
#ifndef GUEST_TRAP_H
#define GUEST_TRAP_H

#include <stdbool.h>
#include <stdint.h>

/* From here on count data aborts and step over the instruction. */
void trap_expect_aborts(void);

/* Back to normal.  The aborts since; *ret_esr: the last one's syndrome. */
unsigned trap_aborts(uint64_t *ret_esr);

/* Where start.S sends every exception.  Unexpected ones are printed and end
 * the guest.  Returns the address to go on at. */
uint64_t trap(uint64_t esr, uint64_t elr, uint64_t far);

#endif
