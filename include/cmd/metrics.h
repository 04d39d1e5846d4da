/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics.h - guests' figures as Prometheus reads them.
 *
 * Spec:    Prometheus, text exposition format 0.0.4; its names of metrics and
 *          labels.
 * Units:   seconds, bytes, ratios.
 * Errors:  who closes the file asks it.
 * Threads: any.
 */
#ifndef CMD_METRICS_H
#define CMD_METRICS_H

#include <stdio.h>

struct census;

/* All guests of @c; what a host does not count is left out. */
void metrics_write(FILE *out, const struct census *c);

#endif
