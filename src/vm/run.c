/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run.c - the main thread while the guest runs: console, signals, limits, and
 * what becomes of the machine when a vCPU reports.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "dev/gpio.h"
#include "util/clock.h"
#include "util/err.h"
#include "util/log.h"
#include "util/util.h"
#include "vm/console.h"
#include "vm/panic.h"
#include "vm/parts.h"
#include "vm/tty.h"
#include "vm/vm.h"

/* By then the guest is on its way. */
#define SETTLE_NS UINT64_C(5000000)

static void end(struct vm *vm, enum vm_end how)
{
	if (vm->end == VM_NONE)
		vm->end = how;
}

/* -- what the console tells -- */

static void on_wake(void *ctx)
{
	threads_tell(ctx, EVENT_NONE);
}

static void on_byte(void *ctx, uint8_t byte)
{
	struct vm *vm = ctx;
	const struct vm_watch *watch = vm->config->watch;

	if (watch)
		watch->byte(watch->ctx, byte);
	if (panic_feed(vm->panic, byte))
		threads_tell(vm, EVENT_CRASH);
}

static void on_user_end(void *ctx)
{
	end(ctx, VM_OFF);
}

/* A reader who went away ends us as it ends other programs: by SIGPIPE. */
static void on_broken(void *ctx, int err)
{
	struct vm *vm = ctx;

	if (err == EPIPE) {
		vm->signal = SIGPIPE;
		end(vm, VM_SIGNALLED);
		return;
	}
	err_set(err, "console output");
	end(vm, VM_FAILED);
}

/* -- what the guest tells -- */

/* The machine is as after power-on, but for its clock and its addresses. */
static int reset(struct vm *vm)
{
	bool failed;
	int rc;

	threads_park(vm);
	pthread_mutex_lock(&vm->lock);
	failed = vm->event == EVENT_FAIL;
	if (failed)
		err_adopt(vm->words);
	vm->event = EVENT_NONE;
	pthread_mutex_unlock(&vm->lock);
	if (failed)
		return -EIO;
	pause_anew(vm); /* while it is known which vCPUs are off */
	/* Before it is cleared: until then they may write to guest memory. */
	for (unsigned i = 0; i < vm->nr_devices; i++)
		device_reset(&vm->devices[i]);
	rc = gmem_clear(&vm->mem);
	if (rc == 0)
		rc = cpus_reset(vm);
	if (rc == 0)
		rc = gic_reset(&vm->gic, vm->vcpus);
	if (rc < 0)
		return rc;
	panic_init(vm->panic);
	rc = vm_boot(vm);
	if (rc == 0)
		rc = pvtime_reset(&vm->pvtime);
	if (rc < 0)
		return rc;
	threads_go(vm);
	return 0;
}

static void crashed(struct vm *vm)
{
	err_say(EIO, "the guest crashed: %s", vm->panic->reason);
	end(vm, VM_CRASHED);
}

static bool boots_again(const struct vm *vm)
{
	const struct vm_watch *watch = vm->config->watch;

	if (watch)
		return watch->reset(watch->ctx);
	return !vm->config->no_reboot;
}

static int restart(struct vm *vm)
{
	int rc = err_in(reset(vm), "reset");

	if (rc < 0)
		end(vm, VM_FAILED);
	return rc;
}

static void on_event(void *ctx, short revents)
{
	struct vm *vm = ctx;
	enum vm_event event;
	uint64_t n;

	(void)revents;
	if (read(vm->wake_fd, &n, sizeof(n)) < 0)
		return;
	console_woken(vm->console);
	pthread_mutex_lock(&vm->lock);
	event = vm->event;
	if (event == EVENT_FAIL)
		err_adopt(vm->words);
	pthread_mutex_unlock(&vm->lock);

	switch (event) {
	case EVENT_NONE:
		break;
	case EVENT_OFF:
		end(vm, VM_OFF);
		break;
	case EVENT_RESET:
		if (boots_again(vm))
			restart(vm);
		else if (vm->panic->reason[0])
			crashed(vm);
		else
			end(vm, VM_RESET);
		break;
	case EVENT_CRASH:
		crashed(vm);
		break;
	case EVENT_FAIL:
		end(vm, VM_FAILED);
		break;
	}
}

