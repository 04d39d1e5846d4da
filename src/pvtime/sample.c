/* SPDX-License-Identifier: BSD-2-Clause */
/* sample.c - record and scheduler of one vCPU, seen as of one moment. */
#include "pvtime/pvtime.h"
#include "pvtime/steal.h"

/* The thread that looks may lose its CPU in between: again, but not for ever. */
enum { TRIES = 10 };

/*
 * The record between two looks at the scheduler's count: where those agree, no
 * time was stolen meanwhile.  But a thread that gets a CPU has its count first
 * and its record a moment later, when it enters the guest: so the record must
 * not move either, from one try to the next.
 */
int pvtime_sample(const struct pvtime *pt, unsigned index, pid_t tid,
		  struct pvtime_sample *ret)
{
	struct pvtime_sample s = { 0 };
	struct steal_times before, after;
	uint64_t record_ns;
	bool still = false;
	int rc = steal_read(tid, &after);

	for (int i = 0; i < TRIES && rc == 0 && !still; i++) {
		before = after;
		rc = pvtime_read(pt, index, &record_ns);
		if (rc == 0)
			rc = steal_read(tid, &after);
		if (rc < 0)
			break;
		still = i > 0 && record_ns == s.record_ns &&
			after.wait_ns == before.wait_ns;
		s.record_ns = record_ns;
		s.run_ns = after.run_ns;
		s.wait_ns = after.wait_ns;
		s.skew_ns = after.wait_ns - before.wait_ns;
	}
	if (rc == 0)
		*ret = s;
	return rc;
}
