/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/progress.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/screen.h"
#include "cmd/text.h"
#include "cmd/verdict.h"

enum { LINE_SIZE = 1024, NAME_WIDTH_MAX = 24, WIDTH_LEAST = 20 };

enum paint { PAINT_NONE, PAINT_GOOD, PAINT_BAD, PAINT_DIM, PAINT_BOLD };

static void paint(const struct progress *p, enum paint with)
{
	static const char *const codes[] = { "0", "32", "1;31", "2", "1" };

	if (p->colour)
		fprintf(p->out, "\033[%sm", codes[with]);
}

/* Columns of the terminal, as it is now. */
static int width(const struct progress *p)
{
	unsigned columns, rows;

	screen_size(fileno(p->out), &columns, &rows);
	return columns < WIDTH_LEAST ? WIDTH_LEAST : (int)columns;
}

static void clear(struct progress *p)
{
	if (p->shown)
		fprintf(p->out, "\r\033[K");
	p->shown = false;
}

/*
 * Print @text from @column on: folded at blanks where lines have an end, on a
 * terminal, and else in one line, as programs that search it want it.
 */
static void fold(const struct progress *p, const char *text, int column)
{
	int room = p->live ? width(p) - column : LINE_SIZE;
	size_t len = strlen(text), cut;

	if (room < WIDTH_LEAST)
		room = LINE_SIZE;
	while (len > (size_t)room) {
		for (cut = (size_t)room; cut > 0 && text[cut] != ' '; cut--)
			;
		if (cut == 0)
			cut = (size_t)room;
		fprintf(p->out, "%.*s\n%*s", (int)cut, text, column, "");
		text += cut;
		while (*text == ' ')
			text++;
		len = strlen(text);
	}
	fprintf(p->out, "%s\n", text);
}

/* All lines of @text, which may be NULL, each behind @lead. */
static void put_lines(const struct progress *p, const char *text,
		      const char *lead)
{
	char plain[LINE_SIZE];

	while (text && *text) {
		const char *line = text;
		size_t n = text_line(line, &text);

		text_plain(plain, sizeof(plain), line, n);
		fprintf(p->out, "%s%s\n", lead, plain);
	}
}

void progress_init(struct progress *p, FILE *out)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

	*p = (struct progress){ .out = out };
	p->live = isatty(fileno(out)) && term && *term &&
		  strcmp(term, "dumb") != 0;
	p->colour = p->live && !(no_color && *no_color);
}

void progress_begin(struct progress *p, const struct verdict *v)
{
	char kernel[LINE_SIZE], release[sizeof(v->release)];

	for (unsigned i = 0; i < v->nr_tests; i++) {
		int n = (int)strlen(v->tests[i].name);

		if (n > p->name_width)
			p->name_width = n;
	}
	if (p->name_width > NAME_WIDTH_MAX)
		p->name_width = NAME_WIDTH_MAX;
	text_plain(kernel, sizeof(kernel), v->kernel, strlen(v->kernel));
	text_plain(release, sizeof(release), v->release, sizeof(v->release));
	paint(p, PAINT_BOLD);
	fprintf(p->out, "%s", kernel);
	paint(p, PAINT_NONE);
	if (*release)
		fprintf(p->out, " (Linux %s)", release);
	fprintf(p->out, "\n%u vCPU%s, %llu MiB, stolen time: %s\n\n",
		v->nr_cpus, v->nr_cpus == 1 ? "" : "s",
		(unsigned long long)(v->ram_size >> 20),
		v->provider[0] ? v->provider : "not known");
	fflush(p->out);
}

