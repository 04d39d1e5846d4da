/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/contention.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/judge.h"
#include "cmd/timeline.h"
#include "cmd/verdict.h"
#include "util/err.h"
#include "util/log.h"

#define MS UINT64_C(1000000)

/* /proc/stat counts in hundredths of a second, whatever the kernel's HZ. */
#define TICK_NS (10 * MS)

/*
 * By how much a guest that is right may differ: its counts are cut to whole
 * ticks, twice, and what was stolen since its last timer interrupt is not yet in
 * them.
 */
#define SLACK_NS (3 * TICK_NS)

/* A record is exact, but what is being stolen right now is not in it yet. */
#define GAP_NS MS

/* What must have been stolen of a CPU before anything can be said of it. */
#define ENOUGH_NS (8 * TICK_NS)

/* How long after the last rival ended nothing is in flight any more. */
#define SETTLE_NS (40 * MS)

/* How often the guest is looked at meanwhile, for the picture. */
#define LOOK_NS (200 * MS)

enum { GAP_TRIES = 5, HOST_CANNOT = 2 };

/* One CPU at one look. */
struct look_cpu {
	uint64_t low_ns, high_ns; /* stolen, by the host: before and after */
	int64_t gap_ns;		  /* the host's less the record's */
	uint64_t steal_ns, busy_ns;
};

struct look {
	uint64_t guest_ns; /* the guest's clock */
	struct look_cpu *cpus;
};

static size_t size_of(const struct judge *j)
{
	return sizeof(struct contention) +
	       j->v->nr_cpus * sizeof(struct contention_cpu);
}

struct contention *contention_new(struct judge *j)
{
	struct contention *c = calloc(1, size_of(j));

	if (!c)
		judge_end(j, VERDICT_FAILED, "no memory to compare in");
	return c;
}

struct contention *contention_copy(struct judge *j, const struct contention *c)
{
	struct contention *copy = contention_new(j);

	if (copy)
		memcpy(copy, c, size_of(j));
	return copy;
}

/* A line of "stat"; what is none is not looked at. */
static void parse_line(const struct judge *j, const char *line,
		       struct look_cpu *cpus)
{
	uint64_t ns, steal;
	unsigned cpu;

	if (sscanf(line, "cpu%u %*u %*u %*u %*u %*u %*u %*u %" SCNu64, &cpu,
		   &steal) == 2 &&
	    cpu < j->v->nr_cpus)
		cpus[cpu].steal_ns = steal * TICK_NS;
	else if (sscanf(line, "busy%u %" SCNu64, &cpu, &ns) == 2 &&
		 cpu < j->v->nr_cpus)
		cpus[cpu].busy_ns = ns;
}

static int ask_stat(struct judge *j, struct look_cpu *cpus,
		    uint64_t *ret_guest_ns)
{
	int rc = judge_ask(j, "stat");
	const char *line = j->answer.data;

	if (rc != 0)
		return rc;
	while (line && *line) {
		char one[AGENT_LINE_MAX];
		size_t len = strcspn(line, "\n");

		/* sscanf() measures all of the string that it is given. */
		snprintf(one, sizeof(one), "%.*s", (int)len, line);
		parse_line(j, one, cpus);
		line += len + (line[len] == '\n');
	}
	*ret_guest_ns = strtoull(j->answer.text, NULL, 10);
	for (unsigned i = 0; i < j->v->nr_cpus; i++)
		j->guest_ns[i] = cpus[i].steal_ns;
	return 0;
}

/* Bring the host's side of @look up to date: before the guest, or after. */
static void ask_host(const struct judge *j, struct look *look, bool after)
{
	for (unsigned i = 0; i < j->v->nr_cpus; i++) {
		struct look_cpu *c = &look->cpus[i];
		struct vm_steal s = { 0 };

		if (vm_steal(j->vm, i, &s) < 0)
			continue;
		*(after ? &c->high_ns : &c->low_ns) = s.times.wait_ns;
	}
}

/* The smallest of some: a vCPU that is not in the guest has not told it yet. */
static int ask_gaps(struct judge *j, struct look *look)
{
	int rc = 0;

	for (int n = 0; n < GAP_TRIES && rc == 0; n++) {
		for (unsigned i = 0; i < j->v->nr_cpus; i++) {
			struct look_cpu *c = &look->cpus[i];
			struct vm_steal s;
			int64_t gap;

			if (vm_steal(j->vm, i, &s) < 0)
				continue;
			gap = (int64_t)(s.times.wait_ns - s.times.record_ns);
			if (n == 0 || gap < c->gap_ns)
				c->gap_ns = gap;
		}
		rc = judge_sleep(j, MS);
	}
	return rc;
}

static int look(struct judge *j, struct look *look)
{
	int rc = ask_gaps(j, look);

	if (rc < 0)
		return rc;
	ask_host(j, look, false);
	rc = ask_stat(j, look->cpus, &look->guest_ns);
	ask_host(j, look, true);
	return rc;
}

