/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * top_book.h - what "top" knows of the guests: their figures, and what these
 * were in the latest rounds.
 *
 * In a round each guest is asked once.  Shares are those of the time between a
 * guest's latest two answers; of the first they are since it began, and do not
 * enter its past.
 *
 * Units:   permille: stolen and held of the time that a vCPU wanted to run, run
 *          and idle of all time.  A guest's run is the sum of its vCPUs'.
 * Errors:  0 or a negative errno whose words err_text() holds.
 * Owns:    the guests and their connections.
 * Threads: one.
 */
#ifndef CMD_TOP_BOOK_H
#define CMD_TOP_BOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "ctl/client.h"
#include "ctl/stat.h"

enum { TOP_PAST = 60 };

/* In a past: nothing was heard in that round. */
#define TOP_UNKNOWN UINT16_MAX

struct top_rates {
	unsigned stolen, held, run, idle;
};

struct top_vcpu {
	struct top_rates now;
	uint16_t past[TOP_PAST]; /* stolen, by round */
};

enum top_state {
	TOP_NEW,    /* no answer yet, but time enough for one */
	TOP_HERE,   /* it answers */
	TOP_SILENT, /* it does not, in time */
	TOP_WRONG,  /* it does, but what it says is not understood */
	TOP_ABSENT, /* no such guest runs */
};

struct top_guest {
	char name[CTL_NAME_MAX + 1];
	enum top_state state;
	struct ctl_stat stat; /* owned; the latest; no vcpus: never heard of */
	struct top_rates now;
	struct top_vcpu *vcpus; /* owned; stat.nr_vcpus of them */
	uint16_t past[TOP_PAST];

	/* top_ask.c's */
	struct ctl_client client;
	uint64_t asked_ns; /* when it was; 0: no answer is due */
	uint64_t again_ns; /* not to be called on before */
};

/* As --sort has them. */
enum top_sort { TOP_BY_STOLEN, TOP_BY_NAME, TOP_BY_CPU, TOP_SORTS };

struct top_book {
	struct top_guest **guests; /* owned; in the order of top_sort() */
	unsigned nr;
	unsigned round; /* index into pasts */
};

/* A guest of that name; in the order it comes last. */
int top_add(struct top_book *book, const char *name);
struct top_guest *top_find(const struct top_book *book, const char *name);
void top_remove(struct top_book *book, unsigned index);

/* A new round begins: nothing is known of it yet. */
void top_round(struct top_book *book);

/* What @g says in this round; takes over what *stat owns. */
int top_answer(const struct top_book *book, struct top_guest *g,
	       struct ctl_stat *stat);

/* Most stolen or most CPU first, or by name; who does not answer comes last. */
void top_sort(struct top_book *book, enum top_sort by);

/* Fine on a zeroed *book, and twice. */
void top_fini(struct top_book *book);

#endif
