/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/csv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "cmd/timeline.h"
#include "mach/layout.h"
#include "util/err.h"
#include "util/util.h"

#define HEAD "time_ns,cpu,run_ns,stolen_ns,record_ns,guest_ns,exits"
#define MARK "# mark "

enum { FIELDS = 7, TIME = 0, CPU = 1 };

static const char *const kinds[] = {
	[MARK_CONSOLE] = "console", [MARK_BOOT] = "boot",
	[MARK_TEST] = "test",	    [MARK_RIVAL] = "rival",
	[MARK_TROUBLE] = "trouble",
};

void csv_head(FILE *out)
{
	fprintf(out, HEAD "\n");
}

static void put(FILE *out, uint64_t v)
{
	if (v == TIMELINE_NONE)
		fprintf(out, ",");
	else
		fprintf(out, ",%" PRIu64, v);
}

void csv_row(FILE *out, const struct timeline_row *row, unsigned nr_cpus)
{
	for (unsigned i = 0; i < nr_cpus; i++) {
		const struct timeline_cpu *c = &row->cpu[i];

		fprintf(out, "%" PRIu64 ",%u", row->t_ns, i);
		put(out, c->run_ns);
		put(out, c->wait_ns);
		put(out, c->record_ns);
		put(out, c->guest_ns);
		put(out, c->exits);
		fprintf(out, "\n");
	}
}

void csv_mark(FILE *out, const struct timeline_mark *mark)
{
	fprintf(out, MARK "%s %" PRIu64 " %" PRIu64 " %s\n", kinds[mark->kind],
		mark->t_ns, mark->end_ns, mark->text);
}

void csv_write(FILE *out, const struct timeline *t)
{
	csv_head(out);
	for (unsigned i = 0; i < t->nr_marks; i++)
		csv_mark(out, &t->marks[i]);
	for (unsigned i = 0; i < t->nr_rows; i++)
		csv_row(out, timeline_row(t, i), t->nr_cpus);
}

/* -- reading -- */

/* Digits, as far as they go; false: there are none, or too many. */
static bool number(const char **at, uint64_t *ret)
{
	const char *s = *at;
	uint64_t v = 0;

	if (*s < '0' || *s > '9')
		return false;
	for (; *s >= '0' && *s <= '9'; s++)
		if (__builtin_mul_overflow(v, UINT64_C(10), &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
			return false;
	*at = s;
	*ret = v;
	return true;
}

static bool parse_row(const char *line, uint64_t fields[FIELDS])
{
	for (int i = 0; i < FIELDS; i++) {
		fields[i] = TIMELINE_NONE;
		if (*line != ',' && *line != '\n' && *line != '\0' &&
		    !number(&line, &fields[i]))
			return false;
		if (i < FIELDS - 1 && *line++ != ',')
			return false;
	}
	return (*line == '\n' || *line == '\0') &&
	       fields[TIME] != TIMELINE_NONE && fields[CPU] < LAYOUT_NR_CPUS;
}

static bool parse_mark(const char *line, struct timeline *t)
{
	const char *end = line + strcspn(line, "\n");
	uint64_t from, to;
	char text[256];

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const char *at = line;
		size_t len = strlen(kinds[i]);

		if (strncmp(at, kinds[i], len) != 0 || at[len] != ' ')
			continue;
		at += len + 1;
		if (!number(&at, &from) || *at++ != ' ' || !number(&at, &to) ||
		    *at != ' ')
			return false;
		snprintf(text, sizeof(text), "%.*s", (int)(end - at - 1),
			 at + 1);
		timeline_mark(t, (enum timeline_kind)i, from, to, text);
		return true;
	}
	return true; /* of a kind that is not known yet */
}

/* What must be known before a timeline can be made. */
struct extent {
	unsigned nr_cpus;
	uint64_t first_ns, last_ns;
};

static void extend(struct extent *e, const uint64_t fields[FIELDS])
{
	if (e->nr_cpus == 0)
		e->first_ns = fields[TIME];
	e->last_ns = fields[TIME];
	if (fields[CPU] >= e->nr_cpus)
		e->nr_cpus = (unsigned)fields[CPU] + 1;
}

static void take(struct timeline *t, struct timeline_row **row,
		 const uint64_t fields[FIELDS])
{
	struct timeline_cpu *c;

	if (!*row || (*row)->t_ns != fields[TIME])
		*row = timeline_add(t, fields[TIME]);
	if (!*row)
		return; /* younger than the step */
	c = &(*row)->cpu[fields[CPU]];
	c->run_ns = fields[2];
	c->wait_ns = fields[3];
	c->record_ns = fields[4];
	c->guest_ns = fields[5];
	c->exits = fields[6];
}

/* Each line, to learn the extent or to fill the timeline. */
static int each_line(const char *text, struct extent *e, struct timeline *t)
{
	struct timeline_row *row = NULL;
	uint64_t fields[FIELDS], last = 0;
	unsigned n = 1;

	for (const char *line = text; *line; n++) {
		bool good = true;

		if (n == 1)
			good = strncmp(line, HEAD "\n", sizeof(HEAD)) == 0;
		else if (strncmp(line, MARK, sizeof(MARK) - 1) == 0)
			good = !t || parse_mark(line + sizeof(MARK) - 1, t);
		else if (*line != '#')
			good = parse_row(line, fields) && fields[TIME] >= last;
		if (!good)
			return err_say(EINVAL,
				       "line %u: not what 'run "
				       "--record' writes",
				       n);
		if (n > 1 && *line != '#') {
			last = fields[TIME];
			if (t)
				take(t, &row, fields);
			else
				extend(e, fields);
		}
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return 0;
}

int csv_read(const char *text, size_t size, struct timeline *ret)
{
	struct extent e = { 0 };
	int rc;

	*ret = (struct timeline){ 0 };
	if (strlen(text) != size)
		return err_say(EINVAL, "not a text");
	rc = each_line(text, &e, NULL);
	if (rc == 0 && e.nr_cpus == 0)
		rc = err_say(EINVAL, "there are no figures in it");
	if (rc == 0)
		rc = timeline_init(ret, e.nr_cpus,
				   (e.last_ns - e.first_ns) / TIMELINE_ROWS);
	if (rc == 0)
		rc = each_line(text, &e, ret);
	if (rc < 0)
		timeline_fini(ret);
	return rc;
}
