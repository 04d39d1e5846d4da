/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * busy.c - CPUs that want to run all the time: what they see of the records,
 * and whether that is what they lost.
 *
 * Each CPU looks at the counter and at two records, its own and its
 * neighbour's, as often as it can.  Time between two looks that are close
 * together is time in which it ran; all else it may have been away, and no more
 * than that may be stolen from it, because its host's clock and its counter are
 * one.
 *
 * How much must be stolen is harder to say.  A CPU may be away and its host not
 * know, if the host is a guest itself, or emulated; and then two CPUs may take
 * turns as if they shared one of the host's CPUs.  Whether they do we cannot
 * see, so we are told: by the word shared among the boot arguments.
 *
 * If they do: the time is cut into slots, and a CPU marks those in which it
 * ran.  A slot in which another CPU ran and it did not is lost to it, and that
 * is what stolen time is.  That they do not is seen by a word that each CPU
 * claims when it finds another's name in it: on one host CPU it changes hands
 * when the host says so, once or twice in a slot, and else all the time.
 */
#include "conformance.h"

#include "../lib/clock.h"
#include "report.h"

enum {
	SLOT_US = 50,
	MAX_SLOTS = 3000,
	WINDOW_US = 120000,
	CLOSE_US = 20, /* looks so close together: it ran */
	TURNS = 3,     /* turns in a slot that no scheduler takes */
	MAX_WINDOWS = 6
};
enum { SLACK_NS = 1000000, WORTH_NS = 10000000 /* lost, to judge by it */ };

struct cpu *busy_cpus[MAX_BUSY];
unsigned nr_busy;

static uint8_t ran_in[MAX_BUSY][MAX_SLOTS];
static uint64_t start, end, slot_ticks;
static struct cpu *whose; /* the word that is claimed */

static unsigned index_of(const struct cpu *c)
{
	unsigned i = 0;

	while (busy_cpus[i] != c)
		i++;
	return i;
}

/* Has it decreased?  Keep the first time that it did. */
static void watch(uint64_t stolen, uint64_t *last, uint64_t *from, uint64_t *to)
{
	if (stolen < *last && !*from) {
		*from = *last;
		*to = stolen;
	}
	*last = stolen;
}

static void busy_job(struct cpu *me)
{
	unsigned i = index_of(me), turns = 0;
	const struct cpu *next = busy_cpus[(i + 1) % nr_busy];
	struct busy b = { .began = clock_now() };
	uint64_t close = clock_ticks(CLOSE_US), next_last, before, slot = 0;

	b.first = record_stolen(me->st);
	b.sure_from = clock_now();
	b.last = b.first;
	next_last = record_stolen(next->st);
	before = b.began;
	while (before < end) {
		uint64_t now, at;

		watch(record_stolen(me->st), &b.last, &b.own_from, &b.own_to);
		watch(record_stolen(next->st), &next_last, &b.next_from,
		      &b.next_to);
		b.sure_to = before;
		now = clock_now();
		if (now - before < close)
			b.ran += now - before;
		at = (now - start) / slot_ticks;
		if (at != slot) {
			b.beside += turns >= TURNS;
			turns = 0;
			slot = at;
		}
		if (at < MAX_SLOTS)
			ran_in[i][at] = 1;
		if (__atomic_load_n(&whose, __ATOMIC_RELAXED) != me) {
			__atomic_store_n(&whose, me, __ATOMIC_RELAXED);
			turns++;
		}
		b.samples++;
		before = now;
	}
	b.ended = before;
	me->busy = b;
}

void busy_choose(void)
{
	nr_busy = 0;
	for (struct cpu *c = cpus; c < cpus + nr_cpus; c++)
		if (c->usable && nr_busy < MAX_BUSY)
			busy_cpus[nr_busy++] = c;
}

bool busy_run(uint64_t us)
{
	unsigned n = nr_busy;

	for (unsigned i = 0; i < nr_busy; i++)
		for (unsigned s = 0; s < MAX_SLOTS; s++)
			ran_in[i][s] = 0;
	slot_ticks = clock_ticks(SLOT_US);
	start = clock_now();
	end = start + clock_ticks(us);
	for (unsigned i = 1; i < nr_busy; i++)
		cpu_run(busy_cpus[i], busy_job);
	busy_job(busy_cpus[0]);
	for (unsigned i = 1; i < nr_busy; i++)
		busy_cpus[i]->usable = cpu_wait(busy_cpus[i], PATIENCE_US);
	busy_choose();
	return nr_busy == n;
}

bool busy_decrease(unsigned i, uint64_t *ret_from, uint64_t *ret_to)
{
	const struct busy *own = &busy_cpus[i]->busy;
	const struct busy *other =
		&busy_cpus[(i + nr_busy - 1) % nr_busy]->busy;

	*ret_from = own->own_from ? own->own_from : other->next_from;
	*ret_to = own->own_from ? own->own_to : other->next_to;
	return *ret_from;
}

/* -- judgement -- */

/* What all windows together have shown. */
static struct {
	uint64_t looks;	 /* the fewest of any CPU in any window */
	uint64_t beside; /* slots in which CPUs ran side by side */

