/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rng.c - virtio entropy device: the guest's buffers filled by the host.
 *
 * A buffer gets no more than RNG_MAX bytes, which the driver must be content
 * with.  That bounds how long a vCPU can keep its host busy, and so few bytes
 * getrandom(2) gives as a whole, whatever signals arrive.
 *
 * Spec: virtio 1.2, 5.4.
 */
#include "virtio/rng.h"

#include <linux/virtio_ids.h>
#include <sys/random.h>

#include "virtio/mmio.h"
#include "virtio/queue.h"

enum { RNG_MAX = 256 };

/* False: @c cannot be filled; else *ret_len bytes of it are. */
static bool fill(const struct queue_chain *c, uint32_t *ret_len)
{
	size_t left = RNG_MAX;

	for (unsigned i = c->nr_read; i < c->nr && left > 0; i++) {
		const struct iovec *buf = &c->bufs[i];
		size_t n = buf->iov_len < left ? buf->iov_len : left;

		/* The pool is ready: the device tree has seeds from it. */
		if (getrandom(buf->iov_base, n, GRND_NONBLOCK) != (ssize_t)n)
			return false;
		left -= n;
	}
	*ret_len = (uint32_t)(RNG_MAX - left);
	return true;
}

static void rng_notify(struct virtio *v, unsigned queue)
{
	unsigned n = virtio_waiting(v, queue);
	struct queue_chain c;
	uint32_t len;

	if (n == 0)
		return;
	while (n-- > 0) {
		if (!virtio_take(v, queue, &c))
			return;
		if (!fill(&c, &len)) {
			virtio_fault(v, queue, "no entropy from the host");
			return;
		}
		virtio_give(v, queue, &c, len);
	}
	virtio_tell(v, queue);
}

const struct virtio_class virtio_rng_class = {
	.device = VIRTIO_MMIO_CLASS("virtio-rng"),
	.id = VIRTIO_ID_RNG,
	.nr_queues = 1,
	.notify = rng_notify,
};
