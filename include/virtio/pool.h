/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool.h - threads that work through a queue, so that no vCPU has to.
 *
 * Each takes a chain, serves it with system calls that may block, gives it back
 * and takes the next.  There is always one more than are busy, up to POOL_MAX:
 * so as many requests are in flight as the driver makes, and a guest that makes
 * one at a time has two threads.  They all wait in epoll_wait(2) on one eventfd,
 * edge-triggered: the kernel wakes one of them for each notification, without
 * anybody handing on anything, and the eventfd need never be read.
 *
 * Errors:  pool_init(): 0 or a negative errno with err_text().
 * Owns:    its threads and descriptors.  Borrows the device.
 * Threads: pool_init() and pool_fini(): the builder's; pool_notify(): any;
 *          pool_drain(): whoever holds the device's lock.
 */
#ifndef VIRTIO_POOL_H
#define VIRTIO_POOL_H

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>

struct queue_chain;
struct virtio;

/*
 * Without the lock, on one of the pool's threads: do what @c asks for.  Returns
 * NULL, and how many bytes of it were written; or in which way @c is a fault.
 */
typedef const char *pool_serve_fn(struct virtio *v, struct queue_chain *c,
				  uint32_t *ret_len);

enum { POOL_MAX = 16 };

struct pool {
	struct virtio *v; /* borrowed; NULL: no pool */
	unsigned queue;
	pool_serve_fn *serve;
	int notify_fd, quit_fd, epoll_fd; /* owned */

	/* under the device's lock */
	pthread_t threads[POOL_MAX];
	unsigned nr_threads, nr_busy, nr_drains;
	bool quit;
	sem_t drained;
};

/* @pool shall work through @queue of @v. */
int pool_init(struct pool *pool, struct virtio *v, unsigned queue,
	      pool_serve_fn *serve);

/* End all threads.  Fine on a zeroed *pool. */
void pool_fini(struct pool *pool);

/* There are chains. */
void pool_notify(struct pool *pool);

/*
 * Return when no chain is in anybody's hands; meanwhile none is taken, and the
 * lock is given away.
 */
void pool_drain(struct pool *pool);

#endif
