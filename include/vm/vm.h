/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm.h - a whole virtual machine: made, run, reset, unmade.
 *
 * vm_new() makes every part, in the one order in which they need each other;
 * vm_free() is the same list backwards.  vm_run() starts a thread per vCPU,
 * which lives as long as the machine, and serves console, signals and limits
 * on the calling thread until the machine ends.
 *
 * How threads agree (threads.c): vm->want says what vCPUs shall do.  To stop them
 * main sets it, marks each vCPU (kvm_vcpu_stop) and signals its thread; a vCPU
 * that left the guest, for that or to report an end, parks until want says
 * RUN again or QUIT.  When all are parked the machine's state stands still.
 *
 * Units:   bytes, nanoseconds.
 * Errors:  0 or a negative errno whose words err_text() holds.
 * Owns:    everything in struct vm.  Borrows the strings of the config.
 * Threads: one for init, run and fini; vm_steal() from the loop's callbacks.
 */
#ifndef VM_VM_H
#define VM_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "dev/gic.h"
#include "pvtime/pvtime.h"

struct loop;
struct vm;

struct vm_config {
	const char *kernel; /* NULL: none, for a tree only */
	const char *initrd; /* NULL: none */
	const char *params; /* NULL: none */
	unsigned nr_cpus;   /* lowered, with a warning, to what KVM can */
	uint64_t ram_size;  /* a multiple of 64 KiB */
	enum gic_kind irqchip;
	bool pmu;
	bool rng;	    /* a virtio entropy device */
	const char *pvtime; /* as pvtime_choose() takes it */
	bool pvtime_in_ram; /* the records, at its end; else apart */
	bool no_reboot;
	uint64_t timeout_ns; /* 0: none */
};

/* How a machine came to its end. */
enum vm_end {
	VM_NONE,    /* it has not */
	VM_OFF,	    /* the guest powered off, or the user did */
	VM_RESET,   /* the guest reset, and no_reboot is set */
	VM_CRASHED, /* err_text() has the guest's reason */
	VM_TIMEOUT,
	VM_SIGNALLED, /* vm_signal() */
	VM_FAILED,    /* err_text() */
};

/* What the host knows of one vCPU's time. */
struct vm_steal {
	pid_t tid;
	struct pvtime_sample times;
};

/*
 * A new machine in *ret_vm; on error nothing is held.  -ENXIO: stolen time is
 * required, and this host has none.
 */
int vm_new(const struct vm_config *config, struct vm **ret_vm);

/* Fine on NULL. */
void vm_free(struct vm *vm);

/* Run to the end.  What the loop watches besides is the caller's. */
enum vm_end vm_run(struct vm *vm);
int vm_signal(const struct vm *vm);

/* The loop that vm_run() goes round. */
struct loop *vm_loop(struct vm *vm);

/* The device tree as the guest is given it, and its size. */
const void *vm_fdt(const struct vm *vm, size_t *ret_size);

unsigned vm_nr_cpus(const struct vm *vm);
const char *vm_provider(const struct vm *vm);

/* The times of vCPU @index, read at one go.  -ESRCH: it does not run yet. */
int vm_steal(const struct vm *vm, unsigned index, struct vm_steal *ret);

#endif
