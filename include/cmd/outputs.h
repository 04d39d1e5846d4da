/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outputs.h - the files that a boot test is to write.
 *
 * Errors:  0 or a negative errno whose words name option and file.
 * Owns:    nothing; strings are argv's.
 * Threads: one at a time.
 */
#ifndef CMD_OUTPUTS_H
#define CMD_OUTPUTS_H

#include <stdio.h>

struct timeline;
struct verdict;

/* By the options' names; NULL: not asked for.  "-" is standard output. */
struct outputs {
	const char *tap, *junit, *page, *record, *log;
};

/* Can they be written?  Better known before the test than after it. */
int outputs_try(const struct outputs *o);

/* For the console; -1 in *ret_fd: there is none.  The caller closes it. */
int outputs_open_log(const struct outputs *o, int *ret_fd);

/*
 * Where people read: standard output, or standard error where that is taken, so
 * that nothing is mixed up.
 */
FILE *outputs_human(const struct outputs *o);

/* Write all, even where one cannot be written. */
int outputs_write(const struct outputs *o, const struct verdict *v,
		  const struct timeline *t);

#endif
