/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pty.c - run a command on a terminal of its own.
 *
 *	pty CMD [ARG...]
 *
 * What comes on standard input is typed, what the terminal shows goes to
 * standard output.  The exit status is CMD's (128+n: signal n ended it), or 99
 * if it did not leave the terminal's settings as it found them; what changed
 * is then said on standard error.  TERM and the like end CMD, not us: the first
 * line on standard error is "pty: PID", CMD's.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { CHANGED = 99, OURS = 125 };

static int complain(const char *what)
{
	fprintf(stderr, "pty: %s: %s\n", what, strerror(errno));
	return OURS;
}

static _Noreturn void child(const char *terminal, char **argv)
{
	int fd;

	/* A script's "&" ignores these; at a terminal they are as usual. */
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	setsid();
	fd = open(terminal, O_RDWR); /* the session's first is its own */
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
	execvp(argv[0], argv);
	_exit(127);
}

static bool write_all(int fd, const char *buf, ssize_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, buf, (size_t)n);

		if (done < 0 && errno != EINTR)
			return false;
		if (done > 0) {
			buf += done;
			n -= done;
		}
	}
	return true;
}

/* Pass on one bufferful; false: there will be no more. */
static bool pass_on(int from, int to)
{
	char buf[4096];
	ssize_t n = read(from, buf, sizeof(buf));

	if (n < 0 && errno == EINTR)
		return true;
	return n > 0 && write_all(to, buf, n);
}

/* Between @master and our own descriptors until process @pid has ended. */
static int relay(int master, pid_t pid)
{
	bool typing = true;
	int ws;

	for (;;) {
		struct pollfd p[] = {
			{ .fd = master, .events = POLLIN },
			{ .fd = typing ? STDIN_FILENO : -1, .events = POLLIN },
		};
		bool ended = waitpid(pid, &ws, WNOHANG) == pid;
		/* Nobody tells us of its end but the clock. */
		int n = poll(p, 2, ended ? 0 : 50);

		if (n > 0 && p[0].revents)
			pass_on(master, STDOUT_FILENO);
		else if (ended)
			return ws;
		if (n > 0 && p[1].revents)
			typing = pass_on(STDIN_FILENO, master);
	}
}

static bool same(const struct termios *a, const struct termios *b)
{
	struct {
		const char *name;
		unsigned long a, b;
	} flags[] = {
		{ "input modes", a->c_iflag, b->c_iflag },
		{ "output modes", a->c_oflag, b->c_oflag },
		{ "control modes", a->c_cflag, b->c_cflag },
		{ "local modes", a->c_lflag, b->c_lflag },
	};
	bool same = memcmp(a->c_cc, b->c_cc, sizeof(a->c_cc)) == 0;

	if (!same)
		fprintf(stderr, "pty: control characters were changed\n");
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (flags[i].a == flags[i].b)
			continue;
		fprintf(stderr, "pty: %s were changed from %#lo to %#lo\n",
			flags[i].name, flags[i].a, flags[i].b);
		same = false;
	}
	return same;
}

int main(int argc, char **argv)
{
	struct winsize size = { .ws_row = 25, .ws_col = 80 };
	struct termios before, after;
	int master, slave, ws;
	pid_t pid;

	if (argc < 2) {
		fprintf(stderr, "usage: pty CMD [ARG...]\n");
		return 2;
	}
	master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		return complain("no terminal");
	/* Held open, so that it is there to be looked at afterwards. */
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0 || tcgetattr(slave, &before) < 0)
		return complain(ptsname(master));
	ioctl(slave, TIOCSWINSZ, &size);

	pid = fork();
	if (pid == 0)
		child(ptsname(master), argv + 1);
	if (pid < 0)
		return complain("fork");
	fprintf(stderr, "pty: %d\n", (int)pid);
	ws = relay(master, pid);
	if (tcgetattr(slave, &after) < 0)
		return complain("terminal");
	if (!same(&before, &after))
		return CHANGED;
	return WIFSIGNALED(ws) ? 128 + WTERMSIG(ws) : WEXITSTATUS(ws);
}
