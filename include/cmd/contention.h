/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * contention.h - a guest whose CPUs are all busy, on a host that is too; and what
 * the three that count stolen time have to say of it.
 *
 * Each vCPU is given a rival for a different time, so that each has lost a
 * different amount and no two records can be mistaken for each other.  The guest
 * is looked at before and after, when nothing contends; each look is between two
 * at the host, so that what the guest says lies between bounds, however slow
 * everything is.
 *
 * Units:   nanoseconds.
 * Errors:  as judge.h's; above 0: guest or host could not do it, c->why says why.
 * Owns:    nothing; j->contention is the judge's.
 * Threads: the judge's.
 */
#ifndef CMD_CONTENTION_H
#define CMD_CONTENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct judge;

enum { CONTENTION_WHY_MAX = 512 };

struct contention_cpu {
	uint64_t before_ns, guest_ns; /* /proc/stat: at first, and its growth */
	uint64_t low_ns, high_ns;     /* what the host stole is between these */
	int64_t gap_ns; /* by how much more the host's than the record's grew */
};

struct contention {
	uint64_t window_ns; /* as long as it was made */
	uint64_t guest_ns;  /* by the guest's clock, from look to look */
	/*
	 * Which part of what was stolen tasks were not charged for: between
	 * these two.
	 */
	double spared_least, spared_most;
	char why[CONTENTION_WHY_MAX]; /* it could not be made */
	bool by_host;		      /* by whom: the host, or the guest */
	struct contention_cpu cpus[];
};

/* For all CPUs of @j's guest; NULL, and it is over, where there is no memory. */
struct contention *contention_new(struct judge *j);
struct contention *contention_copy(struct judge *j, const struct contention *c);

/* Contend for @window_ns. */
int contention_make(struct judge *j, struct contention *c, uint64_t window_ns);

/* The same with nobody busy, in the guest or of ours. */
int contention_rest(struct judge *j, struct contention *c, uint64_t window_ns);

/*
 * What /proc/stat says was stolen from each CPU, into @ret_ns.  1: answer.text
 * says why not.
 */
int contention_steal(struct judge *j, uint64_t *ret_ns);

/*
 * Does each CPU of the guest say what its vCPU lost?  @buf: how much that was;
 * or where not, and by how much.
 */
bool contention_agrees(const struct judge *j, const struct contention *c,
		       char *buf, size_t size);

/*
 * The same, but a CPU may say less: one that sleeps counts what it lost when it
 * wakes.
 */
bool contention_is_modest(const struct judge *j, const struct contention *c,
			  char *buf, size_t size);

/* Has each record grown by what the host stole?  @buf as above. */
bool contention_exact(const struct judge *j, const struct contention *c,
		      char *buf, size_t size);

/* Has each vCPU lost enough for the three to be told apart? */
bool contention_is_enough(const struct judge *j, const struct contention *c);

/* What was stolen of all CPUs, by the host. */
uint64_t contention_stolen(const struct judge *j, const struct contention *c);

#endif
