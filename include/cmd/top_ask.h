/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * top_ask.h - asks all guests at once, round by round, over connections that
 * stay open; nobody waits for one that does not answer.
 *
 * Units:   nanoseconds of clock_mono_ns().
 * Errors:  0 or a negative errno whose words err_text() holds; that a guest is
 *          silent or gone is none, see enum top_state.
 * Owns:    the list for poll(2); borrows the book and the names.
 * Threads: one.
 */
#ifndef CMD_TOP_ASK_H
#define CMD_TOP_ASK_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct top_book;

/* Who has not answered by then is silent. */
#define TOP_PATIENCE_NS UINT64_C(1000000000)

struct top_asker {
	struct top_book *book;
	bool named;		/* these guests, whether they run or not */
	struct timespec folder; /* when the folder had last changed */
	bool sure;	    /* nothing else can have changed in that moment */
	struct pollfd *fds; /* owned; one more than there are guests */
	unsigned room;
};

/* About the guests @names, or about all there are if @nr is 0. */
int top_ask_init(struct top_asker *a, struct top_book *book, char *const *names,
		 unsigned nr);
void top_ask_fini(struct top_asker *a);

/* Begin a round: ask every guest that owes no answer from one before. */
int top_ask_all(struct top_asker *a, uint64_t now_ns);

/*
 * How long answers may still come in time; those that are too late at @now_ns
 * make their guest silent.  0: none is due.
 */
uint64_t top_ask_due(struct top_asker *a, uint64_t now_ns);

/*
 * What to wait for: *ret_fds[0] is the caller's own.  Then hear what those say
 * that have revents: how many guests' state is another now.  In between the
 * book's order must not change.
 */
int top_ask_watch(struct top_asker *a, struct pollfd **ret_fds,
		  unsigned *ret_nr);
int top_ask_hear(struct top_asker *a, uint64_t now_ns);

#endif
