/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/plot.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "cmd/lanes.h"
#include "cmd/pen.h"
#include "cmd/text.h"
#include "cmd/timeline.h"
#include "util/util.h"

/* Picture units: about a pixel on a screen that shows it at full width. */
enum {
	WIDTH = 960,
	LEFT = 76,
	RIGHT = 800,
	LEGEND_HEIGHT = 30,
	AXIS_HEIGHT = 26,
	BANDS_MAX = 32,
	TALL = 44, /* bands from here on have room for three lines of text */
	AXIS_STEPS = 9, /* at most */
	SLICES = 400,	/* things to point at, in all bands */
};

/* What a band shows of its vCPU: lines, the lowest first. */
static const struct {
	const char *name, *what;
	size_t offset;
	bool sparse; /* asked for now and then: drawn across what is not known */
} lines[] = {
	{ "host", "stolen, by the host", offsetof(struct timeline_cpu, wait_ns),
	  false },
	{ "record", "by its record", offsetof(struct timeline_cpu, record_ns),
	  false },
	{ "guest", "by the guest's /proc/stat",
	  offsetof(struct timeline_cpu, guest_ns), true },
};

static const char style[] =
	"<style>\n"
	".pvplot{--paper:#fff;--ink:#1f2328;--soft:#59636e;--grid:#d1d9e0;"
	"--host:#4b91e2;--record:#a33a00;--guest:#1f2328;--exits:#d3dae2;"
	"--shade:#fff3cd;--test:#dcefe1;--teststroke:#2d7a46;"
	"--riv:#ffe08a;--rivstroke:#8a6100;--bad:#c4211d;color-scheme:light "
	"dark;"
	"background:var(--paper);font:10.5px ui-monospace,SFMono-Regular,"
	"Menlo,'DejaVu Sans Mono','Liberation Mono',monospace}\n"
	"@media (prefers-color-scheme:dark){"
	".pvplot{--paper:#0d1117;--ink:#e6edf3;--soft:#9aa5b1;--grid:#30363d;"
	"--host:#3b78c9;--record:#ffb37a;--guest:#f6f8fa;--exits:#3a424c;"
	"--shade:#2c2613;--test:#15301f;--teststroke:#58b874;"
	"--riv:#4d3d08;--rivstroke:#dcae3c;--bad:#ff7b72}}\n"
	".pvplot text{fill:var(--ink)}"
	".pvplot .soft{fill:var(--soft)}"
	".pvplot .cpu{font-weight:600}"
	".pvplot path{fill:none;stroke:var(--soft)}"
	".pvplot .grid{stroke:var(--grid)}"
	".pvplot .host{stroke:var(--host);stroke-width:5;stroke-linecap:round;"
	"stroke-linejoin:round}"
	".pvplot.low .host{stroke-width:3.5}"
	".pvplot.low .record{stroke-width:1.4}"
	".pvplot .record{stroke:var(--record);stroke-width:2;"
	"stroke-dasharray:8 5}"
	".pvplot .guest{stroke:var(--guest);stroke-width:1.6;"
	"stroke-dasharray:1.6 5}"
	".pvplot .exits{fill:var(--exits);stroke:none}"
	".pvplot .shade{fill:var(--shade)}"
	".pvplot .test rect{fill:var(--test)}"
	".pvplot .test path{stroke:var(--teststroke);stroke-width:2}"
	".pvplot .riv rect{fill:var(--riv)}"
	".pvplot .riv path{stroke:var(--rivstroke);stroke-width:2}"
	".pvplot .boot path{stroke:var(--ink);stroke-width:2}"
	".pvplot .bad path,.pvplot .atbad{stroke:var(--bad);stroke-width:2}"
	".pvplot .bad text{fill:var(--bad);font-weight:600}"
	".pvplot .atboot{stroke-dasharray:2 3}"
	".pvplot .slice{fill:transparent}"
	".pvplot .slice:hover{fill:var(--soft);fill-opacity:.2}"
	"\n</style>\n";

struct plot {
	const struct timeline *t;
	FILE *out;
	struct lanes lanes; /* with the time axis */
	double most_ns, most_rate;
	unsigned bands;
	int height; /* of a band */
	int top;    /* of the first */
};

/* The least of 1, 2 and 5 times a power of ten that is not below @v, >= 1. */
static double nice(double v)
{
	double ten = 1;

	while (ten * 10 <= v)
		ten *= 10;
	return v <= ten	      ? ten
	       : v <= 2 * ten ? 2 * ten
	       : v <= 5 * ten ? 5 * ten
			      : 10 * ten;
}

