/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock.h - the kernel's clocks, in nanoseconds.
 */
#ifndef INIT_CLOCK_H
#define INIT_CLOCK_H

#include <linux/time.h>
#include <linux/time_types.h>
#include <stdbool.h>
#include <stdint.h>

#include "sys.h"

/* false: there is no such clock (any more). */
static inline bool clock_read(int clock, uint64_t *ret_ns)
{
	struct __kernel_timespec t;

	if (sys(__NR_clock_gettime, clock, &t) < 0)
		return false;
	*ret_ns = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
	return true;
}

#endif
