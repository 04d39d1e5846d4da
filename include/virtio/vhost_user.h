/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost_user.h - our side of the vhost-user protocol: another process works
 * through the queues of a device.
 *
 * It is told of guest memory and rings by messages on a socket, with
 * descriptors.  It is not trusted to keep to the protocol: what it answers is
 * checked, and what it does not answer in time it is given up for.  But it can
 * write to all the guest's memory but what gmem_lent() leaves out of the table.
 *
 * Spec:    QEMU's docs/interop/vhost-user.rst.  Left out: migration, reconnect,
 *          messages from the back-end, in-flight records.
 * Errors:  0 or a negative errno whose words err_text() holds.  -EPROTO: it
 *          does not keep to the protocol; -ETIMEDOUT; -ECONNRESET: it has
 *          ended; -ENOTSUP: it lacks something.
 * Owns:    the socket.
 * Threads: one at a time.
 */
#ifndef VIRTIO_VHOST_USER_H
#define VIRTIO_VHOST_USER_H

#include <stddef.h>
#include <stdint.h>

struct backend_run;
struct gmem;

enum { VHOST_USER_PATIENCE_MS = 15000 };

struct vhost_user {
	int fd;		    /* owned; -1 when closed */
	int patience_ms;    /* for each answer */
	uint64_t features;  /* that it offers */
	uint64_t protocol;  /* what both of us can */
	unsigned nr_queues; /* that it has; UINT_MAX: it does not say */
};

/* Connect to the socket @path. */
int vhost_user_connect(struct vhost_user *u, const char *path);

/* Take @fd, which is connected. */
void vhost_user_take(struct vhost_user *u, int fd);

/* Learn what it can.  -ENOTSUP: it is of before virtio 1.0. */
int vhost_user_greet(struct vhost_user *u);

/* The first @size (to 256) bytes of its device's configuration space. */
int vhost_user_config(struct vhost_user *u, void *buf, size_t size);

/* Have it work on @run's queues in @mem; and end that: then it does not. */
int vhost_user_start(struct vhost_user *u, const struct gmem *mem,
		     const struct backend_run *run);
int vhost_user_stop(struct vhost_user *u, unsigned nr);

/* Fine on a closed one. */
void vhost_user_close(struct vhost_user *u);

#endif
