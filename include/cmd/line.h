/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line.h - one line of a terminal, put together from left to right and cut
 * where the terminal ends.
 *
 * Nothing is written that does not show: no blanks at the end, no colour
 * without a letter in it.
 *
 * Spec:    ECMA-48 8.3.117 (SGR).
 * Units:   columns; a letter has one.
 * Errors:  none; what there is no room for is left out.
 * Owns:    nothing.
 * Threads: one.
 */
#ifndef CMD_LINE_H
#define CMD_LINE_H

#include <stdbool.h>
#include <stddef.h>

/* Of bytes; a hundred letters with a colour each have room. */
enum { LINE_MAX_SIZE = 1024 };

enum paint { PAINT_PLAIN, PAINT_BOLD, PAINT_HEAD, PAINT_WARN, PAINT_BAD };

struct line {
	char *buf;	  /* of LINE_MAX_SIZE */
	unsigned columns; /* where it is cut; 0: nowhere */
	bool colour;	  /* else there is none, whatever is asked for */
	enum paint paint; /* of what comes next */
	enum paint is;	  /* of what came last */
	unsigned column;  /* where the next letter goes */
	unsigned blanks;  /* before it, not written yet */
	size_t len;
};

/* Printable ASCII. */
void line_put(struct line *l, const char *text);
void line_putf(struct line *l, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* A letter of @size bytes. */
void line_letter(struct line *l, const char *letter, size_t size);

/* Go on at @column, if it is not there or further already. */
void line_pad(struct line *l, unsigned column);

/* What shows although it is blank, as under PAINT_HEAD. */
void line_show_blanks(struct line *l);

/* It is whole: l->buf is a string. */
void line_end(struct line *l);

#endif
