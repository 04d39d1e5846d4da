/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.h - the outcome of each check, on the console.
 *
 * Spec:  Test Anything Protocol 13, with the plan last.
 * Order: each check of checks.h once, in their order.
 */
#ifndef CONFORMANCE_REPORT_H
#define CONFORMANCE_REPORT_H

#include "checks.h"

void report_begin(void);

void ok(enum check check);
/* With words on what was seen. */
void ok_with(enum check check, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* What was seen; the rule comes by itself. */
void not_ok(enum check check, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

void skip_check(enum check check, const char *why);
void skip_checks(enum check first, enum check last, const char *why);

/* A comment. */
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The plan and the sum. */
void report_end(void);

#endif
