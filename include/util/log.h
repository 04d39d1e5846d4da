/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log.h - what is worth saying but is no error, one line each, on stderr.
 *
 * A line is "pvtime-vmm: level: text", written by one write(2), so lines of
 * several threads do not mix.
 *
 * Errors:  none; a line that cannot be written is lost.
 * Owns:    the level, one for the process.
 * Threads: any.  Set the level before starting others.
 */
#ifndef UTIL_LOG_H
#define UTIL_LOG_H

#include <stdbool.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

void log_set_level(enum log_level level);

/* Is @level printed?  Ask before work that only serves a line. */
bool log_on(enum log_level level);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
