/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * steal.h - what the host's scheduler knows of a vCPU's thread.
 *
 * This is where stolen time comes from: the time a thread was ready to run and
 * waited for a CPU.  The guest cannot touch it, so it is what the host trusts.
 *
 * Spec:    Linux Documentation/scheduler/sched-stats.rst, /proc/PID/schedstat.
 * Units:   nanoseconds since the thread began.
 * Errors:  0 or a negative errno whose words err_text() holds.
 * Threads: any.
 */
#ifndef PVTIME_STEAL_H
#define PVTIME_STEAL_H

#include <stdint.h>
#include <sys/types.h>

struct steal_times {
	uint64_t run_ns;  /* on a CPU */
	uint64_t wait_ns; /* ready, but not on one: the run delay */
};

/*
 * Read the times of thread @tid of this process.  -ENOENT: no such thread, or
 * a kernel without CONFIG_SCHED_INFO.
 */
int steal_read(pid_t tid, struct steal_times *ret);

#endif
