/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * parts.h - what a machine consists of; for src/vm and its tests.
 *
 * Threads: vm->lock guards want, nr_threads, nr_parked, event and words; the
 * parts guard themselves or belong to the main thread.
 */
#ifndef VM_PARTS_H
#define VM_PARTS_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "boot/image.h"
#include "boot/load.h"
#include "dev/device.h"
#include "dev/gic.h"
#include "kvm/stats.h"
#include "kvm/sys.h"
#include "kvm/vcpu.h"
#include "mach/bus.h"
#include "mach/gmem.h"
#include "pvtime/pvtime.h"
#include "util/err.h"
#include "util/loop.h"

struct console;
struct panic;
struct vm_config;

struct vcpu_thread {
	struct vm *vm;
	unsigned index;
	pthread_t id;
	atomic_int tid; /* 0 until it runs */
};

enum vm_want { WANT_RUN, WANT_PARK, WANT_QUIT };

/* What a vCPU tells main: the guest's wish, or a failure. */
enum vm_event { EVENT_NONE, EVENT_OFF, EVENT_RESET, EVENT_CRASH, EVENT_FAIL };

struct vm {
	const struct vm_config *config; /* borrowed */

	/* made by vm_new(), in this order */
	struct image kernel;
	struct kvm_sys sys;
	int fd;
	unsigned nr_cpus;
	uint64_t ram_size;
	enum gic_kind gic_kind;
	struct load load;
	struct gmem mem;
	struct kvm_target target;
	struct kvm_vcpu *vcpus;
	uint64_t *mpidrs;
	struct pvtime pvtime;
	struct gic gic;
	struct console *console;
	struct panic *panic;
	struct bus bus;
	struct device *devices;
	unsigned nr_devices, nr_virtio;
	struct kvm_stats *exits; /* of each vCPU; NULL: not counted */
	size_t fdt_size;

	/* made by vm_run() */
	struct loop loop;
	int wake_fd, signal_fd;
	sigset_t old_mask;
	struct vcpu_thread *threads;
	unsigned nr_threads;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum vm_want want;
	unsigned nr_parked;
	enum vm_event event;
	char words[ERR_TEXT_MAX]; /* of EVENT_FAIL */

	int end; /* enum vm_end */
	int signal;
};

/* cpus.c: create and initialise all vCPUs; nothing is held on error. */
int cpus_init(struct vm *vm);
int cpus_reset(struct vm *vm);
void cpus_fini(struct vm *vm);
/* After the interrupt controller exists. */
int cpus_init_pmu(struct vm *vm);

/* vm.c: kernel, initrd and tree in fresh memory, vCPU 0 at its entry. */
int vm_boot(struct vm *vm);

/* exits.c: undo vm_count_exits(). */
void exits_fini(struct vm *vm);

/* run.c: the console and what main waits for. */
int run_init(struct vm *vm);
void run_fini(struct vm *vm);

/* exit.c: the guest needs something; EVENT_NONE: it may go on. */
enum vm_event exit_handle(struct vm *vm, struct kvm_vcpu *vcpu);

/* threads.c */
int threads_start(struct vm *vm);
void threads_park(struct vm *vm); /* returns when all are parked */
void threads_go(struct vm *vm);
void threads_quit(struct vm *vm); /* ends and joins them all */
/* Any thread: tell main.  The first event counts, but a failure always. */
void threads_tell(struct vm *vm, enum vm_event event);

#endif
