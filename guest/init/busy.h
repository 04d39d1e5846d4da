/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * busy.h - the verbs busy and rest: loops that keep CPUs busy.
 *
 * Each loop is a process bound to its CPU, which spins in user space: the
 * kernel takes its CPU away as it would any program's.  Meanwhile we keep to the
 * first of these CPUs, so that on the others there is nothing else to be seen.
 * Nobody waits for a loop to begin or end, the answer follows when it has.  A
 * later busy or rest overtakes one that is not answered yet.
 */
#ifndef INIT_BUSY_H
#define INIT_BUSY_H

#include <stdint.h>

/* 0 or a negative errno, as mmap(2). */
int busy_init(void);

void busy_start(uint64_t nr, char *args);
void busy_rest(uint64_t nr, char *args);

/* Child @pid, ours or not, has ended with @status (of wait(2)). */
void busy_ended(int pid, int status);

/* Some child may have become busy, or ended: answer who waits for that. */
void busy_settle(void);

/* Read the CPU time of each loop, and tell it as lines of an answer. */
void busy_look(void);
void busy_tell(uint64_t nr);

#endif
