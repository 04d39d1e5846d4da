/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/pen.h"

#define PEN_STEEP 1e9

static void turn_at(struct pen *pen, double x, double y)
{
	pen->turn_x = x;
	pen->turn_y = y;
	pen->least = -PEN_STEEP;
	pen->most = PEN_STEEP;
}

void pen_up(struct pen *pen)
{
	if (pen->down && pen->moved)
		fprintf(pen->out, "L%.1f %.1f", pen->x, pen->y);
	else if (pen->down)
		fprintf(pen->out, "h.1"); /* a lone point */
	pen->down = pen->moved = false;
}

void pen_to(struct pen *pen, double x, double y)
{
	double slope = (y - pen->turn_y) / (x - pen->turn_x), slack;

	if (!pen->down) {
		fprintf(pen->out, "M%.1f %.1f", x, y);
		turn_at(pen, x, y);
		pen->down = true;
		return;
	}
	if (pen->moved && (slope < pen->least || slope > pen->most)) {
		fprintf(pen->out, "L%.1f %.1f", pen->x, pen->y);
		turn_at(pen, pen->x, pen->y);
		slope = (y - pen->turn_y) / (x - pen->turn_x);
	}
	slack = PEN_CLOSE / (x - pen->turn_x);
	if (slope - slack > pen->least)
		pen->least = slope - slack;
	if (slope + slack < pen->most)
		pen->most = slope + slack;
	pen->x = x;
	pen->y = y;
	pen->moved = true;
}
