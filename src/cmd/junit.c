/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * junit.c - a verdict as JUnit XML.
 *
 * Nobody owns this format.  What is written is the part that Ant's original,
 * Jenkins' schema and GitLab's reader have in common, in the order of elements
 * that the strictest of them asks for.
 */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/report.h"
#include "cmd/text.h"
#include "cmd/verdict.h"

#define CLASSNAME "pvtime-vmm.test"

static void put(FILE *out, const char *s)
{
	text_markup(out, s, strlen(s));
}

static void put_attribute(FILE *out, const char *name, const char *value)
{
	fprintf(out, " %s=\"", name);
	put(out, value);
	putc('"', out);
}

static void put_seconds(FILE *out, uint64_t ns)
{
	fprintf(out, " time=\"%.3f\"", (double)ns / 1e9);
}

static void put_property(FILE *out, const char *name, const char *value)
{
	if (!*value)
		return;
	fprintf(out, "      <property");
	put_attribute(out, "name", name);
	put_attribute(out, "value", value);
	fprintf(out, "/>\n");
}

static void put_properties(const struct verdict *v, FILE *out)
{
	char number[24];

	fprintf(out, "    <properties>\n");
	put_property(out, "kernel", v->kernel);
	put_property(out, "release", v->release);
	put_property(out, "params", v->params);
	snprintf(number, sizeof(number), "%u", v->nr_cpus);
	put_property(out, "vcpus", number);
	snprintf(number, sizeof(number), "%llu",
		 (unsigned long long)(v->ram_size >> 20));
	put_property(out, "memory-mib", number);
	put_property(out, "stolen-time", v->provider);
	put_property(out, "host", v->host);
	put_property(out, "verdict", verdict_word(v->class));
	snprintf(number, sizeof(number), "%d", verdict_status(v));
	put_property(out, "exit-status", number);
	fprintf(out, "    </properties>\n");
}

/* What is known of the end of a run that was cut short. */
static void put_end(const struct verdict *v, const char *why, FILE *out)
{
	const struct {
		const char *title, *text;
	} parts[] = { { "where", v->where }, { "console", v->tail } };

	put(out, why);
	for (int i = 0; i < 2; i++) {
		if (!parts[i].text)
			continue;
		fprintf(out, "\n\n%s:\n", parts[i].title);
		put(out, parts[i].text);
	}
}

static void open_case(const char *name, uint64_t took_ns, FILE *out)
{
	fprintf(out, "    <testcase classname=\"" CLASSNAME "\"");
	put_attribute(out, "name", name);
	put_seconds(out, took_ns);
	fprintf(out, ">\n");
}

static void put_case(const struct verdict *v, const struct test_result *t,
		     FILE *out)
{
	enum test_state state = verdict_state(v, t);
	char why[VERDICT_TEXT_MAX];

	verdict_why(v, t, why);
	open_case(t->name, t->took_ns, out);
	if (state == TEST_SKIPPED || state == TEST_WAITING) {
		fprintf(out, "      <skipped");
		put_attribute(out, "message", why);
		fprintf(out, "/>\n");
	} else if (t->state == TEST_RUNNING) {
		fprintf(out, "      <error type=\"%s\"",
			verdict_word(v->class));
		put_attribute(out, "message", why);
		putc('>', out);
		put_end(v, why, out);
		fprintf(out, "</error>\n");
	} else if (state == TEST_BAD) {
		fprintf(out, "      <failure type=\"failed\"");
		put_attribute(out, "message", why);
		putc('>', out);
		put(out, t->what);
		fprintf(out, ": ");
		put(out, why);
		fprintf(out, "</failure>\n");
	} else {
		fprintf(out, "      <system-out>");
		put(out, t->what);
		fprintf(out, "%s", *why ? ": " : "");
		put(out, why);
		fprintf(out, "</system-out>\n");
	}
	fprintf(out, "    </testcase>\n");
}

/* Where no test tells that the verdict is not good. */
static void put_verdict_case(const struct verdict *v, FILE *out)
{
	open_case("verdict", v->took_ns, out);
	fprintf(out, "      <error type=\"%s\"", verdict_word(v->class));
	put_attribute(out, "message", v->why);
	putc('>', out);
	put_end(v, v->why, out);
	fprintf(out, "</error>\n    </testcase>\n");
}

static void put_counts(const struct verdict *v, bool more, FILE *out)
{
	struct verdict_counts n = verdict_count(v);
	unsigned errors = more;

	for (unsigned i = 0; i < v->nr_tests; i++)
		errors += v->tests[i].state == TEST_RUNNING;
	fprintf(out, " tests=\"%u\" failures=\"%u\" errors=\"%u\"",
		v->nr_tests + more, n.bad + more - errors, errors);
	put_seconds(out, v->took_ns);
}

static void open_suite(const struct verdict *v, bool more, FILE *out)
{
	struct verdict_counts n = verdict_count(v);
	time_t wall = (time_t)v->wall_s;
	char host[65] = "localhost", stamp[64] = "1970-01-01T00:00:00";
	struct tm tm;

	gethostname(host, sizeof(host) - 1);
	/* No zone: readers of this format know none, and take it for UTC. */
	if (gmtime_r(&wall, &tm))
		strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	fprintf(out, "  <testsuite name=\"pvtime-vmm test\"");
	put_counts(v, more, out);
	fprintf(out, " skipped=\"%u\"", n.skipped + n.not_run);
	put_attribute(out, "timestamp", stamp);
	put_attribute(out, "hostname", host);
	fprintf(out, ">\n");
}

int report_junit(const struct verdict *v, FILE *out)
{
	bool more = v->class != VERDICT_GOOD && verdict_count(v).bad == 0;

	fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		     "<testsuites name=\"pvtime-vmm test\"");
	put_counts(v, more, out);
	fprintf(out, ">\n");
	open_suite(v, more, out);
	put_properties(v, out);
	for (unsigned i = 0; i < v->nr_tests; i++)
		put_case(v, &v->tests[i], out);
	if (more)
		put_verdict_case(v, out);
	if (v->tail) {
		fprintf(out, "    <system-out>");
		put(out, v->tail);
		fprintf(out, "</system-out>\n");
	}
	fprintf(out, "  </testsuite>\n</testsuites>\n");
	return text_done(out);
}
