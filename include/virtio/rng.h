/* SPDX-License-Identifier: BSD-2-Clause */
/* rng.h - virtio entropy device; see rng.c. */
#ifndef VIRTIO_RNG_H
#define VIRTIO_RNG_H

struct virtio_class;

extern const struct virtio_class virtio_rng_class;

#endif
