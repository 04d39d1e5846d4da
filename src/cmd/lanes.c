/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/lanes.h"

#include <string.h>

#include "cmd/text.h"
#include "cmd/timeline.h"

_Static_assert((int)LANES_MARKS_MAX == (int)TIMELINE_MARKS, "one for each");

enum { ROW_HEIGHT = 15, GROUP_GAP = 7, LETTERS_MAX = 30, TROUBLE_MAX = 60 };

static const struct {
	const char *name;
	int rows_max;
} groups[LANES_GROUPS] = {
	{ "events", 2 },
	{ "console", 5 },
	{ "tests", 4 },
	{ "rivals", 1 },
};

/* By enum timeline_kind. */
static const struct {
	int group;
	const char *class;
} kinds[] = {
	[MARK_CONSOLE] = { 1, "con" }, [MARK_BOOT] = { 0, "boot" },
	[MARK_TEST] = { 2, "test" },   [MARK_RIVAL] = { 3, "riv" },
	[MARK_TROUBLE] = { 0, "bad" },
};

struct span {
	double from, to;
};

double lanes_x(const struct lanes *l, uint64_t t_ns)
{
	double part = (double)t_ns / (double)l->end_ns;

	return l->left + (l->right - l->left) * (part < 1 ? part : 1);
}

/* How much of @m's text its label has; *ret_cut: that is not all of it. */
static int letters(const struct timeline_mark *m, bool *ret_cut)
{
	int n = (int)strlen(m->text);
	int most = m->kind == MARK_TROUBLE ? TROUBLE_MAX : LETTERS_MAX;

	*ret_cut = n > most;
	return n > most ? most : n;
}

/* What mark @i covers with its label; *ret_back: to the left of its end. */
static struct span span_of(const struct lanes *l, unsigned i, bool *ret_back)
{
	const struct timeline_mark *m = &l->t->marks[i];
	double x = lanes_x(l, m->t_ns), end = lanes_x(l, m->end_ns);
	bool cut;
	double text = (letters(m, &cut) + 1) * LANES_LETTER + 4;

	*ret_back = x + text > l->edge;
	if (*ret_back)
		return (struct span){ x < end - text ? x : end - text, end };
	return (struct span){ x, end > x + text ? end : x + text };
}

static bool is_free(const struct lanes *l, const struct span *spans, unsigned i,
		    int row)
{
	const struct timeline *t = l->t;

	for (unsigned j = 0; j < t->nr_marks; j++)
		if (j != i && l->places[j].row == row &&
		    kinds[t->marks[j].kind].group ==
			    kinds[t->marks[i].kind].group &&
		    spans[j].from < spans[i].to && spans[i].from < spans[j].to)
			return false;
	return spans[i].from >= l->left - 1;
}

static void pack_kind(struct lanes *l, const struct span *spans,
		      enum timeline_kind kind)
{
	const struct timeline *t = l->t;
	int group = kinds[kind].group;

	for (unsigned i = 0; i < t->nr_marks; i++) {
		int row = 0;

		if (t->marks[i].kind != kind)
			continue;
		if (l->rows[group] == 0)
			l->rows[group] = 1; /* a stroke needs it, too */
		while (row < groups[group].rows_max &&
		       !is_free(l, spans, i, row))
			row++;
		if (row == groups[group].rows_max)
			continue;
		l->places[i].row = row;
		if (row >= l->rows[group])
			l->rows[group] = row + 1;
	}
}

void lanes_pack(struct lanes *l)
{
	struct span spans[LANES_MARKS_MAX];

	memset(l->rows, 0, sizeof(l->rows));
	for (unsigned i = 0; i < l->t->nr_marks; i++) {
		spans[i] = span_of(l, i, &l->places[i].back);
		l->places[i].row = -1;
	}
	/* Trouble comes last and must not find all rows taken. */
	pack_kind(l, spans, MARK_TROUBLE);
	pack_kind(l, spans, MARK_BOOT);
	pack_kind(l, spans, MARK_CONSOLE);
	pack_kind(l, spans, MARK_TEST);
	pack_kind(l, spans, MARK_RIVAL);
}

