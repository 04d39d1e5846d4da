/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * last.c - a guest that writes its record.
 *
 * The document tells guests not to, and leaves open what comes of it.  But
 * nobody else may suffer; and whoever asks gets a good record back.
 *
 * It also shows what else would take hours: whether the count goes on beyond
 * 32 bits.  A host that adds to what it finds there, as KVM does, goes on from
 * what we write; one that keeps its own count writes that.
 */
#include "conformance.h"

#include "../lib/clock.h"
#include "../lib/probe.h"
#include "report.h"

enum { STOLEN = 8, WINDOW_US = 60000, SLACK_NS = 2000000 };

#define NEAR_END (UINT32_MAX - UINT64_C(2000000)) /* 2 ms more: 33 bits */
#define DIRT	 UINT64_C(0xfeedfacedeadbeef)

static bool is_written(uint64_t addr, uint64_t v)
{
	uint64_t seen;

	return probe_store(addr, v) && probe_load(addr, &seen) && seen == v;
}

/* The others' records while ours was foul: looked at by their own fields, and
 * by what they saw of decreases. */
static void check_write(void)
{
	for (unsigned i = 1; i < nr_busy; i++) {
		const struct cpu *c = busy_cpus[i];
		struct record r = { 0 };
		uint64_t from, to;

		if (!record_read(c->st, &r) || r.revision || r.attributes ||
		    r.padding || busy_decrease(i, &from, &to)) {
			not_ok(CHECK_WRITE,
			       "cpu 0x%lx: revision %u, attributes 0x%x, padding bits 0x%lx, %lu ns, before %lu",
			       c->mpidr, r.revision, r.attributes, r.padding,
			       r.stolen, c->busy.first);
			return;
		}
	}
	ok(CHECK_WRITE);
}

static bool is_between(uint64_t v, uint64_t low, uint64_t high)
{
	return v >= low && v <= high;
}

/* @was: our record before we wrote NEAR_END, which was at @began. */
static void check_wide(uint64_t was, uint64_t began)
{
	uint64_t is = record_stolen(cpus->st), from, to;
	uint64_t most = clock_ns(clock_now() - began) + SLACK_NS;

	if (is >= NEAR_END && busy_decrease(0, &from, &to))
		not_ok(CHECK_WIDE, "%lu, then %lu, now %lu", from, to, is);
	else if (is_between(is, NEAR_END, UINT32_MAX))
		skip_check(CHECK_WIDE, "too little was stolen to tell");
	else if (is_between(is, NEAR_END, NEAR_END + most))
		ok_with(CHECK_WIDE, "beyond 2^32");
	else if (is_between(is, was, was + most))
		skip_check(CHECK_WIDE, "the host keeps a count of its own");
	else
		not_ok(CHECK_WIDE, "%lu ns, from %lu or else %lu", is, NEAR_END,
		       was);
}

static void check_anew(void)
{
	uint64_t asked = clock_now(), since;
	struct record r = { .revision = UINT32_MAX };

	for (unsigned at = 0; at < RECORD_SIZE; at += sizeof(DIRT))
		probe_store(cpus->st + at, DIRT);
	/* As the next kernel does; one that only asks again may be the same. */
	smccc(PV_TIME_FEATURES, PV_TIME_ST, 0, 0);
	smccc(PV_TIME_ST, 0, 0, 0);
	record_read(cpus->st, &r);
	since = clock_ns(clock_now() - asked);
	if (r.revision || r.attributes || r.padding ||
	    r.stolen > since + SLACK_NS)
		not_ok(CHECK_ANEW,
		       "revision 0x%x, attributes 0x%x, padding bits 0x%lx, %lu ns, %lu ns after it was asked for",
		       r.revision, r.attributes, r.padding, r.stolen, since);
	else
		ok_with(CHECK_ANEW, "%lu us", r.stolen / 1000);
}

void check_written(void)
{
	uint64_t began = clock_now(), was = record_stolen(cpus->st);

	note("now the record is written to");
	if (!is_written(cpus->st + STOLEN, NEAR_END)) {
		skip_checks(CHECK_WRITE, CHECK_ANEW,
			    "the record is read-only to guests");
		return;
	}
	if (busy_run(WINDOW_US))
		check_write();
	else
		not_ok(CHECK_WRITE, "a CPU does not come back");
	check_wide(was, began);
	check_anew();
}
