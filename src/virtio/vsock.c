/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vsock.c - virtio socket device: sockets between the guest and this host, by
 * the host's kernel (vhost-vsock).
 *
 * The third queue is for telling the guest that it has moved to another host.
 * It never does, so what the driver puts there stays there.
 *
 * Spec: virtio 1.2, 5.10.
 */
#include "virtio/vsock.h"

#include <endian.h>
#include <errno.h>
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>
#include <linux/virtio_vsock.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "util/err.h"
#include "virtio/backend.h"
#include "virtio/mmio.h"
#include "virtio/vhost.h"

#define BIT(n) (UINT64_C(1) << (n))

/* Sequences of packets, where the host's headers may not have the name. */
#define SEQPACKET BIT(1)

enum { NR_VHOST = 2, NR_QUEUES = 3 };

struct vsock {
	uint64_t cid;
	int fd; /* owned: of /dev/vhost-vsock */
	struct backend backend;
};

static int set_running(struct vsock *s, int on)
{
	if (ioctl(s->fd, VHOST_VSOCK_SET_RUNNING, &on) < 0)
		return err_set(errno, "vhost: %s", on ? "start" : "stop");
	return 0;
}

/* -- what the backend's thread calls -- */

static int vsock_begin(struct virtio *v, const struct backend_run *run)
{
	struct vsock *s = v->state;
	int rc = vhost_set_up(s->fd, v->mem, run, NR_VHOST);

	return rc < 0 ? rc : set_running(s, 1);
}

static int vsock_end(struct virtio *v, unsigned nr)
{
	(void)nr;
	return set_running(v->state, 0);
}

/* Without its descriptor the kernel has nothing of ours any more. */
static void vsock_dead(struct virtio *v)
{
	struct vsock *s = v->state;

	close(s->fd);
	s->fd = -1;
}

static const struct backend_ops ops = {
	.start = vsock_begin,
	.stop = vsock_end,
	.dead = vsock_dead,
	.needs = NR_VHOST,
};

/* -- what the transport calls -- */

static void vsock_notify(struct virtio *v, unsigned queue)
{
	backend_notify(&((struct vsock *)v->state)->backend, queue);
}

static void vsock_started(struct virtio *v)
{
	backend_started(&((struct vsock *)v->state)->backend);
}

static void vsock_stop(struct virtio *v)
{
	backend_stop(&((struct vsock *)v->state)->backend);
}

static void vsock_get_config(struct virtio *v, void *ret)
{
	const struct vsock *s = v->state;
	struct virtio_vsock_config *c = ret;

	c->guest_cid = htole64(s->cid);
}

static int set_cid(struct vsock *s)
{
	if (ioctl(s->fd, VHOST_VSOCK_SET_GUEST_CID, &s->cid) == 0)
		return 0;
	if (errno == EADDRINUSE)
		return err_say(EADDRINUSE,
			       "CID %llu: another guest has it; give each its "
			       "own",
			       (unsigned long long)s->cid);
	return err_set(errno, "CID %llu", (unsigned long long)s->cid);
}

static int vsock_init(struct virtio *v, const struct device_host *host)
{
	const struct vsock_config *config = host->config;
	struct vsock *s = calloc(1, sizeof(*s));
	uint64_t can;
	int rc;

	if (!s)
		return err_set(ENOMEM, "state");
	v->state = s;
	s->cid = config->cid;
	s->fd = vhost_open("/dev/vhost-vsock", &can);
	if (s->fd < 0)
		return s->fd;
	v->offered = can & (BIT(VIRTIO_F_VERSION_1) | SEQPACKET |
			    BIT(VIRTIO_RING_F_INDIRECT_DESC) |
			    BIT(VIRTIO_RING_F_EVENT_IDX));
	rc = set_cid(s);
	return rc < 0 ? rc : backend_init(&s->backend, v, &ops, -1);
}

static void vsock_fini(struct virtio *v)
{
	struct vsock *s = v->state;

	if (!s)
		return;
	backend_fini(&s->backend);
	if (s->fd >= 0)
		close(s->fd);
	free(s);
}

const struct virtio_class virtio_vsock_class = {
	.device = VIRTIO_MMIO_CLASS("virtio-vsock"),
	.id = VIRTIO_ID_VSOCK,
	.nr_queues = NR_QUEUES,
	.config_size = sizeof(struct virtio_vsock_config),
	.init = vsock_init,
	.fini = vsock_fini,
	.get_config = vsock_get_config,
	.notify = vsock_notify,
	.started = vsock_started,
	.stop = vsock_stop,
};