/* Rivals for all, one after the other in the first half, for @window_ns. */
static int contend(struct judge *j, struct look_cpu *scratch,
		   uint64_t window_ns)
{
	uint64_t began = judge_now(j), unused, now;
	unsigned next = 0, n = j->v->nr_cpus;
	int rc = 0;

	while (rc == 0 && (now = judge_now(j) - began) < window_ns) {
		uint64_t due = window_ns * next / (2 * n), wait = LOOK_NS;

		if (next < n && now >= due) {
			if (rivals_start(&j->rivals, next++) < 0)
				rc = HOST_CANNOT;
			continue;
		}
		if (next < n && due - now < wait)
			wait = due - now;
		if (window_ns - now < wait)
			wait = window_ns - now;
		rc = judge_sleep(j, wait);
		if (rc == 0 && n > 1) /* the one CPU shall have no other work */
			rc = ask_stat(j, scratch, &unused);
	}
	for (unsigned i = 0; i < n; i++)
		rivals_stop(&j->rivals, i);
	timeline_mark(j->timeline, MARK_RIVAL, began, judge_now(j),
		      "the host is made to steal");
	return rc;
}

static void compare(const struct judge *j, const struct look *a,
		    const struct look *b, struct contention *c)
{
	c->guest_ns = b->guest_ns - a->guest_ns;
	for (unsigned i = 0; i < j->v->nr_cpus; i++) {
		const struct look_cpu *x = &a->cpus[i], *y = &b->cpus[i];

		c->cpus[i] = (struct contention_cpu){
			.before_ns = x->steal_ns,
			.guest_ns = y->steal_ns - x->steal_ns,
			.low_ns = y->low_ns - x->high_ns,
			.high_ns = y->high_ns - x->low_ns,
			.gap_ns = (int64_t)((uint64_t)y->gap_ns -
					    (uint64_t)x->gap_ns),
		};
	}
}

/* The looks of one contention. */
struct looks {
	struct look quiet, before, after;
	struct look_cpu *scratch;
};

/* Of a CPU from one look to another: what it had, and what a task had of it. */
struct share {
	double ran, stolen, missing;
};

static struct share share_of(const struct look *a, const struct look *b,
			     unsigned cpu)
{
	const struct look_cpu *x = &a->cpus[cpu], *y = &b->cpus[cpu];
	double all = (double)(b->guest_ns - a->guest_ns);
	double stolen =
		(double)(y->low_ns + y->high_ns - x->low_ns - x->high_ns) / 2;

	return (struct share){
		.ran = all - stolen,
		.stolen = stolen,
		.missing = all - (double)(y->busy_ns - x->busy_ns),
	};
}

/*
 * What a task lacks is what its CPU had else to do, and what of the stolen time
 * it was spared.  The first is a part of what the CPU ran: at most as much of it
 * as in the quiet, when what was stolen may be in it, too.  So the second lies
 * between what is lacking less that and all that is lacking.  The CPU where this
 * is the least apart is asked.
 */
static void find_spared(const struct judge *j, const struct looks *l,
			struct contention *c)
{
	c->spared_least = 0;
	c->spared_most = 1;
	for (unsigned i = 0; i < j->v->nr_cpus; i++) {
		struct share x = share_of(&l->quiet, &l->before, i);
		struct share y = share_of(&l->before, &l->after, i);
		double noise = x.missing / x.ran, least, most;

		log_debug("CPU %u: quiet: ran %.1f ms, stolen %.1f, a task "
			  "lacks %.1f; contended: %.1f, %.1f, %.1f",
			  i, x.ran / 1e6, x.stolen / 1e6, x.missing / 1e6,
			  y.ran / 1e6, y.stolen / 1e6, y.missing / 1e6);
		if (x.ran <= 0 || y.stolen < (double)ENOUGH_NS)
			continue;
		noise = noise > 0 ? noise : 0;
		most = y.missing / y.stolen;
		least = (y.missing - noise * y.ran) / y.stolen;
		if (most - least >= c->spared_most - c->spared_least)
			continue;
		c->spared_least = least;
		c->spared_most = most;
	}
}

static int take_looks(struct judge *j, struct looks *l, bool busy,
		      uint64_t window_ns)
{
	int rc = judge_sleep(j, SETTLE_NS);

	if (rc == 0 && busy)
		rc = look(j, &l->quiet);
	if (rc == 0 && busy)
		rc = judge_sleep(j, window_ns / 4);
	if (rc == 0)
		rc = look(j, &l->before);
	if (rc == 0)
		rc = busy ? contend(j, l->scratch, window_ns)
			  : judge_sleep(j, window_ns);
	if (rc == 0)
		rc = judge_sleep(j, SETTLE_NS);
	return rc == 0 ? look(j, &l->after) : rc;
}

/* What cannot be done, and by whom, is kept before anything else is asked. */
static void keep_why(const struct judge *j, struct contention *c, int rc)
{
	if (rc > 0)
		snprintf(c->why, sizeof(c->why), "%s",
			 rc == HOST_CANNOT ? err_text() : j->answer.text);
	c->by_host = rc == HOST_CANNOT;
}

