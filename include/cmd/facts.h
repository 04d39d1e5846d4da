/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * facts.h - what this host can give to guests, one fact after the other.
 *
 * A fact is a question to the host, a line of facts.c's table.  Those that
 * stolen time cannot do without are needed; the others tell what guests gain or
 * miss.
 *
 * Errors:  none: what cannot be asked is not there, and says why.
 * Threads: the main thread.
 */
#ifndef CMD_FACTS_H
#define CMD_FACTS_H

#include <stdbool.h>
#include <stddef.h>

enum { FACT_TEXT_MAX = 256 };

/* Unknown: what would have to be asked for it is missing itself. */
enum fact_state { FACT_NO, FACT_YES, FACT_UNKNOWN };

struct fact {
	const char *id;	  /* one word, for programs; never changes */
	const char *name; /* for people */
	bool needed;
	enum fact_state state;
	char text[FACT_TEXT_MAX]; /* more of it; or why not, and the remedy */
};

/* How many there are. */
extern const size_t facts_size;

/* Ask this host's @path, normally "/dev/kvm".  Leaves nothing behind. */
void facts_gather(const char *path, struct fact *ret_facts);

#endif
