/* SPDX-License-Identifier: BSD-2-Clause */
/* balloon.h - virtio memory balloon; see balloon.c. */
#ifndef VIRTIO_BALLOON_H
#define VIRTIO_BALLOON_H

#include <stdint.h>

struct device;
struct virtio_class;

/* Without a config. */
extern const struct virtio_class virtio_balloon_class;

/*
 * Have the guest give up @size bytes of its memory, or take back what is more;
 * it does so as far and as fast as it can.
 */
void balloon_set(struct device *d, uint64_t size);

/* What it has given up, as it says. */
uint64_t balloon_size(struct device *d);

#endif
