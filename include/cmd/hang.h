/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hang.h - samples a guest's vCPUs, and tells from them when it is lost; see
 * judge.h for what that means.
 *
 * Errors:  none; a vCPU that cannot be sampled is not.
 * Threads: the judge's.
 */
#ifndef CMD_HANG_H
#define CMD_HANG_H

#include <stdbool.h>
#include <stdint.h>

struct judge;

/* Take a sample at @now_ns: a row of the timeline, and the guest's own time. */
void hang_watch(struct judge *j, uint64_t now_ns);

/* Has the guest had all the time it may have without a sign of life? */
bool hang_is(const struct judge *j);

/* Has its init had as much without answering?  Only while it is asked. */
bool hang_is_mute(const struct judge *j);

/*
 * It is over for that reason: where each vCPU is, in j->places, goes into the
 * verdict.
 */
void hang_end(struct judge *j);

#endif