/* As from the shell's job control; the guest is paused meanwhile. */
static void stand_still(struct vm *vm)
{
	bool paused = vm_pause(vm, vm->config->pause_steals) == 0;

	tty_restore();
	raise(SIGSTOP);
	if (paused && vm_resume(vm) < 0)
		end(vm, VM_FAILED);
}

/* The second time it is not asked any more. */
static void ask_by_signal(struct vm *vm, int sig)
{
	uint64_t grace = vm->signal ? 0 : vm->config->grace_ns;

	vm->signal = sig;
	vm_ask_to_stop(vm, grace);
}

static void on_signal(void *ctx, short revents)
{
	struct signalfd_siginfo info;
	struct vm *vm = ctx;

	(void)revents;
	if (read(vm->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	switch (info.ssi_signo) {
	case SIGTSTP:
		stand_still(vm);
		break;
	case SIGCONT:
		if (!vm->config->watch)
			console_again(vm->console);
		break;
	case SIGINT:
	case SIGTERM:
		ask_by_signal(vm, (int)info.ssi_signo);
		break;
	default:
		vm->signal = (int)info.ssi_signo;
		end(vm, VM_SIGNALLED);
	}
}

/* -- start, loop, stop -- */

static const struct console_events console_events = {
	.wake = on_wake,
	.byte = on_byte,
	.end = on_user_end,
	.broken = on_broken,
};

int run_init(struct vm *vm)
{
	const struct vm_watch *watch = vm->config->watch;

	vm->console = malloc(sizeof(*vm->console));
	vm->panic = malloc(sizeof(*vm->panic));
	if (!vm->console || !vm->panic) {
		free(vm->console);
		vm->console = NULL;
		return err_set(ENOMEM, "console");
	}
	console_init(vm->console, &console_events, vm,
		     watch ? watch->console_fd : STDOUT_FILENO);
	panic_init(vm->panic);
	return 0;
}

void run_fini(struct vm *vm)
{
	if (vm->console)
		console_fini(vm->console);
	free(vm->console);
	free(vm->panic);
}

/*
 * Signals that mean something to us come by a descriptor from now on.  One that
 * our parent had ignored (nohup, a script's &) stays ignored: blocked, it would
 * come nevertheless.  Of SIGPIPE write(2) tells us, see on_broken().
 */
static int take_signals(struct vm *vm)
{
	static const int wanted[] = { SIGINT,  SIGTERM, SIGHUP, SIGQUIT,
				      SIGTSTP, SIGCONT, SIGPIPE };
	struct sigaction old;
	sigset_t ours;

	sigemptyset(&ours);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		sigaction(wanted[i], NULL, &old);
		if (old.sa_handler != SIG_IGN || wanted[i] == SIGPIPE)
			sigaddset(&ours, wanted[i]);
	}
	vm->signal_fd = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
	if (vm->signal_fd < 0)
		return err_set(errno, "signalfd");
	pthread_sigmask(SIG_BLOCK, &ours, &vm->old_mask);
	return loop_add(&vm->loop, vm->signal_fd, POLLIN, on_signal, vm);
}

static void give_signals_back(struct vm *vm)
{
	struct signalfd_siginfo info;

	if (vm->signal_fd < 0)
		return;
	/* What still waits would end us here and now: it has had its effect. */
	while (read(vm->signal_fd, &info, sizeof(info)) > 0)
		;
	loop_del(&vm->loop, vm->signal_fd);
	close(vm->signal_fd);
	vm->signal_fd = -1;
	pthread_sigmask(SIG_SETMASK, &vm->old_mask, NULL);
}

static int start(struct vm *vm)
{
	int rc;

	vm->wake_fd = eventfd(0, EFD_CLOEXEC);
	if (vm->wake_fd < 0)
		return err_set(errno, "eventfd");
	rc = loop_add(&vm->loop, vm->wake_fd, POLLIN, on_event, vm);
	if (rc == 0)
		rc = take_signals(vm);
	if (rc == 0)
		rc = threads_start(vm);
	return rc;
}

static void stop(struct vm *vm)
{
	threads_quit(vm);
	console_stop(vm->console);
	give_signals_back(vm);
	if (vm->wake_fd >= 0) {
		loop_del(&vm->loop, vm->wake_fd);
		close(vm->wake_fd);
		vm->wake_fd = -1;
	}
}

/* The earlier of two deadlines; 0: none. */
static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a && (!b || a < b) ? a : b;
}

