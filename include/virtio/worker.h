/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worker.h - threads that do a device's work, and the eventfds that wake them.
 *
 * Errors:  worker_start(): 0 or a negative errno with err_text().
 * Owns:    nothing: thread and descriptors are the caller's.
 * Threads: any.
 */
#ifndef VIRTIO_WORKER_H
#define VIRTIO_WORKER_H

#include <pthread.h>

/* Start a thread that takes no signals: those are for main and the vCPUs. */
int worker_start(pthread_t *ret_thread, void *(*fn)(void *), void *arg);

/* Whoever waits for @event_fd wakes up; never waits itself. */
void worker_wake(int event_fd);

#endif
