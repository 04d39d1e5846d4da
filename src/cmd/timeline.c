/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/timeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/text.h"
#include "util/err.h"

enum {
	TEXT_MAX = 200,
	/* A guest that talks much must not keep what matters out. */
	CONSOLE_MARKS = TIMELINE_MARKS / 2,
	OTHER_MARKS = TIMELINE_MARKS - 32,
};

static size_t row_size(const struct timeline *t)
{
	return sizeof(struct timeline_row) +
	       t->nr_cpus * sizeof(struct timeline_cpu);
}

int timeline_init(struct timeline *t, unsigned nr_cpus, uint64_t step_ns)
{
	*t = (struct timeline){ .nr_cpus = nr_cpus, .step_ns = step_ns };
	/* Of what no row was put in yet, the kernel gives us none. */
	t->rows = malloc(TIMELINE_ROWS * row_size(t));
	if (!t->rows)
		return err_set(ENOMEM, "timeline of %u vCPUs", nr_cpus);
	return 0;
}

struct timeline_row *timeline_row(const struct timeline *t, unsigned i)
{
	return (struct timeline_row *)(t->rows + i * row_size(t));
}

/* Every other row goes, and the first stays. */
static void thin_out(struct timeline *t)
{
	for (unsigned i = 1; i < t->nr_rows / 2; i++)
		memcpy(timeline_row(t, i), timeline_row(t, 2 * i), row_size(t));
	t->nr_rows /= 2;
	t->step_ns *= 2;
}

static bool is_due(const struct timeline *t, uint64_t t_ns)
{
	uint64_t last;

	if (t->nr_rows == 0)
		return true;
	last = timeline_row(t, t->nr_rows - 1)->t_ns;
	return t_ns > last && t_ns - last >= t->step_ns;
}

struct timeline_row *timeline_add(struct timeline *t, uint64_t t_ns)
{
	struct timeline_row *row;

	if (!is_due(t, t_ns))
		return NULL;
	if (t->nr_rows == TIMELINE_ROWS)
		thin_out(t);
	row = timeline_row(t, t->nr_rows++);
	/* All bits set is TIMELINE_NONE. */
	memset(row, 0xff, row_size(t));
	row->t_ns = t_ns;
	return row;
}

static bool has_room(const struct timeline *t, enum timeline_kind kind)
{
	unsigned n = 0;

	if (kind == MARK_TROUBLE || kind == MARK_BOOT)
		return t->nr_marks < TIMELINE_MARKS;
	if (t->nr_marks >= OTHER_MARKS)
		return false;
	for (unsigned i = 0; kind == MARK_CONSOLE && i < t->nr_marks; i++)
		n += t->marks[i].kind == MARK_CONSOLE;
	return n < CONSOLE_MARKS;
}

int timeline_mark(struct timeline *t, enum timeline_kind kind, uint64_t t_ns,
		  uint64_t end_ns, const char *text)
{
	char plain[TEXT_MAX + 1];
	char *copy;

	if (!has_room(t, kind))
		return -1;
	text_plain(plain, sizeof(plain), text, strlen(text));
	copy = strdup(plain);
	if (!copy)
		return -1;
	t->marks[t->nr_marks] = (struct timeline_mark){
		.kind = kind,
		.t_ns = t_ns,
		.end_ns = end_ns > t_ns ? end_ns : t_ns,
		.text = copy,
	};
	return (int)t->nr_marks++;
}

void timeline_fini(struct timeline *t)
{
	free(t->rows);
	for (unsigned i = 0; i < t->nr_marks; i++)
		free(t->marks[i].text);
	*t = (struct timeline){ 0 };
}
