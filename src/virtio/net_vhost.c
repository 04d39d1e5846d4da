/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_vhost.c - virtio network device between the guest and a tap device, by a
 * thread of the host's kernel (vhost-net): frames are copied once, and no thread
 * of ours sees them.
 *
 * Headers are between the driver and the tap device; the kernel's thread only
 * writes how many buffers a frame took.  Queue 0 and 1 are in the kernel what
 * they are here.
 *
 * Spec: virtio 1.2, 5.1; <linux/vhost.h> and the kernel's drivers/vhost/net.c.
 */
#include <errno.h>
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "util/err.h"
#include "util/net.h"
#include "virtio/backend.h"
#include "virtio/mmio.h"
#include "virtio/net.h"
#include "virtio/vhost.h"

#define BIT(n) (UINT64_C(1) << (n))

enum { STALE_MAX = 65536 }; /* frames; a tap device keeps 1000, or as told */

static const char path[] = "/dev/vhost-net";

struct vnet {
	const struct net_config *config;
	struct net_link link;
	int fd;	      /* owned: of /dev/vhost-net */
	uint64_t can; /* its features */
	struct backend backend;
};

bool net_vhost_is_here(void)
{
	uint64_t can;
	int fd = vhost_open(path, &can);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* -- what the backend's thread calls -- */

/* Queue @index moves frames to and from @tap; -1: it stops, and has when we return. */
static int attach(const struct vnet *n, unsigned index, int tap)
{
	struct vhost_vring_file file = { .index = index, .fd = tap };

	if (ioctl(n->fd, VHOST_NET_SET_BACKEND, &file) < 0)
		return err_set(errno, "vhost: %s queue %u",
			       tap < 0 ? "stop" : "start", index);
	return 0;
}

/*
 * Frames that came while no driver worked are lost, as on a cable; they may also
 * be larger than this driver has agreed to.
 */
static void drop_stale(struct vnet *n)
{
	struct net_frame frame;

	for (int i = 0; i < STALE_MAX && net_receive(&n->link, &frame) > 0; i++)
		;
}

static int vnet_begin(struct virtio *v, const struct backend_run *run)
{
	struct vnet *n = v->state;
	struct backend_run theirs = *run;
	int rc;

	theirs.features &= n->can;
	rc = vhost_set_up(n->fd, v->mem, &theirs, NET_CARD_QUEUES);
	if (rc < 0)
		return rc;
	net_offload(&n->link, net_card_offloads(run->features));
	drop_stale(n);
	for (unsigned i = 0; i < NET_CARD_QUEUES && rc == 0; i++)
		rc = attach(n, i, n->link.fd);
	return rc;
}

static int vnet_end(struct virtio *v, unsigned nr)
{
	int rc = 0;

	for (unsigned i = 0; i < nr && rc == 0; i++)
		rc = attach(v->state, i, -1);
	return rc;
}

/* Without its descriptor the kernel has nothing of ours any more. */
static void vnet_dead(struct virtio *v)
{
	struct vnet *n = v->state;

	close(n->fd);
	n->fd = -1;
}

static const struct backend_ops ops = {
	.start = vnet_begin,
	.stop = vnet_end,
	.dead = vnet_dead,
	.needs = NET_CARD_QUEUES,
};

/* -- what the transport calls -- */

static void vnet_notify(struct virtio *v, unsigned queue)
{
	backend_notify(&((struct vnet *)v->state)->backend, queue);
}

static void vnet_started(struct virtio *v)
{
	backend_started(&((struct vnet *)v->state)->backend);
}

static void vnet_stop(struct virtio *v)
{
	backend_stop(&((struct vnet *)v->state)->backend);
}

static void vnet_get_config(struct virtio *v, void *ret)
{
	net_card_config(((const struct vnet *)v->state)->config, true, ret);
}

static int vnet_init(struct virtio *v, const struct device_host *host)
{
	struct vnet *n = calloc(1, sizeof(*n));
	int rc;

	if (!n)
		return err_set(ENOMEM, "state");
	v->state = n;
	n->config = host->config;
	n->fd = vhost_open(path, &n->can);
	if (n->fd < 0)
		return n->fd;
	if (!(n->can & BIT(VIRTIO_F_VERSION_1)))
		return err_say(ENOTSUP,
			       "'%s': too old for virtio 1; take "
			       "vhost=off",
			       path);
	rc = net_open(&n->link, n->config);
	if (rc < 0)
		return rc;
	n->can &= BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_RING_F_INDIRECT_DESC) |
		  BIT(VIRTIO_RING_F_EVENT_IDX) | BIT(VIRTIO_NET_F_MRG_RXBUF);
	v->offered = n->can | (net_card_features(&n->link) &
			       ~BIT(VIRTIO_NET_F_MRG_RXBUF));
	return backend_init(&n->backend, v, &ops, -1);
}

static void vnet_fini(struct virtio *v)
{
	struct vnet *n = v->state;

	if (!n)
		return;
	backend_fini(&n->backend);
	if (n->fd >= 0)
		close(n->fd);
	net_close(&n->link);
	free(n);
}

const struct virtio_class virtio_net_vhost_class = {
	.device = VIRTIO_MMIO_CLASS("virtio-net"),
	.id = VIRTIO_ID_NET,
	.nr_queues = NET_CARD_QUEUES,
	.config_size = NET_CARD_CONFIG_SIZE,
	.init = vnet_init,
	.fini = vnet_fini,
	.get_config = vnet_get_config,
	.notify = vnet_notify,
	.started = vnet_started,
	.stop = vnet_stop,
};
