/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/verdict.h"

#include <stdlib.h>

#include "cmd/cmd.h"
#include "cmd/text.h"

static const struct {
	const char *word;
	int status;
} classes[] = {
	[VERDICT_GOOD] = { "good", EXIT_GOOD },
	[VERDICT_BAD_TEST] = { "bad-test", EXIT_BAD },
	[VERDICT_WRONG_STEAL] = { "wrong-steal", EXIT_BAD },
	[VERDICT_COMMAND] = { "command", EXIT_BAD },
	[VERDICT_OOPS] = { "oops", EXIT_BAD },
	[VERDICT_PANIC] = { "panic", EXIT_CRASHED },
	[VERDICT_HANG] = { "hang", EXIT_TIMEOUT },
	[VERDICT_NO_OUTPUT] = { "no-output", EXIT_TIMEOUT },
	[VERDICT_TIMEOUT] = { "timeout", EXIT_TIMEOUT },
	[VERDICT_RESET] = { "reset", EXIT_BAD },
	[VERDICT_OFF] = { "off", EXIT_BAD },
	[VERDICT_NO_PVTIME] = { "no-pvtime", EXIT_NO_PVTIME },
	[VERDICT_NOT_STARTED] = { "not-started", EXIT_ERROR },
	[VERDICT_INTERRUPTED] = { "interrupted", 128 },
	[VERDICT_FAILED] = { "failed", EXIT_ERROR },
};

const char *verdict_word(enum verdict_class class)
{
	return classes[class].word;
}

int verdict_status(const struct verdict *v)
{
	int status = classes[v->class].status;

	return v->class == VERDICT_INTERRUPTED ? status + v->signal : status;
}

enum test_state verdict_state(const struct verdict *v,
			      const struct test_result *t)
{
	if (v->class == VERDICT_GOOD && t->state == TEST_WAITING)
		return TEST_SKIPPED;
	return t->state == TEST_RUNNING ? TEST_BAD : t->state;
}

const char *verdict_why(const struct verdict *v, const struct test_result *t,
			char buf[static VERDICT_TEXT_MAX])
{
	const char *from = t->why[0] || t->state == TEST_OK ? t->why : v->why;
	size_t n = 0;

	if (t->state == TEST_WAITING) {
		from = v->why;
		n = (size_t)sprintf(buf, "not run%s", *from ? ": " : "");
	}
	text_plain(buf + n, VERDICT_TEXT_MAX - n, from, VERDICT_TEXT_MAX);
	return buf;
}

struct verdict_counts verdict_count(const struct verdict *v)
{
	struct verdict_counts n = { 0 };

	for (unsigned i = 0; i < v->nr_tests; i++) {
		enum test_state state = verdict_state(v, &v->tests[i]);

		n.ok += state == TEST_OK;
		n.bad += state == TEST_BAD;
		n.skipped += state == TEST_SKIPPED;
		n.not_run += state == TEST_WAITING;
	}
	return n;
}

void verdict_counts_print(const struct verdict *v, FILE *out)
{
	struct verdict_counts n = verdict_count(v);
	char took[TEXT_TIME_MAX];

	fprintf(out, "%u ok", n.ok);
	if (n.bad > 0)
		fprintf(out, ", %u failed", n.bad);
	if (n.skipped > 0)
		fprintf(out, ", %u skipped", n.skipped);
	if (n.not_run > 0)
		fprintf(out, ", %u not run", n.not_run);
	if (v->took_ns > 0)
		fprintf(out, ", in %s", text_time(took, v->took_ns));
}

void verdict_fini(struct verdict *v)
{
	free(v->where);
	free(v->tail);
	v->where = NULL;
	v->tail = NULL;
}