static bool is_past(uint64_t deadline)
{
	return deadline && clock_mono_ns() >= deadline;
}

/* Wait once, for whatever comes or is due first. */
static void turn(struct vm *vm, uint64_t limit)
{
	uint64_t due = console_due(vm->console);
	uint64_t first = earlier(earlier(due, limit),
				 earlier(vm->stop_ns, vm->settle_ns));

	if (loop_turn(&vm->loop, first) < 0)
		end(vm, VM_FAILED);
	if (!is_past(first))
		return;
	if (is_past(due))
		console_serve(vm->console);
	if (is_past(vm->settle_ns) && vm->end == VM_NONE) {
		vm->settle_ns = 0;
		vm->config->settled(vm->config->settled_ctx);
	}
	if (is_past(vm->stop_ns))
		end(vm, vm->signal ? VM_SIGNALLED : VM_OFF);
	if (is_past(limit))
		end(vm, VM_TIMEOUT);
}

enum vm_end vm_run(struct vm *vm)
{
	uint64_t limit = vm->config->timeout_ns;
	uint64_t deadline = limit ? clock_mono_ns() + limit : 0;

	vm->began_ns = clock_mono_ns();
	if (vm->config->settled)
		vm->settle_ns = vm->began_ns + SETTLE_NS;
	if (start(vm) < 0)
		end(vm, VM_FAILED);
	else
		console_start(vm->console, vm_serial(vm, 0), &vm->loop,
			      !vm->config->watch);
	while (vm->end == VM_NONE)
		turn(vm, deadline);
	stop(vm);
	return (enum vm_end)vm->end;
}

int vm_signal(const struct vm *vm)
{
	return vm->signal;
}

struct loop *vm_loop(struct vm *vm)
{
	return &vm->loop;
}

void vm_stop(struct vm *vm)
{
	end(vm, VM_OFF);
}

bool vm_press_power(struct vm *vm)
{
	for (unsigned i = 0; i < vm->nr_devices; i++)
		if (vm->devices[i].class == &gpio_class)
			return gpio_press_power(&vm->devices[i]);
	return false;
}

void vm_ask_to_stop(struct vm *vm, uint64_t grace_ns)
{
	uint64_t by = clock_mono_ns() + grace_ns;

	if (vm->stop_ns && by >= vm->stop_ns)
		return;
	if (vm->pause.lasts && vm_resume(vm) < 0)
		grace_ns = 0;
	if (grace_ns > 0 && vm_press_power(vm)) {
		vm->stop_ns = by;
		log_info("the guest is asked to power off, and has %g s for it",
			 (double)grace_ns / 1e9);
	} else {
		end(vm, vm->signal ? VM_SIGNALLED : VM_OFF);
	}
}

bool vm_is_stopping(const struct vm *vm)
{
	return vm->stop_ns != 0;
}

uint64_t vm_uptime_ns(const struct vm *vm)
{
	return vm->began_ns ? clock_mono_ns() - vm->began_ns : 0;
}

int vm_restart(struct vm *vm)
{
	return restart(vm);
}
