/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/top_view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cmd/line.h"
#include "cmd/text.h"
#include "cmd/top_book.h"
#include "util/util.h"

_Static_assert((int)TOP_LINE_MAX == (int)LINE_MAX_SIZE, "one line");

enum {
	NAME_LEAST = 8,
	NAME_FAIR = 10, /* "  vCPU 511" */
	GRAPH_LEAST = 8,
	LEVELS = 8,
	CELL_MAX = 32,
};

static const struct {
	const char *title;
	unsigned width; /* the least */
	bool left;
} columns[TOP_COLUMNS] = {
	[TOP_NAME] = { "GUEST", NAME_LEAST, true },
	[TOP_PID] = { "PID", 7, false },
	[TOP_STATE] = { "STATE", 9, true },
	[TOP_VCPUS] = { "CPUS", 4, false },
	[TOP_MEMORY] = { "MEM", 5, false },
	[TOP_UPTIME] = { "UP", 6, false },
	[TOP_RUN] = { "RUN%", 6, false },
	[TOP_STOLEN] = { "STOLEN%", 7, false },
	[TOP_GRAPH] = { "", GRAPH_LEAST, true },
};

/* Those that can be left out, the dearest first. */
static const enum top_column dear[] = { TOP_RUN,   TOP_STATE,  TOP_GRAPH,
					TOP_VCPUS, TOP_UPTIME, TOP_PID,
					TOP_MEMORY };

/* In a column that is shown; what is longer than it is wide ends in ~. */
static void cell(struct line *l, const struct top_page *p, enum top_column c,
		 const char *text)
{
	unsigned width = p->widths[c], len = (unsigned)strlen(text);
	unsigned from = l->column + (c != TOP_NAME);

	if (width == 0)
		return;
	line_pad(l, columns[c].left || len > width ? from : from + width - len);
	if (len > width)
		line_putf(l, "%.*s~", (int)width - 1, text);
	else
		line_put(l, text);
	line_pad(l, from + width);
}

/* -- figures -- */

static const char *percent(char buf[static CELL_MAX], unsigned permille)
{
	if (permille >= 10000)
		snprintf(buf, CELL_MAX, "%u", permille / 10);
	else
		snprintf(buf, CELL_MAX, "%u.%u", permille / 10, permille % 10);
	return buf;
}

static const char *memory(char buf[static CELL_MAX], uint64_t size)
{
	static const char units[] = "BKMGTPE";
	unsigned unit = 0;
	uint64_t rest = 0;

	for (; size >= 1024 && unit + 2 < sizeof(units); unit++) {
		rest = size % 1024;
		size /= 1024;
	}
	if (size < 10 && rest > 0)
		snprintf(buf, CELL_MAX, "%" PRIu64 ".%" PRIu64 "%c", size,
			 rest * 10 / 1024, units[unit]);
	else
		snprintf(buf, CELL_MAX, "%" PRIu64 "%c", size, units[unit]);
	return buf;
}

static const char *uptime(char buf[static CELL_MAX], uint64_t ns)
{
	uint64_t s = ns / 1000000000;

	if (s < 100)
		snprintf(buf, CELL_MAX, "%" PRIu64 "s", s);
	else if (s < 100 * 60)
		snprintf(buf, CELL_MAX, "%" PRIu64 "m%02" PRIu64 "s", s / 60,
			 s % 60);
	else if (s < 100 * 3600)
		snprintf(buf, CELL_MAX, "%" PRIu64 "h%02" PRIu64 "m", s / 3600,
			 s / 60 % 60);
	else
		snprintf(buf, CELL_MAX, "%" PRIu64 "d", s / 86400);
	return buf;
}

/* -- the graph -- */

/* Permille from which on a level is the next one: what little there is shows. */
static const unsigned steps[LEVELS - 1] = { 5, 20, 50, 100, 200, 350, 500 };

static unsigned level(unsigned stolen)
{
	unsigned n = 0;

	while (n < LEVELS - 1 && stolen >= steps[n])
		n++;
	return n;
}

