/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * csv.h - a timeline as a file: comma-separated values, for spreadsheets, for
 * programs, and for "plot".
 *
 * The first line names the columns; then there is a line for each vCPU at each
 * time, oldest first:
 *
 *	time_ns,cpu,run_ns,stolen_ns,record_ns,guest_ns,exits
 *
 * What is not known is empty.  A mark of the timeline is a line that readers of
 * CSV take as a comment: "# mark KIND TIME_NS END_NS TEXT".
 *
 * Spec:    RFC 4180, no field of which needs quotes here.
 * Units:   nanoseconds; see timeline.h.
 * Errors:  0 or a negative errno whose words err_text() holds; what is printed
 *          to a FILE is checked by whoever closes it.
 * Owns:    nothing but the timeline that it makes.
 * Threads: one at a time.
 */
#ifndef CMD_CSV_H
#define CMD_CSV_H

#include <stddef.h>
#include <stdio.h>

struct timeline;
struct timeline_mark;
struct timeline_row;

void csv_head(FILE *out);
void csv_row(FILE *out, const struct timeline_row *row, unsigned nr_cpus);
void csv_mark(FILE *out, const struct timeline_mark *mark);

/* All of @t. */
void csv_write(FILE *out, const struct timeline *t);

/*
 * The timeline that the @size bytes at @text describe, which end with a NUL;
 * timeline_fini() undoes it.  -EINVAL: not of that form; the words name the
 * line.
 */
int csv_read(const char *text, size_t size, struct timeline *ret);

#endif
