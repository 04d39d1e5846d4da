/* SPDX-License-Identifier: BSD-2-Clause */
/* tap_out.c - a verdict as TAP version 14. */
#include <string.h>

#include "cmd/report.h"
#include "cmd/text.h"
#include "cmd/verdict.h"

enum { LINE_MAX_SIZE = 1024 };

/* In a description "#" would begin a directive. */
static void put_description(FILE *out, const char *s)
{
	char plain[LINE_MAX_SIZE];

	text_plain(plain, sizeof(plain), s, strlen(s));
	for (const char *p = plain; *p; p++) {
		if (*p == '#' || *p == '\\')
			putc('\\', out);
		putc(*p, out);
	}
}

/* A string of YAML, in double quotes. */
static void put_quoted(FILE *out, const char *s, size_t n)
{
	char plain[LINE_MAX_SIZE];

	text_plain(plain, sizeof(plain), s, n);
	putc('"', out);
	for (const char *p = plain; *p; p++) {
		if (*p == '"' || *p == '\\')
			putc('\\', out);
		putc(*p, out);
	}
	putc('"', out);
}

static void put_details(const struct verdict *v, const char *why,
			const char *class, uint64_t took_ns, bool with_where,
			FILE *out)
{
	const char *line = with_where && v->where ? v->where : "";

	fprintf(out, "  ---\n  message: ");
	put_quoted(out, why, strlen(why));
	fprintf(out, "\n  class: %s\n  took_ms: %llu\n", class,
		(unsigned long long)(took_ns / 1000000));
	if (*line)
		fprintf(out, "  where:\n");
	while (*line) {
		const char *now = line;
		size_t n = text_line(line, &line);

		fprintf(out, "    - ");
		put_quoted(out, now, n);
		putc('\n', out);
	}
	fprintf(out, "  ...\n");
}

static void put_test(const struct verdict *v, unsigned i, FILE *out)
{
	const struct test_result *t = &v->tests[i];
	enum test_state state = verdict_state(v, t);
	bool bad = state == TEST_BAD || state == TEST_WAITING;
	char why[VERDICT_TEXT_MAX];

	verdict_why(v, t, why);
	fprintf(out, "%sok %u - ", bad ? "not " : "", i + 1);
	put_description(out, t->name);
	fprintf(out, ": ");
	put_description(out, t->what);
	if (state == TEST_SKIPPED) {
		fprintf(out, " # SKIP %s", why);
	}
	putc('\n', out);
	if (bad)
		put_details(v, why,
			    state == TEST_WAITING      ? "not-run"
			    : t->state == TEST_RUNNING ? verdict_word(v->class)
						       : "failed",
			    t->took_ns, t->state == TEST_RUNNING, out);
}

static void put_subject(const struct verdict *v, FILE *out)
{
	char plain[LINE_MAX_SIZE];

	text_plain(plain, sizeof(plain), v->kernel, strlen(v->kernel));
	fprintf(out, "# kernel %s\n", plain);
	text_plain(plain, sizeof(plain), v->release, sizeof(v->release));
	if (*plain)
		fprintf(out, "# release %s\n", plain);
	fprintf(out, "# %u vCPUs, %llu MiB, stolen time: %s\n", v->nr_cpus,
		(unsigned long long)(v->ram_size >> 20),
		v->provider[0] ? v->provider : "not known");
}

int report_tap(const struct verdict *v, FILE *out)
{
	struct verdict_counts n = verdict_count(v);
	bool good = v->class == VERDICT_GOOD;
	/* Tests that know of nothing wrong must not hide that something is. */
	bool more = !good && n.bad + n.not_run == 0;
	char why[VERDICT_TEXT_MAX];

	text_plain(why, sizeof(why), v->why, sizeof(v->why));
	fprintf(out, "TAP version 14\n");
	if (!good && n.ok + n.bad == 0) {
		if (v->nr_tests > 0)
			fprintf(out, "1..%u\n", v->nr_tests);
		put_subject(v, out);
		fprintf(out, "Bail out! %s: %s\n", verdict_word(v->class), why);
		return text_done(out);
	}
	fprintf(out, "1..%u\n", v->nr_tests + more);
	put_subject(v, out);
	for (unsigned i = 0; i < v->nr_tests; i++)
		put_test(v, i, out);
	if (more) {
		fprintf(out, "not ok %u - verdict: the run as a whole\n",
			v->nr_tests + 1);
		put_details(v, why, verdict_word(v->class), v->took_ns, true,
			    out);
	}
	fprintf(out, "# verdict %s%s%s\n", verdict_word(v->class),
		*why ? ": " : "", why);
	return text_done(out);
}
