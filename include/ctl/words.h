/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * words.h - what a client of the control socket says: understood, done, answered.
 *
 * The protocol is server.h's; here it knows nothing of sockets.  Bytes come in
 * any pieces, and each line of them is answered by one line of JSON.  A word
 * that is refused has changed nothing.
 *
 * Errors:  told to the client; words_cpus(): 0 or a negative errno whose words
 *          err_text() holds.
 * Threads: that of the machine's loop.
 */
#ifndef CTL_WORDS_H
#define CTL_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "mach/layout.h"

struct ctl_setup;
struct vm;

enum {
	WORDS_LINE_MAX = 4096, /* newline included; more than any use has */
	WORDS_CPUS_U64 = (LAYOUT_NR_CPUS + 63) / 64,
};

/* What one client said that is not answered yet. */
struct words {
	char text
		[WORDS_LINE_MAX]; /* the client's next bytes go to text + len */
	size_t len;
	bool over; /* it says no more */
};

/* Is there anything to answer, be it what can become no line any more? */
bool words_pending(const struct words *w);

/*
 * Answer the first line of those pending.  False: what follows would not be
 * understood; hang up.
 */
bool words_answer(struct words *w, struct vm *vm, const struct ctl_setup *setup,
		  FILE *out);

/*
 * The CPUs of a list such as "0,2-3", a bit each, out of @nr.  -EINVAL: no such
 * list; -ERANGE: one that is not there.
 */
int words_cpus(const char *list, unsigned nr,
	       uint64_t ret_mask[static WORDS_CPUS_U64]);

#endif
