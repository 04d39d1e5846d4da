/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pen.h - draws a line through points, as the "d" of an SVG path.
 *
 * A point that the line passes close by anyway is left out, so that a line of
 * thousands of points is as long as its shape is rich.  From where it last
 * turned the pen knows the slopes that would still pass all points since: when
 * there is none any more, the line turns at the point before.
 *
 * Units:   picture units; a point may be missed by PEN_CLOSE.
 * Errors:  none; who closes the file asks it.
 * Owns:    nothing.
 * Threads: one at a time.
 */
#ifndef CMD_PEN_H
#define CMD_PEN_H

#include <stdbool.h>
#include <stdio.h>

#define PEN_CLOSE 0.3

/* Zeroed but for @out, it is up. */
struct pen {
	FILE *out;
	bool down, moved;
	double turn_x, turn_y; /* where the line last turned */
	double x, y;	       /* the latest point */
	double least, most;    /* the slopes */
};

/* The line goes on to (@x, @y), or begins there; @x grows while it goes on. */
void pen_to(struct pen *pen, double x, double y);

/* The line ends; a lone point becomes a dot. */
void pen_up(struct pen *pen);

#endif
