/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lane.h - a thread that works on a queue, and what wakes it: the guest's notices,
 * ours, and a file.
 *
 * Errors:  lane_start(): 0 or a negative errno with err_text().
 * Owns:    the thread and the eventfds.
 * Threads: lane_start() and lane_end(): the builder's; lane_await(): the lane's
 *          own; the others any.
 */
#ifndef VIRTIO_LANE_H
#define VIRTIO_LANE_H

#include <pthread.h>
#include <stdbool.h>

struct virtio;

struct lane {
	pthread_t thread;
	bool has_thread;
	int notify_fd;	/* owned: the guest's notices */
	int control_fd; /* owned: ours */
};

/* Nothing to end yet. */
void lane_init(struct lane *lane);

/* Call @fn with @arg on a thread, to work on @queue of @v. */
int lane_start(struct lane *lane, struct virtio *v, unsigned queue,
	       void *(*fn)(void *arg), void *arg);

/* Wait until @fn, which knows already that it shall, has returned. */
void lane_end(struct lane *lane);

void lane_notify(struct lane *lane);
void lane_control(struct lane *lane);

/*
 * Wait for @events of @fd, for the guest's notice if @notice, or for ours.
 * False: nothing came for @ms milliseconds (-1: however long it takes).
 */
bool lane_await(const struct lane *lane, int fd, short events, bool notice,
		int ms);

#endif
