/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * census.h - the figures of many guests, as of one moment.
 *
 * All are asked before the first is listened to; so one that does not answer
 * costs a second, and the others nothing.
 *
 * Errors:  0 or a negative errno whose words err_text() holds; what is wrong
 *          with one guest is in its entry.
 * Owns:    the entries.
 * Threads: one at a time.
 */
#ifndef CMD_CENSUS_H
#define CMD_CENSUS_H

#include "ctl/stat.h"

struct census_guest {
	char name[CTL_NAME_MAX + 1];
	int pid;	      /* 0: not known */
	int rc;		      /* 0: @stat holds; else a negative errno, */
	char *words;	      /* owned: and why */
	struct ctl_stat stat; /* owned */
};

struct census {
	struct census_guest *guests;
	unsigned nr;
};

/*
 * Ask the @nr guests @names, or, where @nr is 0, all that run; of those, one
 * that ends meanwhile is left out.
 */
int census_take(struct census *c, char *const *names, unsigned nr);

/* Fine on a zeroed *c, and twice. */
void census_fini(struct census *c);

#endif
