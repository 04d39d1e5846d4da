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
 * Threads: one for new, run and free; vm_steal() from any, between new and free;
 *          the rest as it says.
 */
#ifndef VM_VM_H
#define VM_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "dev/flash.h"
#include "dev/gic.h"
#include "mach/gmem.h"
#include "mach/layout.h"
#include "mach/walk.h"
#include "pvtime/pvtime.h"

struct console_port;
struct loop;
struct virtio_class;
struct vm;

/* Somebody who looks on; the console is theirs then, and takes no input. */
struct vm_watch {
	int console_fd; /* where it goes; -1: nowhere */
	/* vCPU, one at a time: the guest sent @byte on its console. */
	void (*byte)(void *ctx, uint8_t byte);
	/*
	 * Main: the guest wants to be reset; others of its vCPUs may still
	 * run.  True: it boots again, by the config as it is then.
	 */
	bool (*reset)(void *ctx);
	void *ctx;
};

/* A virtio device that the guest shall have. */
struct vm_virtio {
	const struct virtio_class *class;
	const void *config; /* as the class says; borrowed */
};

/* Where the console is; its input is there, too, where there is any. */
enum vm_console {
	VM_CONSOLE_STDIO,
	VM_CONSOLE_NOWHERE,
	VM_CONSOLE_FILE, /* console_path */
	VM_CONSOLE_PTY,	 /* console_path, or NULL: a link to it */
};

struct vm_config {
	const char *kernel; /* NULL: none, for a tree or firmware only */
	/* What the machine begins with, with no kernel; no firmware: NULL. */
	struct flash_config flash;
	const char *initrd; /* NULL: none */
	const void *extra;  /* bytes that follow the initrd; NULL: none */
	size_t extra_size;
	const char *params;	/* NULL: none */
	unsigned nr_cpus;	/* lowered, with a warning, to what KVM can */
	uint64_t ram_size;	/* a multiple of 64 KiB */
	struct gmem_config ram; /* shared also where a device needs it */
	enum gic_kind irqchip;
	bool pmu;
	const uint16_t *pins; /* the host's CPU of each vCPU; or NULL */
	unsigned nr_pins;
	bool watchdog;
	unsigned nr_virtio; /* in the order of their windows */
	struct vm_virtio virtio[LAYOUT_NR_VIRTIO];
	const char *pvtime;	 /* as pvtime_choose() takes it */
	bool pvtime_in_ram;	 /* the records, at its end; else apart */
	enum vm_console console; /* unless somebody watches */
	const char *console_path;
	bool no_reboot;
	bool pause_steals;	      /* when we are stopped: see vm_pause() */
	uint64_t timeout_ns;	      /* 0: none */
	uint64_t grace_ns;	      /* see vm_ask_to_stop() */
	const struct vm_watch *watch; /* NULL: nobody */
	struct console_port *channel; /* of a second serial line; NULL: none */
	/*
	 * Main, a moment after the guest began to run: time for what need not
	 * have been done before.  NULL: nothing.
	 */
	void (*settled)(void *ctx);
	void *settled_ctx;
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
	uint64_t age_ns; /* since its thread began */
	/*
	 * What we kept from it ourselves, by vm_hold() or by a pause that
	 * steals: in the record, not in @times.wait_ns.
	 */
	uint64_t held_ns;
};

/* What exits are counted by; the first is all of them. */
enum { VM_EXIT_KINDS = 7 };
extern const char *const vm_exit_kinds[VM_EXIT_KINDS];
#define VM_UNCOUNTED UINT64_MAX

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

/*
 * From the loop's callbacks.  vm_stop(): vm_run() returns VM_OFF, as if the
 * guest had powered off.  vm_restart(): as if it had reset itself, but
 * with no_reboot, too.
 */
void vm_stop(struct vm *vm);
int vm_restart(struct vm *vm);

/*
 * Have the guest give up @size bytes of its memory, 0: have all back.  It does
 * so as far and as fast as it can.  -ENODEV: it has no balloon; -ERANGE: more
 * than there is.
 */
int vm_balloon(struct vm *vm, uint64_t size);

/* Where a vCPU is, and by which tables it sees memory. */
struct vm_place {
	bool off; /* by PSCI; what follows means nothing then */
	uint64_t pc, lr, pstate;
	struct walk_regs tables;
};

/*
 * From the loop's callbacks: stop all vCPUs, look at each, let them go on.
 * -EBUSY: the machine is about to end or to reset.
 */
int vm_look(struct vm *vm, struct vm_place *ret_places);

/*
 * Where vCPU code at @va lies in the kernel, counted from the first byte of its
 * image as it was loaded; false: elsewhere.
 */
