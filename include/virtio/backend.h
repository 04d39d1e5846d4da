/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * backend.h - queues that somebody else works through: another process, or the
 * host's kernel.
 *
 * The driver's notifications reach it through an eventfd for each queue, from
 * KVM at best.  What it tells comes back through another, to a thread of ours
 * that raises the interrupt: our interrupts have a status register, so KVM
 * could not do that by itself.
 *
 * The same thread starts and stops it, as that may take its time and no vCPU
 * is to wait for a start.  Whoever stops waits: when backend_stop() returns
 * nobody uses the guest's memory any more.
 *
 * One that fails, at whatever, is dead from then on: what the driver asks for is
 * refused, or its device is at fault.
 *
 * A queue that is stopped alone stops all of them until the next reset.
 *
 * Errors:  backend_init(): 0 or a negative errno with err_text().
 * Owns:    its thread and descriptors.  Borrows the device and alive_fd.
 * Threads: backend_init() and backend_fini(): the builder's; the others:
 *          whoever holds the device's lock.
 */
#ifndef VIRTIO_BACKEND_H
#define VIRTIO_BACKEND_H

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>

#include "kvm/vm.h" /* gpa_t */

struct virtio;

enum { BACKEND_QUEUES_MAX = 8 };

/* A queue as the driver has set it up. */
struct backend_ring {
	bool used; /* else it is none of the driver's */
	uint32_t size;
	gpa_t desc, driver, device;
	int kick_fd, call_fd, err_fd; /* eventfds: borrowed */
};

/* All that there is to know at a start. */
struct backend_run {
	uint64_t features; /* that the driver takes */
	unsigned nr;
	struct backend_ring rings[BACKEND_QUEUES_MAX];
};

/* Called on the thread, one at a time, without the device's lock. */
struct backend_ops {
	/* Negative: with err_text(). */
	int (*start)(struct virtio *v, const struct backend_run *run);
	/* It was started; negative, with err_text(): but not stopped. */
	int (*stop)(struct virtio *v, unsigned nr);
	/*
	 * It has failed, started or not: see to it that it lets go of the
	 * guest's memory, as far as that can be had.  May be NULL.
	 */
	void (*dead)(struct virtio *v);
	/*
	 * With the lock: it is dead, and @queue has chains; give all of them
	 * back in a way that the driver understands.  NULL: the device is at
	 * fault instead.
	 */
	void (*refuse)(struct virtio *v, unsigned queue);
	/* Queues, from the first on, that a driver cannot do without. */
	unsigned needs;
};

struct backend {
	struct virtio *v; /* borrowed; NULL: none */
	const struct backend_ops *ops;
	unsigned nr;
	int kick_fds[BACKEND_QUEUES_MAX]; /* owned, these five */
	int call_fds[BACKEND_QUEUES_MAX];
	int err_fds[BACKEND_QUEUES_MAX];
	int work_fd, epoll_fd;
	bool has_thread;
	pthread_t thread;

	/* under the device's lock */
	bool wanted, running, dead, quit;
	bool refusing; /* dead, and the driver has been ready since */
	unsigned nr_waiting;
	sem_t stopped;
	char why[256]; /* it is dead */
};

/*
 * The queues of @v are worked through by what @ops leads to.  Anything that can
 * be read from @alive_fd, or its end, means that it is dead; -1: there is no
 * such thing.
 */
int backend_init(struct backend *b, struct virtio *v,
		 const struct backend_ops *ops, int alive_fd);

/* Stop it and end the thread.  Fine on a zeroed *b. */
void backend_fini(struct backend *b);

/* For a class's hooks of these names. */
void backend_started(struct backend *b);
void backend_notify(struct backend *b, unsigned queue);
void backend_stop(struct backend *b); /* gives the lock away meanwhile */

#endif
