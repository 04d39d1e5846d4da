/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hand.h - several chains of a queue, taken and given back together.
 *
 * Of each chain only one side counts, what is to be read or what is to be
 * written.  The driver sees all come back at once, so what is spread over
 * several chains is never seen in part.
 *
 * Units:   bytes.
 * Errors:  none; what the driver does is never an error.
 * Owns:    nothing.  Borrows the guest's memory, until the chains are given.
 * Threads: taking and giving: whoever holds the device's lock; filling: any.
 */
#ifndef VIRTIO_HAND_H
#define VIRTIO_HAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct virtio;

/* Room for all buffers of any chain, and more. */
enum { HAND_CHAINS = 64, HAND_BUFFERS = 512 };

struct hand {
	unsigned nr, nr_bufs;
	size_t size; /* of all buffers */
	struct held {
		uint16_t head;
		unsigned first, nr; /* its buffers */
		size_t size;
	} chains[HAND_CHAINS];
	struct iovec bufs[HAND_BUFFERS];
};

/* Nothing is in it. */
void hand_empty(struct hand *hand);

/*
 * Take the next chain of @queue as well, for what is to be written into it or
 * to be read from it.  False: there was a fault, or no room for it.
 */
bool hand_take(struct hand *hand, struct virtio *v, unsigned queue, bool write);

/* All of them wait again. */
void hand_untake(struct hand *hand, struct virtio *v, unsigned queue);

/* Write the @n parts @from, which it has room for; they are used up. */
void hand_fill(const struct hand *hand, struct iovec *from, unsigned n);

/* Give all back, @size bytes of them written, and tell. */
void hand_give(const struct hand *hand, struct virtio *v, unsigned queue,
	       size_t size);

#endif
