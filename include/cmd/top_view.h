/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * top_view.h - guests and their vCPUs as lines of text: what "top" shows, and
 * nothing of how.
 *
 * A page is as wide and as high as it may be: in a narrow one columns are left
 * out, least important first, and a low one is all guests.  Lines are printable
 * ASCII, whatever a guest's VMM said, but for colours and the blocks of the
 * graph where a terminal has them; none has a blank at its end.
 *
 * Spec:    ECMA-48 8.3.117 (SGR); Unicode's block elements in UTF-8.
 * Errors:  none.
 * Owns:    nothing.
 * Threads: one.
 */
#ifndef CMD_TOP_VIEW_H
#define CMD_TOP_VIEW_H

#include <stdbool.h>
#include <stdint.h>

struct top_book;

/* Of bytes; there is room for whatever fits in its columns. */
enum { TOP_LINE_MAX = 1024 };

/* What the user has chosen, and what the terminal is. */
struct top_look {
	unsigned rows, columns; /* 0: as many as there are; no graph then */
	bool utf8, colour;
	bool fold;	 /* vCPUs are not shown */
	bool help;	 /* how to steer it is */
	unsigned scroll; /* lines that are above the page */
	int sort;	 /* enum top_sort */
	uint64_t interval_ns;
	uint64_t wall_s; /* shown in the title; 0: the interval is */
};

enum top_column {
	TOP_NAME,
	TOP_PID,
	TOP_STATE,
	TOP_VCPUS,
	TOP_MEMORY,
	TOP_UPTIME,
	TOP_RUN,
	TOP_STOLEN,
	TOP_GRAPH,
	TOP_COLUMNS
};

struct top_page {
	const struct top_book *book;
	const struct top_look *look;
	unsigned widths[TOP_COLUMNS]; /* 0: left out */
	unsigned head, body, foot;    /* lines above, in and below the list */
	unsigned list;		      /* how long that is */
	unsigned scroll;	      /* what of look->scroll there is */
};

void top_page(struct top_page *page, const struct top_book *book,
	      const struct top_look *look);

/* How many lines it has; with look->rows exactly so many. */
unsigned top_page_lines(const struct top_page *page);

/* Line @n, from 0, without a newline. */
void top_page_line(const struct top_page *page, unsigned n,
		   char buf[static TOP_LINE_MAX]);

#endif
