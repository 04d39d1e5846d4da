/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queue.h - the device's side of a split virtqueue.
 *
 * The driver puts chains of buffers into a ring in its own memory; the device
 * takes them, uses them and puts them back.  All of it may change at any time
 * under our hands: indices, descriptors and ring entries are read once each,
 * into our own memory, and checked there.  A ring that breaks the rules gets a
 * fault, words that stay until the queue is started anew; its device asks to
 * be reset.
 *
 * Spec:    virtio 1.2, 2.7 (split virtqueues).  Left out, as the transport
 *          does not offer it: event indices.
 * Units:   bytes.
 * Errors:  none; what the driver does is never an error.
 * Owns:    nothing.  Borrows the guest's memory from queue_start() on.
 * Threads: whoever holds the device's lock.
 */
#ifndef VIRTIO_QUEUE_H
#define VIRTIO_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "mach/gmem.h"

/* The most entries of a ring, and so the most buffers of a chain. */
enum { QUEUE_SIZE_MAX = 256 };

struct vring_avail;
struct vring_used;

struct queue {
	/* as the driver sets them, in any order, before it says ready */
	uint32_t size;
	gpa_t desc, driver, device;
	bool indirect; /* descriptors may point at tables of others */

	const struct gmem *mem; /* NULL: not started */
	const uint64_t *table;	/* two words to a descriptor */
	const struct vring_avail *avail;
	struct vring_used *used;
	uint16_t next_avail, next_used; /* of ever so many, modulo 2^16 */
	const char *fault;		/* NULL: none */
};

/* Buffers that belong together: first those to read, then those to write. */
struct queue_chain {
	uint16_t head; /* its name in the ring */
	unsigned nr_read, nr;
	struct iovec bufs[QUEUE_SIZE_MAX];
};

/* The driver says its ring is complete.  If it cannot be it is at fault. */
void queue_start(struct queue *q, const struct gmem *mem);

/*
 * Somebody else has worked on it, taking and giving in the ring's order, and
 * does no more: go on after what they gave back.
 */
void queue_take_over(struct queue *q);

static inline bool queue_started(const struct queue *q)
{
	return q->mem != NULL;
}

/*
 * How many chains wait, no more than the ring has entries.  0 also where the
 * driver claims more: then the queue is at fault.
 */
unsigned queue_waiting(struct queue *q);

/*
 * Take the next of the chains that queue_waiting() saw.  False: the queue is
 * at fault, and *ret_chain is as it may be.
 */
bool queue_take(struct queue *q, struct queue_chain *ret_chain);

/* The last @n chains taken, none of which was put back, wait again. */
void queue_untake(struct queue *q, unsigned n);

/* Put a chain back whose first @len bytes to write have been written. */
void queue_give(struct queue *q, uint16_t head, uint32_t len);

/* The same in two steps: the driver sees what was put once it is shown. */
void queue_put(struct queue *q, uint16_t head, uint32_t len);
void queue_show(struct queue *q);

/*
 * Need the driver notify us of chains?  It may do so nevertheless.  Once it must
 * again, look whether chains came before it knew.
 */
void queue_want_notice(struct queue *q, bool want);

/* Does the driver want to hear of what was put back just now? */
bool queue_wants_interrupt(const struct queue *q);

#endif
