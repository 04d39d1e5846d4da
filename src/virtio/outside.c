/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outside.c - see outside.h.
 *
 * What the guest sees of one is the other process's, but for registers,
 * interrupts, and a folder's tag.  It is offered of the other's features those
 * that need nothing of us.
 *
 * Spec: virtio 1.2, 5.11 (file system), 5.2 (block), 5.1 (network).  Left out:
 *       several request queues, the network's control queue, and notifications
 *       of a file system.
 */
#include "virtio/outside.h"

#include <errno.h>
#include <linux/fuse.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_fs.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/err.h"
#include "util/log.h"
#include "util/util.h"
#include "virtio/backend.h"
#include "virtio/mmio.h"
#include "virtio/queue.h"
#include "virtio/vhost_user.h"

#define BIT(n) (UINT64_C(1) << (n))

/* Of any device: the rings are the other's and the driver's affair. */
#define RING_FEATURES                                                 \
	(BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_RING_F_INDIRECT_DESC) | \
	 BIT(VIRTIO_RING_F_EVENT_IDX))

#define BLK_FEATURES                                              \
	(BIT(VIRTIO_BLK_F_SIZE_MAX) | BIT(VIRTIO_BLK_F_SEG_MAX) | \
	 BIT(VIRTIO_BLK_F_GEOMETRY) | BIT(VIRTIO_BLK_F_RO) |      \
	 BIT(VIRTIO_BLK_F_BLK_SIZE) | BIT(VIRTIO_BLK_F_FLUSH) |   \
	 BIT(VIRTIO_BLK_F_TOPOLOGY) | BIT(VIRTIO_BLK_F_DISCARD) | \
	 BIT(VIRTIO_BLK_F_WRITE_ZEROES))

/* No address is offered: the driver makes one up. */
#define NET_FEATURES                                                   \
	(BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_NET_F_GUEST_CSUM) |       \
	 BIT(VIRTIO_NET_F_GUEST_TSO4) | BIT(VIRTIO_NET_F_GUEST_TSO6) | \
	 BIT(VIRTIO_NET_F_GUEST_ECN) | BIT(VIRTIO_NET_F_GUEST_UFO) |   \
	 BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_HOST_TSO6) |   \
	 BIT(VIRTIO_NET_F_HOST_ECN) | BIT(VIRTIO_NET_F_HOST_UFO) |     \
	 BIT(VIRTIO_NET_F_MRG_RXBUF))

enum { BLK_CONFIG_SIZE = 60 }; /* to the end of what BLK_FEATURES need */

struct outside {
	struct vhost_user user;
	struct backend backend;
	pid_t pid; /* of its daemon; 0: none of ours */
	uint8_t config[BLK_CONFIG_SIZE];
};

/* -- what the backend's thread calls -- */

static int start(struct virtio *v, const struct backend_run *run)
{
	struct outside *o = v->state;

	return vhost_user_start(&o->user, v->mem, run);
}

static int stop(struct virtio *v, unsigned nr)
{
	struct outside *o = v->state;

	return vhost_user_stop(&o->user, nr);
}

static void dead(struct virtio *v)
{
	struct outside *o = v->state;

	vhost_user_close(&o->user);
	share_end(o->pid);
	o->pid = 0;
}

/* Copy @size bytes between @at and buffers from @i to before @n; how many. */
static size_t copy(const struct queue_chain *c, unsigned i, unsigned n,
		   void *at, size_t size, bool out)
{
	size_t done = 0;

	for (; i < n && done < size; i++) {
		const struct iovec *buf = &c->bufs[i];
		size_t len =
			buf->iov_len < size - done ? buf->iov_len : size - done;

		if (out)
			memcpy(buf->iov_base, (char *)at + done, len);
		else
			memcpy((char *)at + done, buf->iov_base, len);
		done += len;
	}
	return done;
}

/* Requests for a folder have a place for an error; the device goes on. */
static void refuse_fs(struct virtio *v, unsigned queue)
{
	unsigned n = virtio_waiting(v, queue);
	struct queue_chain c;

	while (n-- > 0) {
		struct fuse_in_header in = { 0 };
		struct fuse_out_header out = { .len = sizeof(out),
					       .error = -ENOTCONN };
		size_t len;

		if (!virtio_take(v, queue, &c))
			return;
		copy(&c, 0, c.nr_read, &in, sizeof(in), false);
		out.unique = in.unique;
		len = copy(&c, c.nr_read, c.nr, &out, sizeof(out), true);
		virtio_give(v, queue, &c, (uint32_t)len);
		virtio_tell(v, queue);
	}
}