static enum paint severity(unsigned stolen)
{
	return stolen >= 200  ? PAINT_BAD
	       : stolen >= 50 ? PAINT_WARN
			      : PAINT_PLAIN;
}

static void put_level(struct line *l, const struct top_look *look, unsigned n)
{
	const char block[] = { '\xe2', '\x96', (char)(0x81 + n) };

	if (look->utf8)
		line_letter(l, block, sizeof(block));
	else
		line_letter(l, &".:-=+*%#"[n], 1);
}

/* The latest rounds, as many as there is room for, newest last. */
static void graph(struct line *l, const struct top_page *p,
		  const uint16_t past[static TOP_PAST])
{
	unsigned width = p->widths[TOP_GRAPH];

	if (width == 0)
		return;
	line_pad(l, l->column + 1);
	for (unsigned i = TOP_PAST - width; i < TOP_PAST; i++) {
		uint16_t stolen = past[(p->book->round + 1 + i) % TOP_PAST];

		if (stolen == TOP_UNKNOWN) {
			line_pad(l, l->column + 1);
			continue;
		}
		l->paint = severity(stolen);
		put_level(l, p->look, level(stolen));
	}
	l->paint = PAINT_PLAIN;
}

/* -- guests and vCPUs -- */

/* The columns that guests and vCPUs have in common. */
static void rates(struct line *l, const struct top_page *p, bool known,
		  const struct top_rates *now,
		  const uint16_t past[static TOP_PAST])
{
	char buf[CELL_MAX];

	cell(l, p, TOP_RUN, known ? percent(buf, now->run) : "-");
	l->paint = known ? severity(now->stolen) : PAINT_PLAIN;
	cell(l, p, TOP_STOLEN, known ? percent(buf, now->stolen) : "-");
	l->paint = PAINT_PLAIN;
	graph(l, p, past);
}

static void state(struct line *l, const struct top_page *p,
		  const struct top_guest *g)
{
	static const struct {
		const char *word;
		enum paint paint;
	} looks[] = {
		[TOP_NEW] = { "...", PAINT_PLAIN },
		[TOP_HERE] = { "", PAINT_PLAIN },
		[TOP_SILENT] = { "no answer", PAINT_BAD },
		[TOP_WRONG] = { "not clear", PAINT_BAD },
		[TOP_ABSENT] = { "no guest", PAINT_WARN },
	};
	char word[CTL_WORD_MAX + 1];

	if (g->state != TOP_HERE) {
		l->paint = looks[g->state].paint;
		cell(l, p, TOP_STATE, looks[g->state].word);
		return;
	}
	text_plain(word, sizeof(word), g->stat.state, CTL_WORD_MAX);
	l->paint = strcmp(word, "running") == 0 ? PAINT_PLAIN : PAINT_WARN;
	cell(l, p, TOP_STATE, word);
}

static void guest_line(struct line *l, const struct top_page *p,
		       const struct top_guest *g)
{
	/* What it was is told of one that is silent, not of one that is gone. */
	bool known = g->stat.vcpus && g->state != TOP_ABSENT;
	char buf[CELL_MAX];

	l->paint = PAINT_BOLD;
	cell(l, p, TOP_NAME, g->name);
	l->paint = PAINT_PLAIN;
	snprintf(buf, sizeof(buf), "%d", g->stat.pid);
	cell(l, p, TOP_PID, known ? buf : "-");
	state(l, p, g);
	l->paint = PAINT_PLAIN;
	snprintf(buf, sizeof(buf), "%u", g->stat.nr_vcpus);
	cell(l, p, TOP_VCPUS, known ? buf : "-");
	cell(l, p, TOP_MEMORY, known ? memory(buf, g->stat.memory) : "-");
	cell(l, p, TOP_UPTIME, known ? uptime(buf, g->stat.uptime_ns) : "-");
	rates(l, p, g->state == TOP_HERE, &g->now, g->past);
}

