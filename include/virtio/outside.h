/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outside.h - virtio devices that live in another process (vhost_user.h):
 * shared folders, disks, network cards.
 */
#ifndef VIRTIO_OUTSIDE_H
#define VIRTIO_OUTSIDE_H

#include "util/share.h"

struct virtio_class;

enum { OUTSIDE_TAG_MAX = 36 }; /* the field's size */

/* The config of each. */
struct outside_config {
	const char *socket; /* to connect to; NULL: start a daemon for share */
	struct share_config share;
	char tag[OUTSIDE_TAG_MAX + 1]; /* of a folder */
};

extern const struct virtio_class virtio_fs_class;
extern const struct virtio_class outside_blk_class;
extern const struct virtio_class outside_net_class;

#endif
