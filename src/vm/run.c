/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run.c - the main thread while the guest runs: console, limits, and what
 * becomes of the machine when a vCPU reports.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "dev/gpio.h"
#include "dev/rtc.h"
#include "dev/watchdog.h"
#include "util/clock.h"
#include "util/err.h"
#include "util/log.h"
#include "util/util.h"
#include "virtio/balloon.h"
#include "virtio/console.h"
#include "virtio/mmio.h"
#include "vm/console.h"
#include "vm/outlet.h"
#include "vm/panic.h"
#include "vm/parts.h"
#include "vm/tty.h"
#include "vm/vm.h"

/* By then the guest is on its way. */
#define SETTLE_NS UINT64_C(5000000)

void run_end(struct vm *vm, int how)
{
	if (vm->end == VM_NONE)
		vm->end = how;
}

/* -- what the console tells -- */

static void on_wake(void *ctx)
{
	threads_tell(ctx, EVENT_NONE);
}

static void on_sent(void *ctx, enum console_line line, const uint8_t *buf,
		    size_t len)
{
	struct vm *vm = ctx;
	const struct vm_watch *watch = vm->config->watch;

	for (size_t i = 0; watch && i < len; i++)
		watch->byte(watch->ctx, buf[i]);
	if (panic_feed(&vm->panic[line], buf, len))
		threads_tell(vm, EVENT_CRASH);
}

static void on_user_end(void *ctx)
{
	run_end(ctx, VM_OFF);
}

/* A reader who went away ends us as it ends other programs: by SIGPIPE. */
static void on_broken(void *ctx, int err)
{
	struct vm *vm = ctx;

	if (err == EPIPE) {
		vm->signal = SIGPIPE;
		run_end(vm, VM_SIGNALLED);
		return;
	}
	err_set(err, "console output");
	run_end(vm, VM_FAILED);
}

/* -- what the guest tells -- */

static void init_panics(struct vm *vm)
{
	for (unsigned i = 0; i < CONSOLE_LINES; i++)
		panic_init(&vm->panic[i]);
}

/* Why it panicked; "": it did not. */
static const char *panic_reason(const struct vm *vm)
{
	for (unsigned i = 0; i < CONSOLE_LINES - 1; i++)
		if (vm->panic[i].reason[0])
			return vm->panic[i].reason;
	return vm->panic[CONSOLE_LINES - 1].reason;
}

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
	init_panics(vm);
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
	err_say(EIO, "the guest crashed: %s", panic_reason(vm));
	run_end(vm, VM_CRASHED);
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
		run_end(vm, VM_FAILED);
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
		run_end(vm, VM_OFF);
		break;
	case EVENT_RESET:
		if (boots_again(vm))
			restart(vm);
		else if (panic_reason(vm)[0])
			crashed(vm);
		else
			run_end(vm, VM_RESET);
		break;
	case EVENT_CRASH:
		crashed(vm);
		break;
	case EVENT_FAIL:
		run_end(vm, VM_FAILED);
		break;
	}
}

/* -- start, loop, stop -- */

static const struct console_events console_events = {
	.wake = on_wake,
	.sent = on_sent,
	.end = on_user_end,
	.broken = on_broken,
};

int run_init(struct vm *vm)
{
	const struct vm_watch *watch = vm->config->watch;
	bool stdio = vm->config->console == VM_CONSOLE_STDIO;
	int out = stdio ? STDOUT_FILENO : -1;

	vm->console = malloc(sizeof(*vm->console));
	vm->panic = malloc(CONSOLE_LINES * sizeof(*vm->panic));
	vm->outlet = malloc(sizeof(*vm->outlet));
	if (!vm->console || !vm->panic || !vm->outlet) {
		free(vm->console);
		vm->console = NULL;
		return err_set(ENOMEM, "console");
	}
	console_init(vm->console, &console_events, vm,
		     watch ? watch->console_fd : out);
	init_panics(vm);
	outlet_init(vm->outlet);
	return 0;
}

void run_fini(struct vm *vm)
{
	if (vm->console)
		console_fini(vm->console);
	free(vm->console);
	free(vm->panic);
	free(vm->outlet);
}

