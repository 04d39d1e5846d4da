/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rivals.h - threads of ours that want what a guest's vCPUs want: their CPU.
 *
 * To see a host steal, something else must run on the CPU where a vCPU could.
 * A rival is a thread in an endless loop; while it is there, it and its vCPU are
 * tied to one CPU, of which the scheduler gives each its half.  That needs no
 * privilege, and takes time from nobody else but by the CPU that is used.
 *
 * Errors:  0 or a negative errno whose words err_text() holds.
 * Owns:    its threads.  Borrows the machine.
 * Threads: one at a time, while the machine runs.
 */
#ifndef VM_RIVALS_H
#define VM_RIVALS_H

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

struct vm;

struct rival {
	pthread_t id;
	atomic_bool stop;
	bool runs;
};

struct rivals {
	const struct vm *vm; /* borrowed */
	struct rival *of;    /* owned; one for each vCPU */
	cpu_set_t allowed;   /* the CPUs that this process may use */
	int nr_allowed;
};

int rivals_init(struct rivals *r, const struct vm *vm);

/*
 * Give vCPU @index a rival.  vCPUs take turns at the CPUs that there are, and
 * where they are more than those, share them.  Nothing if it has one.
 */
int rivals_start(struct rivals *r, unsigned index);

/* Take it away, and let the vCPU run wherever this process may. */
void rivals_stop(struct rivals *r, unsigned index);

/* Undo rivals_init().  Fine on a zeroed *r, and twice. */
void rivals_fini(struct rivals *r);

#endif
