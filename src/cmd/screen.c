/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/screen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/err.h"
#include "util/save.h"
#include "util/util.h"

enum {
	ESC = 0x1b,
	ROWS_MAX = 1000,
	COLUMNS_MAX = 1000,
	MOVE_MAX =
		16, /* bytes to get to a row and to clear what is behind it */
};

/* The other screen, without a cursor; and back, leaving nothing behind. */
static const char enter[] = "\033[?1049h\033[?25l";
static const char leave[] = "\033[0m\033[H\033[J\033[?25h\033[?1049l";

/* File scope, because signal handlers have no other way to it. */
static struct termios saved;
static volatile sig_atomic_t terminal = -1; /* whose settings these are */
static volatile sig_atomic_t is_taken;
static volatile sig_atomic_t goes_on; /* after we had been stopped */

/* What ends us without a word. */
static const int deadly[] = { SIGHUP,  SIGINT,	SIGQUIT,   SIGTERM, SIGPIPE,
			      SIGSEGV, SIGBUS,	SIGILL,	   SIGFPE,  SIGABRT,
			      SIGSYS,  SIGTRAP, SIGUSR1,   SIGUSR2, SIGALRM,
			      SIGIO,   SIGPWR,	SIGVTALRM, SIGPROF, SIGXCPU,
			      SIGXFSZ };

/* -- the terminal, also from signal handlers -- */

static void say(const char *text, size_t size)
{
	while (size > 0) {
		ssize_t n = write(STDOUT_FILENO, text, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* it is gone */
		text += n;
		size -= (size_t)n;
	}
}

/* In the background it is somebody else's now. */
static bool is_background(void)
{
	pid_t group = tcgetpgrp(terminal);

	return group >= 0 && group != getpgrp();
}

static void give_back(void)
{
	if (!is_taken || is_background())
		return;
	say(leave, sizeof(leave) - 1);
	tcsetattr(terminal, TCSANOW, &saved);
	is_taken = 0;
}

static int take(void)
{
	struct termios raw;

	/* In the background, this stops us before we read what is not ours. */
	while (tcdrain(terminal) < 0 && errno == EINTR)
		;
	if (!is_taken && tcgetattr(terminal, &saved) < 0)
		return -errno;
	raw = saved;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_iflag &= ~(tcflag_t)IXON; /* halted, nobody could leave it */
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(terminal, TCSANOW, &raw) < 0)
		return -errno;
	if (!is_taken) {
		is_taken = 1;
		say(enter, sizeof(enter) - 1);
	}
	return 0;
}

static void on_death(int sig)
{
	give_back();
	signal(sig, SIG_DFL);
	raise(sig);
}

static void on_stop(int sig)
{
	struct sigaction ours, usual = { .sa_handler = SIG_DFL };
	int err = errno;
	sigset_t stop;

	give_back();
	sigemptyset(&stop);
	sigaddset(&stop, sig);
	sigaction(sig, &usual, &ours);
	raise(sig);
	sigprocmask(SIG_UNBLOCK, &stop, NULL);
	/* Here we are stopped, until somebody has us go on. */
	sigaction(sig, &ours, NULL);
	take();
	raise(SIGCONT); /* screen_wait() is to know, also if it comes later */
	errno = err;
}

static void on_continue(int sig)
{
	(void)sig;
	goes_on = 1;
}

static void on_size(int sig)
{
	(void)sig; /* it has ended ppoll(2), and that is all */
}

/* @handler in the place of what the system does; what is ignored stays so. */
static void handle(int sig, void (*handler)(int))
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_RESTART };
	struct sigaction old;

	sigaction(sig, NULL, &old);
	if (old.sa_handler == SIG_DFL)
		sigaction(sig, &sa, NULL);
}

static void unhandle(int sig, void (*handler)(int))
{
	struct sigaction old;

	sigaction(sig, NULL, &old);
	if (old.sa_handler == handler)
		signal(sig, SIG_DFL);
}

/* -- keys -- */

static int final(const struct keys *k, char byte)
{
	static const int numbered[] = {
		[1] = KEY_HOME,	     [4] = KEY_END,  [5] = KEY_PAGE_UP,
		[6] = KEY_PAGE_DOWN, [7] = KEY_HOME, [8] = KEY_END,
	};

	switch (byte) {
	case 'A':
		return KEY_UP;
	case 'B':
		return KEY_DOWN;
	case 'F':
		return KEY_END;
	case 'H':
		return KEY_HOME;
	case '~':
		return k->number < ARRAY_SIZE(numbered) ? numbered[k->number]
							: KEY_NONE;
	default:
		return KEY_NONE;
	}
}

int keys_feed(struct keys *k, unsigned char byte)
{
	char in = k->in;

	if (byte == ESC) {
		*k = (struct keys){ .in = ESC };
		return KEY_NONE;
	}
	if (in == ESC && (byte == '[' || byte == 'O')) {
		*k = (struct keys){ .in = (char)byte, .first = true };
		return KEY_NONE;
	}
	if (in == '[' && byte >= ' ' && byte <= '?') {
		if (k->first && byte >= '0' && byte <= '9')
			k->number = (k->number * 10 + (byte - '0')) % 1000;
		else
			k->first = false;
		return KEY_NONE;
	}
	k->in = 0;
	if (in == '[' || in == 'O')
		return final(k, (char)byte);
	return byte < 0x80 ? byte : KEY_NONE;
}

