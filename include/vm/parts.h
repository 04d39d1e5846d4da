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
#include <time.h>

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
struct outlet;
struct panic;
struct vm_config;

struct vcpu_thread {
	struct vm *vm;
	unsigned index;
	pthread_t id;
	atomic_int tid; /* 0 until it runs */

	atomic_uint permille;	/* to be held back by; see hold.c */
	atomic_ullong held_ns;	/* in all, by holding and by pauses */
	atomic_ullong began_ns; /* clock_mono_ns() when it began to run */
	uint64_t idle_ns;	/* as vm_idle_ns() said last; main's */
	/* The thread's own. */
	unsigned armed;	      /* what its timer was set for */
	timer_t timer;	      /* there is one where @armed was ever set */
	bool has_timer, told; /* told: that none can be had */
	uint64_t ran_ns;      /* its CPU time when it was last held */
	int64_t owed_ns;      /* for how long it is still to be held */
};

/* A pause that lasts. */
struct vm_pausing {
	bool lasts, steals;
	uint64_t since_ns;
	uint64_t took_ns;  /* until all vCPUs stood still */
	uint64_t counter;  /* the guest's, where it stands still */
	uint64_t sum_ns;   /* of all that are over */
	uint64_t froze_ns; /* of these, for how long its clock stood */
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
	struct outlet *outlet; /* the console's */
	struct panic *panic;   /* one to a line of the console */
	struct bus bus;
	struct device *devices;
	unsigned nr_devices;
	struct kvm_stats *exits; /* of each vCPU; NULL: not counted */
	size_t fdt_size;

	/* made by vm_run() */
	struct loop loop;
	int wake_fd, signal_fd;
	sigset_t old_mask;
	struct vcpu_thread *threads;
	unsigned nr_threads;
	uint64_t began_ns;
	uint64_t settle_ns; /* when it has settled; 0: it has */
	uint64_t stop_ns;   /* when we insist on the end; 0: nobody asked */
	struct vm_pausing pause;
	int hold_fd; /* timerfd: until when vCPUs are held back; -1: for ever */

	pthread_mutex_t lock;
	pthread_cond_t
		changed; /* want; parked threads sleep on through the rest */
	pthread_cond_t parked; /* nr_parked; main alone waits for it */
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

/* pause.c: the guest is reset while it is paused. */
void pause_anew(struct vm *vm);

/*
 * hold.c: on vCPU @t's thread, outside the guest: hold it for what it owes.
 * hold_fini(): undo it all, on the same thread.
 */
void hold_check(struct vcpu_thread *t);
void hold_fini(struct vcpu_thread *t);

/*
 * pin.c: can each vCPU have its CPU?  And, on its thread: give vCPU @index its
 * own.
 */
int pin_check(const struct vm *vm);
int pin_self(const struct vm *vm, unsigned index);

/* run.c: the console and what main waits for. */
int run_init(struct vm *vm);
void run_fini(struct vm *vm);
/* The run ends this way, an enum vm_end, unless it ends already. */
void run_end(struct vm *vm, int how);

/* signals.c: they come to the main loop, from now on; and as before. */
int signals_take(struct vm *vm);
void signals_give_back(struct vm *vm);

/* exit.c: the guest needs something; EVENT_NONE: it may go on. */
enum vm_event exit_handle(struct vm *vm, struct kvm_vcpu *vcpu);

/* threads.c */
int threads_start(struct vm *vm);
void threads_park(struct vm *vm); /* returns when all are parked */
void threads_go(struct vm *vm);	  /* but not while the machine is paused */
/* All leave the guest, and go on unless one told something meanwhile. */
void threads_pass(struct vm *vm);
void threads_quit(struct vm *vm);	    /* ends and joins them all */
enum vm_event threads_event(struct vm *vm); /* what main has yet to hear of */
int threads_signal(void); /* that gets a thread out of the guest */
/* Any thread: tell main.  The first event counts, but a failure always. */
void threads_tell(struct vm *vm, enum vm_event event);

#endif
