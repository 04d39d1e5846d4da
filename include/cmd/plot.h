/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plot.h - a timeline as a picture.
 *
 * A band for each vCPU, one below the other, all on one scale: what was stolen
 * from it, as host, record and guest have it, and how often it left the guest.
 * Above them what happened when.  The file stands alone and can also be part of
 * an HTML page; it follows the reader's light or dark scheme, has no script and
 * loads nothing.
 *
 * Spec:    SVG 1.1, as far as HTML 5 takes it inline.
 * Errors:  0 or a negative errno whose words err_text() holds.
 * Owns:    nothing.
 * Threads: one at a time.
 */
#ifndef CMD_PLOT_H
#define CMD_PLOT_H

#include <stdio.h>

struct timeline;

int plot_svg(const struct timeline *t, FILE *out);

#endif
