/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hold.c - keeps vCPUs from running for a share of the time that they want to.
 *
 * Each vCPU's thread sees to itself.  A timer on its own CPU time gets it out of
 * the guest after it has run for a slice; for what it ran it then stays outside as
 * long as the share wants, asleep, and writes that into its record.  So one that is
 * idle loses nothing, nobody competes with it, and a timer that comes late, which is
 * the rule (CPU time is looked at when the scheduler ticks), only makes run and hold
 * longer by the same factor.
 *
 * How long it was held is measured, less what the scheduler let it wait meanwhile:
 * that KVM adds to the record itself.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "pvtime/steal.h"
#include "util/clock.h"
#include "util/err.h"
#include "util/log.h"
#include "vm/parts.h"
#include "vm/vm.h"

#define MS INT64_C(1000000)

#ifndef sigev_notify_thread_id /* timer_create(2); glibc has no name for it */
#define sigev_notify_thread_id _sigev_un._tid
#endif

/* How long a vCPU may run at a time, as far as ticks allow; the least to be held. */
#define SLICE_NS (4 * MS)
#define LEAST_NS (MS / 10)

static struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){
		.tv_sec = (time_t)(ns / 1000000000),
		.tv_nsec = (long)(ns % 1000000000),
	};
}

/* -- on the vCPU's own thread -- */

static uint64_t cpu_ns(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int make_timer(struct vcpu_thread *t)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = threads_signal(),
	};

	if (t->has_timer)
		return 0;
	event.sigev_notify_thread_id = atomic_load(&t->tid);
	if (timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &t->timer) < 0)
		return err_set(errno, "vCPU %u: timer", t->index);
	t->has_timer = true;
	return 0;
}

/* Start to count, or stop, as @permille says; where that fails, try again. */
static void arm(struct vcpu_thread *t, unsigned permille)
{
	struct itimerspec every = { 0 };

	t->owed_ns = 0;
	t->ran_ns = cpu_ns();
	if (make_timer(t) < 0) {
		if (!t->told)
			log_warn("steal: %s", err_text());
		t->told = true;
		return;
	}
	if (permille > 0)
		every.it_value = every.it_interval = timespec_of(SLICE_NS);
	timer_settime(t->timer, 0, &every, NULL);
	t->armed = permille;
}

/* Sleep until @until, or until main wants anything. */
static void sleep_until(struct vcpu_thread *t, uint64_t until)
{
	const struct timespec at = timespec_of(until);
	struct vm *vm = t->vm;
	int rc = 0;

	pthread_mutex_lock(&vm->lock);
	while (vm->want == WANT_RUN && rc == 0)
		rc = pthread_cond_clockwait(&vm->changed, &vm->lock,
					    CLOCK_MONOTONIC, &at);
	pthread_mutex_unlock(&vm->lock);
}

static void hold(struct vcpu_thread *t)
{
	pid_t tid = atomic_load(&t->tid);
	struct steal_times before, after;
	bool known = steal_read(tid, &before) == 0;
	uint64_t begun = clock_mono_ns();
	int64_t took;

	sleep_until(t, begun + (uint64_t)t->owed_ns);
	took = (int64_t)(clock_mono_ns() - begun);
	/* Without descriptors it is held all the same, if less exactly. */
	if (known && steal_read(tid, &after) == 0)
		took -= (int64_t)(after.wait_ns - before.wait_ns);
	if (took <= 0)
		return;
	t->owed_ns -= took;
	atomic_fetch_add(&t->held_ns, (uint64_t)took);
	/* vm_hold() saw that there is a record. */
	if (pvtime_add(&t->vm->pvtime, t->index, (uint64_t)took) < 0)
		log_debug("%s", err_text());
}

void hold_check(struct vcpu_thread *t)
{
	unsigned permille = atomic_load(&t->permille);
	uint64_t now;

	if (permille != t->armed)
		arm(t, permille);
	if (permille == 0)
		return;
	now = cpu_ns();
	t->owed_ns +=
		(int64_t)((now - t->ran_ns) * permille / (1000 - permille));
	t->ran_ns = now;
	if (t->owed_ns >= LEAST_NS)
		hold(t);
}

void hold_fini(struct vcpu_thread *t)
{
	if (t->has_timer)
		timer_delete(t->timer);
	t->has_timer = false;
	t->armed = 0;
}

/* -- on main's -- */

static bool has(const uint64_t *cpus, unsigned i)
{
	return !cpus || (cpus[i / 64] >> (i % 64) & 1);
}

static void on_timer(void *ctx, short revents)
{
	struct vm *vm = ctx;
	uint64_t n;

	(void)revents;
	/* A new one may be in the place of the one that was ready. */
	if (read(vm->hold_fd, &n, sizeof(n)) == sizeof(n))
		vm_hold(vm, 0, NULL, 0);
}

/* A timer that is ready after @ns; or a negative errno. */
static int make_limit(struct vm *vm, uint64_t ns)
{
	const struct itimerspec once = { .it_value = timespec_of(ns) };
	int rc, fd = timerfd_create(CLOCK_MONOTONIC,
				    TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd < 0)
		return err_set(errno, "timer");
	timerfd_settime(fd, 0, &once, NULL);
	rc = loop_add(&vm->loop, fd, POLLIN, on_timer, vm);
	if (rc < 0)
		close(fd);
	return rc < 0 ? rc : fd;
}

/* -1: none. */
static void set_limit(struct vm *vm, int fd)
{
	if (vm->hold_fd >= 0) {
		loop_del(&vm->loop, vm->hold_fd);
		close(vm->hold_fd);
	}
	vm->hold_fd = fd;
}

bool vm_can_hold(const struct vm *vm)
{
	return pvtime_can_add(&vm->pvtime);
}

int vm_hold(struct vm *vm, unsigned permille, const uint64_t *cpus,
	    uint64_t for_ns)
{
	int limit = -1;

	if (permille > 0 && !vm_can_hold(vm))
		return err_say(ENOTSUP,
			       "the guest has no record of stolen time that we "
			       "could write to (provider %s)",
			       pvtime_name(&vm->pvtime));
	if (permille > 0 && for_ns > 0) {
		limit = make_limit(vm, for_ns);
		if (limit < 0)
			return limit;
	}
	set_limit(vm, limit);
	for (unsigned i = 0; i < vm->nr_cpus; i++)
		atomic_store(&vm->threads[i].permille,
			     has(cpus, i) ? permille : 0);
	/* Each sees it when it comes back, which it does for this. */
	if (vm->nr_threads > 0)
		threads_pass(vm);
	return 0;
}

unsigned vm_hold_permille(const struct vm *vm, unsigned index)
{
	return atomic_load(&vm->threads[index].permille);
}