static const struct backend_ops fs_ops = { start, stop, dead, refuse_fs, 2 };
static const struct backend_ops blk_ops = { start, stop, dead, NULL, 1 };
static const struct backend_ops net_ops = { start, stop, dead, NULL, 2 };

static const struct backend_ops *ops_of(const struct virtio_class *class)
{
	switch (class->id) {
	case VIRTIO_ID_FS:
		return &fs_ops;
	case VIRTIO_ID_BLOCK:
		return &blk_ops;
	default:
		return &net_ops;
	}
}

/* -- what the transport calls -- */

static void outside_notify(struct virtio *v, unsigned queue)
{
	backend_notify(&((struct outside *)v->state)->backend, queue);
}

static void outside_started(struct virtio *v)
{
	backend_started(&((struct outside *)v->state)->backend);
}

static void outside_stop(struct virtio *v)
{
	backend_stop(&((struct outside *)v->state)->backend);
}

static void outside_get_config(struct virtio *v, void *ret)
{
	const struct outside *o = v->state;

	memcpy(ret, o->config, v->class->config_size);
}

static int connect_to(struct outside *o, const struct outside_config *config)
{
	int fd, rc;

	if (config->socket)
		return vhost_user_connect(&o->user, config->socket);
	rc = share_start(&config->share, &o->pid, &fd);
	if (rc == 0)
		vhost_user_take(&o->user, fd);
	return rc;
}

static uint64_t wanted(const struct virtio_class *class)
{
	if (class->id == VIRTIO_ID_BLOCK)
		return RING_FEATURES | BLK_FEATURES;
	if (class->id == VIRTIO_ID_NET)
		return RING_FEATURES | NET_FEATURES;
	/* What we may have to take over must be simple. */
	return RING_FEATURES & ~BIT(VIRTIO_RING_F_EVENT_IDX);
}

static int learn(struct virtio *v, struct outside *o,
		 const struct outside_config *config)
{
	const struct virtio_class *class = v->class;
	struct virtio_fs_config fs = { .num_request_queues = 1 };
	int rc = vhost_user_greet(&o->user);

	if (rc < 0)
		return rc;
	if (o->user.nr_queues < class->nr_queues)
		return err_say(ENOTSUP,
			       "the back-end has %u queues, of %u; is it one "
			       "for this kind of device?",
			       o->user.nr_queues, class->nr_queues);
	v->offered = o->user.features & wanted(class);
	if (class->id == VIRTIO_ID_BLOCK)
		return vhost_user_config(&o->user, o->config, BLK_CONFIG_SIZE);
	if (class->id == VIRTIO_ID_FS) {
		memcpy(fs.tag, config->tag, strlen(config->tag));
		memcpy(o->config, &fs, sizeof(fs));
	}
	return 0;
}

static int outside_init(struct virtio *v, const struct device_host *host)
{
	const struct outside_config *config = host->config;
	struct outside *o = calloc(1, sizeof(*o));
	const char *kind = v->class->device.name;
	int rc;

	if (!o)
		return err_set(ENOMEM, "state");
	o->user.fd = -1;
	v->state = o;
	rc = connect_to(o, config);
	if (rc < 0)
		return config->socket ? err_in(rc, "--vhost-user") : rc;
	rc = learn(v, o, config);
	if (rc == 0)
		rc = backend_init(&o->backend, v, ops_of(v->class), o->user.fd);
	if (rc == -ECONNRESET && o->pid)
		return err_say(rc,
			       "--share '%.*s': virtiofsd ended at once; "
			       "it says above why",
			       config->share.dir_len, config->share.dir);
	return err_in(rc, "%s '%s'", kind,
		      config->socket ? config->socket : config->tag);
}

static void outside_fini(struct virtio *v)
{
	struct outside *o = v->state;

	if (!o)
		return;
	backend_fini(&o->backend);
	vhost_user_close(&o->user);
	share_end(o->pid);
	free(o);
}

#define CLASS(title, number, queues, size)                                    \
	{                                                                     \
		.device = VIRTIO_MMIO_CLASS(title), .id = number,             \
		.nr_queues = queues, .config_size = size, .shares_ram = true, \
		.init = outside_init, .fini = outside_fini,                   \
		.get_config = outside_get_config, .notify = outside_notify,   \
		.started = outside_started, .stop = outside_stop,             \
	}

/* Urgent requests have a queue of their own. */
const struct virtio_class virtio_fs_class =
	CLASS("virtio-fs", VIRTIO_ID_FS, 2, sizeof(struct virtio_fs_config));
const struct virtio_class outside_blk_class =
	CLASS("vhost-user-blk", VIRTIO_ID_BLOCK, 1, BLK_CONFIG_SIZE);
const struct virtio_class outside_net_class =
	CLASS("vhost-user-net", VIRTIO_ID_NET, 2, 0);
