/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recorder.h - writes what happens to a running guest's vCPUs to a file, as csv.h
 * has it, line by line as it happens.
 *
 * Errors:  0 or a negative errno whose words err_text() holds.  A file that
 *          can be written no more is said to be so and left; the guest goes on.
 * Owns:    the file and a timer.
 * Threads: the main thread.
 */
#ifndef CMD_RECORDER_H
#define CMD_RECORDER_H

#include <stdint.h>

struct recorder;
struct vm;

/* Begin: a line for each vCPU of @vm to @path every @step_ns. */
int recorder_start(struct vm *vm, const char *path, uint64_t step_ns,
		   struct recorder **ret);

/* No more lines.  Fine on NULL. */
void recorder_stop(struct recorder *r);

#endif
