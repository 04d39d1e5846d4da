/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inbox.h - what a guest under test does, handed to the thread that judges it.
 *
 * vCPU threads put in what the guest sends on its console and on the channel,
 * the main thread what becomes of the machine; the judge waits for any of it.
 * A guest may send as much as it likes: of the console the latest lines are
 * kept, and what comes first of each kind of trouble; a channel that is not
 * read in time is marked as overrun.  Nothing here ever waits for the judge.
 *
 * Units:   nanoseconds of clock_mono_ns().
 * Errors:  none but inbox_init()'s.
 * Owns:    the texts.
 * Threads: any for what fills it; inbox_wait() and the rest: the judge's.
 */
#ifndef CTL_INBOX_H
#define CTL_INBOX_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vm/trouble.h"
#include "dev/device.h"
#include "util/err.h"
#include "vm/vm.h"

enum {
	INBOX_LINES = 64,	 /* of the console, kept; a power of two */
	INBOX_LINE_MAX = 240,	 /* what is longer is cut */
	INBOX_CHANNEL = 1 << 20, /* more than any answer; a power of two */
};

struct inbox_line {
	uint64_t t_ns;
	char text[INBOX_LINE_MAX];
};

struct inbox {
	struct console_port channel; /* for the second UART */
	struct vm_watch watch;	     /* for the machine */

	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned changes; /* counts what happened; guards against missing any */

	/* the console */
	struct inbox_line lines[INBOX_LINES];
	uint64_t nr_lines;	   /* ever; the latest is nr_lines - 1 */
	char line[INBOX_LINE_MAX]; /* the one that is not over yet */
	size_t line_len;
	uint64_t console_bytes;
	struct inbox_line trouble[TROUBLE_KINDS]; /* the first; "": none */

	/* the channel */
	char *bytes; /* owned ring of INBOX_CHANNEL */
	size_t first, nr_bytes;
	uint64_t channel_bytes; /* ever */
	bool overrun;
	bool room; /* the UART may take more */

	/* the machine */
	bool may_reset;		  /* the judge has asked the guest for it */
	unsigned resets;	  /* ever */
	unsigned done;		  /* wishes that main has granted */
	enum vm_end end;	  /* VM_NONE: it runs */
	char words[ERR_TEXT_MAX]; /* of VM_FAILED and VM_CRASHED */
};

/* What the judge sees of it at one moment. */
struct inbox_view {
	unsigned changes;
	uint64_t nr_lines, console_bytes, channel_bytes;
	bool overrun, room;
	unsigned resets, done;
	enum vm_end end;
};

/* -ENOMEM. */
int inbox_init(struct inbox *in, int console_fd);
void inbox_fini(struct inbox *in);

/*
 * Wait until something has happened that *view does not show yet, or until
 * @deadline_ns; then bring *view up to date.
 */
void inbox_wait(struct inbox *in, uint64_t deadline_ns,
		struct inbox_view *view);

/* Take up to @size bytes that came over the channel. */
size_t inbox_take(struct inbox *in, char *buf, size_t size);

/* Line @n of the console, counted from 0; false: not there any more, or yet. */
bool inbox_line(struct inbox *in, uint64_t n, struct inbox_line *ret);

/* What came after the last line's end; "": nothing. */
void inbox_rest(struct inbox *in, char buf[static INBOX_LINE_MAX]);

/* The first trouble of @kind that the console told of; false: none. */
bool inbox_trouble(struct inbox *in, enum trouble kind, struct inbox_line *ret);

/* From now on a reset of the guest's is wanted, or is not. */
void inbox_allow_reset(struct inbox *in, bool may);

/*
 * May the UART take more?  If so the answer is no until the guest has read, or
 * until inbox_keep_room(): it took all that it was given.
 */
bool inbox_use_room(struct inbox *in);
void inbox_keep_room(struct inbox *in);

/* Main: a wish is granted; the run is over, err_text() has the words of its end. */
void inbox_done(struct inbox *in);
void inbox_end(struct inbox *in, enum vm_end end);

#endif
