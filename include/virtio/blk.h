/* SPDX-License-Identifier: BSD-2-Clause */
/* blk.h - virtio block device; see blk.c. */
#ifndef VIRTIO_BLK_H
#define VIRTIO_BLK_H

struct virtio_class;

/* Its config: struct disk_config. */
extern const struct virtio_class virtio_blk_class;

#endif
