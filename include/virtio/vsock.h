/* SPDX-License-Identifier: BSD-2-Clause */
/* vsock.h - virtio socket device; see vsock.c. */
#ifndef VIRTIO_VSOCK_H
#define VIRTIO_VSOCK_H

#include <stdint.h>

struct virtio_class;

/* The config of it. */
struct vsock_config {
	uint32_t cid; /* the guest's address, from VSOCK_CID_MIN on */
};

/* Below it are addresses that mean something; the host's is 2. */
enum { VSOCK_CID_MIN = 3 };
#define VSOCK_CID_MAX (UINT32_MAX - 1)

extern const struct virtio_class virtio_vsock_class;

#endif
