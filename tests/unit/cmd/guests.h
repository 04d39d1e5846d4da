/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guests.h - made-up figures of guests for the tests of "top".
 */
#ifndef GUESTS_H
#define GUESTS_H

#include <stdlib.h>
#include <string.h>

#include "cmd/top_book.h"

#define SECOND_NS UINT64_C(1000000000)

/* Of guest @pid after @uptime_s, each vCPU idle all the time. */
static inline struct ctl_stat idle_guest(int pid, unsigned nr_vcpus,
					 unsigned uptime_s)
{
	struct ctl_stat s = {
		.pid = pid,
		.uptime_ns = uptime_s * SECOND_NS,
		.memory = UINT64_C(1) << 30,
		.nr_vcpus = nr_vcpus,
		.vcpus = calloc(nr_vcpus, sizeof(struct ctl_vcpu)),
		.state = "running",
		.provider = "steady",
	};

	for (unsigned i = 0; s.vcpus && i < nr_vcpus; i++)
		s.vcpus[i] = (struct ctl_vcpu){ .id = i,
						.tid = pid + 1 + (int)i,
						.idle_ns = s.uptime_ns };
	return s;
}

/* In percent of @span_s, what vCPU @i did in place of being idle. */
static inline void busy_vcpu(struct ctl_stat *s, unsigned i, unsigned span_s,
			     unsigned run, unsigned stolen, unsigned held)
{
	uint64_t percent = span_s * SECOND_NS / 100;

	s->vcpus[i].run_ns += run * percent;
	s->vcpus[i].stolen_ns += stolen * percent;
	s->vcpus[i].held_ns += held * percent;
	s->vcpus[i].idle_ns -= (run + stolen) * percent;
}

#endif
