/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net.c - virtio network device: a card for the guest, whose cable is a struct
 * net_link (util/net.h).
 *
 * Two threads of its own, one for each direction, so that no vCPU does the work
 * and frames stay in order.  What is sent goes from the guest's memory straight
 * into the host; what is received is in a buffer of the link's first, because
 * only then is it known how much room it needs.  Where the driver can, it is
 * spread over as many chains as that takes.
 *
 * A frame that nobody can take is lost, as on a cable: while no driver works,
 * and when it is too large for the driver's buffers.  While a driver works but
 * has no room the other side is held back instead, for a second; a guest that
 * stands still for longer must not make those stand still who talk to it.
 *
 * Spec: virtio 1.2, 5.1.  Left out: a control queue, so no filters and no
 *       change of offloads while the driver runs; several pairs of queues; UFO
 *       and USO; the legacy interface.
 */
#include "virtio/net.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "util/err.h"
#include "util/log.h"
#include "util/net.h"
#include "util/util.h"
#include "virtio/hand.h"
#include "virtio/lane.h"
#include "virtio/mmio.h"
#include "virtio/queue.h"

enum {
	RX,
	TX,
	/* How long the other side is held back, ms. */
	PATIENCE = 1000,
};

struct net {
	struct virtio *v; /* borrowed */
	const struct net_config *config;
	struct net_link link;
	struct lane lanes[NET_CARD_QUEUES];
	struct hand hands[NET_CARD_QUEUES];

	/* under the device's lock */
	bool busy[NET_CARD_QUEUES]; /* has chains in hand */
	bool lost;		    /* the other side is gone */
	unsigned nr_drains;
	sem_t drained;

	atomic_bool quit;

	/* the receiving thread's */
	unsigned offloads;
	bool starved; /* there was no room for long */
};

/* -- both directions -- */

static bool may_take(const struct net *net, unsigned queue)
{
	return !net->quit && net->nr_drains == 0 && virtio_works(net->v, queue);
}

/* With the lock: the lane has nothing in hand any more. */
static void rest(struct net *net, unsigned queue)
{
	net->busy[queue] = false;
	if (!net->busy[RX] && !net->busy[TX])
		for (unsigned i = 0; i < net->nr_drains; i++)
			sem_post(&net->drained);
}

/* -- from the guest -- */

/* With the lock: as many chains as there are and fit. */
static bool take_all(struct net *net)
{
	struct queue *q = &net->v->queues[TX];
	struct hand *hand = &net->hands[TX];
	unsigned n;

	hand_empty(hand);
	if (!may_take(net, TX))
		return false;
	n = virtio_waiting(net->v, TX);
	if (n == 0) {
		/* From now on it must say so; it may have missed that. */
		queue_want_notice(q, true);
		n = virtio_waiting(net->v, TX);
	}
	if (n == 0)
		return false;
	queue_want_notice(q, false);
	while (n-- > 0 && hand_take(hand, net->v, TX, false))
		;
	net->busy[TX] = hand->nr > 0;
	return net->busy[TX];
}

static bool told_to_stop(struct net *net)
{
	bool stop;

	device_lock(net->v->d);
	stop = net->quit || net->nr_drains > 0;
	device_unlock(net->v->d);
	return stop;
}

/* Without the lock.  False: no more of them can go. */
static bool send_one(struct net *net, const struct held *held)
{
	struct iovec *bufs = &net->hands[TX].bufs[held->first];
	size_t size = held->size - NET_HEADER_SIZE;

	if (held->size < NET_HEADER_SIZE + NET_FRAME_MIN ||
	    size > NET_FRAME_MAX)
		return true; /* no frame: lost */
	while (net_send(&net->link, bufs, held->nr, size) == -EAGAIN) {
		if (told_to_stop(net))
			return false;
		lane_await(&net->lanes[TX], net->link.fd, POLLOUT, false, -1);
	}
	return true;
}

static void send_all(struct net *net)
{
	const struct hand *hand = &net->hands[TX];

	for (unsigned i = 0; i < hand->nr; i++)
		if (!send_one(net, &hand->chains[i]))
			return;
}