int lanes_height(const struct lanes *l)
{
	int height = 0;

	for (int g = 0; g < LANES_GROUPS; g++)
		if (l->rows[g] > 0)
			height += l->rows[g] * ROW_HEIGHT + GROUP_GAP;
	return height;
}

static void put_title(const struct timeline_mark *m, FILE *out)
{
	char from[TEXT_TIME_MAX], to[TEXT_TIME_MAX];

	fprintf(out, "<title>%s", text_time(from, m->t_ns));
	if (m->end_ns > m->t_ns)
		fprintf(out, " to %s", text_time(to, m->end_ns));
	fprintf(out, ": ");
	text_markup(out, m->text, strlen(m->text));
	fprintf(out, "</title>");
}

static void put_label(const struct timeline_mark *m, FILE *out)
{
	bool cut;
	int n = letters(m, &cut);

	text_markup(out, m->text, (size_t)(cut ? n - 2 : n));
	if (cut)
		fprintf(out, "..");
}

static void draw_mark(const struct lanes *l, unsigned i, int top, FILE *out)
{
	const struct timeline_mark *m = &l->t->marks[i];
	const char *class = kinds[m->kind].class;
	double x = lanes_x(l, m->t_ns), end = lanes_x(l, m->end_ns);
	int row = l->places[i].row;
	bool back = l->places[i].back;
	/* Without a label, a stroke below the rows. */
	int rows = l->rows[kinds[m->kind].group];
	int y = top + (row < 0 ? rows : row) * ROW_HEIGHT;

	fprintf(out, "<g class=\"%s\">", class);
	put_title(m, out);
	if (end - x >= 1)
		fprintf(out,
			"<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" "
			"rx=\"1.5\"/>",
			x, y + 1, end - x, row < 0 ? 3 : ROW_HEIGHT - 2);
	fprintf(out, "<path d=\"M%.1f %dv%d\"/>", back ? end : x, y + 1,
		row < 0 ? 4 : ROW_HEIGHT - 2);
	if (row >= 0) {
		fprintf(out, "<text x=\"%.1f\" y=\"%d\"%s>",
			back ? end - 4 : x + 4, y + ROW_HEIGHT - 4,
			back ? " text-anchor=\"end\"" : "");
		put_label(m, out);
		fprintf(out, "</text>");
	}
	fprintf(out, "</g>\n");
}

void lanes_draw(const struct lanes *l, int top, FILE *out)
{
	for (int g = 0; g < LANES_GROUPS; g++) {
		if (l->rows[g] == 0)
			continue;
		fprintf(out,
			"<text class=\"soft\" x=\"%.1f\" y=\"%d\" "
			"text-anchor=\"end\">%s</text>\n",
			l->left - 8, top + ROW_HEIGHT - 4, groups[g].name);
		for (unsigned i = 0; i < l->t->nr_marks; i++)
			if (kinds[l->t->marks[i].kind].group == g)
				draw_mark(l, i, top, out);
		top += l->rows[g] * ROW_HEIGHT + GROUP_GAP;
	}
}

void lanes_draw_behind(const struct lanes *l, int top, int bottom, FILE *out)
{
	for (unsigned i = 0; i < l->t->nr_marks; i++) {
		const struct timeline_mark *m = &l->t->marks[i];
		double x = lanes_x(l, m->t_ns), end = lanes_x(l, m->end_ns);

		if (m->kind == MARK_RIVAL) {
			fprintf(out,
				"<rect class=\"shade\" x=\"%.1f\" y=\"%d\" "
				"width=\"%.1f\" height=\"%d\">",
				x, top, end - x < 1 ? 1 : end - x,
				bottom - top);
			put_title(m, out);
			fprintf(out, "</rect>\n");
		} else if (m->kind == MARK_BOOT || m->kind == MARK_TROUBLE) {
			fprintf(out, "<path class=\"%s\" d=\"M%.1f %dV%d\">",
				m->kind == MARK_BOOT ? "atboot" : "atbad", x,
				top, bottom);
			put_title(m, out);
			fprintf(out, "</path>\n");
		}
	}
}
