/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.h - a verdict written down for machines, and as a page for people.
 *
 * Each agrees with the exit status: where that is not 0, the report has a test
 * that failed, if need be one of its own for the run as a whole.
 *
 * Spec:    TAP version 14; the JUnit XML that Jenkins and GitLab read; HTML.
 * Errors:  0 or a negative errno whose words err_text() holds.
 * Owns:    nothing; @out is the caller's, who closes it.
 * Threads: one at a time.
 */
#ifndef CMD_REPORT_H
#define CMD_REPORT_H

#include <stdio.h>

struct verdict;
struct timeline;

/*
 * A test that never had its turn is "not ok" here.  Where none had, because the
 * guest did not come so far, all there is is "Bail out!" and why.
 */
int report_tap(const struct verdict *v, FILE *out);

/* What was cut short is an error, what went wrong a failure. */
int report_junit(const struct verdict *v, FILE *out);

/* One file with everything in it: it loads nothing and runs no script. */
int report_page(const struct verdict *v, const struct timeline *t, FILE *out);

#endif
