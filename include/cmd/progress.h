/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * progress.h - a boot test as people follow it: a line for each test that is
 * done, and on a terminal one more at the bottom for what is going on.
 *
 * Printable ASCII, whatever the guest said.  Colours only on a terminal that
 * can, and not where NO_COLOR is set.
 *
 * Units:   nanoseconds since the test began.
 * Errors:  none; progress is not worth failing for.
 * Owns:    nothing.
 * Threads: one at a time.
 */
#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct verdict;
struct test_result;

struct progress {
	FILE *out;	   /* borrowed */
	bool live, colour; /* may lines be rewritten; may they be coloured */
	bool shown;	   /* is there a line at the bottom */
	int name_width;	   /* of the longest test's name */
};

/* To @out, by what it and the environment are. */
void progress_init(struct progress *p, FILE *out);

/* What is going to be tested; v->tests are those that will be. */
void progress_begin(struct progress *p, const struct verdict *v);

/* The line at the bottom: @doing, and the console's latest @line. */
void progress_now(struct progress *p, const char *doing, const char *line,
		  uint64_t elapsed_ns);

/* A test came to its end. */
void progress_test(struct progress *p, const struct test_result *t);

/* How it all ended; the line at the bottom is gone. */
void progress_end(struct progress *p, const struct verdict *v);

#endif
