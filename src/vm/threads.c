/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * threads.c - one thread per vCPU, for its life, and how main stops them.
 *
 * Main starts the threads of vCPUs 0 and 1; each from 1 on starts the next
 * before it goes on.  So vCPU 0 is in the guest while its siblings, which have
 * nothing to do until it calls them, are still being made, and main is free to
 * serve the console at once.
 *
 * Invariants:
 *  1. A vCPU's thread is in the guest, in exit_handle(), or parked; it parks
 *     only in park(), with vm->lock.
 *  2. nr_parked counts exactly the threads inside park()'s wait.
 *  3. nr_threads grows under vm->lock, and never once want is QUIT.
 *  4. Whoever sets want to anything but RUN does so under vm->lock, then sets
 *     every present vCPU's immediate_exit, then signals it.  A thread that was
 *     there comes back from the guest, or from being about to enter it; one
 *     that is made later sees want first.  So no signal can be too early.
 *     immediate_exit is taken back only when all threads are parked.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/err.h"
#include "vm/console.h"
#include "vm/parts.h"

/*
 * Enough for our deepest call, a log line, twice over; the C library asks for
 * 128 KiB on arm64 anyway.
 */
enum { STACK_SIZE = 256 * 1024 };

int threads_signal(void)
{
	return SIGRTMIN;
}

static void kicked(int sig)
{
	(void)sig; /* its only work is to end a system call */
}

void threads_tell(struct vm *vm, enum vm_event event)
{
	uint64_t one = 1;

	pthread_mutex_lock(&vm->lock);
	if (vm->event == EVENT_NONE || event == EVENT_FAIL) {
		vm->event = event;
		if (event == EVENT_FAIL)
			err_copy(vm->words);
	}
	pthread_mutex_unlock(&vm->lock);
	/* Cannot fail: the counter is far from its end. */
	if (write(vm->wake_fd, &one, sizeof(one)) < 0)
		return;
}

static int start_next(struct vm *vm);

/* Wait until main wants something of this vCPU; true: go on running. */
static bool park(struct vm *vm)
{
	bool go;

	pthread_mutex_lock(&vm->lock);
	vm->nr_parked++;
	if (vm->want != WANT_RUN)
		pthread_cond_signal(&vm->parked);
	while (vm->want == WANT_PARK)
		pthread_cond_wait(&vm->changed, &vm->lock);
	vm->nr_parked--;
	go = vm->want == WANT_RUN;
	pthread_mutex_unlock(&vm->lock);
	return go;
}

/* Tell main of @event and stay until it has decided. */
static bool tell_and_park(struct vm *vm, enum vm_event event)
{
	pthread_mutex_lock(&vm->lock);
	if (vm->want == WANT_RUN)
		vm->want = WANT_PARK;
	pthread_mutex_unlock(&vm->lock);
	threads_tell(vm, event);
	return park(vm);
}

/* Something wants this vCPU out of the guest: main, or what it owes. */
static bool interrupted(struct vcpu_thread *t)
{
	bool go = park(t->vm);

	if (go)
		hold_check(t);
	return go;
}

static void *vcpu_main(void *arg)
{
	struct vcpu_thread *t = arg;
	struct vm *vm = t->vm;
	struct kvm_vcpu *vcpu = &vm->vcpus[t->index];
	char name[16];
	bool go;

	snprintf(name, sizeof(name), "vcpu%u", t->index);
	prctl(PR_SET_NAME, name);
	atomic_store(&t->began_ns, clock_mono_ns());
	atomic_store(&t->tid, (int)syscall(SYS_gettid));

	if (pin_self(vm, t->index) < 0 || (t->index > 0 && start_next(vm) < 0))
		go = tell_and_park(vm, EVENT_FAIL);
	else
		go = park(vm);
	hold_check(t);
	while (go) {
		enum vm_event event = EVENT_NONE;
		int rc = kvm_vcpu_run(vcpu);

		if (rc == 0)
			event = exit_handle(vm, vcpu);
		else if (rc != -EINTR)
			event = EVENT_FAIL;

		if (event != EVENT_NONE)
			go = tell_and_park(vm, event);
		else if (rc == -EINTR)
			go = interrupted(t);
	}
	hold_fini(t);
	atomic_store(&t->tid, 0); /* soon somebody else's */
	return NULL;
}

