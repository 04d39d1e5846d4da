/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lanes.h - a timeline's marks as rows of labels, for plot.h.
 *
 * Boots and trouble, the console, tests and rivals have a group of rows each.
 * A label begins where its mark does, in the first row of its group in which it
 * covers no other; one that finds no row is a stroke, and tells its text to who
 * points at it.
 *
 * Units:   picture units, of which a letter is LANES_LETTER wide.
 * Errors:  none; who closes the file asks it.
 * Owns:    nothing.
 * Threads: one at a time.
 */
#ifndef CMD_LANES_H
#define CMD_LANES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct timeline;

#define LANES_LETTER 6.3

enum { LANES_GROUPS = 4, LANES_MARKS_MAX = 256 };

struct lanes {
	const struct timeline *t;
	double left, right; /* where time 0 is, and end_ns */
	double edge;	    /* labels may reach as far */
	uint64_t end_ns;
	int rows[LANES_GROUPS];
	struct {
		int row;   /* -1: none was free */
		bool back; /* the label ends where the mark does */
	} places[LANES_MARKS_MAX];
};

/* Where @t_ns is. */
double lanes_x(const struct lanes *l, uint64_t t_ns);

/* Find a place for each mark of l->t; what is above l->rows is the caller's. */
void lanes_pack(struct lanes *l);

/* How much room they take, and draw them there from @top on. */
int lanes_height(const struct lanes *l);
void lanes_draw(const struct lanes *l, int top, FILE *out);

/* What lies behind all bands, from @top to @bottom: rivals, boots, trouble. */
void lanes_draw_behind(const struct lanes *l, int top, int bottom, FILE *out);

#endif