/* Until there are chains; and see to the last frame's end meanwhile. */
static void await_more(struct net *net)
{
	bool rest = net_flush(&net->link) == -EAGAIN;

	lane_await(&net->lanes[TX], rest ? net->link.fd : -1, POLLOUT, true,
		   -1);
}

static void *send_thread(void *arg)
{
	struct net *net = arg;
	struct device *d = net->v->d;

	prctl(PR_SET_NAME, "net-send");
	device_lock(d);
	while (!net->quit) {
		bool some = take_all(net);

		device_unlock(d);
		if (some)
			send_all(net);
		else
			await_more(net);
		device_lock(d);
		if (some) {
			/* Gone or lost. */
			hand_give(&net->hands[TX], net->v, TX, 0);
			rest(net, TX);
		}
	}
	device_unlock(d);
	return NULL;
}

/* -- to the guest -- */

/* Does its header say only what the driver has agreed to? */
static bool is_fit(const struct net *net, const struct net_frame *f)
{
	if (f->header.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM &&
	    !virtio_has(net->v, VIRTIO_NET_F_GUEST_CSUM))
		return false;
	switch (f->header.gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_NONE:
		return true;
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return virtio_has(net->v, VIRTIO_NET_F_GUEST_TSO4);
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return virtio_has(net->v, VIRTIO_NET_F_GUEST_TSO6);
	default:
		return false;
	}
}

enum room { FOUND, NONE_NOW, NONE_EVER };

/* With the lock: take what a frame of @size bytes with its header needs. */
static enum room find_room(struct net *net, size_t size)
{
	struct virtio *v = net->v;
	struct hand *hand = &net->hands[RX];
	unsigned n = virtio_waiting(v, RX);
	bool all, together = virtio_has(v, VIRTIO_NET_F_MRG_RXBUF);

	hand_empty(hand);
	while (hand->nr < (together ? n : n > 0) && hand->size < size)
		if (!hand_take(hand, v, RX, true))
			break;
	if (hand->size >= size)
		return FOUND;
	all = hand->nr == n;
	hand_untake(hand, v, RX);
	/* Would more of them help? */
	return all && n < (together ? v->queues[RX].size : 1) ? NONE_NOW
							      : NONE_EVER;
}

/* Without the lock: @header and frame into the buffers in hand. */
static void fill(const struct hand *hand, struct virtio_net_hdr_v1 header,
		 const struct net_frame *f)
{
	struct iovec parts[] = { { &header, sizeof(header) },
				 { (void *)f->data, f->size } };

	header.num_buffers = htole16((uint16_t)hand->nr);
	hand_fill(hand, parts, ARRAY_SIZE(parts));
}

/*
 * With the lock: wait for room, unless that was in vain before; false: this frame
 * is lost.
 */
static bool wait_for_room(struct net *net)
{
	bool came;

	if (net->starved)
		return false;
	device_unlock(net->v->d);
	came = lane_await(&net->lanes[RX], -1, 0, true, PATIENCE);
	device_lock(net->v->d);
	net->starved = !came;
	return came;
}

/* With the lock: into the guest's memory, or lost. */
static void deliver(struct net *net, const struct net_frame *f)
{
	struct queue *q = &net->v->queues[RX];
	struct virtio_net_hdr_v1 header = f->header;
	size_t size = sizeof(header) + f->size;
	bool asked = false;

	while (may_take(net, RX) && is_fit(net, f)) {
		enum room room = find_room(net, size);

		if (room == FOUND) {
			net->starved = false;
			net->busy[RX] = true;
			/* That it is right need not be said, either (5.1.6.4). */
			if (!virtio_has(net->v, VIRTIO_NET_F_GUEST_CSUM))
				header.flags = 0;
			queue_want_notice(q, false);
			device_unlock(net->v->d);
			fill(&net->hands[RX], header, f);
			device_lock(net->v->d);
			/* All at once: it never sees part of it. */
			hand_give(&net->hands[RX], net->v, RX, size);
			rest(net, RX);
			return;
		}
		if (room == NONE_EVER)
			return;
		/* Once it has been asked to say so look again, and wait then. */
		if (asked && !wait_for_room(net))
			return;
		if (!asked)
			queue_want_notice(q, true);
		asked = true;
	}
}

