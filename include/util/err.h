/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * err.h - an errno and the words that go with it.
 *
 * Whoever sees a failure first words it; whoever knows more puts its own words
 * in front; only src/cmd/main.c prints.  So a message reads from the outside
 * in: "kernel 'Image': read: Input/output error".
 *
 * Words: lower case, no newline, user strings in '...', a remedy where the
 * user can act.
 * Errors:  the functions return what their callers return: -err.
 * Owns:    one buffer of ERR_TEXT_MAX bytes per thread.
 * Threads: any; a thread that ends hands its words over with err_copy() and
 *          the thread that joins it takes them up with err_adopt().
 */
#ifndef UTIL_ERR_H
#define UTIL_ERR_H

#include <stddef.h>

enum { ERR_TEXT_MAX = 512 };

/* Keep "text: strerror(@err)" for err_text(); @err > 0.  Returns -@err. */
int err_set(int err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * As err_set(), but the words are complete: strerror(@err) would only repeat
 * or blur them ("not a kernel image").  Returns -@err.
 */
int err_say(int err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* If @rc < 0 put "text: " before the kept words.  Returns @rc as it is. */
int err_in(int rc, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* If @rc < 0 append "; text", a remedy, to the kept words.  Returns @rc. */
int err_hint(int rc, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* This thread's latest words; valid until its next call of the above. */
const char *err_text(void);

/* Copy this thread's words out of it, and another thread's words into it. */
void err_copy(char buf[static ERR_TEXT_MAX]);
void err_adopt(const char *words);

#endif