/* A round @ns, in seconds where @of_ns is some. */
static const char *round_time(char buf[static TEXT_TIME_MAX], double ns,
			      double of_ns)
{
	if (of_ns >= 1e9)
		snprintf(buf, TEXT_TIME_MAX, "%g s", ns / 1e9);
	else
		snprintf(buf, TEXT_TIME_MAX, "%g ms", ns / 1e6);
	return buf;
}

static uint64_t value(const struct plot *p, unsigned row, unsigned cpu,
		      unsigned line)
{
	const char *c = (const char *)&timeline_row(p->t, row)->cpu[cpu];
	uint64_t v;

	memcpy(&v, c + lines[line].offset, sizeof(v));
	return v;
}

static double row_x(const struct plot *p, unsigned row)
{
	return lanes_x(&p->lanes, timeline_row(p->t, row)->t_ns);
}

static int band_top(const struct plot *p, unsigned band)
{
	return p->top + (int)band * (p->height + (p->height >= TALL ? 12 : 6));
}

static int bands_bottom(const struct plot *p)
{
	return p->bands > 0 ? band_top(p, p->bands - 1) + p->height
			    : p->top + TALL;
}

/* -- exits: averages over a few units, so that a long run stays a small file */

struct rate {
	unsigned row; /* the first of the next average */
	double from, to, per_s;
};

/* The next average of @cpu's exits; false: there is none. */
static bool next_rate(const struct plot *p, unsigned cpu, struct rate *r)
{
	for (; r->row + 1 < p->t->nr_rows; r->row++) {
		const struct timeline_row *a = timeline_row(p->t, r->row), *b;
		unsigned end = r->row;

		r->from = row_x(p, r->row);
		do {
			b = timeline_row(p->t, ++end);
			r->to = row_x(p, end);
		} while (r->to - r->from < 4 && end + 1 < p->t->nr_rows);
		if (a->cpu[cpu].exits == TIMELINE_NONE ||
		    b->cpu[cpu].exits == TIMELINE_NONE ||
		    b->cpu[cpu].exits < a->cpu[cpu].exits)
			continue;
		r->per_s = (double)(b->cpu[cpu].exits - a->cpu[cpu].exits) *
			   1e9 / (double)(b->t_ns - a->t_ns);
		r->row = end;
		return true;
	}
	return false;
}

static void draw_exits(const struct plot *p, unsigned cpu, int bottom)
{
	struct rate r = { 0 };
	double scale = p->height * 0.4 / p->most_rate, at = -1;

	if (!next_rate(p, cpu, &r))
		return;
	fprintf(p->out, "<path class=\"exits\" d=\"");
	do {
		if (at != r.from)
			fprintf(p->out, "%sM%.1f %d", at < 0 ? "" : "Z", r.from,
				bottom);
		fprintf(p->out, "L%.1f %.1fH%.1fV%d", r.from,
			bottom - r.per_s * scale, r.to, bottom);
		at = r.to;
	} while (next_rate(p, cpu, &r));
	fprintf(p->out, "Z\"/>\n");
}

/* -- lines ----------------------------------------------------------------- */

/* How far up a band @v is; what cannot be is at its top. */
static double part(const struct plot *p, uint64_t v)
{
	return (double)v < p->most_ns ? (double)v / p->most_ns : 1;
}

static void draw_line(const struct plot *p, unsigned cpu, unsigned line,
		      int top)
{
	struct pen pen = { .out = p->out };
	double x, last_x = -1;
	uint64_t last = 0, v;

	fprintf(p->out, "<path class=\"%s\" d=\"", lines[line].name);
	for (unsigned i = 0; i < p->t->nr_rows; i++) {
		x = row_x(p, i);
		/* Closer than eyes can tell, but the last one counts. */
		if (x - last_x < (i + 1 < p->t->nr_rows ? 0.75 : 0.001))
			continue;
		v = value(p, i, cpu, line);
		if (v == TIMELINE_NONE && lines[line].sparse)
			continue;
		last_x = x;
		if (v == TIMELINE_NONE || v < last)
			pen_up(&pen); /* not known; or a new kernel began */
		last = v == TIMELINE_NONE ? 0 : v;
		if (v != TIMELINE_NONE)
			pen_to(&pen, x,
			       top + p->height - part(p, v) * p->height);
	}
	pen_up(&pen);
	fprintf(p->out, "\"/>\n");
}

/* -- bands ------------------------------------------------------------------ */

/* @cpu's latest value that is known, no later than @row. */
static uint64_t latest(const struct plot *p, unsigned row, unsigned cpu,
		       unsigned line)
{
	uint64_t v = TIMELINE_NONE;

	for (unsigned i = row + 1; i > 0 && v == TIMELINE_NONE; i--)
		v = value(p, i - 1, cpu, line);
	return v;
}

