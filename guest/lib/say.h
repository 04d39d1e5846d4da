/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * say.h - lines on the console.
 */
#ifndef GUEST_SAY_H
#define GUEST_SAY_H

#include <stdarg.h>

/* printf() with no more than %% %c %s, and %d %u %x with or without one l. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void say_args(const char *fmt, va_list args)
	__attribute__((format(printf, 1, 0)));

#endif
