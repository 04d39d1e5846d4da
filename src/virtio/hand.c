/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio/hand.h"

#include <string.h>

#include "virtio/mmio.h"
#include "virtio/queue.h"

_Static_assert((int)HAND_BUFFERS >= (int)QUEUE_SIZE_MAX, "a chain fits");

void hand_empty(struct hand *hand)
{
	hand->nr = hand->nr_bufs = 0;
	hand->size = 0;
}

bool hand_take(struct hand *hand, struct virtio *v, unsigned queue, bool write)
{
	struct queue_chain c;
	struct held *held = &hand->chains[hand->nr];
	const struct iovec *bufs;

	if (hand->nr == HAND_CHAINS ||
	    HAND_BUFFERS - hand->nr_bufs < QUEUE_SIZE_MAX ||
	    !virtio_take(v, queue, &c))
		return false;
	bufs = write ? c.bufs + c.nr_read : c.bufs;
	*held = (struct held){ .head = c.head,
			       .first = hand->nr_bufs,
			       .nr = write ? c.nr - c.nr_read : c.nr_read };
	for (unsigned i = 0; i < held->nr; i++) {
		hand->bufs[hand->nr_bufs++] = bufs[i];
		held->size += bufs[i].iov_len;
	}
	hand->size += held->size;
	hand->nr++;
	return true;
}

void hand_untake(struct hand *hand, struct virtio *v, unsigned queue)
{
	queue_untake(&v->queues[queue], hand->nr);
	hand_empty(hand);
}

void hand_fill(const struct hand *hand, struct iovec *from, unsigned n)
{
	for (unsigned i = 0; i < hand->nr_bufs; i++) {
		struct iovec to = hand->bufs[i];

		while (n > 0 && to.iov_len > 0) {
			size_t part = from->iov_len < to.iov_len ? from->iov_len
								 : to.iov_len;

			memcpy(to.iov_base, from->iov_base, part);
			to.iov_base = (char *)to.iov_base + part;
			to.iov_len -= part;
			from->iov_base = (char *)from->iov_base + part;
			from->iov_len -= part;
			if (from->iov_len == 0) {
				from++;
				n--;
			}
		}
	}
}

void hand_give(const struct hand *hand, struct virtio *v, unsigned queue,
	       size_t size)
{
	struct queue *q = &v->queues[queue];

	for (unsigned i = 0; i < hand->nr; i++) {
		const struct held *held = &hand->chains[i];
		size_t part = held->size < size ? held->size : size;

		queue_put(q, held->head, (uint32_t)part);
		size -= part;
	}
	queue_show(q);
	virtio_tell(v, queue);
}
