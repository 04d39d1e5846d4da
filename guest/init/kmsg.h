/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kmsg.h - the verb log: what the kernel said since it was last asked.
 *
 * Messages that programs have put into the kernel's log are left out.
 *
 * Spec: Linux Documentation/ABI/testing/dev-kmsg.
 */
#ifndef INIT_KMSG_H
#define INIT_KMSG_H

#include <stdint.h>

/* From the kernel's first message on. */
void kmsg_open(void);

/* A kernel that never stops talking is not waited for: an answer of more than
 * 256 KiB ends early, and the next one goes on from there. */
void kmsg_log(uint64_t nr, char *args);

#endif
