/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * screen.h - the whole of the user's terminal for a while: rows of text that
 * are written again only where they changed, and keys.
 *
 * The terminal is given back as it was on every way out: screen_close(), all
 * signals that end us, our own crashes.  Ctrl-z gives it back, too; it is taken
 * again when we go on.
 *
 * Spec:    ECMA-48; xterm's control sequences 1049 (the other screen) and 25 (the
 *          cursor), which terminals that have none of them pass over.
 * Units:   rows and columns, from 0.
 * Errors:  0 or a negative errno whose words err_text() holds.
 * Owns:    what is shown; the terminal, of which there is one to a process.
 * Threads: one; the handlers of deadly signals run wherever those hit.
 */
#ifndef CMD_SCREEN_H
#define CMD_SCREEN_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of a row, in bytes. */
enum { SCREEN_LINE_MAX = 1024 };

/* Keys that are no letters. */
enum {
	KEY_NONE,
	KEY_UP = 0x100,
	KEY_DOWN,
	KEY_PAGE_UP,
	KEY_PAGE_DOWN,
	KEY_HOME,
	KEY_END,
};

/* Keys from bytes; zeroed, nothing has come yet. */
struct keys {
	char in;	 /* a sequence: ESC, [ or O; 0: none */
	unsigned number; /* its first argument */
	bool first;	 /* which is not over */
};

/* The next byte; the key that it completes, or KEY_NONE. */
int keys_feed(struct keys *k, unsigned char byte);

struct screen {
	int keys_fd;	 /* -1: no keys any more */
	sigset_t before; /* the signals that were blocked */
	unsigned rows, columns;
	bool whole;			/* nothing is known of what is shown */
	char (*shown)[SCREEN_LINE_MAX]; /* owned; by row */
	char *frame;			/* owned; what is to be written */
	size_t len;
	unsigned row; /* the next */
	struct keys keys;
};

/* Can standard output be such a screen, and has it colours? */
bool screen_possible(void);
bool screen_coloured(void);

/* Columns and rows of the terminal at @fd; 80 and 24 if it does not tell. */
void screen_size(int fd, unsigned *ret_columns, unsigned *ret_rows);

/* Take it.  In the background we are stopped until it is our turn. */
int screen_open(struct screen *s);

/* Fine on a zeroed *s, and twice. */
void screen_close(struct screen *s);

/* A new picture: rows and columns are what they are now. */
int screen_begin(struct screen *s);

/*
 * The next of its rows: less than SCREEN_LINE_MAX bytes, and no wider than there
 * are columns but one.
 */
void screen_row(struct screen *s, const char *line);

/* Have it shown, by one write(2), or none where it is shown already. */
int screen_end(struct screen *s);

/*
 * As poll(2), until @deadline_ns of clock_mono_ns(); also over, with 0, when the
 * terminal's size changed or it was taken again.  Fine on a zeroed *s.
 */
int screen_wait(struct screen *s, struct pollfd *fds, nfds_t nr,
		uint64_t deadline_ns);

/* What has been typed, up to @room keys; -EIO: nobody can type any more. */
int screen_keys(struct screen *s, int *ret_keys, int room);

#endif
