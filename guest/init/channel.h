/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * channel.h - the serial line to the host, requests in and answers out.
 *
 * The protocol is told in include/ctl/agent.h.
 *
 * Errors: a negative errno.
 */
#ifndef INIT_CHANNEL_H
#define INIT_CHANNEL_H

#include <stdint.h>

#define CHANNEL_NAME "ttyAMA1"

enum { REQUEST_CHARS = 1024 };

/* The descriptor, to poll for input. */
int channel_open(void);

/* Read what has come and call @request for each line of it but those that are
 * longer than REQUEST_CHARS.  -EIO: the line is dead. */
int channel_read(void (*request)(char *line));

/* Greet the host. */
void channel_hello(void);

/* Wait until the host has all that was said. */
void channel_drain(void);

/* The same, and be its owner no more. */
void channel_leave(void);

/* What is said of request @nr, cut to LINE_CHARS: a line of the answer; and the
 * one that ends it, good, good and no more to say, or bad. */
void answer(uint64_t nr, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void answer_ok(uint64_t nr, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void answer_done(uint64_t nr);
void answer_bad(uint64_t nr, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Bad because of @errno_or_less: "WHAT: error N". */
void answer_error(uint64_t nr, const char *what, long errno_or_less);

#endif
