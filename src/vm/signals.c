/* SPDX-License-Identifier: BSD-2-Clause */
/* signals.c - what the main thread does for signals while the guest runs. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "util/err.h"
#include "util/loop.h"
#include "util/util.h"
#include "vm/console.h"
#include "vm/parts.h"
#include "vm/tty.h"
#include "vm/vm.h"

/* As from the shell's job control; the guest is paused meanwhile. */
static void stand_still(struct vm *vm)
{
	bool paused = vm_pause(vm, vm->config->pause_steals) == 0;

	tty_restore();
	raise(SIGSTOP);
	if (paused && vm_resume(vm) < 0)
		run_end(vm, VM_FAILED);
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
		console_again(vm->console);
		break;
	case SIGWINCH:
		console_resized(vm->console);
		break;
	case SIGINT:
	case SIGTERM:
		ask_by_signal(vm, (int)info.ssi_signo);
		break;
	default:
		vm->signal = (int)info.ssi_signo;
		run_end(vm, VM_SIGNALLED);
	}
}

/*
 * Signals that mean something to us come by a descriptor from now on.  One that
 * our parent had ignored (nohup, a script's &) stays ignored: blocked, it would
 * come nevertheless.  Of SIGPIPE write(2) tells us, see on_broken().
 */
int signals_take(struct vm *vm)
{
	static const int wanted[] = { SIGINT,  SIGTERM, SIGHUP,	  SIGQUIT,
				      SIGTSTP, SIGCONT, SIGWINCH, SIGPIPE };
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

void signals_give_back(struct vm *vm)
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
