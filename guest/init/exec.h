/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exec.h - the verb exec: a command, while all else goes on.
 *
 * What it prints goes through one pipe that exists as long as we do: a process
 * that a command leaves behind may print on.
 */
#ifndef INIT_EXEC_H
#define INIT_EXEC_H

#include <stdint.h>

/* The pipe's end, to poll for what is printed; a negative errno. */
int exec_init(void);

void exec_start(uint64_t nr, char *args);

/* Child @pid, ours or not, has ended with @status (of wait(2)). */
void exec_ended(int pid, int status);

/* Pass on some of what is in the pipe. */
void exec_pass(void);

#endif
