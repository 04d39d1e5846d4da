/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel_log.h - the guest kernel's own log, as far as it matters to a test:
 * warnings and worse, and what it says about stolen time.
 *
 * It comes over the channel from /dev/kmsg, so that a quiet console hides
 * nothing and a program that prints the same words is not believed.
 *
 * Errors:  as judge.h's.
 * Owns:    j->log.
 * Threads: the judge's.
 */
#ifndef CMD_KERNEL_LOG_H
#define CMD_KERNEL_LOG_H

#include <stdbool.h>
#include <stddef.h>

struct judge;

/* Add what is new to j->log.  1: the kernel has no log; answer.text says why. */
int kernel_log_fetch(struct judge *j);

/* The message that has @words in it, into @buf; false: none has. */
bool kernel_log_find(const struct judge *j, const char *words, char *buf,
		     size_t size);

/* The first message of the worst trouble, into @buf; false: there is none. */
bool kernel_log_trouble(const struct judge *j, char *buf, size_t size);

/* Does a line of the console tell how far a boot has come? */
bool kernel_log_milestone(const char *line);

#endif
