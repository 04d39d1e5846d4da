/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * console.h - virtio console: the host's side of it; see console.c.
 *
 * Threads: any; the caller does not hold the device's lock.
 */
#ifndef VIRTIO_CONSOLE_H
#define VIRTIO_CONSOLE_H

#include <stddef.h>
#include <stdint.h>

struct device;
struct virtio_class;

/* Its output goes to the port that the host has for it. */
extern const struct virtio_class virtio_console_class;

/*
 * Give the guest up to @len bytes from @buf; returns how many its buffers had
 * room for.  When it has more of them the port's room() is called.
 */
size_t virtio_console_receive(struct device *d, const uint8_t *buf, size_t len);

/* There is room for what the port did not take. */
void virtio_console_go_on(struct device *d);

/* The terminal has this size now; 0: it is none. */
void virtio_console_resize(struct device *d, uint16_t columns, uint16_t rows);

#endif
