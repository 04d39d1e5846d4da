/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * leave.h - the verbs after which we are no more: kexec, reboot, off, init.
 *
 * All that can go wrong is tried before "ok" is said, and the host has that
 * before the machine ends.  What fails then is told on the console, and the
 * machine is powered off.
 */
#ifndef INIT_LEAVE_H
#define INIT_LEAVE_H

#include <stdint.h>

void leave_kexec(uint64_t nr, char *args);
void leave_reboot(uint64_t nr, char *args);
void leave_off(uint64_t nr, char *args);
void leave_init(uint64_t nr, char *args);

#endif
