/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tap.h - what a guest that tests something says on its console.
 *
 * Lines in the manner of the Test Anything Protocol: "ok N - name", "not ok N -
 * name", either with "# SKIP why" behind, "# ..." more of the one before, "Bail
 * out! why", and the plan "1..N".  All else is the guest's own affair.  A guest is not trusted:
 * whatever it says, what we keep of it is short and made of printable letters.
 *
 * Spec:    TAP version 13.
 * Errors:  0 or a negative errno whose words err_text() holds.
 * Owns:    its lines.
 * Threads: one.
 */
#ifndef UTIL_TAP_H
#define UTIL_TAP_H

#include <stdbool.h>
#include <stddef.h>

enum { TAP_NAME_MAX = 128, TAP_LINE_MAX = 512, TAP_CHECKS_MAX = 1024 };

struct tap_check {
	unsigned number;
	bool ok, skipped;
	char name[TAP_NAME_MAX];
	char why[TAP_NAME_MAX]; /* of a skip; or the first "# ..." of a failure */
};

struct tap {
	struct tap_check *checks; /* owned, @nr of them */
	unsigned nr, failed, skipped;
	unsigned planned;	 /* 0: no plan was seen */
	char bail[TAP_NAME_MAX]; /* why it gave up; "": it did not */
	char line[TAP_LINE_MAX];
	size_t len;
};

void tap_init(struct tap *tap);

/* Take @n bytes of the console.  -ENOMEM; -E2BIG: more than TAP_CHECKS_MAX. */
int tap_feed(struct tap *tap, const char *bytes, size_t n);

/* All that was planned was said, in order; and nothing failed. */
bool tap_is_good(const struct tap *tap);
bool tap_is_complete(const struct tap *tap);

/* Fine on a zeroed *tap, and twice. */
void tap_fini(struct tap *tap);

#endif
