/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exposition.h - is this what Prometheus reads, and as it should be written?
 *
 * Every line is a HELP, a TYPE or a sample; a family has both, in this order,
 * once, and its samples behind them; no two samples have the same name and
 * labels; counters end in _total, and nothing else does; times are in seconds
 * and sizes in bytes, and are called so.
 *
 * Spec: Prometheus, text exposition format 0.0.4; what promtool's linter asks.
 */
#ifndef EXPOSITION_H
#define EXPOSITION_H

#include "check.h"

#include <ctype.h>

enum { EXPOSITION_SAMPLES = 8192 };

struct exposition {
	const char *at, *line;
	char family[128], type[16];
	const char *families[64];
	size_t family_sizes[64];
	unsigned nr_families;
	struct {
		const char *at;
		size_t size;
	} series[EXPOSITION_SAMPLES];
	unsigned nr;
};

#define expect(e, what, is)                                                 \
	do {                                                                \
		if (!(is))                                                  \
			fail_msg("%s: %.*s", what,                          \
				 (int)strcspn((e)->line, "\n"), (e)->line); \
	} while (0)

static inline size_t exposition_name(const char *s)
{
	size_t n = 0;

	if (isalpha((unsigned char)*s) || *s == '_')
		while (isalnum((unsigned char)s[n]) || s[n] == '_')
			n++;
	return n;
}

static inline bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

/* "# HELP name text", then "# TYPE name type". */
static inline void exposition_family(struct exposition *e)
{
	size_t n;

	expect(e, "HELP", strncmp(e->at, "# HELP ", 7) == 0);
	e->at += 7;
	n = exposition_name(e->at);
	expect(e, "name", n > 0 && n < sizeof(e->family) && e->at[n] == ' ');
	snprintf(e->family, sizeof(e->family), "%.*s", (int)n, e->at);
	for (unsigned i = 0; i < e->nr_families; i++)
		expect(e, "family twice",
		       e->family_sizes[i] != n ||
			       memcmp(e->families[i], e->at, n) != 0);
	expect(e, "too many families", e->nr_families < 64);
	e->families[e->nr_families] = e->at;
	e->family_sizes[e->nr_families++] = n;
	e->at += n + 1;
	n = strcspn(e->at, "\n");
	expect(e, "help", n > 10 && e->at[n - 1] == '.');
	e->at += n + 1;

	e->line = e->at;
	expect(e, "TYPE", strncmp(e->at, "# TYPE ", 7) == 0);
	e->at += 7;
	n = strlen(e->family);
	expect(e, "of the same", strncmp(e->at, e->family, n) == 0);
	e->at += n;
	expect(e, "type", *e->at++ == ' ');
	n = strcspn(e->at, "\n");
	snprintf(e->type, sizeof(e->type), "%.*s", (int)n, e->at);
	expect(e, "known type",
	       strcmp(e->type, "counter") == 0 ||
		       strcmp(e->type, "gauge") == 0);
	expect(e, "_total",
	       ends_with(e->family, "_total") == (e->type[0] == 'c'));
	expect(e, "base units",
	       !strstr(e->family, "_ns") && !strstr(e->family, "_ms") &&
		       !strstr(e->family, "nanosec") &&
		       !strstr(e->family, "percent"));
	e->at += n + 1;
}

/* {key="value",...} */
static inline void exposition_labels(struct exposition *e)
{
	do {
		size_t n;

		e->at++;
		n = exposition_name(e->at);
		expect(e, "label", n > 0);
		e->at += n;
		expect(e, "label's value", *e->at++ == '=' && *e->at++ == '"');
		for (; *e->at != '"'; e->at++) {
			expect(e, "no end", *e->at && *e->at != '\n');
			if (*e->at != '\\')
				continue;
			e->at++;
			expect(e, "escape", *e->at && strchr("\\\"n", *e->at));
		}
		e->at++;
	} while (*e->at == ',');
	expect(e, "}", *e->at++ == '}');
}

static inline void exposition_sample(struct exposition *e)
{
	const char *from = e->at;
	size_t n = exposition_name(e->at);
	char *end;

	expect(e, "sample of the family",
	       n == strlen(e->family) && strncmp(e->at, e->family, n) == 0);
	e->at += n;
	if (*e->at == '{')
		exposition_labels(e);
	n = (size_t)(e->at - from);
	expect(e, "too many", e->nr < EXPOSITION_SAMPLES);
	for (unsigned i = 0; i < e->nr; i++)
		expect(e, "series twice",
		       e->series[i].size != n ||
			       memcmp(e->series[i].at, from, n) != 0);
	e->series[e->nr].at = from;
	e->series[e->nr++].size = n;
	expect(e, "blank", *e->at++ == ' ');
	expect(e, "number", isdigit((unsigned char)*e->at));
	strtod(e->at, &end);
	expect(e, "end of line", *end == '\n');
	e->at = end + 1;
}

/* All of @text; how many samples there are. */
static inline unsigned exposition_check(const char *text)
{
	static struct exposition e;

	e = (struct exposition){ .at = text };
	while (*e.at) {
		e.line = e.at;
		if (*e.at == '#')
			exposition_family(&e);
		else
			exposition_sample(&e);
	}
	return e.nr;
}

#endif