bool vm_in_kernel(const struct vm *vm, const struct vm_place *place,
		  uint64_t va, uint64_t *ret_offset);

/* Its watchdog; NULL: it has none. */
struct device *vm_watchdog(const struct vm *vm);

/* Serial line @index, for uart_receive(); 0: the console, 1: the channel. */
struct device *vm_serial(struct vm *vm, unsigned index);

/* The device tree as the guest is given it, and its size. */
const void *vm_fdt(const struct vm *vm, size_t *ret_size);

unsigned vm_nr_cpus(const struct vm *vm);

/* Stolen time: given by whom, or "off"; where; see pvtime_goes_on(). */
const char *vm_provider(const struct vm *vm);
bool vm_has_pvtime(const struct vm *vm);
bool vm_pvtime_goes_on(const struct vm *vm);
void vm_records(const struct vm *vm, uint64_t *ret_base, uint64_t *ret_size);

/* The times of vCPU @index, read at one go.  -ESRCH: it does not run yet. */
int vm_steal(const struct vm *vm, unsigned index, struct vm_steal *ret);

/*
 * From main: for how long vCPU @index did not want to run, by @steal of just now;
 * pauses that froze its clock apart.  It never falls: what the scheduler counts
 * late, when a wait or a tick is over, was idle until then, and keeps it from
 * growing for as long.
 */
uint64_t vm_idle_ns(struct vm *vm, unsigned index,
		    const struct vm_steal *steal);

/*
 * Before vm_run(): have vm_exits() answer, at the price of a descriptor per vCPU.
 * Later it would have to wait for vCPUs that are in the guest.
 */
void vm_count_exits(struct vm *vm);

/*
 * How often vCPU @index left the guest so far, by vm_exit_kinds, as KVM counts
 * it; VM_UNCOUNTED where this host does not tell (before Linux 5.14) or nobody
 * asked for it.  One thread at a time.
 */
void vm_exits(const struct vm *vm, unsigned index,
	      uint64_t ret[static VM_EXIT_KINDS]);

/*
 * Since vm_run() began; of that how long the machine was paused; and of that how
 * long its clock stood still.
 */
uint64_t vm_uptime_ns(const struct vm *vm);
uint64_t vm_paused_ns(const struct vm *vm);
uint64_t vm_frozen_ns(const struct vm *vm);

/* How long the latest pause took until all vCPUs stood still; 0: none yet. */
uint64_t vm_pause_took_ns(const struct vm *vm);

/* What the guest has; it may be less than was asked for. */
uint64_t vm_ram_size(const struct vm *vm);

/*
 * From the loop's callbacks.  vm_pause(): all vCPUs stand still when it returns.
 * With @steal the guest's clock runs on, and the pause counts as stolen from
 * each vCPU that is not off; else its clock stands still and nothing is stolen.
 * -EALREADY: it is paused; -EBUSY: the guest ends; -ENOTSUP: @steal, and the
 * guest has no record that we could write to.  A reset leaves it paused.
 */
int vm_pause(struct vm *vm, bool steal);
int vm_resume(struct vm *vm); /* -EALREADY: it runs */
bool vm_is_paused(const struct vm *vm);

/* From main: what a pause that goes on has stolen so far is counted now. */
void vm_count_pause(struct vm *vm);

/*
 * From the loop's callbacks, or before vm_run(): keep the vCPUs @cpus (a bit
 * each; NULL: all) for @permille (0 to VM_HOLD_MAX) of the time that they want to run
 * from running, for @for_ns (0: until told otherwise).  A vCPU that has run for a
 * while is held outside the guest for the time that belongs to it, and its
 * record grows by as much: nothing competes with it, so nobody else loses
 * anything.  -ENOTSUP: the guest has no record that we could write to.
 */
enum { VM_HOLD_MAX = 990 };
int vm_hold(struct vm *vm, unsigned permille, const uint64_t *cpus,
	    uint64_t for_ns);
bool vm_can_hold(const struct vm *vm);
unsigned vm_hold_permille(const struct vm *vm, unsigned index);

/*
 * From the loop's callbacks: press the power button.  False: nobody in the guest
 * listens to it.
 */
bool vm_press_power(struct vm *vm);

/*
 * From the loop's callbacks: have the guest power itself off.  The machine is
 * stopped all the same if nobody there listens, or @grace_ns later; a second
 * call is heard only where it asks for less time.  It goes on if it was paused.
 */
void vm_ask_to_stop(struct vm *vm, uint64_t grace_ns);
bool vm_is_stopping(const struct vm *vm);

#endif