/* From now on all vCPUs shall do as @want says; how many there are. */
static unsigned want(struct vm *vm, enum vm_want want)
{
	unsigned nr;

	pthread_mutex_lock(&vm->lock);
	vm->want = want;
	nr = vm->nr_threads;
	pthread_cond_broadcast(&vm->changed);
	pthread_mutex_unlock(&vm->lock);
	return nr;
}

/* Get the first @nr vCPUs out of the guest. */
static void kick(struct vm *vm, unsigned nr)
{
	for (unsigned i = 0; i < nr; i++)
		kvm_vcpu_stop(&vm->vcpus[i]);
	for (unsigned i = 0; i < nr; i++)
		pthread_kill(vm->threads[i].id, threads_signal());
}

void threads_park(struct vm *vm)
{
	unsigned nr = want(vm, WANT_PARK);

	/* In this order: one that need not wait any more must not run on. */
	kick(vm, nr);
	console_release(vm->console);
	pthread_mutex_lock(&vm->lock);
	while (vm->nr_parked < vm->nr_threads)
		pthread_cond_wait(&vm->parked, &vm->lock);
	pthread_mutex_unlock(&vm->lock);
}

void threads_go(struct vm *vm)
{
	if (vm->pause.lasts)
		return;
	for (unsigned i = 0; i < vm->nr_threads; i++)
		kvm_vcpu_go(&vm->vcpus[i]);
	console_hold(vm->console);
	want(vm, WANT_RUN);
}

enum vm_event threads_event(struct vm *vm)
{
	enum vm_event event;

	pthread_mutex_lock(&vm->lock);
	event = vm->event;
	pthread_mutex_unlock(&vm->lock);
	return event;
}

void threads_pass(struct vm *vm)
{
	threads_park(vm);
	if (threads_event(vm) == EVENT_NONE)
		threads_go(vm);
}

void threads_quit(struct vm *vm)
{
	unsigned nr = want(vm, WANT_QUIT);

	kick(vm, nr);
	console_release(vm->console);
	for (unsigned i = 0; i < nr; i++)
		pthread_join(vm->threads[i].id, NULL);
	vm->nr_threads = 0;
}

/* Start the next vCPU's thread, if there is one and it is still wanted. */
static int start_next(struct vm *vm)
{
	struct vcpu_thread *t;
	pthread_attr_t attr;
	int rc = 0;

	pthread_mutex_lock(&vm->lock);
	if (vm->want != WANT_QUIT && vm->nr_threads < vm->nr_cpus) {
		t = &vm->threads[vm->nr_threads];
		t->vm = vm;
		t->index = vm->nr_threads;
		pthread_attr_init(&attr);
		pthread_attr_setstacksize(&attr, STACK_SIZE);
		rc = pthread_create(&t->id, &attr, vcpu_main, t);
		pthread_attr_destroy(&attr);
		if (rc > 0)
			rc = err_set(rc, "thread of vCPU %u", t->index);
		else
			vm->nr_threads++;
	}
	pthread_mutex_unlock(&vm->lock);
	return rc;
}

int threads_start(struct vm *vm)
{
	struct sigaction sa = { .sa_handler = kicked };
	sigset_t kick_only;
	int rc;

	sigaction(threads_signal(), &sa, NULL);
	/* Whoever started us may have blocked it; the threads inherit this. */
	sigemptyset(&kick_only);
	sigaddset(&kick_only, threads_signal());
	pthread_sigmask(SIG_UNBLOCK, &kick_only, NULL);
	vm->want = WANT_RUN;
	rc = start_next(vm);
	return rc < 0 ? rc : start_next(vm);
}