static void put_value(FILE *out, unsigned line, uint64_t v)
{
	char buf[TEXT_TIME_MAX];

	fprintf(out, "%s %s", lines[line].name,
		v == TIMELINE_NONE ? "-" : text_time(buf, v));
}

/* What each line came to, beside the band. */
static void draw_ends(const struct plot *p, unsigned cpu, int top)
{
	int n = p->height >= TALL ? (int)ARRAY_SIZE(lines) : 1;
	int first = top + p->height / 2 - (n - 1) * 8;

	for (int i = 0; i < n; i++) {
		fprintf(p->out,
			"<path class=\"%s\" d=\"M%d %dh24\"/><text x=\"%d\" "
			"y=\"%d\">",
			lines[i].name, RIGHT + 14, first + i * 16, RIGHT + 48,
			first + i * 16 + 4);
		put_value(p->out, (unsigned)i,
			  latest(p, p->t->nr_rows - 1, cpu, (unsigned)i));
		fprintf(p->out, "</text>\n");
	}
}

/* Invisible pieces of a band that tell their values to who points at them. */
static void draw_slices(const struct plot *p, unsigned cpu, int top)
{
	unsigned n = SLICES / p->bands > 48 ? 48 : SLICES / p->bands, row = 0;
	double wide = (double)(RIGHT - LEFT) / n, mid;
	char at[TEXT_TIME_MAX];

	for (unsigned i = 0; i < n; i++) {
		mid = LEFT + (i + 0.5) * wide;
		while (row + 1 < p->t->nr_rows && row_x(p, row + 1) <= mid)
			row++;
		fprintf(p->out,
			"<rect class=\"slice\" x=\"%.1f\" y=\"%d\" "
			"width=\"%.1f\" height=\"%d\"><title>CPU %u, %s: ",
			mid - wide / 2, top, wide, p->height, cpu,
			text_time(at, timeline_row(p->t, row)->t_ns));
		for (unsigned k = 0; k < ARRAY_SIZE(lines); k++) {
			fprintf(p->out, "%s", k ? ", " : "");
			put_value(p->out, k,
				  lines[k].sparse ? latest(p, row, cpu, k)
						  : value(p, row, cpu, k));
		}
		fprintf(p->out, "</title></rect>\n");
	}
}

static void draw_band(const struct plot *p, unsigned cpu)
{
	int top = band_top(p, cpu), bottom = top + p->height;
	char most[TEXT_TIME_MAX];

	draw_exits(p, cpu, bottom);
	fprintf(p->out,
		"<path class=\"grid\" d=\"M%d %dH%d\"/>"
		"<path d=\"M%d %dH%d\"/>\n"
		"<text class=\"cpu\" x=\"%d\" y=\"%d\" "
		"text-anchor=\"end\">CPU %u</text>\n",
		LEFT, top, RIGHT, LEFT, bottom, RIGHT, LEFT - 8,
		top + p->height / 2 + 4, cpu);
	if (p->height >= TALL)
		fprintf(p->out,
			"<text class=\"soft\" x=\"%d\" y=\"%d\" "
			"text-anchor=\"end\">%s</text><text class=\"soft\" "
			"x=\"%d\" y=\"%d\" text-anchor=\"end\">0</text>\n",
			LEFT - 8, top + 4,
			round_time(most, p->most_ns, p->most_ns), LEFT - 8,
			bottom + 4);
	for (unsigned i = 0; i < ARRAY_SIZE(lines); i++)
		draw_line(p, cpu, i, top);
	draw_ends(p, cpu, top);
	draw_slices(p, cpu, top);
}

/* -- the rest ---------------------------------------------------------------- */

static void draw_legend(const struct plot *p)
{
	int x = LEFT;

	for (unsigned i = 0; i < ARRAY_SIZE(lines); i++) {
		fprintf(p->out,
			"<path class=\"%s\" d=\"M%d 14h28\"/><text x=\"%d\" "
			"y=\"18\">%s</text>\n",
			lines[i].name, x + 3, x + 38, lines[i].what);
		x += 38 +
		     (int)((double)(strlen(lines[i].what) + 3) * LANES_LETTER);
	}
	fprintf(p->out,
		"<rect x=\"%d\" y=\"8\" width=\"28\" height=\"12\" "
		"fill=\"var(--exits)\"/><text x=\"%d\" y=\"18\">exits, at "
		"most %.0f a second</text>\n",
		x, x + 35, p->most_rate);
}