static int look_twice(struct judge *j, struct contention *c, bool busy,
		      uint64_t window_ns)
{
	unsigned n = j->v->nr_cpus;
	struct look_cpu *cpus = calloc(4 * n, sizeof(*cpus));
	struct looks l = { { .cpus = cpus },
			   { .cpus = cpus + n },
			   { .cpus = cpus + 2 * n },
			   cpus + 3 * n };
	int rc = 0, rested = 0;

	if (!cpus) {
		judge_end(j, VERDICT_FAILED, "no memory to compare in");
		return -ECANCELED;
	}
	c->window_ns = window_ns;
	if (busy)
		rc = judge_ask(j, "busy 0-%u", n - 1);
	if (rc == 0)
		rc = take_looks(j, &l, busy, window_ns);
	keep_why(j, c, rc);
	if (rc == 0)
		compare(j, &l.before, &l.after, c);
	if (rc == 0 && busy)
		find_spared(j, &l, c);
	if (rc >= 0 && busy)
		rested = judge_ask(j, "rest");
	free(cpus);
	return rested < 0 ? rested : rc;
}

int contention_make(struct judge *j, struct contention *c, uint64_t window_ns)
{
	return look_twice(j, c, true, window_ns);
}

int contention_rest(struct judge *j, struct contention *c, uint64_t window_ns)
{
	return look_twice(j, c, false, window_ns);
}

int contention_steal(struct judge *j, uint64_t *ret_ns)
{
	struct look_cpu *cpus = calloc(j->v->nr_cpus, sizeof(*cpus));
	uint64_t unused;
	int rc;

	if (!cpus) {
		judge_end(j, VERDICT_FAILED, "no memory to compare in");
		return -ECANCELED;
	}
	rc = ask_stat(j, cpus, &unused);
	for (unsigned i = 0; i < j->v->nr_cpus && rc == 0; i++)
		ret_ns[i] = cpus[i].steal_ns;
	free(cpus);
	return rc;
}

/* A count that fell is a huge growth. */
static bool is_modest(const struct contention_cpu *c)
{
	return c->guest_ns <= c->high_ns + SLACK_NS;
}

static bool is_enough(const struct contention_cpu *c)
{
	return c->guest_ns + SLACK_NS >= c->low_ns;
}

static bool compare_all(const struct judge *j, const struct contention *c,
			bool at_least, char *buf, size_t size)
{
	uint64_t guest = 0, low = 0, high = 0;

	for (unsigned i = 0; i < j->v->nr_cpus; i++) {
		const struct contention_cpu *p = &c->cpus[i];

		guest += p->guest_ns;
		low += p->low_ns;
		high += p->high_ns;
		if (is_modest(p) && (!at_least || is_enough(p)))
			continue;
		snprintf(buf, size,
			 "CPU %u says %" PRId64 " ms were stolen, the host "
			 "stole %" PRIu64 " to %" PRIu64 " ms of it",
			 i, (int64_t)p->guest_ns / (int64_t)MS, p->low_ns / MS,
			 p->high_ns / MS);
		return false;
	}
	snprintf(buf, size,
		 "of %u CPU%s the host stole %" PRIu64 " to %" PRIu64
		 " ms, the guest says %" PRIu64 " ms",
		 j->v->nr_cpus, j->v->nr_cpus > 1 ? "s" : "", low / MS,
		 high / MS, guest / MS);
	return true;
}

bool contention_agrees(const struct judge *j, const struct contention *c,
		       char *buf, size_t size)
{
	return compare_all(j, c, true, buf, size);
}

bool contention_is_modest(const struct judge *j, const struct contention *c,
			  char *buf, size_t size)
{
	return compare_all(j, c, false, buf, size);
}

bool contention_exact(const struct judge *j, const struct contention *c,
		      char *buf, size_t size)
{
	int64_t worst = 0;

	for (unsigned i = 0; i < j->v->nr_cpus; i++) {
		int64_t gap = c->cpus[i].gap_ns;

		if (gap <= (int64_t)GAP_NS && gap >= -(int64_t)GAP_NS) {
			worst = llabs(gap) > worst ? llabs(gap) : worst;
			continue;
		}
		snprintf(buf, size,
			 "vCPU %u: the record grew by %.3f ms less than the "
			 "host stole",
			 i, (double)gap / 1e6);
		return false;
	}
	snprintf(buf, size, "%u of them, off by %.6f ms at most", j->v->nr_cpus,
		 (double)worst / 1e6);
	return true;
}

bool contention_is_enough(const struct judge *j, const struct contention *c)
{
	for (unsigned i = 0; i < j->v->nr_cpus; i++)
		if (c->cpus[i].low_ns < ENOUGH_NS)
			return false;
	return true;
}

uint64_t contention_stolen(const struct judge *j, const struct contention *c)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < j->v->nr_cpus; i++)
		sum += c->cpus[i].low_ns;
	return sum;
}
