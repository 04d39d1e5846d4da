/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm/tty.h"

#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "util/util.h"

/* File scope, because signal handlers have no other way to it. */
static struct termios saved, raw;
static volatile sig_atomic_t is_raw;

static const int crashes[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };

void tty_restore(void)
{
	if (!is_raw)
		return;
	is_raw = 0;
	/* The guest's last lines first: they are on their way out. */
	tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
}

static void crashed(int sig)
{
	if (is_raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &saved);
	signal(sig, SIG_DFL);
	raise(sig);
}

bool tty_raw(void)
{
	struct sigaction sa = { .sa_handler = crashed };

	if (is_raw)
		return true;
	if (tcgetattr(STDIN_FILENO, &saved) < 0 ||
	    tcgetpgrp(STDIN_FILENO) != getpgrp())
		return false;
	raw = saved;
	cfmakeraw(&raw);
	raw.c_oflag = saved.c_oflag; /* small guests end lines with \n alone */
	for (size_t i = 0; i < ARRAY_SIZE(crashes); i++)
		sigaction(crashes[i], &sa, NULL);
	atexit(tty_restore);
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0)
		return false;
	is_raw = 1;
	return true;
}

void tty_again(void)
{
	if (is_raw && tcgetpgrp(STDIN_FILENO) == getpgrp())
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}