/* With the lock: what the driver takes; before it is settled nothing. */
static void agree_on_offloads(struct net *net)
{
	unsigned wanted = virtio_works(net->v, RX)
				  ? net_card_offloads(net->v->s.features)
				  : 0;

	if (wanted == net->offloads || !net_can_offload(&net->link))
		return;
	net->offloads = wanted;
	device_unlock(net->v->d);
	net_offload(&net->link, wanted);
	device_lock(net->v->d);
}

static void lose(struct net *net, int rc)
{
	log_warn("%s@%" PRIx64 ": %s; it has no link any more",
		 net->v->d->class->name, net->v->d->window.base,
		 rc == -ECONNRESET ? "passt has ended"
		 : rc == -EPROTO   ? "passt sends nonsense"
				   : strerror(-rc));
	device_lock(net->v->d);
	net->lost = true;
	virtio_config_changed(net->v);
	device_unlock(net->v->d);
}

static void *receive_thread(void *arg)
{
	struct net *net = arg;
	struct device *d = net->v->d;
	struct net_frame frame;

	prctl(PR_SET_NAME, "net-receive");
	while (!atomic_load(&net->quit)) {
		int rc = net_receive(&net->link, &frame);

		if (rc < 0) {
			lose(net, rc);
			break;
		}
		if (rc == 0) {
			lane_await(&net->lanes[RX], net->link.fd, POLLIN, false,
				   -1);
			continue;
		}
		device_lock(d);
		agree_on_offloads(net);
		deliver(net, &frame);
		device_unlock(d);
	}
	return NULL;
}

/* -- what the transport calls -- */

static void net_notify(struct virtio *v, unsigned queue)
{
	struct net *net = v->state;

	lane_notify(&net->lanes[queue]);
}

static void net_stop(struct virtio *v)
{
	struct net *net = v->state;

	net->nr_drains++;
	while (net->busy[RX] || net->busy[TX]) {
		lane_control(&net->lanes[TX]);
		device_unlock(v->d);
		/* A signal that is to stop this vCPU only makes us look. */
		sem_wait(&net->drained);
		device_lock(v->d);
	}
	/* What came meanwhile, if it was another queue that ended. */
	if (--net->nr_drains == 0)
		lane_control(&net->lanes[TX]);
}

static void net_get_config(struct virtio *v, void *ret)
{
	const struct net *net = v->state;

	net_card_config(net->config, !net->lost, ret);
}

static int net_init(struct virtio *v, const struct device_host *host)
{
	struct net *net = calloc(1, sizeof(*net));
	int rc;

	if (!net)
		return err_set(ENOMEM, "state");
	v->state = net;
	net->v = v;
	net->config = host->config;
	for (unsigned i = 0; i < NET_CARD_QUEUES; i++)
		lane_init(&net->lanes[i]);
	sem_init(&net->drained, 0, 0);
	rc = net_open(&net->link, net->config);
	if (rc < 0)
		return rc;
	v->offered |= net_card_features(&net->link);
	rc = lane_start(&net->lanes[RX], v, RX, receive_thread, net);
	if (rc == 0)
		rc = lane_start(&net->lanes[TX], v, TX, send_thread, net);
	return rc;
}

static void net_fini(struct virtio *v)
{
	struct net *net = v->state;

	if (!net)
		return;
	atomic_store(&net->quit, true);
	for (unsigned i = 0; i < NET_CARD_QUEUES; i++)
		lane_end(&net->lanes[i]);
	net_close(&net->link);
	sem_destroy(&net->drained);
	free(net);
}

const struct virtio_class virtio_net_class = {
	.device = VIRTIO_MMIO_CLASS("virtio-net"),
	.id = VIRTIO_ID_NET,
	.nr_queues = NET_CARD_QUEUES,
	.config_size = NET_CARD_CONFIG_SIZE,
	.init = net_init,
	.fini = net_fini,
	.get_config = net_get_config,
	.notify = net_notify,
	.stop = net_stop,
};
