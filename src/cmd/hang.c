/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/hang.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "boot/symbols.h"
#include "cmd/ends.h"
#include "cmd/judge.h"
#include "cmd/timeline.h"
#include "cmd/verdict.h"

/* PSTATE, as SPSR_EL1 has it. */
enum { PSTATE_EL = 3 << 2, PSTATE_I = 1 << 7 };

#define SAMPLE_MOST_NS UINT64_C(200000000)

/*
 * @own and what of @wall was not @waited, at least @least.  A wait is counted
 * when it is over, and may have begun long before: it takes off more, then.
 */
static uint64_t add(uint64_t own, uint64_t wall, uint64_t waited,
		    uint64_t least)
{
	return own + wall > waited + least ? own + wall - waited : least;
}

void hang_watch(struct judge *j, uint64_t now_ns)
{
	uint64_t wall = now_ns - j->sampled_ns, waited = 0;
	uint64_t signs =
		j->view.console_bytes + j->view.channel_bytes + j->view.resets;
	struct timeline_row *row =
		timeline_add(j->timeline, now_ns - j->began_ns);

	for (unsigned i = 0; i < vm_nr_cpus(j->vm); i++) {
		struct vm_steal s;
		uint64_t more, exits[VM_EXIT_KINDS];

		if (vm_steal(j->vm, i, &s) < 0)
			continue;
		more = s.times.wait_ns - j->waits[i];
		waited = more > waited ? more : waited;
		j->waits[i] = s.times.wait_ns;
		if (!row)
			continue;
		row->cpu[i].run_ns = s.times.run_ns;
		row->cpu[i].wait_ns = s.times.wait_ns;
		row->cpu[i].record_ns = s.times.record_ns;
		row->cpu[i].guest_ns = j->guest_ns[i];
		vm_exits(j->vm, i, exits);
		row->cpu[i].exits = exits[0];
		j->guest_ns[i] = TIMELINE_NONE;
	}
	j->sampled_ns = now_ns;
	/* Longer than that it was us who did not run: stopped, or starved. */
	wall = wall < SAMPLE_MOST_NS ? wall : SAMPLE_MOST_NS;
	j->own_total_ns = add(j->own_total_ns, wall, waited, j->answered_ns);
	j->own_ns = signs != j->signs ? 0 : add(j->own_ns, wall, waited, 0);
	j->signs = signs;
}

bool hang_is(const struct judge *j)
{
	return j->plan->hang_ns && j->own_ns > j->plan->hang_ns;
}

bool hang_is_mute(const struct judge *j)
{
	return j->plan->hang_ns &&
	       j->own_total_ns - j->answered_ns > j->plan->hang_ns;
}

/* "name+0x1c", or the bare address. */
static void print_place(FILE *out, struct judge *j, const struct vm_place *p,
			uint64_t va)
{
	uint64_t offset, in_symbol;
	const char *name;

	fprintf(out, "%#" PRIx64, va);
	if (!vm_in_kernel(j->vm, p, va, &offset))
		return;
	if (j->plan->symbols &&
	    symbols_find(j->plan->symbols, offset, &name, &in_symbol))
		fprintf(out, " %s+%#" PRIx64, name, in_symbol);
	else
		fprintf(out, " (image+%#" PRIx64 ")", offset);
}

static void print_cpu(FILE *out, struct judge *j, unsigned index)
{
	const struct vm_place *p = &j->places[index];
	bool user = (p->pstate & PSTATE_EL) == 0;

	fprintf(out, "vCPU %u: ", index);
	if (p->off) {
		fprintf(out, "off\n");
		return;
	}
	fprintf(out, "pc ");
	print_place(out, j, p, p->pc);
	if (!user && p->lr) {
		fprintf(out, ", called from ");
		print_place(out, j, p, p->lr);
	}
	fprintf(out, ", in %s, interrupts %s\n",
		user ? "user space" : "the kernel",
		p->pstate & PSTATE_I ? "off" : "on");
}

static char *describe(struct judge *j)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (unsigned i = 0; i < vm_nr_cpus(j->vm); i++)
		print_cpu(out, j, i);
	fclose(out);
	return text;
}

void hang_end(struct judge *j)
{
	char words[ENDS_WORDS_MAX];
	double own = (double)j->plan->hang_ns / 1e9;

	if (j->wish_rc == -EBUSY)
		return; /* it is about to end or to reset */
	if (j->wish_rc == 0)
		j->v->where = describe(j);
	if (j->signs == 0)
		judge_end(j, VERDICT_NO_OUTPUT,
			  "the kernel said nothing in %g s of its own time",
			  own);
	else if (j->own_ns < j->plan->hang_ns / 2)
		judge_end(j, VERDICT_HANG,
			  "its init does not answer in %g s of the guest's own "
			  "time, in test %s; %s",
			  own, j->doing, ends_last_words(j, words));
	else
		judge_end(j, VERDICT_HANG,
			  "no sign of life in %g s of the guest's own time, "
			  "in test %s; %s",
			  own, j->doing, ends_last_words(j, words));
}
