/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shared.c - one record, read by all CPUs.
 */
#include "conformance.h"

#include "../lib/clock.h"
#include "report.h"

static void view_job(struct cpu *me)
{
	for (unsigned i = 0; i < nr_busy; i++)
		me->view[i] = record_stolen(busy_cpus[i]->st);
}

/* Does @who see busy CPU @i's record between what it was and what it is? */
static bool sees(const struct cpu *who, unsigned i, uint64_t was, uint64_t is)
{
	if (who->view[i] >= was && who->view[i] <= is)
		return true;
	not_ok(CHECK_SHARED,
	       "cpu 0x%lx reads %lu in cpu 0x%lx's record, which went from %lu to %lu",
	       who->mpidr, who->view[i], busy_cpus[i]->mpidr, was, is);
	return false;
}

/*
 * We read all records before and after another CPU does.  Records of CPUs that
 * are off stand still; those that move do so upwards, and thus what the other
 * reads is in between.  And all are at least what their own CPUs saw last.
 */
void check_shared(void)
{
	struct cpu *self = cpus;
	uint64_t was[MAX_BUSY];

	if (nr_busy == 1) {
		skip_check(CHECK_SHARED, "one CPU only");
		return;
	}
	view_job(self);
	for (unsigned i = 1; i < nr_busy; i++)
		if (!sees(self, i, busy_cpus[i]->busy.last, UINT64_MAX))
			return;
	for (unsigned j = 1; j < nr_busy; j++) {
		struct cpu *other = busy_cpus[j];

		view_job(self);
		for (unsigned i = 0; i < nr_busy; i++)
			was[i] = self->view[i];
		cpu_run(other, view_job);
		if (!cpu_wait(other, PATIENCE_US))
			continue;
		view_job(self);
		for (unsigned i = 0; i < nr_busy; i++)
			if (!sees(other, i, was[i], self->view[i]))
				return;
	}
	ok(CHECK_SHARED);
}
