/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fault.h - makes the n-th call below us fail.
 *
 * Counted, and failed when their turn comes, are all calls of the fake KVM
 * and, of the C library's, those that a test program makes through the names
 * in fault.c.  So a constructor is swept: fail its first call, then its
 * second, ... until one attempt meets no fault; nothing may ever be left over.
 *
 * Threads: any.
 */
#ifndef FAULT_H
#define FAULT_H

#include <stdbool.h>
#include <stdint.h>

/* Begin to count; the @n-th call from now on (0: none) fails with @err. */
void fault_arm(unsigned n, int err);

/* The same, where only this thread's calls count. */
void fault_arm_mine(unsigned n, int err);

/* Did it come to that?  And how many calls were there? */
bool fault_met(void);
unsigned fault_calls(void);

/* A call is made: 0, or the errno that it is to fail with. */
int fault_now(void);

/* Bytes mapped by mmap(2), over nothing, and not unmapped. */
uint64_t fault_mapped(void);

#endif
