/* SPDX-License-Identifier: BSD-2-Clause */
#include "util/clock.h"

#include <stdbool.h>
#include <time.h>

static bool test;
static uint64_t test_wall_s, test_mono_ns;

uint64_t clock_wall_s(void)
{
	struct timespec ts;

	if (test)
		return test_wall_s;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec;
}

uint64_t clock_mono_ns(void)
{
	struct timespec ts;

	if (test)
		return test_mono_ns;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void clock_set_test(uint64_t wall_s, uint64_t mono_ns)
{
	test = true;
	test_wall_s = wall_s;
	test_mono_ns = mono_ns;
}