/* "WORD FIGURE%" before column @end, if there is room for it. */
static void detail(struct line *l, unsigned end, const char *word,
		   unsigned permille)
{
	char buf[CELL_MAX];
	unsigned len = (unsigned)strlen(word) + 1 + 5 + 1;

	if (l->column + len <= end)
		line_putf(l, "%s %5s%%", word, percent(buf, permille));
}

/* Between a vCPU's name and its run%, where a guest has what vCPUs have not. */
static void vcpu_line(struct line *l, const struct top_page *p,
		      const struct top_guest *g, unsigned index)
{
	const struct ctl_vcpu *is = &g->stat.vcpus[index];
	const struct top_vcpu *vcpu = &g->vcpus[index];
	bool known = g->state == TOP_HERE;
	unsigned end = p->widths[TOP_NAME];
	char buf[CELL_MAX];

	snprintf(buf, sizeof(buf), "  vCPU %u", is->id);
	cell(l, p, TOP_NAME, buf);
	for (enum top_column c = TOP_PID; c < TOP_RUN; c++)
		end += p->widths[c] > 0 ? p->widths[c] + 1 : 0;
	if (known) {
		detail(l, end, "  idle", vcpu->now.idle);
		detail(l, end, "  held", vcpu->now.held);
		if (is->steal_permille > 0)
			detail(l, end, " of", is->steal_permille);
	}
	line_pad(l, end);
	rates(l, p, known, &vcpu->now, vcpu->past);
}

/* How many lines of the list @g has. */
static unsigned lines_of(const struct top_look *look, const struct top_guest *g)
{
	bool open = !look->fold && g->state != TOP_ABSENT;

	return 1 + (open ? g->stat.nr_vcpus : 0);
}

static void list_line(struct line *l, const struct top_page *p, unsigned n)
{
	if (p->book->nr == 0)
		line_put(l, n == 0 ? "no guest runs" : "");
	for (unsigned i = 0; i < p->book->nr; i++) {
		const struct top_guest *g = p->book->guests[i];
		unsigned lines = lines_of(p->look, g);

		if (n == 0)
			guest_line(l, p, g);
		else if (n < lines)
			vcpu_line(l, p, g, n - 1);
		if (n < lines)
			return;
		n -= lines;
	}
}

/* -- what is around them -- */

static void title_line(struct line *l, const struct top_page *p)
{
	static const char *const sorts[TOP_SORTS] = {
		[TOP_BY_STOLEN] = "stolen time",
		[TOP_BY_NAME] = "name",
		[TOP_BY_CPU] = "CPU time",
	};
	unsigned vcpus = 0, silent = 0, guests = 0;
	time_t wall = (time_t)p->look->wall_s;
	struct tm tm;
	char buf[CELL_MAX];

	for (unsigned i = 0; i < p->book->nr; i++) {
		const struct top_guest *g = p->book->guests[i];

		guests += g->state != TOP_ABSENT;
		silent += g->state == TOP_SILENT || g->state == TOP_WRONG;
		vcpus += g->state != TOP_ABSENT ? g->stat.nr_vcpus : 0;
	}
	line_putf(l, "%u guest%s, %u vCPU%s", guests, guests == 1 ? "" : "s",
		  vcpus, vcpus == 1 ? "" : "s");
	if (silent > 0)
		line_putf(l, ", %u without answer", silent);
	if (wall && gmtime_r(&wall, &tm) &&
	    strftime(buf, sizeof(buf), "%Y-%m-%d %H:%M:%S UTC", &tm))
		line_putf(l, ", %s", buf);
	else
		line_putf(l, "; by %s, every %g s", sorts[p->look->sort],
			  (double)p->look->interval_ns / 1e9);
	if (p->list > p->body)
		line_putf(l, "; %u-%u of %u", p->scroll + 1,
			  p->scroll + p->body, p->list);
	if (p->look->rows > 0)
		line_put(l, "; ? helps");
}

