/* SPDX-License-Identifier: BSD-2-Clause */
/* top.c - command "top": all guests of this user, as they run. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmd/cmd.h"
#include "cmd/screen.h"
#include "cmd/text.h"
#include "cmd/top_ask.h"
#include "cmd/top_book.h"
#include "cmd/top_view.h"
#include "ctl/path.h"
#include "util/clock.h"
#include "util/err.h"
#include "util/parse.h"
#include "util/util.h"

_Static_assert((int)TOP_LINE_MAX <= (int)SCREEN_LINE_MAX, "a row each");

#define SECOND UINT64_C(1000000000)

/* Who answers later than that is seen in the next picture. */
#define GRACE_NS (SECOND / 10)

enum { KEYS_AT_ONCE = 64 };

struct top {
	struct top_book book;
	struct top_asker asker;
	struct top_look look;
	struct screen screen;
	bool live;	  /* on a screen; else as text, one after the other */
	bool help_wanted; /* --help */
	bool quit;
	uint64_t count, seen; /* samples to show, 0: no end; and shown */
	uint64_t round_ns;    /* when the next one begins */
	uint64_t show_ns;     /* when it is shown, whoever has not answered */
	bool due;	      /* this round's picture is */
	bool stale;	      /* the picture shown is not how things are */
	unsigned page;	      /* lines to scroll by */
};

static int set_interval(void *into, const char *arg)
{
	uint64_t ns;
	int rc = parse_seconds(arg, &ns);

	if (rc < 0)
		return rc;
	if (ns < SECOND / 10)
		return err_say(ERANGE, "'%s': 0.1 seconds at least", arg);
	((struct top *)into)->look.interval_ns = ns;
	return 0;
}

static int set_count(void *into, const char *arg)
{
	return parse_u64(arg, 1, UINT64_MAX, &((struct top *)into)->count);
}

static int set_sort(void *into, const char *arg)
{
	static const char *const words[TOP_SORTS + 1] = {
		[TOP_BY_STOLEN] = "stolen",
		[TOP_BY_NAME] = "name",
		[TOP_BY_CPU] = "cpu",
	};
	int n = parse_word(arg, words);

	if (n < 0)
		return n;
	((struct top *)into)->look.sort = n;
	return 0;
}

static int set_help(void *into, const char *arg)
{
	(void)arg;
	((struct top *)into)->help_wanted = true;
	return 0;
}

static const struct option_desc options[] = {
	{ 'i', "interval", "S", "seconds between samples; 1 if not given",
	  set_interval },
	{ 'n', "count", "N", "end after N samples", set_count },
	{ 's', "sort", "WORD",
	  "the first is who has most \"stolen\" (share of time), most \"cpu\" "
	  "time, or the first by \"name\"",
	  set_sort },
	{ 'h', "help", NULL, "this text", set_help },
};

static void help(void)
{
	printf("usage: pvtime-vmm top [options] [NAME...]\n"
	       "\n"
	       "Show all running guests of this user, or those named, and "
	       "their vCPUs: how much\n"
	       "of the time that they wanted to run was stolen from them in "
	       "the last interval,\n"
	       "and in those before.  On a terminal this fills it, and ? "
	       "tells which keys do\n"
	       "what; else samples are printed as text.  The first is of the "
	       "time since each\n"
	       "guest began.  Guests are not stopped for it.\n"
	       "\n");
	options_print(options, ARRAY_SIZE(options));
}

/* By the environment alone: what a locale's file says needs no reading. */
static bool has_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *locale = getenv(names[i]);

		if (!locale || !*locale)
			continue;
		return strcasestr(locale, "UTF-8") ||
		       strcasestr(locale, "UTF8");
	}
	return false;
}

/* -- pictures -- */

static int draw(struct top *t)
{
	char line[TOP_LINE_MAX];
	struct top_page page;
	int rc = screen_begin(&t->screen);

	if (rc < 0)
		return rc;
	/* In the last column the cursor might go on to the next row. */
	t->look.columns = t->screen.columns > 1 ? t->screen.columns - 1 : 1;
	t->look.rows = t->screen.rows;
	top_page(&page, &t->book, &t->look);
	for (unsigned n = 0; n < top_page_lines(&page); n++) {
		top_page_line(&page, n, line);
		screen_row(&t->screen, line);
	}
	t->look.scroll = page.scroll;
	t->page = page.body > 1 ? page.body - 1 : 1;
	return screen_end(&t->screen);
}

static int print(struct top *t)
{
	char line[TOP_LINE_MAX];
	struct top_page page;

	t->look.wall_s = clock_wall_s();
	top_page(&page, &t->book, &t->look);
	if (t->seen > 0)
		printf("\n");
	for (unsigned n = 0; n < top_page_lines(&page); n++) {
		top_page_line(&page, n, line);
		printf("%s\n", line);
	}
	return text_done(stdout);
}

/* Is it time for a picture?  Text has one in a round, a screen what is new. */
static bool is_time(const struct top *t, uint64_t now, uint64_t answers_ns)
{
	if (!t->due)
		return t->live && t->stale;
	return answers_ns == 0 || now >= t->show_ns;
}

static int show(struct top *t)
{
	int rc;

	top_sort(&t->book, (enum top_sort)t->look.sort);
	rc = t->live ? draw(t) : print(t);
	t->stale = false;
	if (t->due)
		t->seen++;
	t->due = false;
	if (t->count > 0 && t->seen == t->count)
		t->quit = true;
	return rc;
}

/* -- keys -- */

