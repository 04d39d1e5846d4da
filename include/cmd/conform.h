/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conform.h - the built-in conformance guest, run on this host.
 *
 * In a process of its own, on one of the CPUs that this process may use: the
 * guest's vCPUs steal from each other, so there is something to measure.
 *
 * Errors:  0 or a negative errno whose words err_text() holds.
 * Owns:    what the guest reported.
 * Threads: the main thread, while there is no other.
 */
#ifndef CMD_CONFORM_H
#define CMD_CONFORM_H

#include <stdbool.h>
#include <stdint.h>

#include "util/tap.h"
#include "util/err.h"

struct conform {
	struct tap tap;
	bool ran;		  /* else this host gives no stolen time */
	char provider[16];	  /* "" where it did not run */
	char words[ERR_TEXT_MAX]; /* why the run is no good; "": it is */
	uint64_t took_ns;
};

/*
 * Run it with stolen time by @provider, as pvtime_choose() takes it.  Fails only
 * where we could not try; what the guest found is in *ret, and so is why this
 * host has no such provider.
 */
int conform_run(const char *provider, struct conform *ret);

/* The run came to its end and all that it found is right. */
bool conform_is_good(const struct conform *c);

/*
 * The check that records grow as they should: NULL if it was made, else why not.
 * The guest skips it where its vCPUs were not seen to wait for each other.
 */
const char *conform_not_seen(const struct conform *c);

/* Fine on a zeroed *c, and twice. */
void conform_fini(struct conform *c);

#endif