/* NULL: the guest has none. */
static struct device *device_of(struct vm *vm, const struct device_class *class)
{
	for (unsigned i = 0; i < vm->nr_devices; i++)
		if (vm->devices[i].class == class)
			return &vm->devices[i];
	return NULL;
}

int vm_balloon(struct vm *vm, uint64_t size)
{
	struct device *d = device_of(vm, &virtio_balloon_class.device);

	if (!d)
		return err_say(ENODEV, "the guest has none; start it with "
				       "--balloon");
	if (size > vm->ram_size)
		return err_say(ERANGE,
			       "the guest has no more than %" PRIu64 " MiB",
			       vm->ram_size / MIB);
	balloon_set(d, size);
	return 0;
}

/* Not before the guest is to run: of one that cannot nothing is left behind. */
static int open_outlet(struct vm *vm)
{
	int rc = outlet_open(vm->outlet, vm->config);

	if (rc == 0 && vm->outlet->fd >= 0)
		console_to(vm->console, vm->outlet);
	return rc;
}

static void on_alarm(void *ctx, short revents)
{
	(void)revents;
	rtc_alarm(ctx);
}

static int watch_alarm(struct vm *vm)
{
	struct device *rtc = device_of(vm, &rtc_class);

	return loop_add(&vm->loop, rtc_alarm_fd(rtc), POLLIN, on_alarm, rtc);
}

static void start_console(struct vm *vm)
{
	bool input =
		!vm->config->watch && vm->config->console == VM_CONSOLE_STDIO;

	console_start(vm->console, vm_serial(vm, 0),
		      device_of(vm, &virtio_console_class.device), &vm->loop,
		      input);
}

/* As if the guest had asked for it. */
static void on_watchdog(void *ctx, short revents)
{
	struct vm *vm = ctx;

	(void)revents;
	if (!watchdog_expired(vm_watchdog(vm)))
		return;
	log_warn("the watchdog resets the guest");
	threads_tell(vm, EVENT_RESET);
}

static int start(struct vm *vm)
{
	struct device *watchdog = vm_watchdog(vm);
	int rc;

	vm->wake_fd = eventfd(0, EFD_CLOEXEC);
	if (vm->wake_fd < 0)
		return err_set(errno, "eventfd");
	rc = loop_add(&vm->loop, vm->wake_fd, POLLIN, on_event, vm);
	if (rc == 0 && watchdog)
		rc = loop_add(&vm->loop, watchdog_fd(watchdog), POLLIN,
			      on_watchdog, vm);
	if (rc == 0)
		rc = signals_take(vm);
	if (rc == 0)
		rc = watch_alarm(vm);
	if (rc == 0)
		rc = open_outlet(vm);
	if (rc == 0)
		rc = threads_start(vm);
	return rc;
}

static void stop(struct vm *vm)
{
	threads_quit(vm);
	console_stop(vm->console);
	outlet_close(vm->outlet);
	loop_del(&vm->loop, rtc_alarm_fd(device_of(vm, &rtc_class)));
	signals_give_back(vm);
	if (vm_watchdog(vm))
		loop_del(&vm->loop, watchdog_fd(vm_watchdog(vm)));
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
		run_end(vm, VM_FAILED);
	if (!is_past(first))
		return;
	if (is_past(due))
		console_serve(vm->console);
	if (is_past(vm->settle_ns) && vm->end == VM_NONE) {
		vm->settle_ns = 0;
		vm->config->settled(vm->config->settled_ctx);
	}
	if (is_past(vm->stop_ns))
		run_end(vm, vm->signal ? VM_SIGNALLED : VM_OFF);
	if (is_past(limit))
		run_end(vm, VM_TIMEOUT);
}

enum vm_end vm_run(struct vm *vm)
{
	uint64_t limit = vm->config->timeout_ns;
	uint64_t deadline = limit ? clock_mono_ns() + limit : 0;

	vm->began_ns = clock_mono_ns();
	if (vm->config->settled)
		vm->settle_ns = vm->began_ns + SETTLE_NS;
	if (start(vm) < 0)
		run_end(vm, VM_FAILED);
	else
		start_console(vm);
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
	run_end(vm, VM_OFF);
}

bool vm_press_power(struct vm *vm)
{
	return gpio_press_power(device_of(vm, &gpio_class));
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
		run_end(vm, vm->signal ? VM_SIGNALLED : VM_OFF);
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
