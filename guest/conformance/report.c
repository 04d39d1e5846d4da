/* SPDX-License-Identifier: BSD-2-Clause */
#include "report.h"

#include <stdarg.h>

#include "../lib/say.h"

/* No pointers: nobody relocates the image. */
static const struct {
	char name[56], rule[64];
} checks[] = {
#define CHECK_TEXT(id, name, rule) { name, rule },
	CHECKS(CHECK_TEXT)
#undef CHECK_TEXT
};

static unsigned nr_done, nr_failed, nr_skipped;

void report_begin(void)
{
	say("TAP version 13\n");
}

/* "ok 7 - name"; a check out of order would be our own mistake. */
static void begin_line(enum check check, const char *verdict)
{
	nr_done++;
	if (check != nr_done)
		say("Bail out! check %u reported as %u\n", check, nr_done);
	say("%s %u - %s", verdict, check, checks[check - 1].name);
}

void ok(enum check check)
{
	begin_line(check, "ok");
	say("\n");
}

void ok_with(enum check check, const char *fmt, ...)
{
	va_list ap;

	begin_line(check, "ok");
	say(": ");
	va_start(ap, fmt);
	say_args(fmt, ap);
	va_end(ap);
	say("\n");
}

void not_ok(enum check check, const char *fmt, ...)
{
	va_list ap;

	begin_line(check, "not ok");
	say("\n# ");
	va_start(ap, fmt);
	say_args(fmt, ap);
	va_end(ap);
	say("\n# rule: %s\n", checks[check - 1].rule);
	nr_failed++;
}

void skip_check(enum check check, const char *why)
{
	begin_line(check, "ok");
	say(" # SKIP %s\n", why);
	nr_skipped++;
}

void skip_checks(enum check first, enum check last, const char *why)
{
	for (enum check c = first; c <= last; c++)
		skip_check(c, why);
}

void note(const char *fmt, ...)
{
	va_list ap;

	say("# ");
	va_start(ap, fmt);
	say_args(fmt, ap);
	va_end(ap);
	say("\n");
}

void report_end(void)
{
	say("1..%u\n# conformance: %u checks, %u failed, %u skipped\n",
	    CHECK_END - 1, nr_done, nr_failed, nr_skipped);
}
