/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record.c - what is in the records, and that it is memory.
 */
#include "conformance.h"

#include "../lib/clock.h"
#include "../lib/probe.h"
#include "report.h"

enum { STOLEN = 8, PADDING = 16, SLACK_NS = 1000000 };

bool record_read(uint64_t addr, struct record *ret_record)
{
	uint64_t head, stolen, word, padding = 0;

	if (!probe_load(addr, &head) || !probe_load(addr + STOLEN, &stolen))
		return false;
	for (uint64_t at = PADDING; at < RECORD_SIZE; at += sizeof(word)) {
		if (!probe_load(addr + at, &word))
			return false;
		padding |= word;
	}
	*ret_record = (struct record){
		.revision = (uint32_t)head,
		.attributes = (uint32_t)(head >> 32),
		.stolen = stolen,
		.padding = padding,
	};
	return true;
}

uint64_t record_stolen(uint64_t addr)
{
	uint64_t stolen = 0;

	probe_load(addr + STOLEN, &stolen);
	return stolen;
}

void record_look(struct cpu *me)
{
	me->readable = me->usable && record_read(me->st, &me->first);
	me->read = clock_now();
}

static void ask_again(struct cpu *me)
{
	me->st_again = (uint64_t)smccc(PV_TIME_ST, 0, 0, 0);
}

static void look_job(struct cpu *me)
{
	record_look(me);
	ask_again(me);
}

void records_look(void)
{
	for (struct cpu *c = cpus + 1; c < cpus + nr_cpus; c++)
		record_map(c);
	cpus_run(look_job);
	ask_again(cpus);
}

/* Is @field 0 in all records as they were at first? */
static void check_zero(enum check check, uint64_t (*field)(const struct cpu *c))
{
	for (const struct cpu *c = cpus; c < cpus + nr_cpus; c++)
		if (c->usable && field(c)) {
			not_ok(check, "cpu 0x%lx: 0x%lx", c->mpidr, field(c));
			return;
		}
	ok(check);
}

static uint64_t revision(const struct cpu *c)
{
	return c->first.revision;
}

static uint64_t attributes(const struct cpu *c)
{
	return c->first.attributes;
}

static uint64_t padding(const struct cpu *c)
{
	return c->first.padding;
}

/* There cannot be more than the time since it was asked for. */
static void check_start(void)
{
	uint64_t most = 0;

	for (struct cpu *c = cpus; c < cpus + nr_cpus; c++) {
		uint64_t since = clock_ns(c->read - c->asked);

		if (!c->usable)
			continue;
		if (c->first.stolen > since + SLACK_NS) {
			not_ok(CHECK_START,
			       "cpu 0x%lx: %lu ns, %lu ns after it was asked for",
			       c->mpidr, c->first.stolen, since);
			return;
		}
		if (c->first.stolen > most)
			most = c->first.stolen;
	}
	ok_with(CHECK_START, "at most %lu us", most / 1000);
}

void check_records(void)
{
	const struct cpu *bad = NULL;

	for (struct cpu *c = cpus; c < cpus + nr_cpus; c++)
		if (c->usable && (!c->alive || !c->readable)) {
			c->usable = false;
			bad = c;
		}
	if (bad)
		not_ok(CHECK_READABLE, "cpu 0x%lx: no answer at 0x%lx",
		       bad->mpidr, bad->st);
	else
		ok(CHECK_READABLE);
	check_zero(CHECK_REVISION, revision);
	check_zero(CHECK_ATTRIBUTES, attributes);
	check_zero(CHECK_PADDING, padding);
	check_start();
}

/*
 * A hypervisor that has nothing at the address may answer single loads, as if
 * there were a device; and may give up at these, which are thus at the end.
 */
void check_memory(void)
{
	uint64_t head, pair[2], stolen;

	note("next, loads that end a VMM which has no memory there");
	for (struct cpu *c = cpus; c < cpus + nr_cpus; c++) {
		if (!c->usable)
			continue;
		if (!probe_load(c->st, &head) ||
		    !probe_load_pair(c->st, pair) ||
		    !probe_load_exclusive(c->st + STOLEN, &stolen)) {
			not_ok(CHECK_MEMORY, "cpu 0x%lx: abort at 0x%lx",
			       c->mpidr, c->st);
			return;
		}
		if (pair[0] != head || stolen < pair[1]) {
			not_ok(CHECK_MEMORY,
			       "cpu 0x%lx: by a pair 0x%lx and %lu, else 0x%lx and %lu",
			       c->mpidr, pair[0], pair[1], head, stolen);
			return;
		}
	}
	ok(CHECK_MEMORY);
}