int screen_keys(struct screen *s, int *ret_keys, int room)
{
	unsigned char bytes[64];
	ssize_t n;
	int nr = 0;

	n = read(s->keys_fd, bytes,
		 (size_t)room < sizeof(bytes) ? (size_t)room : sizeof(bytes));
	if (n < 0 && errno == EBADF) {
		s->keys_fd = -1; /* not open for reading */
		return 0;
	}
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0)
		return err_say(EIO, "the terminal is gone");
	for (ssize_t i = 0; i < n; i++) {
		int key = keys_feed(&s->keys, bytes[i]);

		if (key != KEY_NONE)
			ret_keys[nr++] = key;
	}
	return nr;
}

/* -- the screen -- */

bool screen_possible(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && term && *term &&
	       strcmp(term, "dumb") != 0;
}

bool screen_coloured(void)
{
	const char *no_color = getenv("NO_COLOR");

	return screen_possible() && !(no_color && *no_color);
}

void screen_size(int fd, unsigned *ret_columns, unsigned *ret_rows)
{
	struct winsize size = { 0 };

	if (ioctl(fd, TIOCGWINSZ, &size) < 0)
		size = (struct winsize){ 0 };
	*ret_columns = size.ws_col > 0 ? size.ws_col : 80;
	*ret_rows = size.ws_row > 0 ? size.ws_row : 24;
}

int screen_open(struct screen *s)
{
	sigset_t late;
	int rc;

	*s = (struct screen){ .keys_fd = STDIN_FILENO };
	if (!isatty(STDIN_FILENO))
		s->keys_fd = STDOUT_FILENO; /* "| top", "< file" */
	terminal = s->keys_fd;
	for (size_t i = 0; i < ARRAY_SIZE(deadly); i++)
		handle(deadly[i], on_death);
	handle(SIGTSTP, on_stop);
	handle(SIGCONT, on_continue);
	handle(SIGWINCH, on_size);
	sigemptyset(&late);
	sigaddset(&late, SIGCONT);
	sigaddset(&late, SIGWINCH);
	sigprocmask(SIG_BLOCK, &late, &s->before);
	rc = take();
	if (rc < 0) {
		screen_close(s);
		return err_set(-rc, "terminal");
	}
	return 0;
}

void screen_close(struct screen *s)
{
	if (terminal >= 0) {
		give_back();
		unhandle(SIGWINCH, on_size);
		unhandle(SIGCONT, on_continue);
		unhandle(SIGTSTP, on_stop);
		for (size_t i = 0; i < ARRAY_SIZE(deadly); i++)
			unhandle(deadly[i], on_death);
		sigprocmask(SIG_SETMASK, &s->before, NULL);
		terminal = -1;
		is_taken = 0;
	}
	free(s->shown);
	free(s->frame);
	*s = (struct screen){ .keys_fd = -1 };
}

static int resize(struct screen *s, unsigned columns, unsigned rows)
{
	size_t line = MOVE_MAX + SCREEN_LINE_MAX;

	free(s->shown);
	free(s->frame);
	s->rows = s->columns = 0;
	s->shown = calloc(rows, sizeof(*s->shown));
	s->frame = malloc(rows * line);
	if (!s->shown || !s->frame)
		return err_set(ENOMEM, "screen");
	s->rows = rows;
	s->columns = columns;
	return 0;
}

int screen_begin(struct screen *s)
{
	unsigned columns, rows;
	int rc;

	if (goes_on) {
		goes_on = 0;
		rc = take();
		if (rc < 0)
			return err_set(-rc, "terminal");
		s->whole = true;
	}
	s->len = 0;
	s->row = 0;
	screen_size(STDOUT_FILENO, &columns, &rows);
	columns = columns < COLUMNS_MAX ? columns : COLUMNS_MAX;
	rows = rows < ROWS_MAX ? rows : ROWS_MAX;
	if (columns == s->columns && rows == s->rows)
		return 0;
	s->whole = true;
	return resize(s, columns, rows);
}

void screen_row(struct screen *s, const char *line)
{
	unsigned row = s->row++;

	if (row >= s->rows || (!s->whole && strcmp(line, s->shown[row]) == 0))
		return;
	/* No wider than that the cursor is still in the row when it is there. */
	s->len += (size_t)sprintf(s->frame + s->len, "\033[%u;1H%s\033[K",
				  row + 1, line);
	strcpy(s->shown[row], line);
}

int screen_end(struct screen *s)
{
	while (s->row < s->rows)
		screen_row(s, "");
	s->whole = false;
	if (s->len == 0)
		return 0;
	return err_in(save_all(STDOUT_FILENO, s->frame, s->len), "terminal");
}

int screen_wait(struct screen *s, struct pollfd *fds, nfds_t nr,
		uint64_t deadline_ns)
{
	uint64_t now = clock_mono_ns(), left;
	struct timespec patience;
	int n;

	left = deadline_ns > now ? deadline_ns - now : 0;
	patience.tv_sec = (time_t)(left / 1000000000);
	patience.tv_nsec = (long)(left % 1000000000);
	n = ppoll(fds, nr, &patience, terminal >= 0 ? &s->before : NULL);
	if (n < 0 && errno == EINTR)
		n = 0;
	return n < 0 ? err_set(errno, "poll") : n;
}