static void change_interval(struct top *t, int by)
{
	static const uint64_t steps[] = {
		SECOND / 10, SECOND / 5,  SECOND / 2,  SECOND,	    2 * SECOND,
		5 * SECOND,  10 * SECOND, 30 * SECOND, 60 * SECOND,
	};
	uint64_t *ns = &t->look.interval_ns, was = *ns;

	if (by > 0) {
		for (size_t i = 0; i < ARRAY_SIZE(steps) && *ns == was; i++)
			if (steps[i] > was)
				*ns = steps[i];
	} else {
		for (size_t i = ARRAY_SIZE(steps); i > 0 && *ns == was; i--)
			if (steps[i - 1] < was)
				*ns = steps[i - 1];
	}
	if (t->round_ns > clock_mono_ns() + *ns)
		t->round_ns = clock_mono_ns() + *ns;
}

static void scroll(struct top *t, long by)
{
	unsigned *at = &t->look.scroll;

	if (by < 0)
		*at -= *at < (unsigned)-by ? *at : (unsigned)-by;
	else
		*at += (unsigned)by; /* the page knows its end */
}

static void on_key(struct top *t, int key)
{
	switch (key) {
	case 'q':
		t->quit = true;
		break;
	case 's':
		t->look.sort = (t->look.sort + 1) % TOP_SORTS;
		break;
	case 'v':
		t->look.fold = !t->look.fold;
		break;
	case '?':
	case 'h':
		t->look.help = !t->look.help;
		break;
	case '+':
	case '=': /* the same key, on many keyboards */
		change_interval(t, 1);
		break;
	case '-':
		change_interval(t, -1);
		break;
	case 'k':
	case KEY_UP:
		scroll(t, -1);
		break;
	case 'j':
	case KEY_DOWN:
		scroll(t, 1);
		break;
	case KEY_PAGE_UP:
		scroll(t, -(long)t->page);
		break;
	case ' ':
	case KEY_PAGE_DOWN:
		scroll(t, (long)t->page);
		break;
	case 'g':
	case KEY_HOME:
		t->look.scroll = 0;
		break;
	case 'G':
	case KEY_END:
		t->look.scroll = UINT32_MAX / 2;
		break;
	case 'L' - '@': /* Ctrl-l: somebody else wrote here */
		t->screen.whole = true;
		break;
	}
}

static int take_keys(struct top *t)
{
	int keys[KEYS_AT_ONCE];
	int nr = screen_keys(&t->screen, keys, KEYS_AT_ONCE);

	for (int i = 0; i < nr && !t->quit; i++)
		on_key(t, keys[i]);
	return nr;
}

/* -- rounds -- */

static int begin_round(struct top *t, uint64_t now)
{
	t->round_ns += t->look.interval_ns;
	if (t->round_ns <= now) /* the first, or we were stopped */
		t->round_ns = now + t->look.interval_ns;
	t->show_ns = now + (t->live ? GRACE_NS : TOP_PATIENCE_NS);
	if (t->show_ns > t->round_ns)
		t->show_ns = t->round_ns;
	t->due = true;
	return top_ask_all(&t->asker, now);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Wait for what comes first, and take it up. */
static int wait_and_hear(struct top *t, uint64_t answers_ns)
{
	uint64_t until = t->round_ns;
	struct pollfd *fds;
	unsigned nr;
	int rc = top_ask_watch(&t->asker, &fds, &nr);

	if (rc < 0)
		return rc;
	if (t->due)
		until = earlier(until, t->show_ns);
	if (answers_ns > 0)
		until = earlier(until, answers_ns);
	fds[0] = (struct pollfd){ .fd = t->live ? t->screen.keys_fd : -1,
				  .events = POLLIN };
	rc = screen_wait(&t->screen, fds, nr, until);
	if (rc < 0)
		return rc;
	/* Also when nothing was heard: the terminal may be another one. */
	t->stale = true;
	if (rc == 0)
		return 0;
	if (fds[0].revents)
		rc = take_keys(t);
	if (rc >= 0)
		rc = top_ask_hear(&t->asker, clock_mono_ns());
	return rc;
}

static int go_round(struct top *t)
{
	uint64_t now = clock_mono_ns(), answers_ns;
	int rc = 0;

	answers_ns = top_ask_due(&t->asker, now);
	if (is_time(t, now, answers_ns))
		rc = show(t);
	if (rc < 0 || t->quit)
		return rc;
	if (now >= t->round_ns)
		return begin_round(t, now);
	return wait_and_hear(t, answers_ns);
}

static int run(struct top *t, char *const *names, unsigned nr)
{
	int rc = top_ask_init(&t->asker, &t->book, names, nr);

	t->live = screen_possible();
	t->look.colour = t->live && screen_coloured();
	t->look.utf8 = has_utf8();
	t->round_ns = clock_mono_ns();
	if (rc == 0 && t->live)
		rc = screen_open(&t->screen);
	while (rc >= 0 && !t->quit)
		rc = go_round(t);
	screen_close(&t->screen);
	top_ask_fini(&t->asker);
	top_fini(&t->book);
	return rc;
}

int top_main(int argc, char **argv)
{
	struct top t = { .look.interval_ns = SECOND };
	int first = options_parse(options, ARRAY_SIZE(options), &t, argc, argv);

	if (first < 0)
		return EXIT_USAGE;
	if (t.help_wanted) {
		help();
		return EXIT_GOOD;
	}
	for (int i = first; i < argc; i++)
		if (ctl_name(argv[i]) < 0)
			return EXIT_USAGE;
	return run(&t, argv + first, (unsigned)(argc - first)) < 0 ? EXIT_ERROR
								   : EXIT_GOOD;
}
