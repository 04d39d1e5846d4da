/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * columns.h - a table for people, whose columns line up whatever is in them.
 *
 * Cells are added row by row, in the order of the columns; a column is as wide
 * as the widest cell that it ever had, so that what is printed later lines up
 * with what was printed before as far as it can.
 *
 * Units:   nanoseconds, bytes, shares from 0 to 1.
 * Errors:  columns_print() tells of all: 0 or a negative errno whose words
 *          err_text() holds.
 * Owns:    the cells.  Borrows the heads.
 * Threads: one at a time.
 */
#ifndef CMD_COLUMNS_H
#define CMD_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { COLUMNS_MAX = 20, COLUMNS_UPTIME_SIZE = 32 };

struct columns {
	struct {
		const char *head;
		bool left; /* where its cells stand */
		size_t width;
	} column[COLUMNS_MAX];
	unsigned nr, nr_cells;
	FILE *cells; /* owned; each ends with a NUL */
	char *text;  /* owned, its content */
	size_t size;
};

/* -ENOMEM. */
int columns_init(struct columns *c);

/* One more column, on the right; cells of numbers stand right in it. */
void columns_add(struct columns *c, const char *head, bool left);

/* The next cell: as printf(3), or a figure as people write it. */
void columns_cell(struct columns *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void columns_seconds(struct columns *c, uint64_t ns); /* 12.345678 */
void columns_share(struct columns *c, double share);  /* 12.3% */
void columns_size(struct columns *c, uint64_t bytes); /* 512M, 2G */

/* "03:25:59", "12d 03:25:59"; returns @buf. */
const char *columns_uptime(char buf[static COLUMNS_UPTIME_SIZE], uint64_t ns);

/* Print the rows, behind the heads if @heads, and forget them. */
int columns_print(struct columns *c, FILE *out, bool heads);

/* Fine on a zeroed *c, and twice. */
void columns_fini(struct columns *c);

#endif
