/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stat.h - the figures of one guest, and how they travel: as one line of JSON.
 *
 *	{"version":1,"name":NAME,"pid":N,"provider":NAME,"state":WORD,
 *	 "uptime_ns":N,"paused_ns":N,"pause_took_ns":N,"memory":BYTES,"vcpus":[
 *	  {"id":N,"tid":N,"stolen_ns":N,"held_ns":N,"record_ns":N,"run_ns":N,
 *	   "idle_ns":N,"skew_ns":N,"steal_permille":N,"exits":{KIND:N,...}},...]}
 *
 * All of it is since the guest began and only grows, but for record_ns, which
 * restarts with the guest's kernel, pause_took_ns, skew_ns and steal_permille.
 * Keys may be added within a version; who reads skips what it does not know.
 *
 * Spec:    RFC 8259.
 * Units:   nanoseconds, bytes.
 * Errors:  0 or a negative errno whose words err_text() holds.
 * Owns:    the vCPUs' figures: ctl_stat_fini().
 * Threads: one at a time.
 */
#ifndef CTL_STAT_H
#define CTL_STAT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "vm/vm.h"

struct ctl_vcpu {
	unsigned id;
	int tid;		 /* of its thread; 0: it does not run yet */
	uint64_t stolen_ns;	 /* by the scheduler and by us, in all */
	uint64_t held_ns;	 /* of that, by us: see vm_hold() */
	uint64_t record_ns;	 /* what the guest's record says */
	uint64_t run_ns;	 /* on a CPU */
	uint64_t idle_ns;	 /* the rest, but for pauses */
	uint64_t skew_ns;	 /* see struct pvtime_sample */
	unsigned steal_permille; /* how much we are asked to take now */
	uint64_t exits[VM_EXIT_KINDS]; /* or VM_UNCOUNTED */
};

enum { CTL_NAME_MAX = 64, CTL_WORD_MAX = 15 };

struct ctl_stat {
	char name[CTL_NAME_MAX + 1];
	int pid;
	char provider[CTL_WORD_MAX + 1];
	char state[CTL_WORD_MAX + 1]; /* as ctl_state() says */
	uint64_t uptime_ns, paused_ns;
	uint64_t pause_took_ns; /* until all stood still, the latest time */
	uint64_t memory;
	unsigned nr_vcpus;
	struct ctl_vcpu *vcpus; /* owned */
};

/* What it does: "running", "paused" or "stopping". */
const char *ctl_state(const struct vm *vm);

/* Look at @vm, which is called @name, without stopping anything. */
int ctl_stat_take(struct vm *vm, const char *name, struct ctl_stat *ret);

/* The line, without a newline; whoever closes @out checks it. */
void ctl_stat_write(FILE *out, const struct ctl_stat *s);

/*
 * What such a line says.  -EPROTO: it is none of this version, or an
 * {"error":TEXT}, which the words repeat.
 */
int ctl_stat_read(const char *line, struct ctl_stat *ret);

/* Which part of the time that it wanted to run a vCPU, or all, was kept from it. */
double ctl_vcpu_share(const struct ctl_vcpu *v);
double ctl_stat_share(const struct ctl_stat *s);

/* Fine on a zeroed *s, and twice. */
void ctl_stat_fini(struct ctl_stat *s);

#endif
