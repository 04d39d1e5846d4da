/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost.h - the host's kernel works through the queues of a device.
 *
 * It reads and writes guest memory where this process has it, and nowhere but
 * in what gmem_lent() says.
 *
 * Spec:    <linux/vhost.h>, and the kernel's drivers/vhost/vhost.c.
 * Errors:  0 or a negative errno whose words err_text() holds.
 * Owns:    nothing: the descriptor is the caller's.
 * Threads: one at a time.
 */
#ifndef VIRTIO_VHOST_H
#define VIRTIO_VHOST_H

#include <stdint.h>

struct backend_run;
struct gmem;

/*
 * Open @path, as ours; *ret_features of its device are what it can do.  Returns
 * the descriptor.
 */
int vhost_open(const char *path, uint64_t *ret_features);

/* Prepare it for the first @nr queues of @run, all used; it does not use them yet. */
int vhost_set_up(int fd, const struct gmem *mem, const struct backend_run *run,
		 unsigned nr);

#endif