	/* The CPU that broke a rule, and how; NULL: none did. */
	const struct cpu *own, *next, *dishonest;
	struct busy own_how, next_how, dishonest_how;

	uint64_t growth, away; /* of the CPU that was stolen from most, once */
	uint64_t lost[MAX_BUSY], stolen[MAX_BUSY];
} sum;

/* The time in ns that CPU @i lost to the others, while its record tells. */
static uint64_t lost(unsigned i)
{
	const struct busy *b = &busy_cpus[i]->busy;
	uint64_t slots = 0;

	for (unsigned s = 0; s < MAX_SLOTS; s++) {
		uint64_t at = start + s * slot_ticks;
		bool other = false;

		if (ran_in[i][s] || at < b->sure_from ||
		    at + slot_ticks > b->sure_to)
			continue;
		for (unsigned j = 0; j < nr_busy; j++)
			other |= ran_in[j][s];
		slots += other;
	}
	return clock_ns(slots * slot_ticks);
}

static uint64_t away(const struct busy *b)
{
	return clock_ns(b->ended - b->began - b->ran);
}

static void add_cpu(unsigned i)
{
	const struct cpu *c = busy_cpus[i];
	const struct busy *b = &c->busy;
	uint64_t growth = b->last - b->first;
	uint64_t slack = clock_ns(b->ended - b->began) / 20 + SLACK_NS;

	if (b->own_from && !sum.own) {
		sum.own = c;
		sum.own_how = *b;
	}
	if (b->next_from && !sum.next) {
		sum.next = c;
		sum.next_how = *b;
	}
	if (growth > away(b) + slack && !sum.dishonest) {
		sum.dishonest = c;
		sum.dishonest_how = *b;
	}
	if (b->samples < sum.looks)
		sum.looks = b->samples;
	if (growth >= sum.growth) {
		sum.growth = growth;
		sum.away = away(b);
	}
	sum.beside += b->beside;
	sum.lost[i] += lost(i);
	sum.stolen[i] += growth;
}

/* Has each CPU lost enough to judge by? */
static bool is_decided(void)
{
	for (unsigned i = 0; i < nr_busy; i++)
		if (sum.lost[i] < WORTH_NS)
			return false;
	return true;
}

static void check_decreases(void)
{
	const struct busy *how = &sum.own_how;

	if (sum.own)
		not_ok(CHECK_OWN, "cpu 0x%lx: %lu, then %lu", sum.own->mpidr,
		       how->own_from, how->own_to);
	else
		ok_with(CHECK_OWN, "at least %lu looks", sum.looks);
	how = &sum.next_how;
	if (nr_busy == 1)
		skip_check(CHECK_SIBLING, "one CPU only");
	else if (sum.next)
		not_ok(CHECK_SIBLING,
		       "cpu 0x%lx, of its neighbour's: %lu, then %lu",
		       sum.next->mpidr, how->next_from, how->next_to);
	else
		ok(CHECK_SIBLING);
}

static void check_honest(void)
{
	const struct busy *how = &sum.dishonest_how;

	if (sum.dishonest)
		not_ok(CHECK_HONEST,
		       "cpu 0x%lx: from %lu to %lu ns while away for %lu ns",
		       sum.dishonest->mpidr, how->first, how->last, away(how));
	else
		ok_with(CHECK_HONEST, "at most %lu us, of %lu away",
			sum.growth / 1000, sum.away / 1000);
}

static void check_grows(void)
{
	unsigned worst = 0;

	/* Which has the least of what it lost, crosswise. */
	for (unsigned i = 1; i < nr_busy; i++)
		if (sum.stolen[i] * sum.lost[worst] <
		    sum.stolen[worst] * sum.lost[i])
			worst = i;
	if (nr_busy == 1)
		skip_check(CHECK_GROWS, "one CPU only");
	else if (sum.beside)
		skip_check(
			CHECK_GROWS,
			"the CPUs ran side by side; start them on one host CPU (taskset 1)");
	else if (!is_decided())
		skip_check(CHECK_GROWS,
			   "the CPUs were not in each other's way");
	else if (sum.stolen[worst] >= sum.lost[worst] / 2)
		ok_with(CHECK_GROWS, "at least %lu us, for %lu lost",
			sum.stolen[worst] / 1000, sum.lost[worst] / 1000);
	else if (option("shared"))
		not_ok(CHECK_GROWS,
		       "cpu 0x%lx: %lu ns stolen, %lu ns lost to its siblings",
		       busy_cpus[worst]->mpidr, sum.stolen[worst],
		       sum.lost[worst]);
	else
		skip_check(
			CHECK_GROWS,
			"hardly any; if the CPUs share one host CPU, say shared in the boot arguments");
}

void check_busy(void)
{
	sum.looks = UINT64_MAX;
	for (unsigned w = 0; w < MAX_WINDOWS; w++) {
		if (!busy_run(WINDOW_US)) {
			not_ok(CHECK_OWN, "a CPU does not come back");
			skip_checks(CHECK_SIBLING, CHECK_GROWS,
				    "a CPU does not come back");
			return;
		}
		for (unsigned i = 0; i < nr_busy; i++)
			add_cpu(i);
		if (nr_busy == 1 || sum.beside || is_decided())
			break;
	}
	check_decreases();
	check_honest();
	check_grows();
}
