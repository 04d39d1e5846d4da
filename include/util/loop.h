/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loop.h - the main thread waits here, for descriptors and for a deadline.
 *
 * Units:   absolute nanoseconds of clock_mono_ns().
 * Errors:  loop_add(): -ENOSPC; loop_turn(): as poll(2); both worded.
 * Owns:    nothing; descriptors and contexts are the caller's.
 * Threads: one.
 */
#ifndef UTIL_LOOP_H
#define UTIL_LOOP_H

#include <poll.h>
#include <stdint.h>

enum { LOOP_WATCHES_MAX = 32 };

/* @revents as of poll(2).  May add and remove watches, also its own. */
typedef void loop_fn(void *ctx, short revents);

struct loop {
	struct pollfd fds[LOOP_WATCHES_MAX];
	struct {
		loop_fn *fn;
		void *ctx;
	} watches[LOOP_WATCHES_MAX];
	unsigned nr;
};

void loop_init(struct loop *loop);

/* Call @fn whenever @fd has one of @events (POLLIN, POLLOUT), or an error. */
int loop_add(struct loop *loop, int fd, short events, loop_fn *fn, void *ctx);

/* @fd need not be watched. */
void loop_del(struct loop *loop, int fd);

/* Wait once, until a descriptor is ready or @deadline_ns (0: none) is past. */
int loop_turn(struct loop *loop, uint64_t deadline_ns);

#endif
