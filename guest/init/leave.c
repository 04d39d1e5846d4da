/* SPDX-License-Identifier: BSD-2-Clause */
#include "leave.h"

#include <linux/reboot.h>

#include "channel.h"
#include "console.h"
#include "kexec.h"
#include "mounts.h"
#include "sys.h"

enum { X_OK = 1 };

static _Noreturn void leave(uint64_t nr, unsigned how)
{
	sys(__NR_sync);
	answer_done(nr);
	channel_drain();
	machine_end(how);
}

void leave_kexec(uint64_t nr, char *args)
{
	const char *what;
	int rc = kexec_prepare(args, &what);

	if (rc < 0)
		answer_error(nr, what, rc);
	else
		leave(nr, LINUX_REBOOT_CMD_KEXEC);
}

void leave_reboot(uint64_t nr, char *args)
{
	(void)args;
	leave(nr, LINUX_REBOOT_CMD_RESTART);
}

void leave_off(uint64_t nr, char *args)
{
	(void)args;
	leave(nr, LINUX_REBOOT_CMD_POWER_OFF);
}

/* Much as the kernel would have started it. */
void leave_init(uint64_t nr, char *args)
{
	static char home[] = "HOME=/", term[] = "TERM=linux";
	static char *const environment[] = { home, term, NULL };
	static const sigset_t none;
	char *argv[] = { args, NULL };
	long rc = sys(__NR_faccessat, AT_FDCWD, args, X_OK);

	if (rc < 0) {
		answer_error(nr, "init", rc);
		return;
	}
	answer_done(nr);
	channel_leave();
	sys(__NR_kill, -1, SIGKILL);
	mounts_undo();
	sys(__NR_rt_sigprocmask, SIG_SETMASK, &none, NULL, SIGSET_SIZE);
	rc = sys(__NR_execve, args, argv, environment);
	answer_error(nr, args, rc); /* after all */
	channel_drain();
	machine_end(LINUX_REBOOT_CMD_POWER_OFF);
}
