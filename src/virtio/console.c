/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * console.c - virtio console: bytes in both directions, and the terminal's size.
 *
 * Output: what the driver offers goes to the port (dev/device.h) at once and by
 * whole buffers.  What the port has no room for waits in its chain, which the
 * driver does not get back, until the host's side says virtio_console_go_on():
 * nothing is lost and nobody waits in here.  No call passes on more than BURST
 * bytes, so that a guest whose buffers are gigabytes cannot keep the lock.
 *
 * Input goes straight into the driver's buffers; without one there is no room.
 *
 * Spec: virtio 1.2, 5.3.  Left out: several ports, emergency write.
 */
#include "virtio/console.h"

#include <endian.h>
#include <errno.h>
#include <linux/virtio_console.h>
#include <linux/virtio_ids.h>
#include <stdlib.h>
#include <string.h>

#include "util/err.h"
#include "virtio/mmio.h"
#include "virtio/queue.h"

enum { RX, TX, NR_QUEUES };

enum {
	BURST = 16384,
	/* Up to the size of the terminal. */
	CONFIG_SIZE = offsetof(struct virtio_console_config, max_nr_ports),
};

struct hvc {
	struct console_port *port; /* borrowed; NULL: output vanishes */
	uint16_t columns, rows;
	bool told;		/* the driver of them, since the reset */
	bool held;		/* @out is not all passed on */
	unsigned buf;		/* of it: where to go on, */
	size_t off;		/* and where in there */
	struct queue_chain out; /* valid while @held */
};

/* Pass on what is left of the chain, within *budget; false: not all of it. */
static bool pass_on(struct hvc *h, size_t *budget)
{
	if (!h->port)
		return true;
	for (; h->buf < h->out.nr_read; h->buf++, h->off = 0) {
		const struct iovec *b = &h->out.bufs[h->buf];

		while (h->off < b->iov_len) {
			size_t n = b->iov_len - h->off;

			n = n < *budget ? n : *budget;
			if (n > 0)
				n = h->port->write(
					h->port,
					(uint8_t *)b->iov_base + h->off, n);
			if (n == 0)
				return false;
			h->off += n;
			*budget -= n;
		}
	}
	return true;
}

/* With the lock: as much as may be passed on now. */
static void pump(struct virtio *v)
{
	struct hvc *h = v->state;
	size_t budget = BURST;
	unsigned n = h->held ? 0 : virtio_waiting(v, TX);
	bool given = false;

	while (h->held || n > 0) {
		if (!h->held) {
			if (!virtio_take(v, TX, &h->out))
				return;
			n--;
			h->held = true;
			h->buf = 0;
			h->off = 0;
		}
		if (!pass_on(h, &budget))
			break;
		h->held = false;
		virtio_give(v, TX, &h->out, 0);
		given = true;
		/* Others may have come behind the one that was held. */
		if (n == 0)
			n = budget > 0 ? virtio_waiting(v, TX) : 0;
		/* An empty chain costs, too. */
		budget -= budget > 0;
	}
	if (given)
		virtio_tell(v, TX);
	if (h->port && (h->held || budget == 0))
		h->port->more(h->port);
}

static void hvc_notify(struct virtio *v, unsigned queue)
{
	struct hvc *h = v->state;

	if (queue == RX) {
		if (h->port)
			h->port->room(h->port);
		return;
	}
	pump(v);
	/* Linux does not ask for the size before it hears of another one. */
	if (!h->told && h->columns > 0)
		virtio_config_changed(v);
	h->told = true;
}

void virtio_console_go_on(struct device *d)
{
	struct virtio *v = d->state;

	device_lock(d);
	if (virtio_works(v, TX))
		pump(v);
	device_unlock(d);
}

/* Into the buffers of one chain; returns how many had room. */
static size_t fill(const struct queue_chain *c, const uint8_t *buf, size_t len)
{
	size_t done = 0;

	for (unsigned i = c->nr_read; i < c->nr && done < len; i++) {
		size_t n = c->bufs[i].iov_len;

		n = n < len - done ? n : len - done;
		memcpy(c->bufs[i].iov_base, buf + done, n);
		done += n;
	}
	return done;
}

size_t virtio_console_receive(struct device *d, const uint8_t *buf, size_t len)
{
	struct virtio *v = d->state;
	size_t done = 0;
	struct queue_chain c;
	unsigned n = 0;

	device_lock(d);
	if (virtio_works(v, RX))
		n = virtio_waiting(v, RX);
	for (unsigned i = 0; i < n && done < len; i++) {
		size_t size;

		if (!virtio_take(v, RX, &c))
			break;
		size = fill(&c, buf + done, len - done);
		virtio_give(v, RX, &c, (uint32_t)size);
		done += size;
	}
	if (done > 0)
		virtio_tell(v, RX);
	device_unlock(d);
	return done;
}

void virtio_console_resize(struct device *d, uint16_t columns, uint16_t rows)
{
	struct virtio *v = d->state;
	struct hvc *h = v->state;

	device_lock(d);
	if (h->columns != columns || h->rows != rows) {
		h->columns = columns;
		h->rows = rows;
		virtio_config_changed(v);
	}
	device_unlock(d);
}

static void hvc_get_config(struct virtio *v, void *ret)
{
	const struct hvc *h = v->state;
	struct virtio_console_config *c = ret;

	c->cols = htole16(h->columns);
	c->rows = htole16(h->rows);
}

static void hvc_reset(struct virtio *v)
{
	struct hvc *h = v->state;

	h->told = false;
}

static void hvc_stop(struct virtio *v)
{
	struct hvc *h = v->state;

	h->held = false;
}

static int hvc_init(struct virtio *v, const struct device_host *host)
{
	struct hvc *h = calloc(1, sizeof(*h));

	v->state = h;
	if (!h)
		return err_set(ENOMEM, "state");
	h->port = host->console;
	v->offered |= UINT64_C(1) << VIRTIO_CONSOLE_F_SIZE;
	return 0;
}

static void hvc_fini(struct virtio *v)
{
	free(v->state);
}

const struct virtio_class virtio_console_class = {
	.device = VIRTIO_MMIO_CLASS("virtio-console"),
	.id = VIRTIO_ID_CONSOLE,
	.nr_queues = NR_QUEUES,
	.config_size = CONFIG_SIZE,
	.init = hvc_init,
	.fini = hvc_fini,
	.reset = hvc_reset,
	.get_config = hvc_get_config,
	.notify = hvc_notify,
	.stop = hvc_stop,
};
