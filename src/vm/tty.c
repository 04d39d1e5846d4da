/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm/tty.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "util/util.h"

/* File scope, because signal handlers have no other way to it. */
static struct termios saved;
static volatile sig_atomic_t is_raw;

/* What would end us without a word, run.c's own signals apart. */
static const int deadly[] = { SIGSEGV, SIGBUS,	SIGILL,	   SIGFPE,
			      SIGABRT, SIGSYS,	SIGTRAP,   SIGUSR1,
			      SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF,
			      SIGXCPU, SIGXFSZ, SIGIO,	   SIGPWR };

/* A process in the background would be stopped for touching it. */
static bool is_ours(void)
{
	return tcgetpgrp(STDIN_FILENO) == getpgrp();
}

void tty_restore(void)
{
	if (is_raw && is_ours())
		tcsetattr(STDIN_FILENO, TCSANOW, &saved);
	is_raw = 0;
}

static void die(int sig)
{
	tty_restore();
	signal(sig, SIG_DFL);
	raise(sig);
}

/* Once in a process's life; signals that are ignored stay so. */
static void watch_deaths(void)
{
	static bool done;
	struct sigaction sa, old;

	if (done)
		return;
	done = true;
	sa = (struct sigaction){ .sa_handler = die };
	for (size_t i = 0; i < ARRAY_SIZE(deadly); i++) {
		sigaction(deadly[i], NULL, &old);
		if (old.sa_handler == SIG_DFL)
			sigaction(deadly[i], &sa, NULL);
	}
	atexit(tty_restore);
}

bool tty_raw(void)
{
	struct termios now, raw;

	if (tcgetattr(STDIN_FILENO, &now) < 0) {
		errno = ENOTTY;
		return false;
	}
	if (!is_ours()) {
		errno = EPERM;
		return false;
	}
	watch_deaths();
	if (!is_raw)
		saved = now;
	raw = saved;
	cfmakeraw(&raw);
	raw.c_oflag = saved.c_oflag; /* small guests end lines with \n alone */
	is_raw = 1;
	return tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

bool tty_size(int fd, uint16_t *ret_columns, uint16_t *ret_rows)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) < 0)
		return false;
	*ret_columns = size.ws_col;
	*ret_rows = size.ws_row;
	return true;
}
