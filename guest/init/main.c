/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c - process 1 of a guest under a boot test: does what the host asks for.
 *
 * It is all that an initramfs needs to hold, runs on any arm64 Linux (pages of
 * 4, 16 and 64 KiB) and asks the kernel for no module: the serial ports that it
 * talks over are built in wherever a console is.  It takes no CPU time that it
 * is not asked for: it sleeps until a request comes, a child ends, or something
 * is printed.
 */
#include <asm/poll.h>
#include <linux/reboot.h>
#include <linux/wait.h>

#include "busy.h"
#include "channel.h"
#include "console.h"
#include "exec.h"
#include "kmsg.h"
#include "mounts.h"
#include "sys.h"
#include "text.h"
#include "verbs.h"

_Noreturn void init_main(void); /* start.S */

static _Noreturn void give_up(const char *what, int rc)
{
	char buf[ERROR_CHARS];

	console_say("%s: %s", what, text_error(buf, -rc));
	machine_end(LINUX_REBOOT_CMD_POWER_OFF);
}

static void woken(int signal)
{
	(void)signal;
}

/* A child's end wakes us while we poll, and at no other time. */
static void hear_children(void)
{
	static const struct sigaction action = { .sa_handler = woken };
	sigset_t set = { { 1UL << (SIGCHLD - 1) } };

	sys(__NR_rt_sigprocmask, SIG_BLOCK, &set, NULL, SIGSET_SIZE);
	sys(__NR_rt_sigaction, SIGCHLD, &action, NULL, SIGSET_SIZE);
}

static void reap(void)
{
	int pid, status;

	while ((pid = (int)sys(__NR_wait4, -1, &status, WNOHANG, NULL)) > 0) {
		exec_ended(pid, status);
		busy_ended(pid, status);
	}
	busy_settle();
}

static _Noreturn void serve(int channel, int printed)
{
	static const sigset_t none;
	struct pollfd fds[] = {
		{ .fd = channel, .events = POLLIN },
		{ .fd = printed, .events = POLLIN },
	};
	int rc;

	for (;;) {
		fds[0].revents = fds[1].revents = 0;
		sys(__NR_ppoll, fds, 2, NULL, &none, SIGSET_SIZE);
		reap();
		if (fds[0].revents) {
			rc = channel_read(verbs_do);
			if (rc < 0)
				give_up("channel lost: " CHANNEL_NAME, rc);
		}
		if (fds[1].revents)
			exec_pass();
	}
}

_Noreturn void init_main(void)
{
	int channel, printed, rc;

	console_open();
	channel = channel_open();
	if (channel < 0)
		give_up("no channel: " CHANNEL_NAME, channel);
	channel_hello();
	mounts_make();
	kmsg_open();
	hear_children();
	printed = exec_init();
	if (printed < 0)
		give_up("pipe", printed);
	rc = busy_init();
	if (rc < 0)
		give_up("memory", rc);
	serve(channel, printed);
}
