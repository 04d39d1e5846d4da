/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conformance.h - what the parts of the conformance guest share.
 *
 * The CPU that booted runs the checks, in their order, and alone uses the
 * console.  The other CPUs are off unless they are given a job.  Once the
 * records have been looked at (records_look()) no CPU asks for its address
 * again but where a check says so: asking may restart the record, and under
 * some VMMs those of all CPUs.
 *
 * Units: times in ticks of the counter (clock.h), stolen time in ns.
 */
#ifndef CONFORMANCE_CONFORMANCE_H
#define CONFORMANCE_CONFORMANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../lib/dt.h"
#include "../lib/smccc.h"

enum {
	MAX_CPUS = 512,
	MAX_BUSY = 8, /* how many CPUs take part where many would only cost */
	RECORD_SIZE = 64,
};

#define NOT_SUPPORTED ((uint64_t)-1)

/* What a record held; all words of the padding, or'ed. */
struct record {
	uint32_t revision, attributes;
	uint64_t stolen, padding;
};

/* What a CPU saw while it was busy; see busy.c. */
struct busy {
	uint64_t began, ended;
	uint64_t ran;		     /* of that, seen running */
	uint64_t sure_from, sure_to; /* stolen within: in last - first */
	uint64_t first, last;	     /* its own record */
	uint64_t samples;	     /* how often it looked */
	uint64_t own_from, own_to;   /* a decrease, if own_from is not 0 */
	uint64_t next_from, next_to; /* the same of its neighbour's record */
	uint64_t beside; /* slots in which it saw others run as well */
};

struct cpu;
typedef void (*cpu_job)(struct cpu *me);

struct cpu {
	uint64_t mpidr;
	cpu_job job;
	int64_t on;	     /* PSCI CPU_ON's answer */
	uint32_t here, done; /* it has come up; it has done its job */
	bool alive;	     /* it came up, and went off, whenever it had to */
	bool usable;	     /* its record can be looked at */

	/* Discovery, and when PV_TIME_ST was asked for the first time. */
	uint64_t arch, self, feature, st, asked;

	/* The record before it was asked for again, and when; the answer. */
	bool readable;
	struct record first;
	uint64_t read, st_again;

	struct busy busy;

	/* off.c: back from off, before and after asking again. */
	uint64_t back, back_stolen, back_asked, back_read, back_st;
	struct record back_record;

	/* calls.c: what it was told by SMC, if that is an instruction. */
	bool smc_defined;
	uint64_t smc_feature, smc_st;

	/* shared.c: other CPUs' stolen time as this one sees it. */
	uint64_t view[MAX_BUSY];
};

/* Else they would be reached through addresses in a table. */
#pragma GCC visibility push(hidden)

extern struct cpu cpus[MAX_CPUS]; /* the first one is that which booted */
extern unsigned nr_cpus;
extern struct dt dt;
extern enum smccc_conduit conduit;
extern const bool booted_at_el2; /* start.S */

/* All that take part in busy.c; the first is the CPU that booted. */
extern struct cpu *busy_cpus[MAX_BUSY];
extern unsigned nr_busy;

/* -- main.c -- */

bool starts_with(const char *s, const char *what);

/* Is @word among the boot arguments? */
bool option(const char *word);

/* -- cpus.c -- */

/* Fill in cpus[] from the tree. */
void cpus_find(void);

/* Start another CPU on a job.  It is off when the job is done. */
void cpu_run(struct cpu *c, cpu_job job);

/* Wait for it to be off, but not for ever.  false: it is not, and will not be
 * used any more. */
enum { PATIENCE_US = 10000000 };
bool cpu_wait(struct cpu *c, uint64_t us);

/* Have all other CPUs that are alive do a job. */
void cpus_run(cpu_job job);

void check_cpus(void);

/* -- calls.c -- */

/* Discovery on a CPU, and where its record is. */
void ask_job(struct cpu *me);

/* Discovery and calls.  false: there is no stolen time here. */
bool check_calls(void);

/* Last of all. */
void check_smc(void);

/* -- place.c -- */

/* Is any record's region described in the tree? */
void check_no_node(void);

/* Map a CPU's record and make it usable, if that can be. */
void record_map(struct cpu *c);

void check_places(void);

/* -- record.c -- */

/* false: an exception. */
bool record_read(uint64_t addr, struct record *ret_record);

/* The stolen time alone, by one load; 0 if that ends in an exception. */
uint64_t record_stolen(uint64_t addr);

/* Look at a CPU's record for the first time. */
void record_look(struct cpu *me);

/* All CPUs' records; and ask where they are again. */
void records_look(void);

void check_records(void);
void check_memory(void);

/* -- busy.c -- */

/* Choose who takes part: CPUs with a record. */
void busy_choose(void);

/* Keep them busy for so long, watching the records.  false: not all of them
 * came back; they are not busy_cpus[] any more. */
bool busy_run(uint64_t us);

/* Some CPU saw the record of busy CPU @i decrease, from *ret_from to *ret_to. */
bool busy_decrease(unsigned i, uint64_t *ret_from, uint64_t *ret_to);

void check_busy(void);

/* -- the rest, a file each -- */

void check_shared(void);
void check_off(void);

/* Once our record has been looked at: with the word reset, reset the machine. */
void reset_prepare(void);
void check_reset(void);

void check_written(void);

#pragma GCC visibility pop

#endif