static void draw_axis(const struct plot *p)
{
	uint64_t step = (uint64_t)nice((double)p->lanes.end_ns / AXIS_STEPS);
	int bottom = bands_bottom(p);
	char at[TEXT_TIME_MAX];

	for (uint64_t n = 0; n <= AXIS_STEPS && n * step <= p->lanes.end_ns;
	     n++) {
		uint64_t t = n * step;
		double x = lanes_x(&p->lanes, t);

		fprintf(p->out,
			"<path class=\"grid\" d=\"M%.1f %dV%d\"/>"
			"<text class=\"soft\" x=\"%.1f\" y=\"%d\" "
			"text-anchor=\"middle\">%s</text>\n",
			x, p->top, bottom + 5, x, bottom + 18,
			round_time(at, (double)t, (double)p->lanes.end_ns));
	}
}

/*
 * The scales: as far as the latest of all, as high as the highest.  No more can
 * be stolen than time has passed: a guest that writes nonsense into its record
 * does not flatten the others.
 */
static void measure(struct plot *p)
{
	const struct timeline *t = p->t;
	uint64_t end = 0, most = 0;
	double step;

	if (t->nr_rows > 0)
		end = timeline_row(t, t->nr_rows - 1)->t_ns;
	for (unsigned i = 0; i < t->nr_marks; i++)
		if (t->marks[i].end_ns > end)
			end = t->marks[i].end_ns;
	p->lanes.end_ns = end ? end : 1000000000;
	p->most_rate = 1;
	for (unsigned cpu = 0; cpu < p->bands; cpu++) {
		struct rate r = { 0 };

		for (unsigned i = 0; i < t->nr_rows; i++)
			for (unsigned k = 0; k < ARRAY_SIZE(lines); k++) {
				uint64_t v = value(p, i, cpu, k);

				if (v <= p->lanes.end_ns && v > most)
					most = v;
			}
		while (next_rate(p, cpu, &r))
			if (r.per_s > p->most_rate)
				p->most_rate = r.per_s;
	}
	step = nice(most > 1000000 ? (double)most / 10 : 1e5);
	for (p->most_ns = step; p->most_ns < (double)most;)
		p->most_ns += step;
}

static void arrange(struct plot *p, const struct timeline *t, FILE *out)
{
	p->t = t;
	p->out = out;
	p->bands = t->nr_rows == 0	    ? 0
		   : t->nr_cpus > BANDS_MAX ? BANDS_MAX
					    : t->nr_cpus;
	p->height = p->bands <= 2    ? 96
		    : p->bands <= 4  ? 72
		    : p->bands <= 8  ? 52
		    : p->bands <= 16 ? 32
				     : 20;
	p->lanes.t = t;
	p->lanes.left = LEFT;
	p->lanes.right = RIGHT;
	p->lanes.edge = WIDTH - 4;
	measure(p);
	lanes_pack(&p->lanes);
	p->top = LEGEND_HEIGHT + lanes_height(&p->lanes) + 8;
}

static void draw_note(const struct plot *p, int y)
{
	char most[TEXT_TIME_MAX];

	if (p->bands == 0)
		fprintf(p->out,
			"<text class=\"soft\" x=\"%d\" y=\"%d\">no samples "
			"were taken</text>\n",
			LEFT + 8, p->top + TALL / 2 + 4);
	if (p->bands > 0 && p->height < TALL)
		fprintf(p->out,
			"<text class=\"soft\" x=\"%d\" y=\"%d\">the top of "
			"each band is %s",
			LEFT, y, round_time(most, p->most_ns, p->most_ns));
	if (p->t->nr_cpus > p->bands && p->bands > 0)
		fprintf(p->out, "; %u more vCPUs are not shown",
			p->t->nr_cpus - p->bands);
	if (p->bands > 0 && p->height < TALL)
		fprintf(p->out, "</text>\n");
}

int plot_svg(const struct timeline *t, FILE *out)
{
	struct plot p = { 0 };
	int bottom, height;

	arrange(&p, t, out);
	bottom = bands_bottom(&p);
	height = bottom + AXIS_HEIGHT + (p.height < TALL ? 18 : 0);
	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"pvplot%s\" "
		"role=\"img\" viewBox=\"0 0 %d %d\">\n"
		"<title>Stolen time of %u vCPU%s</title>\n"
		"<desc>A band for each vCPU: its stolen time, added up, as "
		"the host, its record and the guest have it, and "
		"its exits; above them what happened when.</desc>\n",
		p.height < TALL ? " low" : "", WIDTH, height, t->nr_cpus,
		t->nr_cpus == 1 ? "" : "s");
	fputs(style, out);
	draw_legend(&p);
	lanes_draw(&p.lanes, LEGEND_HEIGHT, out);
	lanes_draw_behind(&p.lanes, p.top - 4, bottom, out);
	draw_axis(&p);
	for (unsigned cpu = 0; cpu < p.bands; cpu++)
		draw_band(&p, cpu);
	draw_note(&p, bottom + AXIS_HEIGHT + 10);
	fprintf(out, "</svg>\n");
	return text_done(out);
}
