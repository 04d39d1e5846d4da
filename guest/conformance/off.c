/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * off.c - CPUs that do not want to run: asleep, off, and back.
 *
 * While they are not there nothing is stolen.  But the record of a CPU is only
 * written when it comes back, so that is when it is judged: by then it may have
 * grown by the time in which it wanted to be back and was not, and no more.
 */
#include "conformance.h"

#include "../lib/clock.h"
#include "report.h"

enum { WINDOW_US = 40000, ATTEMPTS = 4 };
enum { SLACK_NS = WINDOW_US * 1000 / 2 }; /* what it may take to be gone */
enum { SMALL_NS = 1000000 };

/* Where each busy CPU's record stood when the window began. */
static uint64_t before[MAX_BUSY];

/* Our own sleep, in which the others are off. */
static struct {
	uint64_t was, is, late; /* the record; how late it ended */
} idle;

static void sleep_window(void)
{
	uint64_t deadline = clock_now() + clock_ticks(WINDOW_US);

	idle.was = record_stolen(cpus->st);
	clock_sleep(deadline);
	idle.is = record_stolen(cpus->st);
	idle.late = clock_ns(clock_now() - deadline);
}

/* A decrease is a large growth. */
static bool is_idle_good(void)
{
	return idle.is - idle.was <= idle.late + SLACK_NS;
}

static void check_idle(void)
{
	if (!clock_can_sleep())
		skip_check(CHECK_IDLE, "the timer does not end a WFI here");
	else if (!is_idle_good())
		not_ok(CHECK_IDLE,
		       "from %lu to %lu ns in a sleep of %u us that ended %lu ns late",
		       idle.was, idle.is, WINDOW_US, idle.late);
	else
		ok_with(CHECK_IDLE, "%lu us in %u", (idle.is - idle.was) / 1000,
			WINDOW_US);
}

static void back_job(struct cpu *me)
{
	me->back_stolen = record_stolen(me->st);
	me->back = clock_now();
	me->back_st = (uint64_t)smccc(PV_TIME_ST, 0, 0, 0);
	record_read(me->st, &me->back_record);
	me->back_read = clock_now();
}

/* What became of the others' records while one CPU came back and asked. */
struct harm {
	const struct cpu *cpu; /* whose record was harmed; NULL: nobody's */
	uint64_t was, is;
};

/* Bring busy CPU @i back, and see that nobody else notices. */
static bool bring_back(unsigned i, struct harm *harm)
{
	struct cpu *c = busy_cpus[i];
	uint64_t was[MAX_BUSY], began = clock_now(), since;

	for (unsigned j = 0; j < nr_busy; j++)
		was[j] = record_stolen(busy_cpus[j]->st);
	c->back_asked = clock_now();
	cpu_run(c, back_job);
	if (!cpu_wait(c, PATIENCE_US))
		return false;
	for (unsigned j = 0; j < nr_busy; j++) {
		uint64_t is = record_stolen(busy_cpus[j]->st);

		since = clock_ns(clock_now() - began);
		if (j != i && !harm->cpu &&
		    (is < was[j] || is - was[j] > since + SMALL_NS))
			*harm = (struct harm){ busy_cpus[j], was[j], is };
	}
	return true;
}

static uint64_t growth(unsigned i)
{
	return busy_cpus[i]->back_stolen - before[i];
}

/* How long it took a CPU to come back. */
static uint64_t wanted(const struct cpu *c)
{
	return clock_ns(c->back - c->back_asked);
}

/* The busy CPU that was stolen from while it was off; 0: none. */
static unsigned find_bad(void)
{
	for (unsigned i = 1; i < nr_busy; i++)
		if (growth(i) > wanted(busy_cpus[i]) + SLACK_NS)
			return i;
	return 0;
}

static void check_off_time(void)
{
	unsigned bad = find_bad();
	uint64_t most = 0;

	for (unsigned i = 1; i < nr_busy; i++)
		if (growth(i) > most)
			most = growth(i);
	if (bad)
		not_ok(CHECK_OFF,
		       "cpu 0x%lx: from %lu to %lu ns in %u us off and %lu ns on the way back",
		       busy_cpus[bad]->mpidr, before[bad],
		       busy_cpus[bad]->back_stolen, WINDOW_US,
		       wanted(busy_cpus[bad]));
	else
		ok_with(CHECK_OFF, "at most %lu us in %u", most / 1000,
			WINDOW_US);
}

static void check_back(void)
{
	for (unsigned i = 1; i < nr_busy; i++) {
		const struct cpu *c = busy_cpus[i];

		if (c->back_st != c->st) {
			not_ok(CHECK_BACK, "cpu 0x%lx: 0x%lx, before 0x%lx",
			       c->mpidr, c->back_st, c->st);
			return;
		}
	}
	ok(CHECK_BACK);
}

static void check_goes_on(void)
{
	bool restarts = false;

	for (unsigned i = 1; i < nr_busy; i++) {
		const struct cpu *c = busy_cpus[i];
		const struct record *r = &c->back_record;
		uint64_t since = clock_ns(c->back_read - c->back) + SMALL_NS;

		restarts = r->stolen < c->back_stolen;
		if (r->revision || r->attributes || r->padding ||
		    (r->stolen > since &&
		     (restarts || r->stolen - c->back_stolen > since))) {
			not_ok(CHECK_GOES_ON,
			       "cpu 0x%lx: revision %u, attributes 0x%x, padding bits 0x%lx, %lu ns, before %lu",
			       c->mpidr, r->revision, r->attributes, r->padding,
			       r->stolen, c->back_stolen);
			return;
		}
	}
	ok_with(CHECK_GOES_ON, restarts ? "starts" : "goes on");
}

/* All are away for a while and come back.  false: not all of them do. */
static bool go_away(struct harm *harm)
{
	for (unsigned i = 0; i < nr_busy; i++)
		before[i] = record_stolen(busy_cpus[i]->st);
	sleep_window();
	for (unsigned i = 1; i < nr_busy; i++)
		if (!bring_back(i, harm))
			return false;
	return true;
}

void check_off(void)
{
	struct harm harm = { 0 };
	bool all = true;

	/* A CPU is off as soon as that is known, but its host may still have
	 * to get that far, and may wait for that long: see it again. */
	for (unsigned i = 0; i < ATTEMPTS && all; i++) {
		all = go_away(&harm);
		if (all && is_idle_good() && !find_bad())
			break;
	}
	check_idle();
	if (nr_busy == 1) {
		skip_checks(CHECK_OFF, CHECK_OTHERS, "one CPU only");
		return;
	}
	if (!all) {
		not_ok(CHECK_OFF, "a CPU does not come back");
		skip_checks(CHECK_BACK, CHECK_OTHERS,
			    "a CPU does not come back");
		return;
	}
	check_off_time();
	check_back();
	check_goes_on();
	if (harm.cpu)
		not_ok(CHECK_OTHERS, "cpu 0x%lx: from %lu to %lu ns",
		       harm.cpu->mpidr, harm.was, harm.is);
	else
		ok(CHECK_OTHERS);
}