static void head_line(struct line *l, const struct top_page *p)
{
	l->paint = PAINT_HEAD;
	for (enum top_column c = 0; c < TOP_COLUMNS; c++)
		cell(l, p, c, columns[c].title);
	/* As wide as what is below it, whatever is in there. */
	if (l->colour)
		line_show_blanks(l);
}

static const char *const help[] = {
	"q ends  s sorts  v folds vCPUs  + - interval  arrows PgUp PgDn scroll",
	"stolen, held (by us, \"of\" what we were told to): of the time wanted",
	"run, idle: of all time; at first, since the guest began",
};

/* Line @n of the help; the last one explains the graph. */
static void help_line(struct line *l, const struct top_page *p, unsigned n)
{
	if (n < ARRAY_SIZE(help)) {
		line_put(l, help[n]);
		return;
	}
	line_put(l, "graph: stolen%");
	for (unsigned i = 0; i < LEVELS; i++) {
		line_put(l, " ");
		put_level(l, p->look, i);
		if (i < LEVELS - 1)
			line_putf(l, " <%g", steps[i] / 10.0);
	}
	line_put(l, " more");
}

/* -- the page -- */

/* What there is room for; what is left of it goes to names, then the graph. */
static void divide(struct top_page *p)
{
	unsigned longest = NAME_FAIR, room = p->look->columns, left;
	unsigned *widths = p->widths;

	for (unsigned i = 0; i < p->book->nr; i++) {
		unsigned len = (unsigned)strlen(p->book->guests[i]->name);

		longest = len > longest ? len : longest;
	}
	widths[TOP_NAME] = NAME_LEAST;
	widths[TOP_STOLEN] = columns[TOP_STOLEN].width;
	left = NAME_LEAST + 1 + widths[TOP_STOLEN];
	left = room == 0 ? UINT32_MAX : room > left ? room - left : 0;
	for (unsigned i = 0; i < ARRAY_SIZE(dear); i++) {
		unsigned width = columns[dear[i]].width;

		if (width + 1 > left || (dear[i] == TOP_GRAPH && room == 0))
			continue;
		widths[dear[i]] = width;
		left -= width + 1;
	}
	for (; left > 0 && widths[TOP_NAME] < longest; left--)
		widths[TOP_NAME]++;
	for (;
	     left > 0 && widths[TOP_GRAPH] > 0 && widths[TOP_GRAPH] < TOP_PAST;
	     left--)
		widths[TOP_GRAPH]++;
}

void top_page(struct top_page *p, const struct top_book *book,
	      const struct top_look *look)
{
	unsigned rows = look->rows;

	*p = (struct top_page){ .book = book, .look = look };
	divide(p);
	for (unsigned i = 0; i < book->nr; i++)
		p->list += lines_of(look, book->guests[i]);
	if (rows == 0) {
		p->head = 2;
		p->body = p->list > 0 ? p->list : 1;
		return;
	}
	p->head = rows >= 4 ? 2 : rows >= 3;
	if (look->help)
		p->foot = rows >= 12 ? ARRAY_SIZE(help) + 1 : rows >= 2;
	p->body = rows - p->head - p->foot;
	if (p->list > p->body)
		p->scroll = look->scroll < p->list - p->body
				    ? look->scroll
				    : p->list - p->body;
}

unsigned top_page_lines(const struct top_page *p)
{
	return p->head + p->body + p->foot;
}

void top_page_line(const struct top_page *p, unsigned n,
		   char buf[static TOP_LINE_MAX])
{
	struct line l = { .buf = buf,
			  .columns = p->look->columns,
			  .colour = p->look->colour };

	if (n + 1 < p->head)
		title_line(&l, p);
	else if (n < p->head)
		head_line(&l, p);
	else if (n - p->head < p->body)
		list_line(&l, p, p->scroll + n - p->head);
	else
		help_line(&l, p, n - p->head - p->body);
	line_end(&l);
}
