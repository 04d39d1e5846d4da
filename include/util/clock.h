/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock.h - the time, from one place, so that a test can set it.
 *
 * Units:   seconds since 1970 (UTC); nanoseconds since the host started.
 * Errors:  none.
 * Threads: any; clock_set_test() before others run.
 */
#ifndef UTIL_CLOCK_H
#define UTIL_CLOCK_H

#include <stdint.h>

uint64_t clock_wall_s(void);
uint64_t clock_mono_ns(void);

/* From now on both clocks stand at these values; for tests. */
void clock_set_test(uint64_t wall_s, uint64_t mono_ns);

#endif