void progress_now(struct progress *p, const char *doing, const char *line,
		  uint64_t elapsed_ns)
{
	char text[LINE_SIZE];
	int n, room;

	if (!p->live)
		return;
	n = snprintf(text, sizeof(text) / 2, "%5.1f s  %s%s",
		     (double)elapsed_ns / 1e9, doing, *line ? ": " : "");
	if (n >= (int)sizeof(text) / 2)
		n = (int)sizeof(text) / 2 - 1;
	text_plain(text + n, sizeof(text) - (size_t)n, line, strlen(line));
	/* In the last column the cursor would go on to the next line. */
	room = width(p) - 1;
	clear(p);
	paint(p, PAINT_DIM);
	fprintf(p->out, "%.*s", room, text);
	paint(p, PAINT_NONE);
	p->shown = true;
	fflush(p->out);
}

void progress_test(struct progress *p, const struct test_result *t)
{
	static const struct {
		const char *word;
		enum paint paint;
	} looks[] = {
		[TEST_WAITING] = { "-", PAINT_DIM },
		[TEST_RUNNING] = { "FAIL", PAINT_BAD },
		[TEST_OK] = { "ok", PAINT_GOOD },
		[TEST_BAD] = { "FAIL", PAINT_BAD },
		[TEST_SKIPPED] = { "skip", PAINT_DIM },
	};
	bool dim = looks[t->state].paint == PAINT_DIM;
	char why[VERDICT_TEXT_MAX], took[TEXT_TIME_MAX] = "";

	text_plain(why, sizeof(why), *t->why ? t->why : t->what,
		   VERDICT_TEXT_MAX);
	if (t->took_ns > 0 || !dim)
		snprintf(took, sizeof(took), "%.1f s",
			 (double)t->took_ns / 1e9);
	clear(p);
	paint(p, looks[t->state].paint);
	fprintf(p->out, "%-4s", looks[t->state].word);
	if (!dim)
		paint(p, PAINT_NONE);
	if (t->state == TEST_BAD || t->state == TEST_RUNNING)
		paint(p, PAINT_BOLD);
	fprintf(p->out, "  %-*s", p->name_width, t->name);
	if (!dim)
		paint(p, PAINT_NONE);
	fprintf(p->out, "  %8s  ", took);
	fold(p, why, 4 + 2 + p->name_width + 2 + 8 + 2);
	paint(p, PAINT_NONE);
	fflush(p->out);
}

/* "wrong-steal" as "WRONG STEAL". */
static void put_class(const struct progress *p, const struct verdict *v)
{
	const char *word = verdict_word(v->class);

	paint(p, PAINT_BOLD);
	paint(p, v->class == VERDICT_GOOD ? PAINT_GOOD : PAINT_BAD);
	for (; *word; word++)
		putc(*word == '-' ? ' ' : *word - 'a' + 'A', p->out);
	paint(p, PAINT_NONE);
}

/* What a test found says all; what cut them short may have said more. */
static bool is_cut_short(const struct verdict *v)
{
	return v->class != VERDICT_BAD_TEST &&
	       v->class != VERDICT_WRONG_STEAL && v->class != VERDICT_COMMAND;
}

void progress_end(struct progress *p, const struct verdict *v)
{
	char why[VERDICT_TEXT_MAX];

	text_plain(why, sizeof(why), v->why, sizeof(v->why));
	clear(p);
	putc('\n', p->out);
	if (v->class == VERDICT_GOOD) {
		put_class(p, v);
		fprintf(p->out, ": ");
		verdict_counts_print(v, p->out);
		fprintf(p->out, "\n");
		fflush(p->out);
		return;
	}
	if (v->where && *v->where) {
		fprintf(p->out, "Where it is:\n");
		put_lines(p, v->where, "  ");
		putc('\n', p->out);
	}
	if (v->tail && *v->tail && is_cut_short(v)) {
		fprintf(p->out, "The console's last lines:\n");
		put_lines(p, v->tail, "  | ");
		putc('\n', p->out);
	}
	put_class(p, v);
	fprintf(p->out, "%s%s (", *why ? ": " : "", why);
	verdict_counts_print(v, p->out);
	fprintf(p->out, ")\n");
	fflush(p->out);
}
