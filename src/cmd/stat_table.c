/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/stat_table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "cmd/columns.h"
#include "util/err.h"

/* Lines of the smallest usual terminal. */
enum { SCREEN = 24 };

int stat_table_init(struct stat_table *t, FILE *out, const struct ctl_stat *s,
		    bool again, bool terminal)
{
	struct columns *c = calloc(1, sizeof(*c));
	int rc;

	*t = (struct stat_table){
		.columns = c, .out = out, .again = again, .terminal = terminal
	};
	if (!c)
		return err_set(ENOMEM, "table");
	rc = columns_init(c);
	if (rc < 0)
		return rc;
	if (again)
		columns_add(c, "up s", false);
	columns_add(c, "vCPU", false);
	if (!again)
		columns_add(c, "thread", false);
	columns_add(c, "stolen s", false);
	columns_add(c, "record s", false);
	if (again)
		columns_add(c, "last s", false);
	columns_add(c, "share", false);
	columns_add(c, "run s", false);
	columns_add(c, "idle s", false);
	for (size_t k = 0; k < VM_EXIT_KINDS; k++) {
		for (unsigned i = 0; i < s->nr_vcpus; i++)
			t->kinds[k] |= s->vcpus[i].exits[k] != VM_UNCOUNTED;
		if (t->kinds[k])
			columns_add(c, k == 0 ? "exits" : vm_exit_kinds[k],
				    false);
	}
	return 0;
}

static uint64_t grown(uint64_t now, uint64_t last)
{
	return now > last ? now - last : 0;
}

/* @last is NULL where there is none. */
static void add_row(struct stat_table *t, const struct ctl_stat *s,
		    const struct ctl_vcpu *v, const struct ctl_vcpu *last)
{
	struct columns *c = t->columns;
	struct ctl_vcpu since = *v;

	if (last) {
		since.stolen_ns = grown(v->stolen_ns, last->stolen_ns);
		since.run_ns = grown(v->run_ns, last->run_ns);
	}
	if (t->again)
		columns_cell(c, "%" PRIu64 ".%" PRIu64,
			     s->uptime_ns / 1000000000,
			     s->uptime_ns % 1000000000 / 100000000);
	columns_cell(c, "%u", v->id);
	if (!t->again)
		columns_cell(c, "%d", v->tid);
	columns_seconds(c, v->stolen_ns);
	columns_seconds(c, v->record_ns);
	if (t->again && last)
		columns_seconds(c, since.stolen_ns);
	else if (t->again)
		columns_cell(c, "-");
	if (t->again && !last)
		columns_cell(c, "-");
	else
		columns_share(c, ctl_vcpu_share(&since));
	columns_seconds(c, v->run_ns);
	columns_seconds(c, v->idle_ns);
	for (size_t k = 0; k < VM_EXIT_KINDS; k++) {
		if (t->kinds[k] && v->exits[k] != VM_UNCOUNTED)
			columns_cell(c, "%" PRIu64, v->exits[k]);
		else if (t->kinds[k])
			columns_cell(c, "-");
	}
}

int stat_table_print(struct stat_table *t, const struct ctl_stat *s,
		     const struct ctl_stat *last)
{
	bool heads = t->lines == 0 ||
		     (t->terminal && t->lines + s->nr_vcpus >= SCREEN);

	for (unsigned i = 0; i < s->nr_vcpus; i++)
		add_row(t, s, &s->vcpus[i],
			last && i < last->nr_vcpus ? &last->vcpus[i] : NULL);
	t->lines = (heads ? 1 : t->lines) + s->nr_vcpus;
	return columns_print(t->columns, t->out, heads);
}

void stat_table_fini(struct stat_table *t)
{
	if (t->columns)
		columns_fini(t->columns);
	free(t->columns);
	t->columns = NULL;
}
